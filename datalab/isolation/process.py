"""The identity of a process: its number and the moment it started.

A number alone is reused by the system. Every process that the lab may have to signal later is
remembered with its start time, and never touched once that differs.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """``started`` is the start time in clock ticks since boot, ``boot`` names that boot."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """The process that has this number now, or None where there is none."""
        started = _started(pid)
        return None if started is None else cls(pid, started, _boot())

    @classmethod
    def from_json(cls, document: Any) -> Process | None:
        """Reverse of ``as_json``; None for anything else, so that a damaged file harms nobody."""
        try:
            return cls(int(document["pid"]), int(document["started"]), str(document["boot"]))
        except (KeyError, TypeError, ValueError):
            return None

    def as_json(self) -> dict[str, Any]:
        return {"pid": self.pid, "started": self.started, "boot": self.boot}

    @property
    def alive(self) -> bool:
        """Whether it still runs; a zombie that nobody has collected yet does not count."""
        return self.boot == _boot() and _started(self.pid) == self.started

    def signal(self, number: int) -> bool:
        """Send a signal, only if it is still this process. False where it is gone."""
        if not self.alive:
            return False
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    def children(self) -> list[Process]:
        """Its direct children."""
        listed = PROC / str(self.pid) / "task" / str(self.pid) / "children"
        try:
            numbers = [int(text) for text in listed.read_text().split()]
        except OSError:
            numbers = _children_by_search(self.pid)
        return [child for child in map(Process.of, numbers) if child is not None]


def stop(processes: Iterable[Process], patience: float) -> list[Process]:
    """Ask processes to end, then end them. Returns those that would not go.

    ``patience`` is the time in seconds between SIGTERM and SIGKILL.
    """
    left = [process for process in processes if process.signal(signal.SIGTERM)]
    left = wait(left, patience)
    for process in left:
        process.signal(signal.SIGKILL)
    return wait(left, 5)


def wait(processes: list[Process], seconds: float) -> list[Process]:
    """Wait until all have ended, at most ``seconds``; returns those still running."""
    deadline = time.monotonic() + seconds
    while (left := [process for process in processes if process.alive]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    return left


def _started(pid: int) -> int | None:
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The command name stands in parentheses and may hold anything, also spaces and ")".
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def _boot() -> str:
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _children_by_search(pid: int) -> list[int]:
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(entry.name))
    return found
