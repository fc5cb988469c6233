"""How sure a result is: draws of uncertain assumptions, and what each of them moves.

Vocabulary: an *assumption* has a low, a likely and a high value, a unit and where they come from; a
*tornado* moves one at a time from low to high; a *draw* moves all of them at once.

Sources: Latin hypercube, McKay, Beckman & Conover 1979 (scipy.stats.qmc); triangular distributions
for want of knowledge, Saltelli et al. 2008, "Global sensitivity analysis"; rank correlation,
Spearman 1904.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats  # type: ignore[import-untyped]

from datalab.methods.energy_carrier import Series


@dataclass(frozen=True)
class Assumption:
    """An uncertain input. ``status``: measured, regulation, announced or assumption."""

    low: float
    likely: float
    high: float
    unit: str
    source: str
    status: str = "assumption"

    def __post_init__(self) -> None:
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"{self.low}, {self.likely}, {self.high} are not in order")

    def at(self, share: ArrayLike) -> Series:
        """Its value at a share, 0 to 1, of its triangular distribution."""
        width = self.high - self.low
        q = np.asarray(share, float)
        if not width:
            return np.full(q.shape, self.likely)
        mode = (self.likely - self.low) / width
        drawn: Series = stats.triang.ppf(q, mode, loc=self.low, scale=width)
        return drawn


@dataclass(frozen=True)
class Bar:
    """One bar of a tornado: the result at the low and the high value of an assumption."""

    name: str
    low: float
    high: float

    @property
    def width(self) -> float:
        return abs(self.high - self.low)


def likely(assumptions: Mapping[str, Assumption]) -> dict[str, float]:
    """Every assumption at its likely value."""
    return {name: one.likely for name, one in assumptions.items()}


def draws(
    assumptions: Mapping[str, Assumption], count: int, *, seed: int
) -> list[dict[str, float]]:
    """``count`` sets of values, spread evenly over each distribution (Latin hypercube)."""
    if count < 1 or not assumptions:
        raise ValueError("draws need at least one assumption and one draw")
    sampler = stats.qmc.LatinHypercube(len(assumptions), rng=np.random.default_rng(seed))
    shares = sampler.random(count)
    columns = {name: one.at(shares[:, i]) for i, (name, one) in enumerate(assumptions.items())}
    return [{name: float(values[k]) for name, values in columns.items()} for k in range(count)]


def tornado(
    assumptions: Mapping[str, Assumption], result: Callable[[Mapping[str, float]], float]
) -> list[Bar]:
    """What each assumption moves by itself, the widest bar first."""
    middle = likely(assumptions)
    bars = [
        Bar(name, result({**middle, name: one.low}), result({**middle, name: one.high}))
        for name, one in assumptions.items()
    ]
    return sorted(bars, key=lambda bar: (-bar.width, bar.name))


def ranks(drawn: Sequence[Mapping[str, float]], results: ArrayLike) -> dict[str, float]:
    """Spearman's rank correlation of each assumption with the result, the strongest first."""
    values = np.asarray(results, float)
    if len(drawn) != values.size or values.size < 3:
        raise ValueError("a rank correlation needs three draws or more, each with its result")
    found = {}
    for name in drawn[0]:
        column = np.array([draw[name] for draw in drawn])
        rho = 0.0 if np.ptp(column) == 0 else float(stats.spearmanr(column, values).statistic)
        found[name] = 0.0 if np.isnan(rho) else rho
    return dict(sorted(found.items(), key=lambda item: -abs(item[1])))


def share_above(results: ArrayLike, threshold: float) -> tuple[float, float]:
    """The share of results at or above a threshold, and its standard error."""
    values = np.asarray(results, float)
    if not values.size:
        raise ValueError("no result, no share")
    share = float((values >= threshold).mean())
    return share, float(np.sqrt(share * (1 - share) / values.size))
