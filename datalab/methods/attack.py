"""What somebody with a solver can find out about hidden counts from everything that is shown.

An attacker writes each published total, balance and rate as a linear constraint on the counts and
asks for the smallest and the largest value that a hidden one can still take. Source: M. Fischetti
and J. J. Salazar, "Solving the cell suppression problem on tabular data with linear constraints",
Management Science 47(7), 2001, section 2 (the attacker's two linear programs of each cell);
A. Hundepool and others, Statistical Disclosure Control, Wiley, 2012, chapter 4 (audit).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

K = TypeVar("K", bound=Hashable)
Relation = Mapping[K, float]
"""Coefficients that add up to nothing with the values: ``{total: -1, part: 1, part: 1}``."""


@dataclass(frozen=True)
class Rate(Generic[K]):
    """``value`` is ``per`` times ``part`` over ``whole``, rounded to a multiple of ``step``."""

    part: K
    whole: K
    value: float
    per: float = 100.0
    step: float = 0.1

    @property
    def ratio(self) -> Ratio[K]:
        half = self.step / 2
        return Ratio({self.part: self.per}, {self.whole: 1.0}, self.value - half, self.value + half)


@dataclass(frozen=True)
class Ratio(Generic[K]):
    """The weighted sum ``over``, divided by that of ``under`` and ``free``, is known to be between
    ``low`` and ``high``: rates of three counts, quotients, densities. Denominators are positive."""

    over: Relation[K]
    under: Relation[K]
    low: float
    high: float
    free: float = 0.0

    @property
    def keys(self) -> frozenset[K]:
        return frozenset((*self.over, *self.under))


@dataclass(frozen=True)
class Interval:
    """What a hidden value can still be; infinite where nothing bounds it."""

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low

    def is_within(self, distance: float) -> bool:
        """Whether some number is known to be no further than ``distance`` from the hidden one."""
        return self.width <= 2 * distance + 1e-6


def total(whole: K, parts: Iterable[K]) -> dict[K, float]:
    """The relation of a total with its parts."""
    return {whole: -1.0, **dict.fromkeys(parts, 1.0)}


def intervals(
    published: Mapping[K, float | None],
    relations: Sequence[Relation[K]],
    *,
    rates: Iterable[Rate[K] | Ratio[K]] = (),
    rounding: float | Mapping[K, float] = 0.0,
    slack: float | Sequence[float] = 0.0,
    floors: Mapping[K, float] | None = None,
    only: Collection[K] | None = None,
    integers: Collection[K] = (),
) -> dict[K, Interval]:
    """The interval of each hidden value.

    Parameters
    ----------
    published
        everything that is in a table; None for what is hidden in it.
    relations
        totals and balances that hold between them, see :data:`Relation`.
    rates
        rates and ratios that are shown. One of hidden counts binds them all.
    rounding
        the step to which what is shown was rounded (1 for whole numbers), for all or by key.
    slack
        by how much a relation of true values may fail, for all or one by one.
    floors
        the smallest possible value by key, 0 where not given (``-inf`` for balances).
    only
        the hidden values to ask for; all of them where not given.
    integers
        what the attacker knows to be whole numbers: then integer programs are solved, which come
        closer than linear ones.

    Raises
    ------
    ValueError
        where no counts at all fit what is shown: the tables contradict each other.
    """
    asked = {k for k, value in published.items() if value is None and (only is None or k in only)}
    told = [one.ratio if isinstance(one, Rate) else one for one in rates]
    free = dict(enumerate(_each(slack, len(relations))))
    # A rate links the counts that it is made of, as a sum does.
    links = [*relations, *(dict.fromkeys(one.keys, 1.0) for one in told)]
    numbers = {id(relation): number for number, relation in enumerate(relations)}
    found: dict[K, Interval] = {}
    for keys, lines in linked(published, links):
        if asked.isdisjoint(keys):
            continue
        own = [line for line in lines if id(line) in numbers]
        system = System(
            keys,
            own,
            [one for one in told if not one.keys.isdisjoint(keys)],
            rounding,
            [free[numbers[id(line)]] for line in own],
            floors or {},
            frozenset(integers),
        )
        found |= {key: system.interval(key) for key in keys if key in asked}
    return found


def _each(slack: float | Sequence[float], count: int) -> list[float]:
    return [slack] * count if isinstance(slack, float | int) else list(slack)


V = TypeVar("V")


def linked(
    values: Mapping[K, V], relations: Sequence[Relation[K]], fixed: Collection[K] = ()
) -> list[tuple[dict[K, V], list[Relation[K]]]]:
    """Tables that nothing links but what is ``fixed``: each is a smaller program of its own."""
    root = {key: key for key in values}

    def find(key: K) -> K:
        while root[key] != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    for relation in relations:
        free = [key for key in relation if key not in fixed]
        for key in free[1:]:
            root[find(key)] = find(free[0])
    members: dict[K, dict[K, V]] = {}
    for key, value in values.items():
        members.setdefault(find(key), {})[key] = value
    lines: dict[K, list[Relation[K]]] = {}
    for relation in relations:
        first = next((key for key in relation if key not in fixed), None)
        if first is not None:
            lines.setdefault(find(first), []).append(relation)
            members[find(first)] |= {key: values[key] for key in relation}
    return [(one, lines.get(key, [])) for key, one in members.items()]


class System(Generic[K]):
    """The linear program of everything that is shown, to be asked about one value at a time."""

    def __init__(
        self,
        published: Mapping[K, float | None],
        relations: Sequence[Relation[K]],
        ratios: Sequence[Ratio[K]],
        rounding: float | Mapping[K, float],
        slack: float | Sequence[float],
        floors: Mapping[K, float],
        integers: Collection[K] = (),
    ) -> None:
        from scipy.sparse import lil_matrix  # type: ignore[import-untyped]

        self.place = {key: number for number, key in enumerate(published)}
        self.bounds = []
        for key, value in published.items():
            floor = floors.get(key, 0.0)
            if value is None:
                self.bounds.append((floor, math.inf))
            else:
                step = rounding if isinstance(rounding, float | int) else rounding.get(key, 0.0)
                self.bounds.append((max(floor, value - step / 2), value + step / 2))
        lines: list[dict[int, float]] = []
        limits: list[float] = []
        for number, relation in enumerate(relations):
            line = {self.place[key]: float(one) for key, one in relation.items()}
            free = slack if isinstance(slack, float | int) else slack[number]
            lines += [line, {place: -one for place, one in line.items()}]
            limits += [free, free]
        for ratio in ratios:
            for way, bound in ((1, ratio.high), (-1, ratio.low)):
                line = dict.fromkeys((self.place[key] for key in ratio.keys), 0.0)
                for key, one in ratio.over.items():
                    line[self.place[key]] += way * one
                for key, one in ratio.under.items():
                    line[self.place[key]] -= way * bound * one
                lines.append(line)
                limits.append(way * bound * ratio.free)
        self.integers = np.array([key in integers for key in published], dtype=int)
        matrix: Any = lil_matrix((max(1, len(lines)), len(self.place)))
        for number, line in enumerate(lines):
            for place, one in line.items():
                matrix[number, place] = one
        self.matrix = matrix.tocsr()
        self.limits = np.array(limits or [0.0])
        if self._solved(np.zeros(len(self.place))) is None:
            raise ValueError("no counts fit what is shown: the tables contradict each other")

    def interval(self, key: K) -> Interval:
        return Interval(self._end(key, 1), self._end(key, -1))

    def _end(self, key: K, way: int) -> float:
        objective = np.zeros(len(self.place))
        objective[self.place[key]] = way
        found = self._solved(objective)
        return -way * math.inf if found is None else way * found

    def _solved(self, objective: np.ndarray) -> float | None:
        """The smallest value; None where there is none (some counts fit, so it is unbounded)."""
        from scipy.optimize import linprog  # type: ignore[import-untyped]

        found = linprog(
            objective,
            A_ub=self.matrix,
            b_ub=self.limits,
            bounds=self.bounds,
            integrality=self.integers if self.integers.any() else None,
            method="highs",
        )
        return float(found.fun) if found.status == 0 else None
