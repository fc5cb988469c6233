"""A slice of a published table as JSON values.

Numbers stay numbers and dates are ISO 8601. A ``decimal`` of up to 15 digits is a JSON number,
which every reader keeps exactly; a longer one is a string, column by column, never mixed. Geometry
is GeoJSON (longitude, latitude). What is not a finite number, and what is absent, is null.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import duckdb
from starlette.responses import Response

from datalab.errors import InvalidParameter
from datalab.i18n import Language, translate
from datalab.lake.connection import identifier
from datalab.lake.reader import table
from datalab.portal.access import require_rows, version_for
from datalab.portal.library import OPEN, Holding, Shelf
from datalab.portal.reader import ANONYMOUS, Reader

EXACT_DIGITS = 15  # a double keeps every decimal number of 15 digits
DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
TEXT = "varchar"


@dataclass(frozen=True)
class Table:
    """The table of one snapshot: its SQL name, and the columns that may be read with their types.

    A column that the dataset no longer describes is left out of older snapshots too: it may have
    been withdrawn. ``sql`` may name a warm copy; ``cold`` is the table of the lake it was made of.
    """

    sql: str
    columns: dict[str, str]
    snapshot: int
    rows: int | None
    lake: str = OPEN
    cold: str | None = None

    @property
    def sql_in_lake(self) -> str:
        return self.cold or self.sql


@dataclass(frozen=True)
class Slice:
    rows: list[dict[str, Any]]
    total: int


def open_table(
    shelf: Shelf,
    holding: Holding,
    language: Language,
    snapshot: int | None = None,
    reader: Reader = ANONYMOUS,
) -> Table:
    """The table of a dataset that ``reader`` may read, now or at ``snapshot``.

    Raises
    ------
    AccessRefused, DownloadRefused
        where the rows must stay in the lab.
    NotPublished, UnknownSnapshot
        where there is nothing to read.
    """
    holding = version_for(shelf, holding, reader)
    require_rows(holding, language, reader)
    table(holding.entry, snapshot)
    wanted = snapshot if snapshot is not None else holding.snapshot
    assert wanted is not None  # noqa: S101 - table() refuses a dataset without a good run
    lake = holding.entry.lake
    key = ("table", holding.id, lake, wanted)
    if key not in shelf.remembered:
        # Always at a stated snapshot, so that rows, ETag and page speak of the same state.
        name = table(holding.entry, wanted)
        with shelf.reading(lake) as cursor:
            described = cursor.execute(f"DESCRIBE SELECT * FROM {name}").fetchall()  # noqa: S608
        known = next((s for s in holding.entry.snapshots if s["snapshot"] == wanted), {})
        columns = {
            str(row[0]): str(row[1]).lower()
            for row in described
            if str(row[0]) in holding.dataset.columns
        }
        shelf.remembered[key] = Table(name, columns, wanted, known.get("rows"), lake)
    found: Table = shelf.remembered[key]
    return found


def sort_of(sort: str | None, columns: dict[str, str], language: Language) -> tuple[str, bool]:
    """``-population`` to ``("population", True)``; empty where nothing was asked.

    Raises
    ------
    InvalidParameter
        where it is not a sortable column of this table: nothing else ever reaches the SQL.
    """
    if not sort:
        return "", False
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    sortable = [c for c, type_ in columns.items() if not is_geometry(type_)]
    if name not in sortable:
        reason = translate("sort by one of: {columns}", language, columns=", ".join(sortable))
        raise InvalidParameter(name="sort", value=sort[:80], reason=reason)
    return name, descending


def order_by(sorts: Iterable[tuple[str, bool]], columns: dict[str, str]) -> str:
    """The ORDER BY of a slice: words as people order them, absent values last, ties in order.

    ``sorts`` gives column and "descending", the first one first.
    """
    parts = []
    for name, descending in sorts:
        column, way = identifier(name), "DESC" if descending else "ASC"
        if columns[name] == TEXT:
            parts.append(f"{column} COLLATE NOCASE.NOACCENT {way} NULLS LAST")
        parts.append(f"{column} {way} NULLS LAST")
    return f" ORDER BY {', '.join(parts)}, rowid" if parts else ""


def read(
    shelf: Shelf,
    opened: Table,
    *,
    limit: int,
    offset: int,
    sort: str = "",
    descending: bool = False,
) -> Slice:
    """``limit`` rows from ``offset`` on, in the order of the source where no sort is asked."""
    picked = ", ".join(selected(name, type_) for name, type_ in opened.columns.items())
    order = order_by([(sort, descending)] if sort else [], opened.columns)
    with shelf.reading(opened.lake) as cursor:
        sql = f"SELECT {picked} FROM {opened.sql}{order} LIMIT ? OFFSET ?"  # noqa: S608
        found = cursor.execute(sql, [limit, offset]).fetchall()
        total = opened.rows if opened.rows is not None else count(cursor, opened)
    return Slice(as_rows(found, opened.columns), total)


def count(cursor: duckdb.DuckDBPyConnection, opened: Table) -> int:
    """Rows of the table, asked of the lake."""
    row = cursor.execute(f"SELECT count(*) FROM {opened.sql}").fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def is_geometry(type_: str) -> bool:
    return type_.startswith("geometry")


def is_long(type_: str) -> bool:
    """Whether a decimal has more digits than a JSON number is sure to keep."""
    matched = DECIMAL.match(type_)
    return matched is not None and int(matched[1]) > EXACT_DIGITS


def selected(name: str, type_: str) -> str:
    """The expression that reads one column."""
    column = identifier(name)
    if is_geometry(type_):
        return f"CAST(ST_AsGeoJSON({column}) AS VARCHAR) AS {column}"
    return column


def as_rows(found: Iterable[tuple[Any, ...]], columns: dict[str, str]) -> list[dict[str, Any]]:
    """Rows as DuckDB gives them to rows as JSON holds them."""
    names = list(columns)
    ways = [json_of(type_) for type_ in columns.values()]
    return [
        {
            name: value if way is None or value is None else way(value)
            for name, way, value in zip(names, ways, row, strict=True)
        }
        for row in found
    ]


def json_of(type_: str) -> Callable[[Any], Any] | None:
    """How a value of a type becomes JSON; None where it is already."""
    if is_geometry(type_):
        return json.loads
    if type_ in {TEXT, "boolean"} or type_.endswith(("int", "integer")):
        return None
    if type_ in {"double", "float"}:
        return lambda value: value if math.isfinite(value) else None
    if is_long(type_):
        return str
    if type_.startswith("decimal"):
        return lambda value: float(value) if value % 1 else int(value)
    if type_.startswith("timestamp"):
        return lambda value: (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if type_ in {"date", "time"}:
        return lambda value: value.isoformat()
    return str


def json_answer(body: dict[str, Any], headers: dict[str, str]) -> Response:
    """An answer of the API."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A lone surrogate cannot be in a DuckDB text, so this always encodes.
    return Response(text.encode(), media_type="application/json", headers=headers)
