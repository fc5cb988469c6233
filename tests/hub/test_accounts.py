"""The lab as an ordinary account, and as root where no sandbox can be made."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hub.lab import CHECKOUT, Lab, eventually

pytestmark = pytest.mark.hub

NewLab = Callable[..., Lab]
ORDINARY = 47_110
# setpriv keeps its privileges up to its own exec; the second one, by env, is an ordinary one.
DROP = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups", "env"]
READ = """
import os
def attempt(path):
    try:
        print("LISTED", os.listdir(path)) if os.path.isdir(path) else open(path, "rb").read()
    except OSError as error:
        print("refused")
"""


def open_view() -> list[str]:
    """A command prefix under which other accounts reach the interpreter.

    An interpreter below root's own folder (0700) is shown through folders that may be crossed.
    """
    check = [sys.executable, "-c", "import datalab.hub, jupyterhub"]
    if os.geteuid() != 0:
        pytest.skip("only root can become another account")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    if subprocess.run([*DROP, *check], cwd="/", capture_output=True, check=False).returncode == 0:
        return []
    bwrap = shutil.which("bwrap")
    base = Path(sys.base_prefix).resolve()
    if bwrap and base.is_relative_to("/root"):
        view = [bwrap, "--dev-bind", "/", "/", "--perms", "0755", "--tmpfs", "/root"]
        for parent in reversed(base.parents):
            if parent.is_relative_to("/root/x/..") or parent.is_relative_to("/root"):
                view += ["--perms", "0755", "--dir", str(parent)]
        view += ["--ro-bind", str(base), str(base)]
        if CHECKOUT.is_relative_to("/root"):
            view += ["--bind", str(CHECKOUT), str(CHECKOUT)]
        tried = subprocess.run([*view, *DROP, *check], cwd="/", capture_output=True, check=False)
        if tried.returncode == 0:
            return view
    pytest.skip("no interpreter that another account could run")


def owned_by_ordinary(folder: Path) -> Path:
    folder.mkdir(mode=0o755)
    os.chown(folder, ORDINARY, ORDINARY)
    return folder


def broken_bubblewrap(folder: Path) -> Path:
    """A folder for PATH whose bubblewrap behaves like one that the kernel refuses."""
    folder.mkdir()
    (folder / "bwrap").write_text("#!/bin/sh\necho 'no namespaces here' >&2\nexit 1\n")
    (folder / "bwrap").chmod(0o755)
    return folder


def test_an_ordinary_account_runs_a_whole_lab(new_lab: NewLab, open_folder: Path) -> None:
    view = open_view()
    if subprocess.run([*view, *DROP, "unshare", "-Ur", "true"], check=False).returncode:
        pytest.skip("ordinary accounts may not make user namespaces on this machine")
    lab = new_lab(prefix=[*view, *DROP], environment={"HOME": "/nonexistent"})
    lab.home = owned_by_ordinary(open_folder / "ordinary") / "home"
    lab.start()
    assert "WARNING" not in lab.output.read_text()
    assert {p.stat().st_uid for p in lab.home.rglob("*")} == {ORDINARY}
    with lab.person("student") as student, lab.person("citizen") as citizen:
        student.open_server()
        citizen.open_server()
        citizen.run("open('diary.txt', 'w').write('private')")
        student.run(READ)
        for path in ("signin.json", "hub/hub.sqlite", "secrets", "accounts/homes/citizen"):
            assert (lab.home / path).exists()
            assert student.run(f"attempt({str(lab.home / path)!r})") == "refused\n"
        assert "LISTED" in student.run("attempt('/lake/open'); attempt('/lake/members')")
        assert "refused" in student.run("attempt('/home/citizen')")
        assert "DONE" not in student.run("open('/lake/open/x', 'w'); print('DO' + 'NE')")
        code = "import datalab; print(len(datalab.connect().dataset('tiny-places').df()))"
        assert student.run(code).splitlines()[-1] == "3"
    assert lab.stop() == 0


def test_an_ordinary_account_without_a_sandbox_is_warned_and_shows_only_open_data(
    new_lab: NewLab, open_folder: Path
) -> None:
    view = open_view()
    broken = broken_bubblewrap(open_folder / "broken-for-all")
    home = owned_by_ordinary(open_folder / "bare")
    path = f"PATH={broken}:{os.environ['PATH']}"
    lab = new_lab(prefix=[*view, *DROP, path], environment={"HOME": "/nonexistent"})
    lab.home = home / "home"
    lab.start()
    assert "WARNING: nothing separates notebooks" in lab.output.read_text()
    with lab.person("student") as student:
        student.open_server()
        student.run("import datalab; lab = datalab.connect()")
        count = student.run("print(len(lab.dataset('tiny-places').df()))")
        assert count.splitlines()[-1] == "3"
        refused = student.run("lab.dataset('tiny-members').df(); print('DO' + 'NE')")
        assert "tiny-members" in refused
        assert "DONE" not in refused
    assert lab.stop() == 0


def test_root_without_a_sandbox_gives_each_server_its_own_account(
    new_lab: NewLab, open_folder: Path
) -> None:
    view = open_view()
    broken = broken_bubblewrap(open_folder / "broken")
    lab = new_lab(prefix=view, environment={"PATH": f"{broken}:{os.environ['PATH']}"})
    lab.start()
    assert "no namespaces here" in lab.output.read_text()
    assert "0711" in lab.output.read_text()
    with lab.person("student") as student, lab.person("citizen") as citizen:
        student.open_server()
        citizen.open_server()
        citizen.run("open('diary.txt', 'w').write('private')")
        student.run(READ)
        assert student.run("print(os.getuid() != 0)") == "True\n"
        for path in (
            "signin.json",
            "hub/hub.sqlite",
            "secrets/cookie_secret",
            "participation/participation.sqlite",
            "accounts/homes/citizen/diary.txt",
            "logs/hub.log",
            "run/children.json",
            "run/servers/citizen.json",
        ):
            assert (lab.home / path).exists()
            assert student.run(f"attempt({str(lab.home / path)!r})") == "refused\n"
        lake = "os.environ['DATALAB_LAKE']"
        assert "DONE" not in student.run(f"open({lake} + '/open/x', 'w'); print('DO' + 'NE')")
        code = "import datalab; print(len(datalab.connect().dataset('tiny-members').df()))"
        assert student.run(code).splitlines()[-1] == "3"
        assert "DONE" not in student.run("os.setuid(0); print('DO' + 'NE')")
    uids = {p.name: p.stat().st_uid for p in (lab.home / "accounts" / "homes").iterdir()}
    assert len(set(uids.values())) == 2
    assert 0 not in uids.values()
    assert stat.S_IMODE(lab.home.stat().st_mode) == 0o711
    room = lab.server("student")
    assert lab.stop() == 0
    eventually(lambda: not any(p.alive for p in room.values()), "the server to end")


def test_root_that_could_only_run_servers_as_root_runs_none(
    new_lab: NewLab, open_folder: Path
) -> None:
    """Fail closed: an interpreter that only root reaches, and no sandbox."""
    if os.geteuid() != 0 or not Path(sys.base_prefix).resolve().is_relative_to("/root"):
        pytest.skip("the interpreter of these tests can be reached by other accounts")
    broken = broken_bubblewrap(open_folder / "broken-too")
    lab = new_lab(environment={"PATH": f"{broken}:{os.environ['PATH']}"})
    lab.start()
    assert "none will start" in lab.output.read_text()
    with lab.person("student") as student:
        student.sign_in()
        student.client.get("/hub/spawn/student")
        page = student.client.get("/user/student/lab")
        assert page.url.path.startswith("/hub/")
    assert not list((lab.home / "run" / "servers").iterdir())
