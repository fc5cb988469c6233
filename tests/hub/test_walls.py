"""What a notebook can reach: its own files and the published lakes, and nothing else."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator

import pytest

from datalab.isolation.sandbox import probe
from tests.hub.lab import Lab, Person

pytestmark = pytest.mark.hub

ATTEMPT = """
import os
def attempt(path):
    try:
        if os.path.isdir(path):
            print("LISTED", os.listdir(path))
        else:
            with open(path, "rb") as file:
                print("READ", file.read(20))
    except OSError as error:
        print("refused", type(error).__name__)
"""


@pytest.fixture(scope="module")
def student(running_lab: Lab) -> Iterator[Person]:
    walls = probe(running_lab.home)
    if not walls.private:
        pytest.skip(f"no isolation can be had on this machine: {walls.reason}")
    with running_lab.person("student") as person:
        person.open_server()
        person.run(ATTEMPT)
        yield person


@pytest.fixture(scope="module")
def neighbour(running_lab: Lab, student: Person) -> Iterator[Person]:
    with running_lab.person("citizen") as person:
        person.open_server()
        person.run("open('diary.txt', 'w').write('private')")
        yield person


def test_an_ordinary_cell_runs(student: Person) -> None:
    assert student.run("print(6 * 7)") == "42\n"


@pytest.mark.parametrize(
    "path",
    [
        "signin.json",
        "hub/hub.sqlite",
        "hub/people.sqlite",
        "secrets",
        "secrets/cookie_secret",
        "secrets/proxy_token",
        "secrets/portal_token",
        "participation",
        "participation/participation.sqlite",
        "catalog",
        "accounts/homes/citizen/diary.txt",
        "accounts/homes",
        "run/children.json",
        "run/servers/citizen.json",
        "logs/hub.log",
        "logs/server-citizen.log",
        "writer",
        "staging",
        "cache",
        ".",
    ],
)
def test_nothing_of_the_home_of_the_lab_is_there(
    student: Person, neighbour: Person, path: str
) -> None:
    there = student.lab.home / path
    assert there.exists(), "the file to hide must exist"
    assert student.run(f"attempt({str(there)!r})").startswith("refused")


@pytest.mark.parametrize("path", ["/etc/shadow", "/root/.ssh", "/var/log", "/proc/1/environ"])
def test_nothing_private_of_the_system_is_there(student: Person, path: str) -> None:
    assert student.run(f"attempt({path!r})").startswith("refused")


def test_only_its_own_processes_are_there(student: Person, neighbour: Person) -> None:
    seen = student.run(
        "import glob\n"
        "for name in glob.glob('/proc/[0-9]*/cmdline'):\n"
        "    print(open(name, 'rb').read().replace(bytes(1), b' ').decode())"
    )
    assert "ipykernel_launcher" in seen
    assert "datalab.hub " not in seen
    assert "homes/citizen" not in seen


def test_environments_of_other_processes_stay_closed(student: Person) -> None:
    read = student.run(
        "import glob\n"
        "texts = []\n"
        "for name in glob.glob('/proc/[0-9]*/environ'):\n"
        "    try: texts.append(open(name).read())\n"
        "    except OSError: pass\n"
        "print('CONFIGPROXY_AUTH_TOKEN' in ''.join(texts), 'PYTEST' in ''.join(texts))"
    )
    assert read == "False False\n"


def test_it_runs_without_privileges(student: Person) -> None:
    status = dict(
        line.split(":\t", 1)
        for line in student.run("print(open('/proc/self/status').read())").splitlines()
        if ":\t" in line
    )
    assert "0" not in status["Uid"].split()
    assert {status[f"Cap{kind}"].strip("0") for kind in ("Inh", "Prm", "Eff", "Amb")} == {""}
    assert status["NoNewPrivs"] == "1"


def test_it_knows_its_name(student: Person) -> None:
    code = "import getpass, os, pwd; print(getpass.getuser(), pwd.getpwuid(os.getuid()).pw_name)"
    assert student.run(code) == "student student\n"


def test_its_files_belong_to_its_own_account(student: Person, neighbour: Person) -> None:
    student.run("open('mine.txt', 'w').write('x')")
    homes = student.lab.home / "accounts" / "homes"
    mine, other = (homes / "student" / "mine.txt").stat(), (homes / "citizen" / "diary.txt").stat()
    assert stat.S_IMODE(mine.st_mode) == 0o600
    if os.geteuid() == 0:
        assert 0 not in {mine.st_uid, other.st_uid}
        assert mine.st_uid != other.st_uid


def test_the_published_lakes_can_be_read(student: Person) -> None:
    answer = student.run(
        "import datalab\n"
        "lab = datalab.connect()\n"
        "print(len(lab.dataset('tiny-places').df()), len(lab.dataset('tiny-members').df()))"
    )
    assert answer.splitlines()[-1:] == ["3 3"], answer


@pytest.mark.parametrize(
    "deed",
    [
        "open(lake + '/open/index.json', 'w')",
        "open(lake + '/open/new', 'w')",
        "os.remove(lake + '/open/catalog.ducklake')",
        "os.rename(lake + '/open/data', lake + '/open/other')",
        "os.chmod(lake + '/open', 0o777)",
        "os.mkdir(lake + '/restricted-x')",
    ],
)
def test_the_lake_cannot_be_written(student: Person, deed: str) -> None:
    answer = student.run(
        f"import os; lake = os.environ['DATALAB_LAKE']; {deed}; print('DO' + 'NE')"
    )
    assert "DONE" not in answer
    assert "Read-only file system" in answer or "Permission" in answer


@pytest.mark.parametrize("module", ["datalab", "jupyterhub", "json"])
def test_the_code_it_runs_on_cannot_be_changed(student: Person, module: str) -> None:
    answer = student.run(f"import {module}; open({module}.__file__, 'a'); print('DO' + 'NE')")
    assert "DONE" not in answer


def test_restricted_lakes_are_not_there(running_lab: Lab, student: Person) -> None:
    secret = running_lab.home / "lake" / "restricted-test"
    secret.mkdir(mode=0o700)
    (secret / "index.json").write_text("{}")
    try:
        answer = student.run(f"attempt('/lake/restricted-test'); attempt({str(secret)!r})")
        assert answer.count("refused") == 2
    finally:
        shutil.rmtree(secret)


def test_too_much_memory_is_a_memory_error(student: Person) -> None:
    answer = student.run("x = bytearray(4 * 1024**3)")
    assert "MemoryError" in answer
    assert student.run("print('alive')") == "alive\n"


def test_its_environment_holds_only_what_it_needs(student: Person) -> None:
    names = set(student.run("import os; print(*os.environ)").split())
    assert {
        "DATALAB_LAKE",
        "DATALAB_ASSETS_URL",
        "DATALAB_PORTAL_URL",
        "MEM_LIMIT",
        "CPU_LIMIT",
    } <= names
    assert not {name for name in names if "CONFIGPROXY" in name or "PYTEST" in name}
    assert "DATALAB_HOME" not in names


def test_kernels_do_not_speak_over_the_shared_loopback(student: Person) -> None:
    answer = student.run(
        "from ipykernel.connect import get_connection_info\n"
        "print(get_connection_info(unpack=True)['transport'])"
    )
    assert answer == "ipc\n"


def test_another_persons_server_stays_closed(
    running_lab: Lab, student: Person, neighbour: Person
) -> None:
    answer = student.client.get("/user/citizen/api/contents", follow_redirects=True)
    assert answer.status_code in {403, 404}
    assert "diary" not in answer.text


def test_its_own_token_opens_nothing_else(student: Person) -> None:
    code = (
        "import os, urllib.request, urllib.error\n"
        "def ask(path, method='GET'):\n"
        "    address = os.environ['JUPYTERHUB_API_URL'] + path\n"
        "    request = urllib.request.Request(address, method=method)\n"
        "    request.add_header('Authorization', 'token ' + os.environ['JUPYTERHUB_API_TOKEN'])\n"
        "    try: return urllib.request.urlopen(request).status\n"
        "    except urllib.error.HTTPError as error: return error.code\n"
        "print(ask('/users'), ask('/users/citizen'), ask('/users/citizen/server', 'DELETE'),\n"
        "      ask('/users/student/tokens', 'POST'), ask('/proxy'), ask('/shutdown', 'POST'))"
    )
    codes = student.run(code).split()
    assert len(codes) == 6
    assert set(codes) <= {"403", "404"}


def test_modes_of_everything_private(running_lab: Lab) -> None:
    home = running_lab.home
    names = ("secrets", "participation", "catalog", "hub", "run", "logs", "writer")
    closed = [home, *(home / name for name in names)]
    assert {oct(stat.S_IMODE(folder.stat().st_mode)) for folder in closed} == {"0o700"}
    private = [home / "signin.json", *(home / "secrets").iterdir(), *(home / "hub").iterdir()]
    private += [path for path in (home / "run").iterdir() if path.is_file()]
    private += [path for path in (home / "participation").iterdir() if path.is_file()]
    assert len(private) > 8
    assert {oct(stat.S_IMODE(path.stat().st_mode)) for path in private} == {"0o600"}
