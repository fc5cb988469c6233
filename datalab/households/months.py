"""What editions of several months give away together, to who subtracts and to who solves.

Two attacks go beyond one month. *Differences*: a count that is shown twice, or what is left of a
total beside its shown parts, tells how many came or went in between. *Programs*: whoever takes it
that each column only grew, only shrank or stood still, as its shown counts did, ties the hidden
counts of all months to each other. An edition that would let either come close is not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from datalab.methods.attack import Relation, intervals

Cell = tuple[str, str, str]  # table, row, column
Counts = Mapping[Cell, int | None]  # None is hidden
Adds = Callable[[Counts], Sequence[Relation[Cell]]]  # what adds up in an edition
MOST = 12  # editions that are held against each other: a year of them


def counts_of(tables: Mapping[str, Mapping[str, Mapping[str, int | None]]]) -> dict[Cell, Any]:
    """An edition's tables as one mapping."""
    return {
        (table, row, name): count
        for table, rows in tables.items()
        for row, columns in rows.items()
        for name, count in columns.items()
    }


def gives_away(
    earlier: Sequence[Counts],
    newest: Counts,
    relations: Adds,
    *,
    fewest: int,
    distance: float,
) -> bool:
    """Whether ``newest`` beside the ``earlier`` ones (oldest first) tells of fewer homes than
    ``fewest``, or bounds a hidden count of any month within ± ``distance``."""
    kept = list(earlier)[-(MOST - 1) :]
    if any(_few(before, newest, relations(newest), fewest) for before in kept):
        return True
    return any(
        interval.is_within(distance)
        for links in _assumptions([*kept, newest])
        for interval in _solved([*kept, newest], relations, links)
    )


def _few(before: Counts, after: Counts, relations: Sequence[Relation[Cell]], fewest: int) -> bool:
    """Whether few came or went: in a shown count, or in what is left of a total."""
    moved = {
        cell: count - earlier
        for cell, count in after.items()
        if count is not None and (earlier := before.get(cell)) is not None
    }
    left = [
        sum(sign * moved[cell] for cell, sign in relation.items() if cell in moved)
        for relation in relations
        if any(sign < 0 and cell in moved for cell, sign in relation.items())
    ]
    return any(0 < abs(change) < fewest for change in (*moved.values(), *left))


Link = tuple[int, Cell, int]  # from this edition to the next, one cell: grew, stood (0) or shrank


def _assumptions(editions: Sequence[Counts]) -> Iterator[list[list[Link]]]:
    """What an attacker may take for true, column by column, of the moves between editions."""
    columns: dict[tuple[int, str, str], list[Link]] = {}
    for number, (before, after) in enumerate(pairwise(editions)):
        names = {(table, name) for table, _, name in after}
        for table, name in sorted(names):
            cells = [c for c in after if (c[0], c[2]) == (table, name) and c in before]
            seen = [
                after[c] - before[c]  # type: ignore[operator]
                for c in cells
                if after[c] is not None and before[c] is not None
            ]
            if not seen or (min(seen) < 0 < max(seen)):
                continue  # they came and went: nothing follows
            way = (max(seen) > 0) - (min(seen) < 0)
            columns[number, table, name] = [(number, c, way) for c in cells]
    yield list(columns.values())


def _solved(editions: Sequence[Counts], relations: Adds, links: list[list[Link]]) -> list[Any]:
    """Intervals of all hidden counts; where the assumptions contradict what is shown, those of
    each one that does not."""
    try:
        return _program(editions, relations, [one for column in links for one in column])
    except ValueError:
        found: list[Any] = []
        for column in links:
            try:
                found += _program(editions, relations, column)
            except ValueError:
                continue  # this one is known to be wrong
        return found


def _program(editions: Sequence[Counts], relations: Adds, links: Sequence[Link]) -> list[Any]:
    published: dict[Any, float | None] = {
        (number, cell): None if count is None else float(count)
        for number, counts in enumerate(editions)
        for cell, count in counts.items()
    }
    hidden = [key for key, count in published.items() if count is None]
    lines: list[dict[Any, float]] = [
        {(number, cell): sign for cell, sign in relation.items()}
        for number, counts in enumerate(editions)
        for relation in relations(counts)
    ]
    for number, cell, way in links:
        line: dict[Any, float] = {(number, cell): 1.0, (number + 1, cell): -1.0}
        if way:
            published["moved", number, cell] = None  # at least nobody
            line["moved", number, cell] = float(way)
        lines.append(line)
    return list(intervals(published, lines, only=hidden).values())
