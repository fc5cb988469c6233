"""Disclosure control: counts of few people are not shown, nor what would give them back.

A count between 1 and the threshold is hidden (*primary*). Where totals are shown, one hidden count
is the total less the others, so more are hidden (*secondary*) until nobody can narrow down a hidden
count, small or not: for a table with its totals by linear programming over everything that is
shown, see :mod:`datalab.methods.protection`. A hidden count is None.
A zero is shown: it stands for nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from datalab.methods.attack import Relation, intervals, total
from datalab.methods.protection import protect

K = TypeVar("K", bound=Hashable)
Place = tuple[int, int]


@dataclass(frozen=True)
class Table:
    """``cells`` hold a last row and a last column of totals; a hidden count is None."""

    cells: tuple[tuple[int | None, ...], ...]
    primary: frozenset[Place]
    secondary: frozenset[Place]


def is_small(count: int, threshold: int) -> bool:
    return 0 < count < threshold


def suppress_list(counts: Mapping[K, int], threshold: int) -> dict[K, int | None]:
    """Counts that add up to a total which is shown.

    Besides the small ones, the smallest others are hidden until at least two are, and until what
    is hidden adds up to the threshold.
    """
    hidden = {key for key, count in counts.items() if is_small(count, threshold)}
    if hidden:
        others = sorted(
            (key for key in counts if key not in hidden), key=lambda k: (counts[k] == 0, counts[k])
        )
        while others and (len(hidden) < 2 or sum(counts[key] for key in hidden) < threshold):
            hidden.add(others.pop(0))
    return {key: None if key in hidden else count for key, count in counts.items()}


def suppress_pair(count: int, of: int, threshold: int) -> int | None:
    """A count beside its total: hidden where those inside, or those outside, are few."""
    return None if is_small(count, threshold) or is_small(of - count, threshold) else count


def suppress_table(
    counts: Sequence[Sequence[int]],
    threshold: int,
    *,
    rows: Iterable[int] = (),
    columns: Iterable[int] = (),
    distance: float | None = None,
) -> Table:
    """A table of counts with its totals, by :func:`datalab.methods.protection.protect`.

    ``rows`` and ``columns`` are those whose totals are hidden elsewhere: they are hidden here too,
    and what would give them back. Nobody can come within ``distance`` (half of the threshold where
    not given) of *any* hidden count. Where no choice of cells does that while other totals are
    shown, a small count can be anything up to the threshold, and totals may be hidden.

    Raises
    ------
    ValueError
        where the table is not one, or holds a negative count.
    """
    inner = np.array(counts, dtype=int)
    if inner.ndim != 2 or inner.size == 0 or (inner < 0).any():
        raise ValueError("a table of counts has rows and columns of 0 or more")
    body = np.vstack([inner, inner.sum(axis=0)])
    whole = np.hstack([body, body.sum(axis=1, keepdims=True)])
    height, width = whole.shape
    values = {(r, c): float(whole[r, c]) for r in range(height) for c in range(width)}
    down, across = range(height - 1), range(width - 1)
    relations = [total((r, width - 1), [(r, c) for c in across]) for r in range(height)]
    relations += [total((height - 1, c), [(r, c) for r in down]) for c in range(width)]
    outside = {(r, width - 1) for r in rows} | {(height - 1, c) for c in columns}
    primary = {place for place, count in values.items() if is_small(int(count), threshold)}
    totals = {place for place in values if place[0] == height - 1 or place[1] == width - 1}
    done = protect(
        values,
        relations,
        threshold=threshold,
        distance=threshold / 2 if distance is None else distance,
        hidden=outside,
        kept=totals - outside - primary,
    )
    hidden = set(done.hidden)
    if done.exposed:
        # Too few people for that beside totals that stand elsewhere too: of the small counts alone
        # nobody must be sure, and totals are hidden where nothing else would do.
        hidden = primary | outside
        protected = set(hidden)
        while (open_ := _exposed(values, relations, hidden, protected, threshold)) is not None:
            candidates = _candidates(whole, hidden, open_)
            if not candidates:
                break
            hidden.add(candidates[0])
    cells = tuple(
        tuple(None if (r, c) in hidden else int(whole[r, c]) for c in range(width))
        for r in range(height)
    )
    return Table(cells, frozenset(primary), frozenset(hidden - primary))


def _exposed(
    values: Mapping[Place, float],
    relations: Sequence[Relation[Place]],
    hidden: set[Place],
    protected: set[Place],
    threshold: int,
) -> Place | None:
    """A hidden count that what is shown tells too closely."""
    shown = {place: None if place in hidden else value for place, value in values.items()}
    for place in sorted(protected):
        found = intervals(shown, relations, only=[place])[place]
        low, high = round(found.low, 6), round(found.high, 6)
        if high < threshold or (low > 0 and high - low < threshold):
            return place
    return None


def _candidates(whole: np.ndarray, hidden: set[Place], place: Place) -> list[Place]:
    """What could be hidden next to protect a count: in its lines first, the smallest first, never
    the total of everything before the rest."""
    height, width = whole.shape
    shown = [(r, c) for r in range(height) for c in range(width) if (r, c) not in hidden]

    def order(one: Place) -> tuple[bool, int, bool, int]:
        near = one[0] == place[0] or one[1] == place[1]
        totals = (one[0] == height - 1) + (one[1] == width - 1)
        return (not near, totals, int(whole[one]) == 0, int(whole[one]))

    return sorted(shown, key=order)


def anonymous(
    rows: Sequence[Mapping[str, str | None]], names: Sequence[str], k: int
) -> tuple[list[dict[str, str | None]], int]:
    """Rows in which each combination of ``names`` is shared by at least ``k`` (or by nobody known).

    A combination that fewer share loses its values one by one, those of the variable with the most
    categories first, until enough share what is left (k-anonymity by local suppression: L. Sweeney,
    International Journal of Uncertainty, Fuzziness and Knowledge-Based Systems 10, 2002). Rows that
    lost everything must themselves be at least ``k``; the smallest other combination joins them
    until they are. Fewer than ``k`` rows in all give none. Returns also how many values were lost.
    """
    if len(rows) < k:
        return [], 0
    keys = [tuple(row.get(name) for name in names) for row in rows]
    sizes = [len({key[place] for key in keys}) for place in range(len(names))]
    for place in sorted(range(len(names)), key=lambda one: -sizes[one]):
        groups = Counter(keys)
        keys = [
            key if groups[key] >= k else (*key[:place], None, *key[place + 1 :]) for key in keys
        ]
    nothing = (None,) * len(names)
    groups = Counter(keys)
    blank = {key for key, count in groups.items() if count < k} | {nothing}
    kept = sorted((key for key in groups if key not in blank), key=lambda key: groups[key])
    while 0 < sum(groups[key] for key in blank) < k and kept:
        blank.add(kept.pop(0))
    lost, made = 0, []
    for row, key in zip(rows, keys, strict=True):
        left = nothing if key in blank else key
        lost += sum(
            row.get(name) is not None and value is None
            for name, value in zip(names, left, strict=True)
        )
        made.append({**row, **dict(zip(names, left, strict=True))})
    return made, lost
