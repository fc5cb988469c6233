"""The staged tables of the other datasets, as a batch finds them beside it: attached, read-only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from datalab.catalog.beyond_arguments import readable_beside
from datalab.catalog.catalog import Catalog
from datalab.catalog.dataset import Dataset
from datalab.i18n import Phrase
from datalab.quality.batch import load_spatial, types_of
from datalab.quality.beside import Beside, Other
from datalab.quality.literal import name

AT = "2026-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class Held:
    """One table of the collection, as its first and only snapshot."""

    dataset: str
    lake: str
    types: Mapping[str, str]
    personal: frozenset[str]
    snapshot: int = 1
    at: str = AT

    @property
    def sql(self) -> str:
        return f"collection.{name(self.dataset)}"


@dataclass(frozen=True)
class Collection:
    """A DuckDB file with a copy of each staged table, under the id of its dataset.

    Copies, since a batch that is compared with its own earlier version has its own file open.
    """

    file: Path
    held: Mapping[str, Held]

    @classmethod
    def of(cls, file: Path, staged: Mapping[str, Path], catalog: Catalog) -> Collection:
        held = {}
        with duckdb.connect(file, config={"allow_unsigned_extensions": True}) as connection:
            load_spatial(connection)
            for dataset, path in staged.items():
                connection.execute(f"ATTACH '{path}' AS staged (READ_ONLY)")
                connection.execute(f"CREATE TABLE {name(dataset)} AS FROM staged.data")
                connection.execute("DETACH staged")
                columns = catalog.get(dataset).columns.items()
                personal = frozenset(column for column, one in columns if one.personal)
                held[dataset] = Held(
                    dataset, catalog.get(dataset).lake, types_of(connection, dataset), personal
                )
        return cls(file, held)

    def beside(self, dataset: Dataset) -> Beside:
        return _Beside(self, dataset)


@dataclass(frozen=True)
class _Beside:
    collection: Collection
    dataset: Dataset

    def attach(self, connection: duckdb.DuckDBPyConnection) -> Sequence[Path]:
        file = self.collection.file
        connection.execute(f"ATTACH '{file}' AS collection (READ_ONLY)")
        return [file]

    def other(self, dataset: str) -> Other | Phrase:
        found = self.collection.held.get(dataset)
        if found is None:
            return Phrase("'{dataset}' is not published yet", dataset=dataset)
        if not readable_beside(self.dataset.lake, found.lake):
            return Phrase("'{dataset}' is more closed than this dataset", dataset=dataset)
        return found

    def previous(self) -> Other | Phrase:
        return self.other(self.dataset.id)
