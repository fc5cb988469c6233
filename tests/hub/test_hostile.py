"""A hostile notebook: each attempt fails behind the walls, and gets through where there are none.

The control is the same attempt, word for word, in a lab of an ordinary account without a sandbox
and without limits. Without it, an attempt that is merely wrong would look like a wall.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from datalab.hub.plan import Plan
from datalab.isolation.sandbox import probe
from tests.hub.fixtures import end
from tests.hub.hostile import ATTEMPTS, TOOLS
from tests.hub.lab import Lab, Person, eventually
from tests.hub.test_accounts import DROP, broken_bubblewrap, open_view, owned_by_ordinary

pytestmark = pytest.mark.hub

LIMITED = {
    "DATALAB_SERVER_MEMORY": "700000000",
    "DATALAB_SERVER_PROCESSES": "120",
    "DATALAB_HOME_QUOTA": "30000000",
    "DATALAB_LARGEST_FILE": "20000000",
}
UNLIMITED = dict.fromkeys(LIMITED, "0")
# Where the launcher itself is the wall, the control is a process that it did not start.
OF_THE_LAUNCHER = {"make a user namespace", "keep a key in the kernel"}
LISTENER = """
import socket, threading
listening = socket.create_server(("127.0.0.1", 0))
def serve():
    while True:
        peer = listening.accept()[0]
        peer.sendall(b"unprotected")
        peer.close()
threading.Thread(target=serve, daemon=True).start()
print(listening.getsockname()[1])
"""
Scene = tuple[Person, Person]


@pytest.fixture(scope="module")
def guarded(open_folder: Path, small_catalog: Path) -> Iterator[Scene]:
    lab = Lab(open_folder / "guarded", small_catalog, environment=dict(LIMITED))
    walls = probe(open_folder)
    if walls.mode not in {"root", "user"}:
        pytest.skip(f"no sandbox can be made on this machine: {walls.reason}")
    yield from scene(lab)


@pytest.fixture(scope="module")
def unguarded(open_folder: Path, small_catalog: Path) -> Iterator[Scene]:
    broken = broken_bubblewrap(open_folder / "broken-for-control")
    path = f"{broken}:{os.environ['PATH']}"
    lab = Lab(open_folder / "unguarded", small_catalog, environment=dict(UNLIMITED))
    if os.geteuid() == 0:
        lab.prefix = [*open_view(), *DROP, f"PATH={path}"]
        lab.environment["HOME"] = "/nonexistent"
        lab.home = owned_by_ordinary(open_folder / "control") / "home"
    else:
        lab.environment["PATH"] = path
    yield from scene(lab)


def scene(lab: Lab) -> Iterator[Scene]:
    """Two people with kernels, a project of one of them, and what was stolen from her."""
    try:
        lab.start()
        lab.command("project", "create", "trial", "--title", "Trial", "--member", "citizen:owner")
        with ExitStack() as stack:
            student = stack.enter_context(lab.person("student"))
            citizen = stack.enter_context(lab.person("citizen"))
            for person in (student, citizen):
                person.open_server()
            citizen.run("open('diary.txt', 'w').write('private')")
            restricted = lab.home / "lake" / "restricted-trial"
            restricted.mkdir(mode=0o700)
            (restricted / "index.json").write_text("{}")
            (lab.home / "projects/trial/work/plan.txt").write_text("ours")
            for made in (restricted, *restricted.iterdir()):
                own(lab, made)
            own(lab, lab.home / "projects/trial/work/plan.txt")
            student.run(facts(lab, citizen) + TOOLS)
            yield student, citizen
    finally:
        end(lab)


def own(lab: Lab, path: Path) -> None:
    """Give a file that the test wrote to whom the lab runs as."""
    found = lab.home.stat()
    os.chown(path, found.st_uid, found.st_gid)


def facts(lab: Lab, citizen: Person) -> str:
    plan = Plan.read(lab.home / "run")
    victim = lab.server("citizen")["server_process"].pid
    environment = Path(f"/proc/{victim}/environ").read_bytes().split(b"\0")
    token = next(x for x in environment if x.startswith(b"JUPYTERHUB_API_TOKEN=")).decode()
    cookie = citizen.cookie("jupyterhub-hub-login", "/hub/")
    known = {
        "lab": str(lab.home),
        "hub_port": plan.hub_port,
        "proxy_port": plan.proxy_port,
        "portal_port": plan.portal_port,
        "neighbour_pid": victim,
        "neighbour_port": int(citizen.run(LISTENER)),
        "stolen_token": token.partition("=")[2],
        "stolen_cookie": f"jupyterhub-hub-login={cookie}",
    }
    return "\n".join(f"{name} = {value!r}" for name, value in known.items())


def as_a_plain_process(attempt: str) -> str:
    prefix = [*open_view(), *DROP] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, sys.executable, "-c", TOOLS + ATTEMPTS[attempt]],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_it_gets_nowhere_behind_the_walls_and_through_without_them(
    guarded: Scene, unguarded: Scene, attempt: str
) -> None:
    student, _ = guarded
    assert "DONE" not in student.run(ATTEMPTS[attempt])
    assert student.run("print('still here')").endswith("still here\n")
    if attempt in OF_THE_LAUNCHER:
        assert "DONE" in as_a_plain_process(attempt)
    else:
        assert "DONE" in unguarded[0].run(ATTEMPTS[attempt])


GREEDY = (
    "fork many processes",
    "fill the memory with many processes",
    "fill the disk with files",
    "write one large file",
)


def test_others_go_on_working_meanwhile(guarded: Scene) -> None:
    student, citizen = guarded
    done, failed = [], []
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            said = citizen.run("open('work.txt', 'w').write('x' * 1000); print(sum(range(1000)))")
            (done if said == "499500\n" else failed).append(said)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for attempt in GREEDY:
            before = len(done)
            student.run(ATTEMPTS[attempt])
            # An attempt that is stopped at once may fall between two runs of the neighbour.
            eventually(lambda least=before: len(done) > least, f"a run beside: {attempt}")
    finally:
        stop.set()
        worker.join()
    assert failed == []


def test_its_own_token_opens_nothing_beyond_its_account(guarded: Scene) -> None:
    student, _ = guarded
    said = student.run(
        "known = {'Authorization': 'token ' + os.environ['JUPYTERHUB_API_TOKEN']}\n"
        "for path in ('/users', '/users/citizen', '/proxy', '/services', '/groups', '/tokens'):\n"
        "    try: print(path, ask(hub_port, '/hub/api' + path, known))\n"
        "    except urllib.error.HTTPError as error: print('refused', error.code)\n"
        "print('\"name\": \"student\"' in ask(hub_port, '/hub/api/user', known))"
    )
    assert said.count("refused") == 6
    assert "True" in said.splitlines()


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/hub/login", {}),
        ("/hub/api/../login", {}),
        ("/hub/api/%2e%2e/home", {}),
        ("/hub/api/user?token={stolen_token}", {}),
        ("/hub/api/user", {"Authorization": "Bearer {stolen_token}"}),
        ("/hub/api/user", {"Authorization": "Basic x"}),
        ("/services/datalab/health", {}),
    ],
)
def test_the_way_to_the_hub_leads_nowhere_else(
    guarded: Scene, path: str, header: dict[str, str]
) -> None:
    student, _ = guarded
    said = student.run(
        f"try: print('OPEN', ask(hub_port, {path!r}.format(stolen_token=stolen_token), "
        f"{{k: v.format(stolen_token=stolen_token) for k, v in {header!r}.items()}}))\n"
        "except urllib.error.HTTPError as error: print('refused', error.code)"
    )
    assert said.startswith("refused 403\n")


def test_a_cookie_does_not_pass_the_way_to_the_hub(guarded: Scene) -> None:
    student, _ = guarded
    said = student.run(
        "try: print('OPEN', ask(hub_port, '/hub/api/user', {'Cookie': stolen_cookie}))\n"
        "except urllib.error.HTTPError as error: print('refused', error.code)"
    )
    assert said.startswith("refused 403\n")


def test_what_it_was_refused_is_said_below_the_cell(guarded: Scene) -> None:
    """The two limits that end or stop a program have a sentence of their own, in French."""
    student, _ = guarded
    wait: Callable[[str], str] = student.run
    wait(ATTEMPTS["fill the disk with files"])
    wait(ATTEMPTS["fill the memory with many processes"])
    notices = json.loads((student.lab.home / "run/ways/student/notices.json").read_text())
    assert {"disk", "memory"} <= set(notices)
    assert "disque" in notices["disk"]["text"]["fr"]
    assert "mémoire" in notices["memory"]["text"]["fr"]


def test_one_notebook_cannot_take_the_hub_for_itself(guarded: Scene) -> None:
    student, citizen = guarded
    flood = (
        "known = {'Authorization': 'token ' + os.environ['JUPYTERHUB_API_TOKEN']}\n"
        "codes = []\n"
        "for _ in range(150):\n"
        "    try: ask(hub_port, '/hub/api/user', known); codes.append(200)\n"
        "    except urllib.error.HTTPError as error: codes.append(error.code)\n"
        "print(codes.count(429) > 0, set(codes) <= {200, 429})"
    )
    assert "True True\n" in student.run(flood)
    own = (
        "import os, urllib.request as u; r = u.Request(os.environ['JUPYTERHUB_API_URL'] + '/user')"
    )
    header = "r.add_header('Authorization', 'token ' + os.environ['JUPYTERHUB_API_TOKEN'])"
    assert citizen.run(f"{own}; {header}; print(u.urlopen(r).status)") == "200\n"
    hold = (
        "held = []\n"
        "for _ in range(200):\n"
        "    s = socket.socket(socket.AF_UNIX)\n"
        "    try: s.connect('/run/lab/hub/way.sock'); held.append(s)\n"
        "    except OSError: break\n"
        "time.sleep(0.5)\n"
        "alive = 0\n"
        "for s in held:\n"
        "    s.setblocking(False)\n"
        "    try: alive += s.recv(1) != b''\n"
        "    except BlockingIOError: alive += 1\n"
        "    except OSError: pass\n"
        "print(alive <= 40)\n"
        "for s in held: s.close()"
    )
    assert student.run(hold) == "True\n"
