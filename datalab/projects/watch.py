"""Watching a tree of processes from outside, and ending it whole.

A limit of memory holds for each process; what a hundred of them use together, and that there are a
hundred, is seen only here.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
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


def end(pid: int, patience: float = 10.0) -> None:
    """Kill a child of this process with all that came of it.

    The first one goes last: while it lives, what it started cannot hide as somebody else's child
    (bubblewrap and the runner collect orphans). Killing the first process of a room by itself
    already ends the room; this also works where there is no room.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        left = [found for found in tree(pid) if found != pid]
        if not left:
            break
        for found in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(found, signal.SIGKILL)
        time.sleep(0.01)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
