"""Which counts of linked tables to hide so that nobody can come close to a small one.

A count between 1 and the threshold is hidden (*primary*), and as many others (*secondary*) as it
takes until no hidden count can be bounded within ± ``distance`` by all that is shown: its interval
is wider than twice that, and reaches ``distance`` above its true value and as far below, or down
to its floor. Tables are linked where they share a key, such as a margin.

The procedure is that of J. P. Kelly, B. L. Golden and A. A. Assad, "Cell suppression: disclosure
protection for sensitive tabular data", Networks 22, 1992, in the words of M. Fischetti and
J. J. Salazar, Management Science 47(7), 2001, section 5: for each hidden count and each way, one
linear program finds the cheapest change of the tables that moves it as far as it must be able to
go and leaves every relation standing; all that this change touches is hidden. Each such change *is*
another set of tables that looks the same from outside, so the interval holds by construction, also
for whoever knows what is shown to the last digit. The audit solves the attacker's programs again.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

import numpy as np

from datalab.methods.attack import Interval, K, Relation, intervals, linked

TOUCHED = 1e-7  # a change below is the solver's own noise


@dataclass(frozen=True)
class Protected(Generic[K]):
    """``published`` has None for what is hidden; ``audit`` what an attacker finds of each.

    ``exposed`` are hidden keys that could not be protected, because what would have to be hidden
    for it was to be ``kept``: publish no table that has one.
    """

    published: dict[K, float | None]
    primary: frozenset[K]
    secondary: frozenset[K]
    audit: dict[K, Interval]
    exposed: frozenset[K]

    @property
    def hidden(self) -> frozenset[K]:
        return self.primary | self.secondary


def protect(
    values: Mapping[K, float],
    relations: Sequence[Relation[K]],
    *,
    threshold: float = 5,
    distance: float = 5,
    floors: Mapping[K, float] | None = None,
    hidden: Collection[K] = (),
    kept: Collection[K] = (),
    costs: Mapping[K, float] | None = None,
) -> Protected[K]:
    """Hide in linked tables what is small, and what would give it back.

    Parameters
    ----------
    values
        the true values, by any key; those of all tables together.
    relations
        what adds up: see :func:`datalab.methods.attack.total`. They may fail by rounding.
    threshold
        counts above 0 and below are hidden.
    distance
        no hidden count may be bounded within ± this.
    floors
        smallest possible values by key, 0 where not given. A key whose floor is below 0 is a
        balance: it is never small by itself.
    hidden
        keys that are hidden elsewhere, or for another reason.
    kept
        keys that must stay shown, since they are public already.
    costs
        what hiding a key costs; by default more for larger ones, and for a 0.
    """
    floors = floors or {}
    fixed = set(kept) - set(hidden)
    primary = {
        key
        for key, value in values.items()
        if 0 < value < threshold and floors.get(key, 0.0) >= 0 and key not in fixed
    } | {key for key in hidden if key in values}
    secret = set(primary)
    price = {key: _cost(value) for key, value in values.items()} | dict(costs or {})
    parts = linked(values, relations, fixed)
    programs = [_Program(one, lines, floors, price, fixed) for one, lines in parts]
    program_of = {key: program for program in programs for key in program.keys}
    done: set[K] = set()
    exposed: set[K] = set()
    order = {key: number for number, key in enumerate(values)}
    while waiting := sorted(secret - done, key=order.__getitem__):
        key = waiting[0]
        done.add(key)
        down = min(values[key] - floors.get(key, 0.0), distance)
        # One more than twice the distance in all, so that the interval is wider than it.
        for amount in (2 * distance + 1 - down, -down):
            if abs(amount) <= TOUCHED:
                continue
            touched = program_of[key].touched(key, amount, secret)
            if touched is None:
                exposed.add(key)
            else:
                secret |= touched
    published: dict[K, float | None] = {
        key: None if key in secret else value for key, value in values.items()
    }
    audit: dict[K, Interval] = {}
    for one, lines in parts:
        residue = [abs(sum(sign * values[k] for k, sign in line.items())) for line in lines]
        audit |= intervals(
            {key: published[key] for key in one}, lines, slack=residue, floors=floors
        )
    exposed |= {key for key, interval in audit.items() if interval.is_within(distance)}
    return Protected(
        published, frozenset(primary), frozenset(secret - primary), audit, frozenset(exposed)
    )


def _cost(value: float) -> float:
    """Small counts first; a zero says more than most, and large ones are what people look for."""
    return 30.0 if value == 0 else 1.0 + math.log1p(abs(value)) ** 2


class _Program(Generic[K]):
    """The cheapest change of the tables that moves one count, as a linear program.

    Its variables are how much each count goes up and how much it goes down.
    """

    def __init__(
        self,
        values: Mapping[K, float],
        relations: Iterable[Relation[K]],
        floors: Mapping[K, float],
        price: Mapping[K, float],
        kept: set[K],
    ) -> None:
        from scipy.sparse import hstack, lil_matrix  # type: ignore[import-untyped]

        self.keys = list(values)
        self.place = {key: number for number, key in enumerate(self.keys)}
        self.price = np.array([price[key] for key in self.keys])
        self.fixed = np.array([key in kept for key in self.keys])
        self.below = np.array([values[key] - floors.get(key, 0.0) for key in self.keys])
        lines = list(relations)
        matrix: Any = lil_matrix((max(1, len(lines)), len(self.keys)))
        for number, relation in enumerate(lines):
            for key, one in relation.items():
                matrix[number, self.place[key]] = one
        self.matrix = hstack([matrix, -matrix]).tocsr()

    def touched(self, key: K, amount: float, secret: set[K]) -> set[K] | None:
        """The keys that change where ``key`` moves by ``amount``; None where it cannot."""
        from scipy.optimize import linprog  # type: ignore[import-untyped]

        count, at = len(self.keys), self.place[key]
        free = np.array([one in secret for one in self.keys])
        price = np.where(free, 0.001, self.price)
        up = np.where(self.fixed & ~free, 0.0, np.inf)
        down = np.where(self.fixed & ~free, 0.0, np.maximum(self.below, 0.0))
        low = np.zeros(2 * count)
        high = np.concatenate([up, down])
        size = abs(amount)
        moving, still = (at, at + count) if amount > 0 else (at + count, at)
        low[moving] = high[moving] = size
        high[still] = 0.0
        found = linprog(
            np.concatenate([price, price]),
            A_eq=self.matrix,
            b_eq=np.zeros(self.matrix.shape[0]),
            bounds=np.column_stack([low, high]),
            method="highs",
        )
        if found.status != 0:
            return None
        change = found.x[:count] - found.x[count:]
        return {self.keys[number] for number in np.flatnonzero(np.abs(change) > TOUCHED)}
