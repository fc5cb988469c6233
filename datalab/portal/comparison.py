"""Two snapshots of a dataset side by side, as a page, JSON and CSV show them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from datalab.catalog.compatibility import SchemaChange, schema_changes
from datalab.i18n import Language
from datalab.lake import diff
from datalab.lake.described import described_at
from datalab.lake.diff import Change, Comparison, Counts, Kind, Side
from datalab.portal.library import Holding, Shelf
from datalab.portal.lines import FORMULA, Dialect
from datalab.portal.page import PAGE_ONLY
from datalab.portal.reader import Reader
from datalab.portal.rows import Table, json_of, open_table

FORMULA_START = re.compile(FORMULA)
PIECE = 50_000  # characters of a file that leave at once


@dataclass(frozen=True)
class Cell:
    """One column of a row that differs; ``type`` as the column has it now."""

    column: str
    before: Any
    after: Any
    type: str = field(default="varchar", metadata=PAGE_ONLY)


@dataclass(frozen=True)
class RowChange:
    """One row: its key, and the cells that changed, came or went. ``times``: how often a whole
    row came or went, where there is no key."""

    kind: Kind
    key: dict[str, Any]
    cells: list[Cell]
    times: int


@dataclass(frozen=True)
class Sides:
    """Both tables as one reader has them, and how they are compared."""

    shelf: Shelf
    lake: str
    before: Table
    after: Table
    comparison: Comparison
    counts: Counts
    schema: list[SchemaChange]

    @property
    def types(self) -> dict[str, str]:
        return {**self.before.columns, **self.after.columns}

    def rows(self, kinds: Sequence[Kind], limit: int, offset: int) -> list[RowChange]:
        """A page of what differs."""
        with self.shelf.reading(self.lake) as cursor:
            found = diff.changes(cursor, self.comparison, kinds=kinds, limit=limit, offset=offset)
            return [self._row(change) for change in found]

    def lines(self, dialect: Dialect, kinds: Sequence[Kind]) -> Iterator[bytes]:
        """All that differs as CSV: one line per cell, or per row where there is no key."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=dialect.separator, lineterminator="\r\n")
        with self.shelf.reading(self.lake) as cursor:
            by_key = self.comparison.by == "key"
            heading = [*self.comparison.key, "column", "before", "after"]
            writer.writerow(
                ["change", *heading] if by_key else ["change", "times", *self.comparison.columns]
            )
            if dialect.mark:
                yield "\ufeff".encode()
            for change in diff.changes(cursor, self.comparison, kinds=kinds):
                row = self._row(change)
                if by_key:
                    key = [_text(value, dialect) for value in row.key.values()]
                    for cell in row.cells or [Cell("", None, None)]:
                        both = [_text(value, dialect) for value in (cell.before, cell.after)]
                        writer.writerow([row.kind, *key, _text(cell.column, dialect), *both])
                else:
                    values = [c.after if row.kind == "added" else c.before for c in row.cells]
                    writer.writerow(
                        [row.kind, row.times, *(_text(value, dialect) for value in values)]
                    )
                if text.tell() > PIECE:
                    yield text.getvalue().encode()
                    text.seek(0)
                    text.truncate()
            yield text.getvalue().encode()

    def _row(self, change: Change) -> RowChange:
        before, after = change.before or {}, change.after or {}
        if change.kind == "changed":
            names: Sequence[str] = change.changed
        else:
            # In the order of the table; without a key, the columns that were compared.
            names = [n for n in (after or before) if n not in change.key]
        cells = [
            Cell(
                name,
                _json(before.get(name), self.before.columns.get(name, "varchar")),
                _json(after.get(name), self.after.columns.get(name, "varchar")),
                self.types[name],
            )
            for name in names
        ]
        key = {name: _json(value, self.types[name]) for name, value in change.key.items()}
        return RowChange(change.kind, key, cells, change.times)


def sides_of(
    shelf: Shelf, holding: Holding, language: Language, before: int, after: int, reader: Reader
) -> Sides:
    """Both snapshots as ``reader`` may have them, counted once for everybody who may.

    Raises
    ------
    AccessRefused, DownloadRefused, UnknownSnapshot, TooMuch
    """
    old = open_table(shelf, holding, language, before, reader)
    new = open_table(shelf, holding, language, after, reader)
    key = ("diff", holding.id, new.lake, before, after)
    if key not in shelf.remembered:
        with shelf.reading(new.lake) as cursor:
            comparison = diff.compare(cursor, _side(old), _side(new), holding.dataset.key)
            counted = diff.counts(cursor, comparison)
            told = _schema(cursor, holding.id, old, new)
        shelf.remembered[key] = (comparison, counted, told)
    comparison, counted, told = shelf.remembered[key]
    return Sides(shelf, new.lake, old, new, comparison, counted, told)


def _side(table: Table) -> Side:
    return Side(table.sql, table.columns, table.snapshot)


def _schema(
    cursor: duckdb.DuckDBPyConnection, dataset: str, old: Table, new: Table
) -> list[SchemaChange]:
    """What changed in the description; in the types alone where a commit says no more."""
    both = [described_at(cursor, table.lake, dataset, table.snapshot) for table in (old, new)]
    if both[0] is None or both[1] is None:
        both = [
            {"columns": {name: {"type": type_} for name, type_ in table.columns.items()}}
            for table in (old, new)
        ]
    return schema_changes(both[0] or {}, both[1] or {})


def _json(value: Any, type_: str) -> Any:
    way = json_of(type_)
    if value is None or way is None:
        return value
    # Columns of two types are compared as text, and come as such where there is no key.
    return value if isinstance(value, str) and not type_.startswith("geometry") else way(value)


def _text(value: Any, dialect: Dialect) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and dialect.decimal_comma:
        return repr(value).replace(".", ",")
    text = str(value)
    if isinstance(value, str) and dialect.guarded and FORMULA_START.match(text):
        return f"'{text}"
    return text
