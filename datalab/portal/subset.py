"""Which rows a map of lent polygons draws, so that no place is drawn twice.

Where the place is part of the dataset's key, the other key columns (a year, a kind of count) are
held at one value each: the last year, else the first value of the source. Where it is not, rows
are finer than places, and amounts are added up by place; a ratio cannot be, and is not drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

from datalab.lake.connection import identifier, literal
from datalab.portal.library import Holding, Shelf
from datalab.portal.rows import Table


@dataclass(frozen=True)
class Subset:
    """``where`` is SQL over ``t``; ``held`` the columns held at one value; ``summed`` says that
    values of several rows must be added up by place."""

    where: str
    held: dict[str, str]
    summed: bool


def subset_of(shelf: Shelf, holding: Holding, opened: Table, on: str) -> Subset | None:
    """The rows to draw, or None where they cannot be told apart by place."""
    dataset = holding.dataset
    if on not in dataset.key:
        once = _once(shelf, opened, on, "true")
        return Subset("true", {}, summed=not once)
    conditions, held = ["true"], {}
    others = [name for name in dataset.key if name != on and name in opened.columns]
    others.sort(key=lambda name: dataset.columns[name].unit != "year")
    with shelf.reading(opened.lake) as cursor:
        for name in others:
            column = f"t.{identifier(name)}"
            chosen = "max" if dataset.columns[name].unit == "year" else "first"
            row = cursor.execute(
                f"SELECT CAST({chosen}({column}) AS VARCHAR) FROM (SELECT * FROM {opened.sql}) t "  # noqa: S608
                f"WHERE {' AND '.join(conditions)}"
            ).fetchone()
            if row is None or row[0] is None:
                return None
            conditions.append(f"CAST({column} AS VARCHAR) = {literal(row[0])}")
            held[name] = str(row[0])
    where = " AND ".join(conditions)
    return Subset(where, held, summed=False) if _once(shelf, opened, on, where) else None


def _once(shelf: Shelf, opened: Table, on: str, where: str) -> bool:
    """Whether every place has one row."""
    column = f"t.{identifier(on)}"
    with shelf.reading(opened.lake) as cursor:
        row = cursor.execute(
            f"SELECT count({column}) = count(DISTINCT {column}) "  # noqa: S608
            f"FROM (SELECT * FROM {opened.sql}) t WHERE {where}"
        ).fetchone()
    return bool(row and row[0])
