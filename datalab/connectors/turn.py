"""Turns: one thread of one process at a time fills a folder of the cache."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_threads: dict[Path, threading.Lock] = {}
_register = threading.Lock()


@contextmanager
def turn(folder: Path) -> Iterator[Path]:
    """Hold ``folder`` (made if missing) until the end of the block.

    Two locks, because ``flock`` belongs to the process and would let its threads pass.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _register:
        mine = _threads.setdefault(folder.resolve(), threading.Lock())
    with mine, (folder / ".turn").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for left in folder.rglob(".part-*"):  # of a process that was killed
            left.unlink(missing_ok=True)
        yield folder
