"""A choice of rows and columns of a table, or of groups of them, as SQL with parameters.

The order is stable: rows come in the order of the source (DuckLake's ``rowid``), and whatever they
are sorted by, ties are broken by it. So pages neither overlap nor leave a row out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from datalab.errors import InvalidParameter
from datalab.i18n import Language, translate
from datalab.lake.connection import identifier
from datalab.portal.filters import Filter, column_of, where
from datalab.portal.library import Shelf
from datalab.portal.rows import Table, as_rows, is_geometry, order_by, selected

MOST_SORTS = 5
MOST_GROUPS = 10_000
ROW = "rowid"
FUNCTIONS = {
    "count": "count({})",
    "sum": "sum({})",
    "avg": "avg({})",
    "min": "min({})",
    "max": "max({})",
    "median": "median({})",
    "distinct": "count(DISTINCT {})",
}
NUMERIC = ("sum", "avg", "median")
MEASURE = re.compile(r"(\w+)[:(](.+?)\)?")


@dataclass(frozen=True)
class Selection:
    """Which rows of a table, in which order. ``after`` is the number of the last row seen."""

    columns: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    limit: int = 100
    offset: int = 0
    after: int | None = None

    @property
    def by_row(self) -> bool:
        """Whether the next page can start after a row instead of counting all rows before it."""
        return not self.sort and not self.offset


@dataclass(frozen=True)
class Page:
    """``numbers`` are the rows' own, as ``after`` takes them; ``more`` says that others follow."""

    rows: list[dict[str, Any]]
    numbers: list[int]
    more: bool


def columns_of(asked: str | None, opened: Table, language: Language) -> tuple[str, ...]:
    """``name,population`` to the columns in that order; all where nothing was asked."""
    if not asked:
        return tuple(opened.columns)
    names = [name.strip() for name in asked.split(",") if name.strip()]
    found = dict.fromkeys(column_of("columns", name, opened.columns, language) for name in names)
    return tuple(found) or tuple(opened.columns)


def sorts_of(asked: str | None, opened: Table, language: Language) -> tuple[tuple[str, bool], ...]:
    """``-population,name`` to ``(("population", True), ("name", False))``."""
    parts = [part.strip() for part in (asked or "").split(",") if part.strip()]
    if len(parts) > MOST_SORTS:
        reason = translate("at most {highest} is possible", language, highest=MOST_SORTS)
        raise InvalidParameter(name="sort", value=str(asked)[:80], reason=reason)
    sortable = [name for name, type_ in opened.columns.items() if not is_geometry(type_)]
    return tuple(
        (column_of("sort", part.removeprefix("-"), sortable, language), part.startswith("-"))
        for part in parts
    )


def page(shelf: Shelf, opened: Table, chosen: Selection) -> Page:
    """The rows of one page; one more is asked for, to know whether there are others."""
    picked = ", ".join(selected(name, opened.columns[name]) for name in chosen.columns)
    condition, values = where(chosen.filters)
    if chosen.after is not None:
        condition += f"{' AND' if condition else ' WHERE'} {ROW} > ?"
        values.append(chosen.after)
    order = order_by(chosen.sort, opened.columns)
    sql = (
        f"SELECT {ROW}, {picked} FROM {opened.sql}{condition}{order} "  # noqa: S608
        f"LIMIT {chosen.limit + 1} OFFSET {chosen.offset}"
    )
    with shelf.reading(opened.lake) as cursor:
        found = cursor.execute(sql, values).fetchall()
    more = len(found) > chosen.limit
    found = found[: chosen.limit]
    types = {name: opened.columns[name] for name in chosen.columns}
    rows = as_rows([row[1:] for row in found], types)
    return Page(rows, [row[0] for row in found], more)


def ranked(shelf: Shelf, opened: Table, chosen: Selection, numbers: list[int]) -> Page:
    """The page of rows with these ``numbers``, in this order, among those that meet the filters."""
    if chosen.filters:
        condition, values = where(chosen.filters)
        with shelf.reading(opened.lake) as cursor:
            sql = f"SELECT {ROW} FROM {opened.sql}{condition} AND {ROW} IN (SELECT unnest(?))"  # noqa: S608
            kept = {row[0] for row in cursor.execute(sql, [*values, numbers]).fetchall()}
        numbers = [number for number in numbers if number in kept]
    wanted = numbers[chosen.offset : chosen.offset + chosen.limit]
    more = len(numbers) > chosen.offset + chosen.limit
    if not wanted:
        return Page([], [], more)
    picked = ", ".join(selected(name, opened.columns[name]) for name in chosen.columns)
    listed = ", ".join(map(str, wanted))
    with shelf.reading(opened.lake) as cursor:
        sql = f"SELECT {ROW}, {picked} FROM {opened.sql} WHERE {ROW} IN ({listed})"  # noqa: S608
        found = {row[0]: row[1:] for row in cursor.execute(sql).fetchall()}
    types = {name: opened.columns[name] for name in chosen.columns}
    present = [number for number in wanted if number in found]
    return Page(as_rows([found[number] for number in present], types), present, more)


def total(shelf: Shelf, opened: Table, chosen: Selection) -> int:
    """Rows that meet the filters, all pages together."""
    if not chosen.filters and opened.rows is not None:
        return opened.rows
    condition, values = where(chosen.filters)
    with shelf.reading(opened.lake) as cursor:
        sql = f"SELECT count(*) FROM {opened.sql}{condition}"  # noqa: S608
        row = cursor.execute(sql, values).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True)
class Measure:
    """One value of a group: ``avg`` of a column, or the number of rows where there is none."""

    function: str
    column: str | None = None

    @property
    def name(self) -> str:
        return self.function if self.column is None else f"{self.function}_{self.column}"

    @property
    def sql(self) -> str:
        held = "*" if self.column is None else identifier(self.column)
        return FUNCTIONS[self.function].format(held)


def measures_of(asked: str | None, opened: Table, language: Language) -> tuple[Measure, ...]:
    """``count,avg(kwh),max(kwh)`` to measures; the number of rows where nothing was asked.

    Raises
    ------
    InvalidParameter
        where a function is not known or the column cannot be summed up so.
    """
    found: dict[str, Measure] = {}
    parts = [one.strip() for one in (asked or "").split(",") if one.strip()]
    for part in parts or ["count"]:
        matched = MEASURE.fullmatch(part)
        function = matched[1] if matched else part
        if function not in FUNCTIONS or (matched is None and function != "count"):
            known = ", ".join(["count", *(f"{name}(…)" for name in FUNCTIONS if name != "count")])
            reason = translate("use one of: {known}", language, known=known)
            raise InvalidParameter(name="measure", value=part[:80], reason=reason)
        measure = Measure(function)
        if matched:
            possible = {
                name: type_
                for name, type_ in opened.columns.items()
                if not is_geometry(type_) and (function not in NUMERIC or _is_number(type_))
            }
            measure = Measure(function, column_of("measure", matched[2], possible, language))
        found[measure.name] = measure
    return tuple(found.values())


def groups(
    shelf: Shelf,
    opened: Table,
    by: tuple[str, ...],
    measures: tuple[Measure, ...],
    chosen: Selection,
) -> Page:
    """One row for each group of equal values, in the order of the values where none is asked.

    ``chosen.sort`` names groups and measures.
    """
    names = {name: opened.columns[name] for name in by}
    asked = [selected(name, type_) for name, type_ in names.items()]
    asked += [f"{measure.sql} AS {identifier(measure.name)}" for measure in measures]
    condition, values = where(chosen.filters)
    grouped = f" GROUP BY {', '.join(map(str, range(1, len(by) + 1)))}" if by else ""
    inner = f"SELECT {', '.join(asked)} FROM {opened.sql}{condition}{grouped}"  # noqa: S608
    sorts = [*chosen.sort, *((name, False) for name in by if name not in dict(chosen.sort))]
    ways = [f"{identifier(n)} {'DESC' if down else 'ASC'} NULLS LAST" for n, down in sorts]
    order = f" ORDER BY {', '.join(ways)}" if ways else ""
    sql = f"SELECT * FROM ({inner}){order} LIMIT {chosen.limit + 1} OFFSET {chosen.offset}"  # noqa: S608
    with shelf.reading(opened.lake) as cursor:
        done = cursor.execute(sql, values)
        described = {str(column[0]): str(column[1]).lower() for column in done.description or []}
        found = done.fetchall()
    more = len(found) > chosen.limit
    found = found[: chosen.limit]
    known = {
        name: names.get(name) or _narrowed(type_, [row[place] for row in found])
        for place, (name, type_) in enumerate(described.items())
    }
    return Page(as_rows(found, known), [], more)


def _narrowed(type_: str, values: list[Any]) -> str:
    """The type of a measure: DuckDB's sum of decimals has 38 digits, whatever it needs."""
    if not type_.startswith("decimal"):
        return type_
    digits = [len(value.as_tuple().digits) for value in values if value is not None]
    return f"decimal({min(max(digits, default=1), 38)},0)"


def _is_number(type_: str) -> bool:
    return type_.startswith(("smallint", "integer", "bigint", "double", "float", "decimal"))


def following(chosen: Selection, found: Page) -> Selection | None:
    """What to ask for the next page; None where this is the last."""
    if not found.more:
        return None
    if chosen.by_row and found.numbers:
        return replace(chosen, after=found.numbers[-1])
    return replace(chosen, offset=chosen.offset + chosen.limit)
