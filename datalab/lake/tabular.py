"""Files whose columns have types already (Parquet), and rows that Python brings as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake.connection import literal
from datalab.lake.raw import Lost, Raw, Reject, same_columns

BATCH = 50_000


def read_parquet(
    dataset: Dataset, file: Path, folder: Path, connection: duckdb.DuckDBPyConnection
) -> Raw:
    """The rows of a Parquet file with the types it states."""
    relation = f"read_parquet({literal(file)})"
    return Raw(relation, columns_of(dataset, relation, connection), rows_from_one)


def columns_of(
    dataset: Dataset, relation: str, connection: duckdb.DuckDBPyConnection
) -> dict[str, str]:
    """Name and type of each column of ``relation``, known to be those declared."""
    described = connection.execute(f"DESCRIBE FROM {relation}").fetchall()
    same_columns(dataset, [row[0] for row in described])
    return {row[0]: row[1] for row in described}


def rows_from_one(positions: Sequence[int]) -> list[int]:
    """Row numbers of a format that has no lines: the first row of data is 1."""
    return [position + 1 for position in positions]


def from_rows(
    columns: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str | None]]],
    connection: duckdb.DuckDBPyConnection,
    rejects: list[Reject] | None = None,
) -> Raw:
    """Rows of text, each with its line in the file, as a relation.

    ``rejects`` are filled by the caller while ``rows`` is read; each of them is a row of its own.
    """
    import pyarrow as pa

    names = [f"c{number}" for number in range(len(columns))]
    schema = pa.schema([("line", pa.int64()), *((name, pa.string()) for name in names)])
    aliases = ", ".join(
        f'{name} AS "{column.replace(chr(34), chr(34) * 2)}"'
        for name, column in zip(names, columns, strict=True)
    )
    connection.execute(
        f"CREATE TEMP TABLE read(line BIGINT, {', '.join(f'{name} VARCHAR' for name in names)})"
    )
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        data: list[Any] = [[line for line, _ in batch]]
        data += [[row[number] for _, row in batch] for number in range(len(columns))]
        connection.register("batch", pa.table(data, schema=schema))
        connection.execute("INSERT INTO read FROM batch")
        connection.unregister("batch")
    connection.execute(f"CREATE TEMP VIEW lines AS SELECT {aliases} FROM read")  # noqa: S608

    def lines(positions: Sequence[int]) -> list[int]:
        if not positions:
            return []
        found = dict(
            connection.execute(
                "SELECT rowid, line FROM read WHERE rowid IN (SELECT unnest(?::BIGINT[]))",
                [list(positions)],
            ).fetchall()
        )
        return [found[position] for position in positions]

    def lost() -> Lost:
        return Lost(len({reject.line for reject in rejects or []}), list(rejects or []))

    return Raw("lines", dict.fromkeys(columns, "VARCHAR"), lines, lost)
