"""What stands beside a dataset in the published lakes: other datasets, its own earlier snapshots.

Read-only, and only what may be told where the dataset itself is read: a sum over a restricted
dataset never shows on the page of an open one. The form is that of ``quality.beside.Beside``,
which this room does not import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb

from datalab.catalog.beyond_arguments import readable_beside
from datalab.catalog.dataset import Dataset
from datalab.i18n import Phrase
from datalab.lake.connection import extension, literal
from datalab.lake.index import Entry, read_index
from datalab.lake.layout import LakeFolder, folders
from datalab.lake.reader import attach, table


@dataclass(frozen=True)
class Neighbour:
    """A published table; see ``quality.beside.Other``."""

    dataset: str
    sql: str
    types: Mapping[str, str]
    personal: frozenset[str]
    snapshot: int
    at: str


class Neighbours:
    """The neighbours of ``dataset`` in the lakes under ``lake``.

    ``snapshot`` is what is compared where it is already published; None for a staged table.
    """

    def __init__(self, lake: Path, dataset: Dataset, snapshot: int | None = None) -> None:
        self.lake, self.dataset, self.snapshot = lake, dataset, snapshot
        self._connection: duckdb.DuckDBPyConnection | None = None

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """The indexes of the lakes, read where something is compared: few suites ask for them."""
        return read_index(self.lake)

    def attach(self, connection: duckdb.DuckDBPyConnection) -> Sequence[Path]:
        """Attach the lakes that may be looked at here; returns their data files."""
        places = self._places()
        if places:
            for name in ("ducklake", "spatial"):
                connection.execute(f"LOAD {literal(extension(name))}")
            connection.execute("SET geometry_always_xy = true")
        for place in places:
            attach(connection, place)
        self.reading(connection)
        return [path for place in places for path in place.data.rglob("*.parquet")]

    def reading(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Look through ``connection``, to which the lakes are attached already."""
        self._connection = connection

    def other(self, dataset: str) -> Neighbour | Phrase:
        """Another dataset as it is published now, or why it cannot be compared with."""
        entry = self.entries.get(dataset)
        if entry is None or entry.good is None or not entry.snapshots:
            return Phrase("'{dataset}' is not published yet", dataset=dataset)
        if not readable_beside(self.dataset.lake, entry.lake):
            return Phrase("'{dataset}' is more closed than this dataset", dataset=dataset)
        return self._at(entry, int(entry.snapshots[0]["snapshot"]))

    def previous(self) -> Neighbour | Phrase:
        """The snapshot before the one that is compared."""
        entry = self.entries.get(self.dataset.id)
        known = entry.snapshots if entry and entry.good and entry.lake == self.dataset.lake else []
        earlier = [s for s in known if self.snapshot is None or s["snapshot"] < self.snapshot]
        if entry is None or not earlier:
            return Phrase("there is no earlier version")
        return self._at(entry, int(earlier[0]["snapshot"]))

    def _places(self) -> list[LakeFolder]:
        return [
            place
            for place in folders(self.lake)
            if place.catalog.is_file() and readable_beside(self.dataset.lake, place.name)
        ]

    def _at(self, entry: Entry, snapshot: int) -> Neighbour | Phrase:
        if self._connection is None:
            return Phrase("the other datasets were not at hand")
        sql = table(entry, snapshot)
        try:
            found = self._connection.execute(f"DESCRIBE FROM {sql}").fetchall()
        except duckdb.Error:
            return Phrase("'{dataset}' could not be read", dataset=entry.id)
        at = next((s.get("at") for s in entry.snapshots if s["snapshot"] == snapshot), "")
        described = entry.dataset["columns"]
        return Neighbour(
            dataset=entry.id,
            sql=sql,
            types={str(name): str(held) for name, held, *_ in found},
            personal=frozenset(name for name, about in described.items() if about.get("personal")),
            snapshot=snapshot,
            at=str(at or ""),
        )


def let_stand(
    connection: duckdb.DuckDBPyConnection, entry: Entry, snapshot: int | None = None
) -> None:
    """Let the view ``data`` be a published table, so that it is evaluated as a staged one is."""
    connection.execute(f"CREATE OR REPLACE TEMP VIEW data AS FROM {table(entry, snapshot)}")
