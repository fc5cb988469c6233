"""The server profile, installed below a folder: idempotent, upgraded, rolled back, hardened.

What a machine without systemd cannot show stands in ``docs/server.md``: units are read and judged
here by ``systemd-analyze`` where it is, by their lines where it is not, and never started.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from datalab.settings import CHECKOUT, Settings

SERVER = CHECKOUT / "deploy" / "server"
NAME = "lab.dijon.test"
# Stands for the packages of a release: it notes what it was asked, and answers as it is told.
LAB = """#!/bin/sh
echo "$(basename "$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")") $*" >>"$STUB/asked"
case $1 in
status) [ ! -e "$STUB/broken-$(basename "$(readlink -f "$0" | sed 's|/.venv.*||')")" ] ;;
backup) echo data >"$2" ;;
restore) echo restored >"$DATALAB_HOME/restored" ;;
esac
"""
SYSTEM = """#!/bin/sh
echo "$(basename "$0") $*" >>"$STUB/system"
"""


class Machine:
    """A machine below a folder; its system notes what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.stub = folder / "root", folder / "stub"
        self.source = folder / "source"
        (self.root / "usr" / "bin").mkdir(parents=True)
        self.stub.mkdir()
        for name in ("systemctl", "apt-get", "groupadd", "nginx"):
            self._program(self.root / "usr" / "bin" / name, SYSTEM)
        shutil.copytree(SERVER, self.source / "deploy" / "server")
        self.version("v1")

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def version(self, name: str) -> None:
        """The checkout is now of this version."""
        (self.source / "RELEASE").write_text(f"{name}\n")
        self._program(self.source / "packages" / "datalab", LAB)

    def install(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", str(self.source / "deploy/server/install"), "--root", str(self.root)]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "STUB": str(self.stub)}
        return subprocess.run(
            [*command, *words], env=environment, capture_output=True, text=True, check=False
        )

    @property
    def running(self) -> str:
        return (self.root / "opt/datalab/current").readlink().name

    def told(self, name: str) -> list[str]:
        path = self.stub / name
        return path.read_text().splitlines() if path.exists() else []

    def forget(self) -> None:
        for name in ("system", "asked"):
            (self.stub / name).unlink(missing_ok=True)

    def files(self) -> dict[str, tuple[int, int]]:
        """Every file with its mode and when it was written, but for the lock."""
        return {
            str(path.relative_to(self.root)): (path.lstat().st_mode, path.lstat().st_mtime_ns)
            for path in self.root.rglob("*")
            if path.is_file() and path.name not in {"install.lock", "commands"}
        }


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Packages are made by a stand-in of ``deploy/install`` that links the stand-in of the lab."""
    made = Machine(tmp_path)
    made._program(
        made.source / "deploy" / "install",
        '#!/bin/sh\ncd "$(dirname "$0")/.."\nmkdir -p .venv/bin\ncp packages/datalab .venv/bin/\n',
    )
    # The system of the root runs what it is asked by path as it is.
    text = (made.source / "deploy/server/install").read_text()
    assert 'system "$base/releases/$release/deploy/install"' in text
    release_install = text.replace(
        'system "$base/releases/$release/deploy/install"',
        '"$base/releases/$release/deploy/install"',
    )
    made._program(made.source / "deploy/server/install", release_install)
    return made


def test_a_machine_is_installed_from_nothing(machine: Machine) -> None:
    answer = machine.install("--name", NAME)
    assert answer.returncode == 0, answer.stderr
    root = machine.root
    assert machine.running == "v1"
    assert f"https://{NAME}" in (root / "etc/datalab/datalab.env").read_text()
    for name, mode in {
        "var/lib/datalab": 0o700,
        "var/backups/datalab": 0o700,
        "etc/datalab/tls": 0o700,
        "etc/datalab/tls/key.pem": 0o600,
        "etc/datalab/secrets.env": 0o600,
        "etc/systemd/system/datalab.service": 0o644,
    }.items():
        assert (root / name).stat().st_mode & 0o777 == mode, name
    asked = machine.told("system")
    assert any(line.startswith("systemctl enable") and "datalab.service" in line for line in asked)
    assert "systemctl restart datalab.service" in asked
    assert f"server_name {NAME};" in (root / "etc/nginx/sites-enabled/datalab").read_text()


def test_asking_twice_changes_and_restarts_nothing(machine: Machine) -> None:
    machine.install("--name", NAME)
    (machine.root / "etc/datalab/datalab.env").write_text(
        f"DATALAB_PUBLIC_URL=https://{NAME}\nDATALAB_MAIL_FROM=lab@dijon.test\n"
    )
    before = machine.files()
    machine.forget()
    answer = machine.install()  # the name is that of the settings
    assert answer.returncode == 0, answer.stderr
    assert machine.files() == before
    assert not any("restart" in line for line in machine.told("system"))


def test_an_upgrade_saves_first_and_keeps_the_version_before(machine: Machine) -> None:
    machine.install("--name", NAME)
    for name in ("v2", "v3"):
        machine.version(name)
        machine.forget()
        assert machine.install().returncode == 0
        assert machine.running == name
        saved = machine.told("asked")[0].split()
        assert saved[1] == "backup"
        assert (machine.root / f"var/backups/datalab/before-{name}.tar").exists()
    kept = {path.name for path in (machine.root / "opt/datalab/releases").iterdir()}
    assert kept == {"v2", "v3"}


def test_an_upgrade_that_does_not_answer_goes_back_by_itself(machine: Machine) -> None:
    machine.install("--name", NAME)
    machine.version("v2")
    (machine.stub / "broken-v2").touch()
    answer = machine.install()
    assert answer.returncode == 1
    assert "v1 sert de nouveau" in answer.stderr
    assert machine.running == "v1"
    assert not any("restore" in line for line in machine.told("asked"))
    (machine.stub / "broken-v2").unlink()
    assert machine.install().returncode == 0, "mended, the same version goes in"
    assert machine.running == "v2"


def test_data_that_the_version_before_cannot_read_are_restored(machine: Machine) -> None:
    machine.install("--name", NAME)
    home = machine.root / "var/lib/datalab"
    (home / "written-by-v2").touch()
    machine.version("v2")
    (machine.stub / "broken-v2").touch()
    # v1 answers again only with the data of before.
    lab = machine.root / "opt/datalab/releases/v1/.venv/bin/datalab"
    text = lab.read_text().replace("status) ", 'status) [ -e "$DATALAB_HOME/restored" ] && ')
    lab.write_text(text)
    answer = machine.install()
    assert answer.returncode == 1
    assert machine.running == "v1"
    assert (home / "restored").exists()
    aside = home.with_name("datalab.of-failed-upgrade")
    assert (aside / "written-by-v2").exists(), "nothing is thrown away"


def test_an_operator_goes_back_by_hand_and_forth_again(machine: Machine) -> None:
    machine.install("--name", NAME)
    assert machine.install("--rollback").returncode == 1
    machine.version("v2")
    machine.install()
    assert machine.install("--rollback").returncode == 0
    assert machine.running == "v1"
    assert machine.install("--rollback").returncode == 0
    assert machine.running == "v2"


@pytest.mark.parametrize("name", ["lab;reboot", "a b", "-x", "$(id)", "LAB", ""])
def test_a_name_that_is_none_is_refused(machine: Machine, name: str) -> None:
    assert machine.install("--name", name).returncode != 0
    assert not (machine.root / "etc/nginx").exists()


def test_a_certificate_comes_with_its_key(machine: Machine, tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    certificate.write_text("certificate")
    assert machine.install("--name", NAME, "--certificate", str(certificate)).returncode != 0
    missing = ("--name", NAME, "--certificate", str(certificate), "--key", str(key))
    assert machine.install(*missing).returncode != 0
    key.write_text("key")
    assert machine.install(*missing).returncode == 0
    tls = machine.root / "etc/datalab/tls"
    assert (tls / "key.pem").read_text() == "key"
    assert (tls / "key.pem").stat().st_mode & 0o777 == 0o600


# -- what was written --------------------------------------------------------------------------


def unit(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (SERVER / name).read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_the_service_may_write_its_home_and_nothing_else() -> None:
    service = unit("datalab.service")
    assert service["ProtectSystem"] == ["strict"]
    assert service["ReadWritePaths"] == ["/var/lib/datalab"]
    for key in (
        "NoNewPrivileges",
        "ProtectHome",
        "PrivateTmp",
        "PrivateDevices",
        "ProtectKernelModules",
        "ProtectKernelTunables",
        "ProtectKernelLogs",
        "ProtectClock",
        "RestrictSUIDSGID",
        "LockPersonality",
    ):
        assert service[key] == ["yes"], key
    capabilities = set(service["CapabilityBoundingSet"][0].split())
    assert not capabilities & {
        "CAP_SYS_MODULE",
        "CAP_SYS_RAWIO",
        "CAP_SYS_BOOT",
        "CAP_SYS_TIME",
        "CAP_MAC_ADMIN",
        "CAP_NET_RAW",
        "CAP_BPF",
        "CAP_SYSLOG",
    }
    assert service["WantedBy"] == ["multi-user.target"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize(
    ("name", "most"), [("datalab.service", 5.0), ("datalab-backup.service", 3.0)]
)
def test_systemd_judges_the_exposure(name: str, most: float) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(SERVER / name)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    said = re.search(r"exposure level for \S+: ([\d.]+)", answer.stdout)
    assert said, answer.stdout + answer.stderr
    assert float(said[1]) <= most


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_knows_every_key(tmp_path: Path) -> None:
    for path in SERVER.glob("datalab*.service"):
        text = path.read_text().replace("/opt/datalab/current/.venv/bin/datalab", "/bin/true")
        (tmp_path / path.name).write_text(text)
    shutil.copy(SERVER / "datalab-backup.timer", tmp_path)
    command = ["systemd-analyze", "verify", "--recursive-errors=no", "--man=no"]
    answer = subprocess.run(
        [*command, *map(str, tmp_path.iterdir())], capture_output=True, text=True, check=False
    )
    complaints = [line for line in answer.stderr.splitlines() if "datalab" in line]
    assert complaints == []


def test_every_setting_of_the_examples_is_one_of_the_lab() -> None:
    known = {f"DATALAB_{name.upper()}" for name in Settings.model_fields}
    for name in ("datalab.env", "secrets.env"):
        lines = (SERVER / name).read_text().splitlines()
        said = {m[1] for line in lines if (m := re.match(r"#?(DATALAB_\w+)=", line))}
        assert said
        assert said <= known


def test_nginx_replaces_what_people_say_of_themselves() -> None:
    text = (SERVER / "nginx.conf").read_text()
    assert "X-Forwarded-For $remote_addr" in text
    assert "$proxy_add_x_forwarded_for" not in text
    assert "TLSv1.1" not in text
    assert "access_log off" in text


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not here")
def test_nginx_reads_its_file(machine: Machine, tmp_path: Path) -> None:
    machine.install("--name", NAME)
    site = (machine.root / "etc/nginx/sites-available/datalab").read_text()
    site = site.replace("/etc/datalab", f"{machine.root}/etc/datalab")
    site = site.replace("/var/log/nginx", str(tmp_path))
    whole = tmp_path / "nginx.conf"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
    folders += f"access_log {tmp_path}/a;\n"
    whole.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{folders}{site}\n}}\n")
    answer = subprocess.run(
        ["nginx", "-t", "-c", str(whole), "-e", str(tmp_path / "e")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
