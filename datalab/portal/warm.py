"""Warm tables: copies of published tables in DuckDB's own format, where one row is found at once.

A lake answers a question about one row in tens of milliseconds, most of it spent on opening
Parquet; the same table in a DuckDB file takes less than one. So a table that is asked for by API
more than once is copied, in the background, at one snapshot, into a file of its own that is never
changed again and that every shelf attaches read-only, as lakes are. Only tables of the ``open``
lake are copied, and a copy goes when its dataset no longer lies there.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb

from datalab import __version__
from datalab.lake.connection import connect, identifier, literal
from datalab.lake.layout import folder
from datalab.lake.reader import attach
from datalab.portal.access import barrier
from datalab.portal.library import OPEN, Fingerprint, Holding, Shelf
from datalab.portal.rows import Table

LOG = logging.getLogger("datalab.portal")
ASKED = 2  # times that a table is asked for before it is copied
MOST_ROWS = 5_000_000
ROOM = 4_000_000_000  # bytes of all copies together
MEMORY = "1GB"
NAME = "rows"


class WarmTables:
    """The copies in one folder, which only the portal reads; one is made at a time."""

    def __init__(self, place: Path, room: int = ROOM) -> None:
        self.folder, self.room = place, room
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._making: set[str] = set()
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="warm")
        self._seen: Fingerprint = ()

    def of(self, shelf: Shelf, holding: Holding, opened: Table) -> Table:
        """The warm copy of a table where there is one, else the table itself."""
        if shelf.fingerprint != self._seen:  # published anew: what is open may have changed
            self._seen = shelf.fingerprint
            self._hands.submit(self._clear, shelf)
        if opened.lake != OPEN or opened.rows is None or opened.rows > MOST_ROWS:
            return opened
        key = ("warm", holding.id, opened.snapshot)
        found: Table | None = shelf.remembered.get(key)
        if found is not None:
            return found
        name = name_of(holding, opened)
        with self._lock:
            self._asked[name] += 1
            busy = name in self._making
        if busy:
            return opened
        path = self.folder / f"{name}.duckdb"
        if path.is_file():
            attached = _attached(shelf, path, name, opened)
            if attached is not None:
                shelf.remembered[key] = attached
                return attached
        elif self._asked[name] >= ASKED:
            with self._lock:
                self._making.add(name)
            self._hands.submit(self._make, shelf, holding, opened, name, path)
        return opened

    def wait(self) -> None:
        """Until every copy that was begun is there."""
        self._hands.submit(lambda: None).result()

    def _make(self, shelf: Shelf, holding: Holding, opened: Table, name: str, path: Path) -> None:
        temporary = path.with_suffix(f".{os.urandom(4).hex()}.tmp")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._clear(shelf)
            copy(shelf.lake, holding, opened, temporary)
            temporary.replace(path)
        except (duckdb.Error, OSError):
            LOG.exception("no warm copy of %s could be made", name)
        finally:
            temporary.unlink(missing_ok=True)
            with self._lock:
                self._making.discard(name)
                self._asked[name] = 0

    def _clear(self, shelf: Shelf) -> None:
        """Take away what is no longer open, and what was used least recently for want of room."""
        found = []
        for path in self.folder.glob("*.duckdb"):
            dataset = path.name.rpartition("-")[0]
            holding = shelf.holdings.get(dataset)
            if holding is None or barrier(holding) is not None:
                path.unlink(missing_ok=True)
                continue
            found.append((path.stat().st_atime_ns, path.stat().st_size, path))
        held = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if held <= self.room:
                break
            path.unlink(missing_ok=True)
            held -= size


def name_of(holding: Holding, opened: Table) -> str:
    """What a copy is named after: everything that its rows depend on."""
    known = next((s for s in holding.entry.snapshots if s["snapshot"] == opened.snapshot), {})
    facts = (opened.snapshot, known.get("run_id"), known.get("sha256"), opened.columns)
    made_of = repr((*facts, holding.dataset.key, __version__, duckdb.__version__))
    return f"{holding.id}-{hashlib.sha256(made_of.encode()).hexdigest()[:24]}"


def copy(lake: Path, holding: Holding, opened: Table, path: Path) -> None:
    """Write the copy: rows in their order with their numbers, an index on the key."""
    connection = connect(threads=1, memory_limit=MEMORY, temporary=path.with_suffix(".spill"))
    try:
        attach(connection, folder(lake, OPEN))
        connection.execute(f"ATTACH {literal(path)} AS copy")
        picked = ", ".join(identifier(name) for name in opened.columns)
        connection.execute(
            f"CREATE TABLE copy.{NAME} AS SELECT rowid, {picked} FROM {opened.sql}"  # noqa: S608
        )
        connection.execute(f"CREATE INDEX by_row ON copy.{NAME} (rowid)")
        key = holding.dataset.key
        if len(key) == 1 and key[0] in opened.columns:
            connection.execute(f"CREATE INDEX by_key ON copy.{NAME} ({identifier(key[0])})")
        connection.execute("DETACH copy")
    finally:
        connection.close()


def _attached(shelf: Shelf, path: Path, name: str, opened: Table) -> Table | None:
    with shelf.lock:
        try:
            with shelf.reading() as cursor:
                cursor.execute(
                    f"ATTACH IF NOT EXISTS {literal(path)} AS {identifier(name)} (READ_ONLY)"
                )
        except duckdb.Error:
            LOG.exception("the warm copy %s cannot be attached", path.name)
            path.unlink(missing_ok=True)
            return None
    return replace(opened, sql=f"{identifier(name)}.main.{identifier(NAME)}", cold=opened.sql)
