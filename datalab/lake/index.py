"""The index of a published lake: what readers need to know of datasets without opening a lake.

Plain JSON in, plain dictionaries out: a notebook imports this module before it needs DuckDB.
"""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datalab.lake.layout import LakeFolder, folders, mask_of

MOST_KEPT = 200  # indexes
Stamp = tuple[int, int, int, int]
SETTLED = 1_000_000_000  # nanoseconds after which no other file can bear the stamp of this one


class Kept:
    """The indexes that this process read last, as they were parsed.

    A refresh asks for the index of a lake several times for each of its datasets, and parsing one
    takes time that grows with their number. What was read is kept as long as the file is the same.
    One that has only just been put in place could be replaced twice within a tick of the clock, and
    its number be given out again; so it is kept only where this process wrote it itself, being the
    one writer.
    """

    def __init__(self, settled: int = SETTLED) -> None:
        self.settled = settled
        self._lock = threading.Lock()
        self._parsed: dict[Path, tuple[Stamp, dict[str, Any]]] = {}
        self._entries: dict[Path, tuple[dict[str, Any], dict[str, Entry]]] = {}
        self._written: dict[Path, Stamp] = {}

    def read(self, path: Path) -> dict[str, Any]:
        """The document at ``path``; as much is asked of the right to read it as ever.

        Raises
        ------
        OSError, ValueError
        """
        with path.open("rb") as file:
            stamp = _stamp(os.fstat(file.fileno()))
            with self._lock:
                known, written = self._parsed.get(path), self._written.get(path)
            if known is not None and known[0] == stamp:
                return known[1]
            found: dict[str, Any] = json.loads(file.read())
        if stamp == written or time.time_ns() - max(stamp[1], stamp[2]) > self.settled:
            with self._lock:
                if len(self._parsed) >= MOST_KEPT:
                    self._parsed.clear()
                    self._entries.clear()
                self._parsed[path] = (stamp, found)
        return found

    def entries(self, place: LakeFolder) -> dict[str, Entry]:
        """The entries of one lake by dataset id, made once of each document.

        Raises
        ------
        OSError, ValueError, KeyError
        """
        document = self.read(place.index)
        with self._lock:
            known = self._entries.get(place.index)
        if known is not None and known[0] is document:
            return known[1]
        found = {
            identifier: Entry(
                lake=place.name,
                dataset=entry["dataset"],
                record=entry.get("record"),
                good=entry.get("good"),
                snapshots=entry.get("snapshots") or [],
            )
            for identifier, entry in document["datasets"].items()
        }
        with self._lock:
            kept = self._parsed.get(place.index)
            if kept is not None and kept[1] is document:
                self._entries[place.index] = (document, found)
        return found

    def wrote(self, path: Path) -> None:
        """Forget what was read of ``path``, which this process has put in place just now."""
        stamp = _stamp(path.stat())
        with self._lock:
            self._parsed.pop(path, None)
            self._entries.pop(path, None)
            self._written[path] = stamp


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


_READ = Kept()


@dataclass(frozen=True)
class Entry:
    """A dataset as the index of its lake knows it.

    Attributes
    ----------
    lake
        access class, which is the name of the attached lake.
    dataset
        ``Dataset.as_json()``: columns are always those of the table that readers see.
    record
        ``RunRecord.as_json()`` of the latest run, or None.
    good
        the run that published what readers see, or None where nothing was published yet.
    snapshots
        newest first: ``snapshot``, ``at``, ``author``, ``run_id``, ``rows``, ``sha256``,
        ``message``, ``theme``.
    """

    lake: str
    dataset: dict[str, Any]
    record: dict[str, Any] | None = None
    good: dict[str, Any] | None = None
    snapshots: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.dataset["id"])

    @property
    def sql_name(self) -> str:
        return str(self.dataset["sql_name"])

    @property
    def theme(self) -> str:
        return str(self.dataset["theme"])

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "record": self.record,
            "good": self.good,
            "snapshots": self.snapshots,
        }


def read_folder(place: LakeFolder) -> dict[str, Entry]:
    """The entries of one lake by dataset id; empty where it has no index.

    What they hold may be shared with other readers of this process, and is never changed.
    """
    try:
        return dict(_READ.entries(place))
    except FileNotFoundError:
        return {}


def wrote(place: LakeFolder) -> None:
    """Say that this process, which holds the lake, has put an index in place."""
    _READ.wrote(place.index)


def read_index(lake: Path) -> dict[str, Entry]:
    """Every dataset of every lake under ``lake`` that this process may read, by id.

    A dataset that is caught in the middle of a move between two lakes is shown from the stricter
    one. A masked one is shown where the whole one may not be read.
    """
    entries: dict[str, Entry] = {}
    for place in folders(lake):
        for identifier, entry in read_folder(place).items():
            known = entries.get(identifier)
            masked = known is not None and mask_of(known.lake) is not None
            if known is None or masked or entry.good is not None or known.good is None:
                entries[identifier] = entry
    return dict(sorted(entries.items()))


def read_masked(lake: Path) -> dict[str, dict[str, Entry]]:
    """By dataset and lake, what is published of each through a mask."""
    found: dict[str, dict[str, Entry]] = {}
    for place in folders(lake):
        if place.mask is not None:
            for identifier, entry in read_folder(place).items():
                found.setdefault(identifier, {})[place.name] = entry
    return found
