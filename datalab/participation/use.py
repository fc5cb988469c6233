"""How often the app for citizens is used: a count per day, and nothing about anybody.

Counts gather in memory and are written down once a minute, with whatever else is committed then:
a page that is opened costs no write. What a crash takes is the count of its last minute.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from datalab.participation.store import Store
from datalab.participation.tables.journal import USE

SECONDS = 60.0
WHAT = (
    "page",  # a page of the app was opened
    "report",  # a report was sent
    "report-offline",  # … that had waited in a phone for the network
    "follow",  # somebody follows the report of somebody else
    "reopen",
    "rating",
    "notifications",  # a browser asked to be told of news
    "installed",  # the app was put on a home screen
    "session-joined",
)


class Uses:
    """Counts for ``store``; ``today`` gives the day (``2026-11-22``) that something belongs to."""

    def __init__(self, store: Store, today: Callable[[], str], seconds: float = SECONDS) -> None:
        self._store, self._today, self._seconds = store, today, seconds
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def add(self, what: str) -> None:
        """Count one ``what``, one of :data:`WHAT`; anything else counts for nothing."""
        if what not in WHAT:
            return
        with self._lock:
            self._counts[self._today(), what] += 1
            if self._timer is None:
                self._timer = threading.Timer(self._seconds, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> Future[None] | None:
        """Write the counts down; they are counted on where that does not work."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
        if not counts:
            return None
        future = self._store.submit(lambda connection: add(connection, counts))
        future.add_done_callback(lambda done: self._back(counts) if done.exception() else None)
        return future

    def close(self) -> None:
        with contextlib.suppress(Exception):
            if (last := self.flush()) is not None:
                last.result(5)

    def _back(self, counts: Counter[tuple[str, str]]) -> None:
        with self._lock:
            self._counts += counts


def add(connection: Connection, counts: Mapping[tuple[str, str], int]) -> None:
    """Add counts by (day, what)."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(USE)
    statement = statement.on_conflict_do_update(
        index_elements=[USE.c.day, USE.c.what],
        set_={"count": USE.c.count + statement.excluded.count},
    )
    rows = [
        {"day": day, "what": what, "count": count} for (day, what), count in sorted(counts.items())
    ]
    connection.execute(statement, rows)
