"""What differs between two snapshots of a dataset: rows added, removed, changed cell by cell.

Owns the words Side, Comparison, Change, Counts. Rows are matched by the declared key. Where there
is none, or it does not tell rows apart, whole rows are counted instead, and the comparison says so.
All of it is computed by DuckDB; nothing but the page that was asked for comes to Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb

from datalab.i18n import Phrase
from datalab.lake.connection import identifier

Kind = Literal["added", "removed", "changed"]
KINDS: tuple[Kind, ...] = ("added", "removed", "changed")
NUMBERS = ("smallint", "integer", "bigint", "double", "float", "decimal", "hugeint")
MOMENTS = ("date", "timestamp")
PIECE = 2_000  # rows that are fetched at once


@dataclass(frozen=True)
class Side:
    """A table at a snapshot: its SQL name and the columns that may be read, with their types."""

    sql: str
    columns: Mapping[str, str]
    snapshot: int


@dataclass(frozen=True)
class Comparison:
    """How two sides are compared.

    Attributes
    ----------
    key
        columns that match rows; empty where whole rows are counted, and ``reason`` says why.
    columns
        columns of both sides whose values are compared, the key among them.
    """

    before: Side
    after: Side
    key: tuple[str, ...]
    columns: tuple[str, ...]
    reason: Phrase | None = None

    @property
    def by(self) -> Literal["key", "row"]:
        return "key" if self.key else "row"

    @property
    def compared(self) -> tuple[str, ...]:
        """The columns in which a matched row can differ."""
        return tuple(name for name in self.columns if name not in self.key)


@dataclass(frozen=True)
class Change:
    """One row. ``before`` and ``after`` hold its values on each side, None where it is not there.

    ``changed`` names the cells of a changed row; ``times`` how often a whole row came or went.
    Geometries are GeoJSON texts, other values as DuckDB gives them.
    """

    kind: Kind
    key: Mapping[str, Any]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    changed: tuple[str, ...] = ()
    times: int = 1


@dataclass(frozen=True)
class Counts:
    """Rows of each kind, rows that are the same, and changed cells by column."""

    added: int
    removed: int
    changed: int
    same: int
    cells: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.added + self.removed + self.changed

    def of(self, kinds: Sequence[Kind]) -> int:
        return sum(getattr(self, kind) for kind in kinds)


def compare(
    connection: duckdb.DuckDBPyConnection, before: Side, after: Side, key: Sequence[str]
) -> Comparison:
    """Decide how two snapshots are compared; ``key`` is the declared one."""
    columns = tuple(name for name in after.columns if name in before.columns)
    if not key:
        return Comparison(
            before, after, (), columns, Phrase("its description names no key that identifies a row")
        )
    missing = [name for name in key if name not in columns]
    if missing:
        reason = Phrase(
            "the column {column} of the key is not in both snapshots", column=", ".join(missing)
        )
        return Comparison(before, after, (), columns, reason)
    for side in (before, after):
        listed = ", ".join(identifier(name) for name in key)
        twice = connection.execute(
            f"SELECT 1 FROM {side.sql} GROUP BY {listed} HAVING count(*) > 1 LIMIT 1"  # noqa: S608
        ).fetchone()
        if twice:
            reason = Phrase(
                "in snapshot {snapshot} several rows have the same key", snapshot=side.snapshot
            )
            return Comparison(before, after, (), columns, reason)
    return Comparison(before, after, tuple(key), columns)


def counts(connection: duckdb.DuckDBPyConnection, comparison: Comparison) -> Counts:
    """How many rows of each kind there are."""
    if not comparison.columns:  # nothing in common: every row went, every row came
        gone, come = (_rows(connection, side) for side in (comparison.before, comparison.after))
        return Counts(come, gone, 0, 0)
    if comparison.by == "row":
        found = connection.execute(
            "SELECT sum(greatest(n, 0)), sum(greatest(-n, 0)), sum(least(a, b)) "  # noqa: S608
            f"FROM ({_grouped(comparison)})"
        ).fetchone()
        added, removed, same = (int(value or 0) for value in found or (0, 0, 0))
        return Counts(added, removed, 0, same)
    differs = _differs(comparison)
    both = "b.there AND a.there"
    changed = " OR ".join(differs.values()) or "false"
    cells = [f"count(*) FILTER ({both} AND {sql})" for sql in differs.values()]
    listed = ", ".join(
        [
            "count(*) FILTER (a.there IS NULL)",
            "count(*) FILTER (b.there IS NULL)",
            f"count(*) FILTER ({both} AND ({changed}))",
            f"count(*) FILTER ({both})",
            *cells,
        ]
    )
    row = connection.execute(f"SELECT {listed} FROM {_joined(comparison)}").fetchone()  # noqa: S608
    numbers = [int(value) for value in row or (0,) * (4 + len(cells))]
    per_cell = dict(zip(differs, numbers[4:], strict=True))
    added, removed, differing, matched = numbers[:4]
    return Counts(
        added,
        removed,
        differing,
        matched - differing,
        {name: count for name, count in per_cell.items() if count},
    )


def changes(
    connection: duckdb.DuckDBPyConnection,
    comparison: Comparison,
    *,
    kinds: Sequence[Kind] = KINDS,
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[Change]:
    """The rows that differ, in the order of the key (of all columns where there is none).

    Nothing comes where the two sides have no column in common.
    """
    if not comparison.columns or not kinds:
        return
    page = (
        f" OFFSET {int(offset)}" if limit is None else f" LIMIT {int(limit)} OFFSET {int(offset)}"
    )
    by_row = comparison.by == "row"
    query = _row_query(comparison, kinds) if by_row else _key_query(comparison, kinds)
    cursor = connection.execute(query + page)
    while rows := cursor.fetchmany(PIECE):
        for row in rows:
            yield _row_change(comparison, row) if by_row else _key_change(comparison, row)


# -- by key -------------------------------------------------------------------------------


def _joined(comparison: Comparison) -> str:
    """Both sides side by side; names of ours, so that no column of theirs can be mistaken."""
    parts = []
    for side, alias in ((comparison.before, "a"), (comparison.after, "b")):
        picked = [
            f"{_alike(comparison, name, side)} AS c{number}"
            for number, name in enumerate(comparison.columns)
        ]
        picked += [
            f"{_shown(name, type_)} AS v{number}"
            for number, (name, type_) in enumerate(side.columns.items())
        ]
        parts.append(f"(SELECT true AS there, {', '.join(picked)} FROM {side.sql}) {alias}")  # noqa: S608
    numbers = [comparison.columns.index(name) for name in comparison.key]
    on = " AND ".join(f"a.c{n} IS NOT DISTINCT FROM b.c{n}" for n in numbers)
    return f"{parts[0]} FULL JOIN {parts[1]} ON {on}"


def _differs(comparison: Comparison) -> dict[str, str]:
    """By compared column, the condition that its cell is another one."""
    return {
        name: f"a.c{number} IS DISTINCT FROM b.c{number}"
        for number, name in enumerate(comparison.columns)
        if name not in comparison.key
    }


def _key_query(comparison: Comparison, kinds: Sequence[Kind]) -> str:
    differs = _differs(comparison)
    changed = " OR ".join(differs.values()) or "false"
    where = {
        "added": "a.there IS NULL",
        "removed": "b.there IS NULL",
        "changed": f"(a.there AND b.there AND ({changed}))",
    }
    picked = ["a.there", "b.there"]
    picked += [f"a.v{number}" for number in range(len(comparison.before.columns))]
    picked += [f"b.v{number}" for number in range(len(comparison.after.columns))]
    picked += [f"({condition})" for condition in differs.values()]
    order = ", ".join(
        f"coalesce(b.c{number}, a.c{number}) NULLS LAST"
        for number in (comparison.columns.index(name) for name in comparison.key)
    )
    return (
        f"SELECT {', '.join(picked)} FROM {_joined(comparison)} "  # noqa: S608
        f"WHERE {' OR '.join(where[kind] for kind in kinds)} ORDER BY {order}"
    )


def _key_change(comparison: Comparison, row: Sequence[Any]) -> Change:
    old, new, *values = row
    width = len(comparison.before.columns)
    before = dict(zip(comparison.before.columns, values[:width], strict=True)) if old else None
    values = values[width:]
    width = len(comparison.after.columns)
    after = dict(zip(comparison.after.columns, values[:width], strict=True)) if new else None
    known = after or before or {}
    key = {name: known[name] for name in comparison.key}
    if before is None or after is None:
        return Change("removed" if after is None else "added", key, before, after)
    marks = zip(comparison.compared, values[width:], strict=True)
    return Change("changed", key, before, after, tuple(name for name, differs in marks if differs))


# -- by whole rows ------------------------------------------------------------------------


def _grouped(comparison: Comparison) -> str:
    """Each distinct row with how often it is in either side."""
    halves = []
    for side, a, b in ((comparison.before, 1, 0), (comparison.after, 0, 1)):
        picked = ", ".join(
            f"{_alike(comparison, name, side)} AS c{number}"
            for number, name in enumerate(comparison.columns)
        )
        halves.append(f"SELECT {picked}, {a} AS a, {b} AS b FROM {side.sql}")  # noqa: S608
    names = ", ".join(f"c{number}" for number in range(len(comparison.columns)))
    return (
        f"SELECT {names}, sum(a) AS a, sum(b) AS b, sum(b) - sum(a) AS n "  # noqa: S608
        f"FROM ({halves[0]} UNION ALL {halves[1]}) GROUP BY {names}"
    )


def _row_query(comparison: Comparison, kinds: Sequence[Kind]) -> str:
    where = {"added": "n > 0", "removed": "n < 0", "changed": "false"}
    names = [f"c{number}" for number in range(len(comparison.columns))]
    shown = [
        f"CAST(ST_AsGeoJSON(ST_GeomFromHEXWKB({name})) AS VARCHAR)"
        if _geometries(comparison, column)
        else name
        for name, column in zip(names, comparison.columns, strict=True)
    ]
    order = ", ".join(f"{name} NULLS LAST" for name in names)
    return (
        f"SELECT n, {', '.join(shown)} FROM ({_grouped(comparison)}) "  # noqa: S608
        f"WHERE {' OR '.join(where[kind] for kind in kinds)} ORDER BY {order}"
    )


def _row_change(comparison: Comparison, row: Sequence[Any]) -> Change:
    values = dict(zip(comparison.columns, row[1:], strict=True))
    if row[0] > 0:
        return Change("added", {}, None, values, times=int(row[0]))
    return Change("removed", {}, values, None, times=-int(row[0]))


# -- values -------------------------------------------------------------------------------


def _alike(comparison: Comparison, name: str, side: Side) -> str:
    """A column as it is compared with that of the other side."""
    column = identifier(name)
    old, new = comparison.before.columns[name], comparison.after.columns[name]
    if _geometries(comparison, name):
        return f"ST_AsHEXWKB({column})"
    if old == new or _both(old, new, NUMBERS) or _both(old, new, MOMENTS):
        return column
    if side.columns[name].startswith("geometry"):
        return f"ST_AsText({column})"
    return f"{column}::VARCHAR"


def _both(old: str, new: str, family: tuple[str, ...]) -> bool:
    return old.startswith(family) and new.startswith(family)


def _geometries(comparison: Comparison, name: str) -> bool:
    return _both(comparison.before.columns[name], comparison.after.columns[name], ("geometry",))


def _shown(name: str, type_: str) -> str:
    column = identifier(name)
    if type_.startswith("geometry"):
        return f"CAST(ST_AsGeoJSON({column}) AS VARCHAR)"
    return column


def _rows(connection: duckdb.DuckDBPyConnection, side: Side) -> int:
    found = connection.execute(f"SELECT count(*) FROM {side.sql}").fetchone()  # noqa: S608
    return int(found[0]) if found else 0
