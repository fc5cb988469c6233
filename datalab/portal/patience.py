"""One thread that interrupts the queries which take too long.

A timer of its own for every query would start a thread and wait until it runs: on a busy machine
that took longer than finding a row.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

LOOK = 0.5  # seconds between two looks


class Patience:
    """Queries that run now, and when the patience with each of them ends."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._running: dict[int, tuple[float, duckdb.DuckDBPyConnection]] = {}
        self._busy = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def with_(self, cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
        """Interrupt ``cursor`` where it is not done in ``seconds``, to half a second."""
        number = next(self._numbers)
        with self._lock:
            self._running[number] = (time.monotonic() + seconds, cursor)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True, name="patience")
                self._thread.start()
        if not self._busy.is_set():
            self._busy.set()
        try:
            yield
        finally:
            with self._lock:  # so that no cursor is interrupted after it was given back
                del self._running[number]

    def _watch(self) -> None:
        while True:
            self._busy.wait()
            time.sleep(LOOK)
            with self._lock:
                if not self._running:
                    self._busy.clear()
                now = time.monotonic()
                for until, cursor in self._running.values():
                    if until <= now:
                        cursor.interrupt()


PATIENCE_OF_ALL = Patience()
