"""Watching a tree of processes from outside, and ending it whole.

A limit of memory holds for each process; what a hundred of them use together, and that there are a
hundred, is seen only here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from datalab.isolation.process import Process

PROC = Path("/proc")
QUIET_LOOKS = 3
PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(pid: int) -> list[int]:
    """The process and all its descendants; those that end meanwhile are left out."""
    parents: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, pending = [], [pid]
    while pending:
        current = pending.pop()
        found.append(current)
        pending += parents.get(current, [])
    return found


def memory(pids: list[int]) -> int:
    """Resident bytes of processes; pages that they share count once for each."""
    total = 0
    for pid in pids:
        with suppress(OSError, IndexError, ValueError):
            total += int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE
    return total


def threads_of(uid: int) -> int:
    """How many threads a uid runs on this machine now, in whatever room."""
    count = 0
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if entry.stat().st_uid == uid:
                    count += len(os.listdir(entry / "task"))
    return count


def end(pid: int, uid: int | None = None, patience: float = 10.0) -> None:
    """Kill a child of this process with all that came of it.

    Killing the first process of a room ends the room. Elsewhere everything of ``uid`` is ended,
    where that belongs to the run alone; else all descendants, which are stopped first: a fork bomb
    is quicker than whoever ends its processes one by one.
    """
    if uid is not None:
        _end_uid(uid)
    deadline = time.monotonic() + patience
    quiet = 0
    while quiet < QUIET_LOOKS and time.monotonic() < deadline:
        fresh, stopped = _alive(pid), set[int]()
        # A fork that has begun goes on when its process is told to stop: hence several looks.
        quiet = 0 if fresh else quiet + 1
        while fresh:
            _signal(fresh, signal.SIGSTOP)
            stopped |= fresh
            fresh = _alive(pid) - stopped
        _signal(stopped, signal.SIGKILL)
        time.sleep(0.03)
    _signal([pid], signal.SIGKILL)


def _alive(pid: int) -> set[int]:
    """What came of the process ``pid`` and still runs."""
    return {found for found in tree(pid) if found != pid and Process.of(found) is not None}


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _end_uid(uid: int) -> None:
    """End every process of ``uid`` in one call of the kernel, as that uid itself."""
    code = f"import os; os.setgroups([]); os.setgid({uid}); os.setuid({uid}); os.kill(-1, 9)"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False, stdin=subprocess.DEVNULL)
