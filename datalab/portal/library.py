"""The published lake as the portal sees it: read once, read again when something was published.

Only the ``open`` lake is attached where anybody reads. A closed lake is attached to a connection of
its own, beside the open one, when a reader comes who may read it: what one reader may not have
cannot be asked for. Of all lakes the portal knows the index, which says what they hold.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
from pydantic import ValidationError

from datalab.catalog.dataset import Dataset
from datalab.catalog.facet import Filed, filed
from datalab.catalog.search import SearchIndex
from datalab.errors import LakeEmpty, TooMuch, UnknownDataset
from datalab.lake.connection import connect
from datalab.lake.index import Entry, read_index, read_masked
from datalab.lake.layout import folder, folders
from datalab.lake.reader import attach
from datalab.lake.rejected import Rejected, read_rejected
from datalab.lake.release import Release, all_releases, releases_file
from datalab.portal.patience import PATIENCE_OF_ALL

LOG = logging.getLogger("datalab.portal")
OPEN = "open"
MEMBERS = "members"
MEMORY = "1GB"
THREADS = 2
PATIENCE = 20.0  # seconds a page waits for its rows
HISTORY = 90  # runs shown
REJECTS = 20  # rejected rows shown

Fingerprint = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True)
class Holding:
    """One dataset of the index: its description, what its runs left behind, and its releases,
    the newest first.

    One that is read through a mask describes the masked table, and has the ``whole`` one beside it.
    """

    dataset: Dataset
    entry: Entry
    releases: tuple[Release, ...] = ()
    whole: Holding | None = None

    @property
    def id(self) -> str:
        return self.dataset.id

    @property
    def record(self) -> dict[str, Any]:
        """The latest run, empty where there was none."""
        return self.entry.record or {}

    @property
    def good(self) -> dict[str, Any] | None:
        """The run that published what readers see."""
        return self.entry.good

    @property
    def snapshot(self) -> int | None:
        """The newest snapshot of this dataset."""
        if self.entry.snapshots:
            return int(self.entry.snapshots[0]["snapshot"])
        return (self.good or {}).get("snapshot")


@dataclass
class Shelf:
    """One published state of everything, never changed once read.

    ``masked`` holds, by dataset and lake, what is published of it through masks; ``closed`` the
    connections to lakes that are not open.
    """

    fingerprint: Fingerprint
    holdings: dict[str, Holding]
    search: SearchIndex
    connection: duckdb.DuckDBPyConnection | None
    lake: Path = Path()
    masked: dict[str, dict[str, Holding]] = field(default_factory=dict)
    remembered: dict[Any, Any] = field(default_factory=dict)
    closed: dict[str, duckdb.DuckDBPyConnection] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, dataset: str) -> Holding:
        """The dataset with this id.

        Raises
        ------
        UnknownDataset
            with the nearest known id.
        """
        found = self.holdings.get(dataset)
        if found is None:
            raise UnknownDataset(dataset, self.holdings)
        return found

    def cursor(self, lake: str = OPEN) -> duckdb.DuckDBPyConnection:
        """A cursor of its own for one reader; it keeps this state alive until it is closed.

        ``lake`` is that of the table to read (``Table.lake``), which the caller was let through
        to by :mod:`datalab.portal.access`; the open one can be read beside it.
        """
        if lake != OPEN:
            return self._closed(lake).cursor()
        if self.connection is None:
            raise LakeEmpty(path="lake/open")
        return self.connection.cursor()

    def _closed(self, lake: str) -> duckdb.DuckDBPyConnection:
        with self.lock:
            if lake not in self.closed:
                place = folder(self.lake, lake)
                if not place.catalog.is_file():
                    raise LakeEmpty(path=f"lake/{lake}")
                made = connect(threads=THREADS, memory_limit=MEMORY, temporary=Path(""))
                attach(made, place)
                opened = folder(self.lake, OPEN)
                if opened.catalog.is_file():
                    attach(made, opened)
                self.closed[lake] = made
            return self.closed[lake]

    @contextmanager
    def reading(self, lake: str = OPEN) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor that is interrupted after :data:`PATIENCE` seconds, see :meth:`cursor`."""
        cursor = self.cursor(lake)
        try:
            with PATIENCE_OF_ALL.with_(cursor, PATIENCE):
                yield cursor
        except (duckdb.InterruptException, duckdb.OutOfMemoryException) as reason:
            raise TooMuch from reason
        finally:
            cursor.close()


class Library:
    """Gives the newest :class:`Shelf`, looking at the files of the lake at every call."""

    def __init__(self, lake: Path) -> None:
        self.lake = lake
        self._lock = threading.Lock()
        self._shelf: Shelf | None = None

    def shelf(self) -> Shelf:
        """The published state of now; a state that cannot be read leaves the last one standing."""
        found = self._fingerprint()
        current = self._shelf
        if current is not None and current.fingerprint == found:
            return current
        with self._lock:
            current = self._shelf
            if current is not None and current.fingerprint == found:
                return current
            try:
                self._shelf = self._read(found)
            except (OSError, ValueError, KeyError, duckdb.Error):
                LOG.exception("the published lake could not be read")
                if current is None:
                    raise
                return current
            return self._shelf

    def current(self) -> Shelf | None:
        """The published state of now where it was read already; never waits for it to be read."""
        shelf = self._shelf
        return shelf if shelf is not None and shelf.fingerprint == self._fingerprint() else None

    def history(self, holding: Holding) -> list[dict[str, Any]]:
        """The runs of a dataset, newest first."""
        path = folder(self.lake, holding.entry.lake).history(holding.id)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()[-HISTORY:]
        except OSError:
            return []
        runs = []
        for line in reversed(lines):
            try:
                runs.append(json.loads(line))
            except ValueError:  # a line cut short by a loss of power
                continue
        return runs

    def rejected(self, holding: Holding) -> Rejected:
        """The rejected rows that matter now, the first of them."""
        found = read_rejected(self.lake, holding.entry)
        return replace(found, rows=found.rows[:REJECTS])

    def _fingerprint(self) -> Fingerprint:
        seen = []
        for place in folders(self.lake):
            for path in (place.index, place.catalog, releases_file(place)):
                try:
                    stat = path.stat()
                except OSError:
                    continue
                seen.append((str(path), stat.st_ino, stat.st_mtime_ns, stat.st_size))
        return tuple(seen)

    def _read(self, fingerprint: Fingerprint) -> Shelf:
        # The index first: the metadata attached after it is then at least as new.
        holdings = {}
        released = all_releases(self.lake)
        for name, entry in read_index(self.lake).items():
            there = {known["snapshot"] for known in entry.snapshots}
            own = tuple(
                r for r in released.get(name, ()) if r.lake == entry.lake and r.snapshot in there
            )
            try:
                holdings[name] = Holding(self._described(name, entry), entry, own)
            except (ValidationError, KeyError):
                LOG.exception("the index entry of dataset %s cannot be read", name)
        masked: dict[str, dict[str, Holding]] = {}
        for name, versions in read_masked(self.lake).items():
            for lake, entry in versions.items():
                own = tuple(r for r in released.get(name, ()) if r.lake == lake)
                try:
                    holding = Holding(Dataset.from_json(entry.dataset), entry, own)
                except (ValidationError, KeyError):
                    LOG.exception("the index entry of %s in %s cannot be read", name, lake)
                else:
                    masked.setdefault(name, {})[lake] = holding
        search = self._search(holdings)
        connection = None
        place = folder(self.lake, OPEN)
        if place.catalog.is_file():
            connection = connect(threads=THREADS, memory_limit=MEMORY, temporary=Path(""))
            attach(connection, place)
        return Shelf(fingerprint, holdings, search, connection, self.lake, masked)

    def _described(self, name: str, entry: Entry) -> Dataset:
        """The description of an entry, that of the shelf before where it is the same."""
        before = self._shelf.holdings.get(name) if self._shelf else None
        if before is not None and before.entry.dataset == entry.dataset:
            return before.dataset
        return Dataset.from_json(entry.dataset)

    def _search(self, holdings: dict[str, Holding]) -> SearchIndex:
        """The index of the shelf before with what changed since, else a new one."""
        if self._shelf is None:
            filing = {name: filing_of(holding) for name, holding in holdings.items()}
            return SearchIndex((holding.dataset for holding in holdings.values()), filing)
        before, changed = self._shelf.holdings, {}
        for name, holding in holdings.items():
            now, then = filing_of(holding), before.get(name)
            same = then is not None and then.dataset is holding.dataset
            if not (same and then is not None and filing_of(then) == now):
                changed[name] = now
        gone = [name for name in before if name not in holdings]
        if changed or gone:
            described = [holdings[name].dataset for name in changed]
            self._shelf.search.change(described, gone, changed)
        return self._shelf.search


def filing_of(holding: Holding) -> Filed:
    """What the facets know of a dataset."""
    return filed(holding.dataset, holding.record, holding.good)
