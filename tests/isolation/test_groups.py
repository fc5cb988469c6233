"""Limits over a whole tree of processes, held by the kernel where it lets us."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from datalab.isolation import groups
from datalab.isolation.groups import Group, Groups
from datalab.isolation.limits import Limits

GRAB = "import sys; x = bytearray(b'1') * int(sys.argv[1]); print('held')"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Groups]:
    found = groups.probe(tmp_path)
    if not {"memory", "pids", "cpu"} <= found.held:
        pytest.skip(f"no control groups here: {found.reason}")
    yield found
    found.close()
    assert not any(parent.exists() for parent in found.parents.values())


def grab(group: Group, size: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        group.around([sys.executable, "-S", "-c", GRAB, str(size)]),
        capture_output=True,
        text=True,
        check=False,
    )


def test_memory_of_a_tree_ends_where_it_was_said(here: Groups) -> None:
    group = here.make("student", Limits(memory=150_000_000))
    assert grab(group, 20_000_000).stdout == "held\n"
    assert group.killed_for_memory() == 0
    assert grab(group, 400_000_000).returncode == -9
    assert group.killed_for_memory() == 1


def test_children_count_with_their_parents(here: Groups) -> None:
    group = here.make("student", Limits(memory=250_000_000))
    # Who is ended for the memory has printed already: what counts is who comes to the end.
    work = f"{GRAB}; import time; time.sleep(2); print('through')"
    each = f'{sys.executable} -S -c "{work}" 100000000 &'
    done = subprocess.run(
        group.around(["sh", "-c", each * 4 + " wait"]), capture_output=True, check=False
    )
    assert group.killed_for_memory() > 0
    assert done.stdout.count(b"through") < 4


def test_a_fork_bomb_ends_where_it_was_said(here: Groups) -> None:
    group = here.make("student", Limits(processes=20))
    code = (
        "import subprocess\nc = []\ntry:\n"
        " for _ in range(60): c.append(subprocess.Popen(['sleep', '30']))\n"
        "except OSError as e: print(type(e).__name__)\nfor x in c: x.kill(); x.wait()"
    )
    done = subprocess.run(
        group.around([sys.executable, "-S", "-c", code]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "BlockingIOError\n"


def test_nothing_that_was_started_inside_gets_out(here: Groups) -> None:
    group = here.make("student", Limits())
    child = subprocess.Popen(group.around(["sh", "-c", "(setsid sleep 60 &) ; sleep 60"]))
    try:
        while len(group.processes()) < 2:
            pass
        assert child.pid in group.processes()
        assert group.remove()
        assert child.wait() == -9
        assert group.processes() == set()
    finally:
        child.kill()


def test_a_sweep_leaves_only_groups_of_running_servers(here: Groups) -> None:
    for name in ("student", "citizen", "gone"):
        here.make(name, Limits())
    assert here.sweep({"student", "citizen"}) == ["gone"]
    assert here.sweep(set()) == ["citizen", "student"]


def test_only_groups_of_a_lab_are_read_from_a_record() -> None:
    assert Group.from_json({"memory": "/sys/fs/cgroup/memory/system.slice/ssh.service"}) is None
    assert Group.from_json("x") is None
    good = {"memory": "/sys/fs/cgroup/memory/datalab-1/student"}
    found = Group.from_json(good)
    assert found is not None
    assert found.as_json() == good


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x"])
def test_a_strange_name_makes_no_group(here: Groups, name: str) -> None:
    with pytest.raises(ValueError):
        here.make(name, Limits())


def test_version_two_is_spoken_as_its_manual_says(tmp_path: Path) -> None:
    """The files of a delegated group, as a plain folder: what is written into which."""
    base = tmp_path / "delegated"
    base.mkdir()
    (base / "cgroup.subtree_control").write_text("")
    parent = base / "datalab-x"
    parent.mkdir()
    (parent / "cgroup.subtree_control").write_text("")
    whole = Groups(2, dict.fromkeys(groups.CONTROLLERS, parent))
    folder = parent / "student"
    folder.mkdir()
    os.rmdir(folder)
    group = whole.make("student", Limits(memory=1000, processes=7, share=100))
    assert (base / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert (parent / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    said = {p.name: p.read_text() for p in folder.iterdir()}
    assert said == {"memory.max": "1000", "pids.max": "7", "cpu.weight": "100"}
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\n")
    (folder / "memory.current").write_text("512\n")
    assert (group.killed_for_memory(), group.memory()) == (2, 512)
    assert group.around(["true"])[4:6] == [str(folder / "cgroup.procs"), "--"]


def test_a_machine_without_groups_says_so(tmp_path: Path) -> None:
    found = groups.probe(tmp_path, mounts={})
    assert found.held == set()
    assert found.reason
    closed = groups.probe(tmp_path, mounts={"memory": Path("/proc/nothing")})
    assert closed.held == set()
    assert "memory" in closed.reason
