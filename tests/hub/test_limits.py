"""Limits of a notebook server, as the person behind it meets them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datalab.isolation.groups import Groups, probe
from datalab.isolation.guards import guards
from datalab.isolation.process import Process
from datalab.isolation.sandbox import Walls
from datalab.isolation.watch import Watch
from datalab.settings import Settings
from tests.hub.lab import Lab, Person, eventually

pytestmark = pytest.mark.hub

NewLab = Callable[..., Lab]
MEMORY = 700_000_000
QUOTA = 40_000_000


@pytest.fixture(scope="module")
def student(open_folder: Path, small_catalog: Path) -> Iterator[Person]:
    from tests.hub.fixtures import end

    limits = {"DATALAB_SERVER_MEMORY": str(MEMORY), "DATALAB_HOME_QUOTA": str(QUOTA)}
    lab = Lab(open_folder / "limits", small_catalog, environment=limits)
    try:
        lab.start()
        with lab.person("student") as person:
            person.open_server()
            yield person
    finally:
        end(lab)


def test_a_kernel_that_takes_too_much_is_ended_and_its_successor_says_why(student: Person) -> None:
    """In many small pieces, so that no single one is refused: the tree as a whole is too large."""
    if "memory" not in probe(student.lab.home).held:
        pytest.skip("memory of a tree cannot be held here")
    kernel = student.kernel or student.run("") or student.kernel
    doomed = (
        "import subprocess, sys\n"
        "grab = 'x = bytearray(b\"1\") * 200_000_000; input()'\n"
        "c = [subprocess.Popen([sys.executable, '-S', '-c', grab], stdin=-1) for _ in range(5)]\n"
        "import time\n"
        "for _ in range(300):\n"
        "    if any(x.poll() is not None for x in c): break\n"
        "    time.sleep(0.2)\n"
        "print(sum(x.poll() is None for x in c))\n"
        "for x in c: x.kill()"
    )
    said = student.run(doomed)
    assert int(said.splitlines()[0]) < 5

    def told() -> bool:
        nonlocal said
        said += student.run("time.sleep(1)")
        return "mémoire" in said or "memory" in said

    eventually(told, "the notice")
    assert kernel == student.kernel
    assert student.run("pass") == "", "it is said once"


def test_the_server_outlives_its_kernels(student: Person) -> None:
    assert student.client.get("/user/student/api").status_code == 200


def test_a_full_home_stops_writing_says_so_and_opens_again(student: Person) -> None:
    fill = (
        "import time\nwritten = 0\ntry:\n"
        "    for n in range(600):\n"
        "        with open(f'fill-{n % 120}', 'wb') as f: written += f.write(bytes(10**6))\n"
        "        time.sleep(0.1)\n"
        "except OSError as error: print(error.strerror)\n"
    )
    assert "File too large" in student.run(fill)
    said = student.run("time.sleep(1.5)")
    student.run("import glob, os\nfor name in glob.glob('fill-*'): os.remove(name)")

    def told() -> bool:
        everything = said + student.run("pass") + notices(student)
        return "espace disque" in everything or "disk space" in everything

    eventually(told, "the notice")
    written = "with open('again', 'wb') as f: print(f.write(bytes(10**6)))"
    eventually(lambda: student.run(written).startswith("1000000"), "writing again")


def notices(person: Person) -> str:
    told = person.lab.home / "run/ways" / person.name / "notices.json"
    return told.read_text() if told.exists() else ""


def test_a_home_that_is_far_too_full_still_opens_to_delete(student: Person) -> None:
    home = student.lab.home / "accounts/homes/student"
    (home / "huge").write_bytes(bytes([1]) * 2 * QUOTA)
    os.chown(home / "huge", home.stat().st_uid, home.stat().st_gid)
    headers = {"X-XSRFToken": student.cookie("_xsrf", "/hub/")}
    student.client.delete("/hub/api/users/student/server", headers=headers)
    student.kernel = None
    student.open_server()
    assert "too large" in student.run("with open('more', 'wb') as f: f.write(bytes(10**6))")
    assert student.run("import os; os.remove('huge'); print('gone')").startswith("gone")


def test_groups_end_with_their_servers(student: Person) -> None:
    held = probe(student.lab.home)
    if not held.held:
        pytest.skip(held.reason)
    folders = [parent / "student" for parent in held.parents.values()]
    assert all(folder.is_dir() for folder in folders)
    headers = {"X-XSRFToken": student.cookie("_xsrf", "/hub/")}
    student.client.delete("/hub/api/users/student/server", headers=headers)
    eventually(lambda: not any(folder.exists() for folder in folders), "the groups to go")


def test_without_groups_the_watch_ends_the_largest_program(tmp_path: Path) -> None:
    """A tree of three processes: the first one stands for the server and is left alone."""
    grab = "import time; x = bytearray(b'1') * {size}; print('held', flush=True); time.sleep(600)"
    tree = (
        "import subprocess, sys\n"
        "sizes = (60_000_000, 180_000_000)\n"
        "c = [subprocess.Popen([sys.executable, '-S', '-c', sys.argv[1].format(size=s)])"
        " for s in sizes]\n"
        "print(c[0].wait(), c[1].wait())"
    )
    (tmp_path / "servers").mkdir()
    (tmp_path / "ways/student").mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", tree, grab], stdout=subprocess.PIPE) as top:
        assert top.stdout is not None
        assert [top.stdout.readline() for _ in range(2)] == [b"held\n"] * 2
        process = Process.of(top.pid)
        assert process is not None
        record = {"server_process": process.as_json(), "home": str(tmp_path)}
        (tmp_path / "servers/student.json").write_text(json.dumps(record))
        watch = Watch(tmp_path, memory=200_000_000, home=0, largest=0)
        small, large = sorted(process.children(), key=lambda child: child.pid)
        watch.look(time.monotonic(), time.time())
        eventually(lambda: not large.alive, "the largest to end")
        assert small.alive
        assert process.alive
        watch.look(time.monotonic(), time.time())
        assert small.alive
        assert "mémoire" in (tmp_path / "ways/student/notices.json").read_text()
        for child in process.children():
            child.signal(9)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[Watch, Process]]:
    """A watch over a home of at most 4 MB, and the one program of its server."""
    for folder in ("servers", "ways/student", "home"):
        (tmp_path / folder).mkdir(parents=True)
    tree = (
        "import subprocess, sys\n"
        "c = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'])\n"
        "print('there', flush=True); c.wait()"
    )
    with subprocess.Popen([sys.executable, "-c", tree], stdout=subprocess.PIPE) as top:
        assert top.stdout is not None
        assert top.stdout.readline() == b"there\n"
        process = Process.of(top.pid)
        assert process is not None
        record = {"server_process": process.as_json(), "home": str(tmp_path / "home")}
        (tmp_path / "servers/student.json").write_text(json.dumps(record))
        (program,) = process.children()
        yield Watch(tmp_path, memory=0, home=4_000_000, largest=10**9), program
        program.signal(9)


def look(watch: Watch, number: int, *sizes: int) -> None:
    """One more look, after files of ``sizes`` were written."""
    for place, size in enumerate(sizes):
        (watch.run / f"home/{number}-{place}").write_bytes(bytes([1]) * size)
    watch.look(1000.0 * number, time.time())


def test_who_writes_on_beyond_the_quota_is_ended_and_who_filled_it_is_not(
    kept: tuple[Watch, Process],
) -> None:
    """What came between a look and its holding is no offence; what comes after that is one."""
    watch, program = kept
    look(watch, 1, 5_000_000)
    look(watch, 2, 2_000_000)
    look(watch, 3, 1000)
    assert program.alive
    look(watch, 4, 2_000_000)
    eventually(lambda: not program.alive, "the program to end")
    assert "continuaient d’écrire" in (watch.run / "ways/student/notices.json").read_text()


def test_a_home_far_beyond_its_quota_is_no_offence_by_itself(kept: tuple[Watch, Process]) -> None:
    """As after an operator made the quota smaller; a look does not see all of it."""
    watch, program = kept
    look(watch, 1, *[1_000_000] * 20)
    for number in range(2, 8):
        look(watch, number)
    assert program.alive


def test_a_watch_survives_records_that_make_no_sense(tmp_path: Path) -> None:
    (tmp_path / "servers").mkdir()
    for number, text in enumerate(("", "[]", '{"home": 1}', '{"server_process": {"pid": "x"}}')):
        (tmp_path / f"servers/{number}.json").write_text(text)
    before = threading.active_count()
    Watch(tmp_path, 1, 1, 1).look(0.0, 0.0)
    assert threading.active_count() <= before + 4, "a thread at most for each record"


def test_every_guard_says_in_french_and_english_what_it_does(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for walls in (
        Walls("root"),
        Walls("user"),
        Walls("setuid", None, "x"),
        Walls("none", None, "x"),
    ):
        listed = guards(settings, walls, Groups(reason="x"))
        assert len({guard.name for guard in listed}) == len(listed) == 8
        for guard in listed:
            for said in (guard.title, guard.how):
                assert said.in_("fr") != said.in_("en") or str(said)[0].isdigit()
        restricted = next(guard for guard in listed if guard.name == "restricted")
        assert restricted.holds is (walls.mode in {"root", "user"})


def test_doctor_says_which_limits_hold(student: Person) -> None:
    said = json.loads(student.lab.command("doctor", "--json", check=False).stdout)
    found = {f["code"]: f for f in said["findings"] if f["code"].startswith("limit-")}
    assert {"limit-memory", "limit-disk", "limit-network", "limit-restricted"} <= set(found)
    assert found["limit-network"]["level"] == "good"
