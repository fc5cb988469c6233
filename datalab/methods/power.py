"""How many homes it takes, said before the start.

The variance of a difference-in-differences with ``before`` and ``after`` periods, ``rho`` the
correlation of one home's outcomes over time, is per arm ``σ² (1 − rho)(1/before + 1/after) / n``;
homes that were assigned together count for less, by the design effect ``1 + (m − 1) icc``.

Sources: L. Frison and S. Pocock, Repeated measures in clinical trials, Statistics in Medicine 11,
1992; D. McKenzie, Beyond baseline and follow-up: the case for more T in experiments, Journal of
Development Economics 99, 2012; A. Donner and N. Klar, Design and Analysis of Cluster Randomization
Trials, 2000, for the design effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Design:
    """``deviation`` and effects are in the unit of the outcome (a logarithm: 0.05 is about 5 %)."""

    treated: int  # homes
    controls: int
    deviation: float  # between homes and over time, of one observation
    rho: float = 0.0  # between two periods of one home
    before: int = 1
    after: int = 1
    per_cluster: float = 1.0  # homes assigned together
    icc: float = 0.0  # correlation of the *changes* of homes of one cluster
    attrition: float = 0.0  # share lost by the end

    def __post_init__(self) -> None:
        shares = self.rho, self.icc, self.attrition
        if any(not 0 <= share < 1 for share in shares) or self.deviation <= 0:
            raise ValueError("correlations and losses are shares below 1, a deviation is above 0")
        if min(self.treated, self.controls, self.before, self.after) < 1 or self.per_cluster < 1:
            raise ValueError("arms, periods and clusters hold at least one")

    @property
    def clusters(self) -> float:
        return (self.treated + self.controls) / self.per_cluster

    @property
    def error(self) -> float:
        """Standard error to expect of the estimate."""
        staying = 1 - self.attrition
        change = self.deviation**2 * (1 - self.rho) * (1 / self.before + 1 / self.after)
        # Who is lost leaves the cluster smaller, not the number of clusters.
        effect = 1 + (max(1.0, self.per_cluster * staying) - 1) * self.icc
        arms = 1 / (self.treated * staying) + 1 / (self.controls * staying)
        return math.sqrt(change * effect * arms)


def power(design: Design, effect: float, significance: float = 0.05) -> float:
    """Chance to find ``effect`` where it is there: two-sided, Student on clusters less two."""
    free = max(1.0, design.clusters - 2)
    limit, shift = float(stats.t.ppf(1 - significance / 2, free)), abs(effect) / design.error
    found = float(stats.nct.sf(limit, free, shift) + stats.nct.cdf(-limit, free, shift))
    # Far out the series of the non-central law gives no number: there the normal one is as good.
    return found if math.isfinite(found) else float(stats.norm.sf(limit - shift))


def detectable(design: Design, wanted: float = 0.8, significance: float = 0.05) -> float:
    """The smallest effect that is found with chance ``wanted``."""
    free = max(1.0, design.clusters - 2)
    reach = stats.t.ppf(1 - significance / 2, free) + stats.t.ppf(wanted, free)
    return float(reach * design.error)
