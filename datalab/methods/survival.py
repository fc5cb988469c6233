"""How long something takes while some of it has not happened yet: Kaplan–Meier and its quantiles.

A median over closed cases alone is too short, since the slow ones are still open. Here an open
case counts as *censored*: it lasted at least so long.

Sources: Kaplan and Meier (1958), Nonparametric estimation from incomplete observations, JASA 53;
Greenwood (1926), The natural duration of cancer, for the variance; Kalbfleisch and Prentice (1980)
for bounds on the scale log(−log S), which stay between 0 and 1; Brookmeyer and Crowley (1982), A
confidence interval for the median survival time, Biometrics 38, for the bounds of a quantile.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Step:
    """The curve after ``time``, at which ``ended`` of ``at_risk`` ended."""

    time: float
    at_risk: int
    ended: int
    survival: float  # estimated share that lasts longer than ``time``
    error: float  # Greenwood's standard error of it
    low: float
    high: float


@dataclass(frozen=True)
class Quantile:
    """``value`` is None where too few ended to say; ``high`` None where it has no upper bound."""

    share: float
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Survival:
    """``n`` durations of which ``ended`` came to an end; the others are censored."""

    n: int
    ended: int
    steps: tuple[Step, ...]

    def quantile(self, share: float) -> Quantile:
        """The first time by which at least ``share`` (0 to 1) came to an end."""
        left = 1 - share

        def first(level: Sequence[float]) -> float | None:
            # A share such as 0.9 leaves 0.09999999999999998.
            found = (s.time for s, y in zip(self.steps, level, strict=True) if y <= left + 1e-12)
            return next(found, None)

        return Quantile(
            share,
            first([step.survival for step in self.steps]),
            first([step.low for step in self.steps]),
            first([step.high for step in self.steps]),
        )


def kaplan_meier(
    durations: Sequence[float], ended: Sequence[bool], confidence: float = 0.95
) -> Survival:
    """The product-limit estimate.

    Parameters
    ----------
    durations
        how long each lasted, or has lasted so far, in any unit; not negative.
    ended
        whether each came to an end; False for what still lasts.
    confidence
        of the bounds, 0.95 for 95 %.

    Raises
    ------
    ValueError
        where the two differ in length, or a duration is negative or not finite.
    """
    if len(durations) != len(ended):
        raise ValueError("as many durations as marks of their end are needed")
    if any(not math.isfinite(value) or value < 0 for value in durations):
        raise ValueError("a duration is a finite number of 0 or more")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    ends = Counter(value for value, over in zip(durations, ended, strict=True) if over)
    leaves = Counter(durations)
    at_risk, survival, total, steps = len(durations), 1.0, 0.0, []
    for time in sorted(leaves):
        many = ends[time]
        if many:
            survival *= 1 - many / at_risk
            total += many / (at_risk * (at_risk - many)) if at_risk > many else 0.0
            low, high = _bounds(survival, total, z)
            error = survival * math.sqrt(total)
            steps.append(Step(time, at_risk, many, survival, error, low, high))
        at_risk -= leaves[time]
    return Survival(len(durations), sum(ends.values()), tuple(steps))


def _bounds(survival: float, total: float, z: float) -> tuple[float, float]:
    """Bounds on the scale log(−log S); at S = 0 nothing bounds it from above: what was not seen
    may last longer than all that was."""
    if survival in (0.0, 1.0):
        return survival, 1.0
    spread = z * math.sqrt(total) / math.log(survival)
    return survival ** math.exp(-spread), survival ** math.exp(spread)
