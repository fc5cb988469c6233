"""A dataset as a Dask table: one DuckDB query per piece, each in whatever process runs it.

Reading the Parquet files of a lake directly would be wrong: it misses deleted and inlined rows.
Here every piece is a range of DuckLake's own row numbers at one pinned snapshot.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from datalab.lake.connection import identifier
from datalab.notebook.frame import to_pandas
from datalab.notebook.worker import lakes_here

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd

    from datalab.notebook.dataset import Dataset

ROWS_PER_PIECE = 1_000_000
MEMORY_PER_PIECE = "512MiB"


@cache
def _connection(lake: str, stamp: int) -> duckdb.DuckDBPyConnection:
    """One connection per process and published state; threads of it use cursors."""
    from datalab.lake.reader import open_lakes

    return open_lakes(lakes_here(lake), threads=1, memory_limit=MEMORY_PER_PIECE)


def read_piece(
    piece: tuple[int, int], lake: str, stamp: int, source: str, columns: tuple[str, ...]
) -> pd.DataFrame:
    """The rows of one range of row numbers, first included, last not."""
    names = ", ".join(map(identifier, columns))
    first, last = piece
    cursor = _connection(lake, stamp).cursor()
    query = f"SELECT {names} FROM {source} WHERE rowid >= {first} AND rowid < {last}"  # noqa: S608
    return to_pandas(cursor.sql(query))


def to_dask(dataset: Dataset, partitions: int | None = None) -> dd.DataFrame:
    """The pinned snapshot of ``dataset`` in ``partitions`` pieces (one per million rows).

    Integer columns that have gaps anywhere are ``Int64`` in every piece; texts have Dask's own type
    (``string[pyarrow]``).
    """
    import dask.dataframe as dd

    source = dataset._from()
    relation = dataset.relation()
    columns = tuple(relation.columns)
    connection = dataset.lab.connection
    bounds = f"SELECT min(rowid), max(rowid), count(*) FROM {source}"  # noqa: S608
    low, high, rows = connection.sql(bounds).fetchall()[0]
    pieces = partitions or max(1, math.ceil(rows / ROWS_PER_PIECE))
    low, high = (low or 0), (high if high is not None else -1)
    width = max(1, math.ceil((high - low + 1) / pieces))
    ranges = [(low + i * width, low + (i + 1) * width) for i in range(pieces)]
    meta = _meta(dataset, columns)
    stamp = hash(dataset.lab._read_at)
    result: dd.DataFrame = dd.from_map(  # type: ignore[no-untyped-call]
        _TypedReader(str(dataset.lab.lake), stamp, source, columns, dict(meta.dtypes)),
        ranges,
        meta=meta,
        label=dataset.id,
    )
    return result


def _meta(dataset: Dataset, columns: tuple[str, ...]) -> pd.DataFrame:
    """An empty table with the types of the whole one: a gap anywhere decides for everywhere."""
    counts = ", ".join(f"count({identifier(name)})" for name in columns)
    query = f"SELECT count(*), {counts} FROM {dataset._from()}"  # noqa: S608
    rows, *filled = dataset.lab.connection.sql(query).fetchall()[0]
    plain = to_pandas(dataset.relation(limit=0))
    dtypes: dict[Any, Any] = {}
    for name, count in zip(columns, filled, strict=True):
        kind = str(plain[name].dtype)
        if count < rows and kind.startswith(("int", "uint")):
            dtypes[name] = kind.replace("uint", "UInt").replace("int", "Int")
        elif count < rows and kind == "bool":
            dtypes[name] = "boolean"
    return plain.astype(dtypes)


class _TypedReader:
    """Reads a piece and gives it the types of the whole table."""

    def __init__(
        self,
        lake: str,
        stamp: int,
        source: str,
        columns: tuple[str, ...],
        dtypes: dict[Any, Any],
    ) -> None:
        self.arguments = (lake, stamp, source, columns)
        self.dtypes = dtypes

    def __call__(self, piece: tuple[int, int]) -> pd.DataFrame:
        frame = read_piece(piece, *self.arguments)
        changed = {n: d for n, d in self.dtypes.items() if frame[n].dtype != d}
        return frame.astype(changed) if changed else frame
