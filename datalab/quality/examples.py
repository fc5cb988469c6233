"""Failing rows, shown with their number, the key of the dataset and the columns at fault."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.quality.literal import name
from datalab.quality.subject import Compiled

LIMIT = 10
LONGEST_VALUE = 200
HIDDEN = "•••"


def examples(
    connection: duckdb.DuckDBPyConnection, table: str, one: Compiled, dataset: Dataset
) -> list[dict[str, Any]]:
    """Up to ten rows that break an expectation, in the order of the table.

    ``row`` is 1-based: DuckDB numbers the rows of a freshly written table from 0, in order.
    Values of columns marked ``personal`` are hidden.
    """
    if one.failing is None:
        return []
    shown = list(dict.fromkeys([*dataset.key, *one.columns]))
    columns = ", ".join(name(column) for column in shown)
    condition = f"({one.domain}) AND ({one.failing})"
    if one.repeated:
        keys = ", ".join(name(column) for column in one.repeated)
        condition += (
            f" AND ({keys}) IN (SELECT ({keys}) FROM {table} WHERE ({one.domain}) "  # noqa: S608
            f"AND ({one.failing}) GROUP BY {keys} HAVING count(*) > 1)"
        )
    rows = connection.execute(
        f"SELECT rowid + 1, {columns} FROM {_numbered(connection, table)} "  # noqa: S608
        f"WHERE {condition} "
        f"ORDER BY rowid LIMIT {LIMIT}"
    ).fetchall()
    return [_shown(("row", *shown), row, dataset) for row in rows]


def query_examples(
    connection: duckdb.DuckDBPyConnection, table: str, given: Mapping[str, Any], dataset: Dataset
) -> list[dict[str, Any]]:
    """Up to ten rows that a custom query found, with ``row`` where it selects ``*``."""
    sql = str(given["unexpected_rows_query"]).rstrip("; \t\r\n\v\f")
    batch, numbered = table, ""
    if "row" not in dataset.columns:
        batch = "numbered_batch"
        source = _numbered(connection, table)
        hidden = "" if source == table else " EXCLUDE rowid"
        numbered = f'WITH {batch} AS (SELECT rowid + 1 AS "row", *{hidden} FROM {source}) '  # noqa: S608
    found = connection.execute(
        f"{numbered}SELECT * FROM ({sql.format(batch=batch)}\n) LIMIT {LIMIT}"  # noqa: S608
    )
    columns = [str(column[0]) for column in found.description or ()]
    return [_shown(columns, row, dataset) for row in found.fetchall()]


def _numbered(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """The table with a ``rowid``; a staged view on a Parquet file has none of its own."""
    views = connection.execute(
        "SELECT count(*) FROM duckdb_views() WHERE NOT internal AND view_name = ?",
        [table.strip('"')],
    ).fetchone()
    if not views or not views[0]:
        return table
    return f"(SELECT row_number() OVER () - 1 AS rowid, * FROM {table})"  # noqa: S608


def _shown(columns: Sequence[str], row: Sequence[Any], dataset: Dataset) -> dict[str, Any]:
    return {
        column: HIDDEN
        if column in dataset.columns and dataset.columns[column].personal and value is not None
        else as_plain(value)
        for column, value in zip(columns, row, strict=True)
    }


def as_plain(value: Any, longest: int | None = LONGEST_VALUE) -> Any:
    """A value of DuckDB as JSON holds it. NaN and infinities become their names.

    Text beyond ``longest`` characters is cut, and ends in "…".
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal):
        return as_plain(float(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): as_plain(item, longest) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_plain(item, longest) for item in value]
    text = str(value)
    return text if longest is None or len(text) <= longest else text[: longest - 1] + "…"
