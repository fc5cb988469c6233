"""Running notebooks that behave, and notebooks that do their worst."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from datalab.errors import KernelUnknown, NotebookTooLarge, NotebookUnreadable, RunRefused
from datalab.isolation.sandbox import Room, Walls, probe
from datalab.projects import stage
from datalab.projects.execution import Execution, Limits, execute

LIMITS = Limits(seconds=20, memory=600_000_000, output=1_000_000)
Run = Callable[..., Execution]


@pytest.fixture
def work() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="datalab-tests-"))
    os.chmod(folder, 0o755)  # noqa: S103
    (folder / "data.txt").write_text("hello")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def run(work: Path) -> Run:
    walls = probe(work)
    if walls.refuses:
        pytest.skip(walls.reason)
    uid = stage.spare_uid() if os.geteuid() == 0 else 1000
    room = Room("proj-essai", work, uid, work, {})

    def go(*cells: str, limits: Limits = LIMITS, **more: Any) -> Execution:
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        return execute(notebook, room=room, walls=walls, limits=limits, **more)

    return go


def shown(done: Execution) -> str:
    return "".join(o.get("text", "") for c in done.notebook.cells for o in c.get("outputs", []))


def test_cells_run_in_order_and_each_is_told(run: Run) -> None:
    told: list[Any] = []
    done = run("a = 1", "print(a + 1)", on_event=told.append)
    assert done.ok
    assert shown(done) == "2\n"
    states = [(e["index"], e["state"]) for e in told if e["event"] == "cell"]
    assert states == [(0, "running"), (0, "ok"), (1, "running"), (1, "ok")]
    assert (told[0]["event"], told[-1]) == ("start", {"event": "end", "ok": True})


def test_what_is_written_is_gone_with_the_run(run: Run, work: Path) -> None:
    done = run("print(open('data.txt').read())", "open('data.txt', 'w').write('x')",
               "open('new.txt', 'w').write('y')")  # fmt: skip
    assert done.ok
    assert shown(done).startswith("hello")
    assert [p.name for p in work.iterdir()] == ["data.txt"]
    assert (work / "data.txt").read_text() == "hello"


def test_a_failing_cell_is_named(run: Run) -> None:
    done = run("a = 1", "\n# the division\na / 0", "print('never')")
    assert not done.ok
    assert (done.failed_cell, done.number, done.first_line) == (1, 2, "# the division")
    assert done.error == "ZeroDivisionError: division by zero"
    assert shown(done) == ""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("while True: print('x' * 1000)", "1 Mo"),
        ("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass", "plus de"),
        ("a = [bytearray(10**8) for _ in range(99)]", "MemoryError"),
        ("import os; os._exit(1)", "noyau"),
        ("import os; os.kill(os.getppid(), 9); import time; time.sleep(60)", "noyau"),
        ("import socket; socket.create_connection(('127.0.0.1', 22), 1)", "Error"),
        ("input()", "StdinNotImplementedError"),
    ],
    ids=["flood", "fork-bomb", "memory", "exit", "patricide", "network", "input"],
)
def test_what_a_bad_cell_does_ends_with_it(run: Run, code: str, said: str) -> None:
    done = run("a = 1", code, "print('never')")
    assert (done.ok, done.number) == (False, 2)
    assert said in str(done.error)


def test_an_endless_loop_is_ended(run: Run) -> None:
    done = run("a = 1", "while True: pass", limits=Limits(seconds=3, memory=600_000_000))
    assert (done.ok, done.number, done.first_line) == (False, 2, "while True: pass")
    assert "3 s" in str(done.error)


def test_nothing_is_left_running(run: Run) -> None:
    mark = "86399.25"
    run(f"import subprocess\nsubprocess.Popen(['setsid', 'sleep', '{mark}'])")
    left = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                left += [entry] if mark in (entry / "cmdline").read_text() else []
            except OSError:
                continue
    assert left == []
    assert not list(Path(tempfile.gettempdir()).glob("datalab-run-*/home/.reads.jsonl"))


def room_and_walls(work: Path) -> dict[str, Any]:
    return {"room": Room("proj-essai", work, 1000, work, {}), "walls": Walls("none")}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", NotebookUnreadable),
        (b"not json", NotebookUnreadable),
        (b"[]", NotebookUnreadable),
        (b'{"cells": 3}', NotebookUnreadable),
        (b"\xff\xfe", NotebookUnreadable),
        (b'{"a":' * 100_000, NotebookUnreadable),
        (b" " * 50_000_000, NotebookTooLarge),
    ],
    ids=["empty", "text", "list", "cells", "bytes", "deep", "50 MB"],
)
def test_a_file_that_is_no_notebook(work: Path, content: bytes, error: type[Exception]) -> None:
    path = work / "broken.ipynb"
    path.write_bytes(content)
    with pytest.raises(error, match=r"broken\.ipynb"):
        execute(path, **room_and_walls(work))


def test_another_kernel_is_named(work: Path) -> None:
    spec = {"kernelspec": {"name": "ir", "display_name": "R 4.4", "language": "R"}}
    path = work / "r.ipynb"
    path.write_text(writes(new_notebook(metadata=spec)))
    with pytest.raises(KernelUnknown, match=r"R 4\.4"):
        execute(path, **room_and_walls(work))


def test_a_link_is_not_followed(work: Path) -> None:
    (work / "link.ipynb").symlink_to("/etc/passwd")
    with pytest.raises(NotebookUnreadable):
        execute(work / "link.ipynb", **room_and_walls(work))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root would run as root")
def test_without_walls_root_runs_nothing(work: Path) -> None:
    with pytest.raises(RunRefused):
        execute(new_notebook(), **room_and_walls(work))
