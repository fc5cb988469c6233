"""Difference-in-differences: what changed for those who took part, less what changed anyway.

The estimate is the within estimator with effects of unit and of period; errors are clustered by
what was assigned together (a home, a team, a street), with Student's law on clusters less one. It
is the effect of *being invited* (intention to treat) where the treated are those who were invited.
It says "effect" where chance assigned (a waiting list), "association" where people chose.

Sources: J. Angrist and J.-S. Pischke, Mostly Harmless Econometrics, 2009, chapters 5 and 8;
M. Bertrand, E. Duflo and S. Mullainathan, How much should we trust differences-in-differences
estimates?, Quarterly Journal of Economics 119, 2004, for clustering; H. Bloom, Accounting for
no-shows, Evaluation Review 8, 1984; D. Lee, Training, wages, and sample selection, Review of
Economic Studies 76, 2009. One start for all: where groups start at different dates, effects that
differ bias this estimator (A. Goodman-Bacon, Journal of Econometrics 225, 2021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats  # type: ignore[import-untyped]

FEWEST_CLUSTERS = 20  # below, clustered errors are too small (Cameron, Gelbach and Miller 2008)
SWEEPS, CLOSE = 500, 1e-10


@dataclass(frozen=True)
class Effect:
    """In the unit of the outcome; of a logarithm, :meth:`percent` says it in per cent."""

    estimate: float
    error: float
    low: float
    high: float
    p: float
    n: int  # observations
    units: int
    clusters: int
    confidence: float

    @property
    def enough(self) -> bool:
        """Whether there are clusters enough to trust the bounds."""
        return self.clusters >= FEWEST_CLUSTERS

    def percent(self) -> tuple[float, float, float]:
        """Estimate, low and high in per cent, for an outcome in natural logarithms."""
        low, middle, high = (100 * math.expm1(v) for v in (self.low, self.estimate, self.high))
        return middle, low, high

    def per_treated(self, uptake: float) -> Effect:
        """The effect on those who did take part, where ``uptake`` of the invited did (Bloom).

        It holds where being invited changes nothing for who does not take part.
        """
        if not 0 < uptake <= 1:
            raise ValueError("the share that took part is above 0 and at most 1")
        return replace(
            self,
            estimate=self.estimate / uptake,
            error=self.error / uptake,
            low=self.low / uptake,
            high=self.high / uptake,
        )


@dataclass(frozen=True)
class Trend:
    """Effects before the start, each against the last period before it, and whether all are 0."""

    leads: dict[float, Effect]
    statistic: float  # F
    p: float  # nan where there is no lead to test


@dataclass(frozen=True)
class Attrition:
    """Who was lost: shares per arm, and the difference with its bounds (Wald)."""

    treated: int
    treated_lost: int
    controls: int
    controls_lost: int
    difference: float
    low: float
    high: float
    p: float


def two_by_two(
    treated_before: float, treated_after: float, control_before: float, control_after: float
) -> float:
    """The difference of two differences of means."""
    return (treated_after - treated_before) - (control_after - control_before)


def estimate(
    panel: pd.DataFrame,
    *,
    outcome: str = "outcome",
    unit: str = "unit",
    period: str = "period",
    treated: str = "treated",
    after: str = "after",
    cluster: str | None = None,
    confidence: float = 0.95,
) -> Effect:
    """The effect of ``treated`` × ``after`` on ``outcome``.

    Parameters
    ----------
    panel
        one row per unit and period; rows without an outcome are left out. ``treated`` never changes
        within a unit and ``after`` never within a period; both are booleans or 0 and 1.
    cluster
        column of what was assigned together; the unit where not given.

    Raises
    ------
    ValueError
        where a unit has two rows in a period, or an arm or a side of the start is empty.
    """
    table = _checked(panel, outcome, unit, period, treated, after)
    active = (table[treated].astype(bool) & table[after].astype(bool)).to_numpy(dtype=float)
    fitted, groups = _regress(table, active[:, None], outcome, unit, period, cluster or unit)
    clusters = len(np.unique(groups))
    return _effect(
        float(fitted.params[0]),
        float(fitted.bse[0]),
        len(table),
        table[unit].nunique(),
        clusters,
        confidence,
    )


def pre_trend(
    panel: pd.DataFrame,
    *,
    outcome: str = "outcome",
    unit: str = "unit",
    period: str = "period",
    treated: str = "treated",
    after: str = "after",
    cluster: str | None = None,
    confidence: float = 0.95,
) -> Trend:
    """Whether both arms ran side by side before the start, on the periods before it alone.

    A test that finds nothing does not prove it (J. Roth, American Economic Review: Insights 4,
    2022): look at the bounds of each lead, not only at p.
    """
    before = panel[~panel[after].astype(bool)]
    table = _checked(before, outcome, unit, period, treated, None)
    periods = sorted(table[period].unique())
    tested = periods[:-1]
    if not tested:
        return Trend({}, math.nan, math.nan)
    arm = table[treated].astype(bool).to_numpy()
    columns = np.column_stack(
        [(arm & (table[period] == one).to_numpy()).astype(float) for one in tested]
    )
    fitted, groups = _regress(table, columns, outcome, unit, period, cluster or unit)
    clusters, units = len(np.unique(groups)), table[unit].nunique()
    leads = {
        one: _effect(float(value), float(error), len(table), units, clusters, confidence)
        for one, value, error in zip(tested, fitted.params, fitted.bse, strict=True)
    }
    test = fitted.f_test(np.eye(len(tested)))
    return Trend(leads, float(np.squeeze(test.fvalue)), float(np.squeeze(test.pvalue)))


def attrition(
    treated: int, treated_lost: int, controls: int, controls_lost: int, confidence: float = 0.95
) -> Attrition:
    """Whether more were lost in one arm: the one thing that chance at the start cannot mend."""
    if min(treated, controls) < 1 or not (
        0 <= treated_lost <= treated and 0 <= controls_lost <= controls
    ):
        raise ValueError("each arm has people, and loses no more than it has")
    one, other = treated_lost / treated, controls_lost / controls
    error = math.sqrt(one * (1 - one) / treated + other * (1 - other) / controls)
    reach = float(stats.norm.ppf((1 + confidence) / 2)) * error
    difference = one - other
    if error > 0:
        p = float(2 * stats.norm.sf(abs(difference) / error))
    else:
        p = 1.0 if difference == 0 else 0.0
    low, high = difference - reach, difference + reach
    return Attrition(treated, treated_lost, controls, controls_lost, difference, low, high, p)


def lee_bounds(
    changes_treated: np.ndarray, changes_controls: np.ndarray, lost: Attrition
) -> tuple[float, float]:
    """The least and the largest mean effect among those who would stay in either arm (Lee 2009).

    The arm that kept more is trimmed of its surplus, from above and from below. ``changes`` are
    after less before, of those who stayed, in the unit of the outcome.
    """
    kept = 1 - lost.treated_lost / lost.treated, 1 - lost.controls_lost / lost.controls
    treated, controls = np.sort(changes_treated), np.sort(changes_controls)
    more = treated if kept[0] >= kept[1] else controls
    cut = round(len(more) * (1 - min(kept) / max(kept)))
    least, largest = more[: len(more) - cut].mean(), more[cut:].mean()
    if kept[0] >= kept[1]:
        return float(least - controls.mean()), float(largest - controls.mean())
    return float(treated.mean() - largest), float(treated.mean() - least)


def _checked(
    panel: pd.DataFrame, outcome: str, unit: str, period: str, treated: str, after: str | None
) -> pd.DataFrame:
    table: pd.DataFrame = panel[np.isfinite(panel[outcome].to_numpy(dtype=float))]
    if table.duplicated([unit, period]).any():
        raise ValueError("a unit has one row in each period")
    if table.groupby(unit)[treated].nunique().gt(1).any():
        raise ValueError("a unit is treated or not, all along")
    for name in (treated, after):
        if name is not None and table[name].astype(bool).nunique() < 2:
            raise ValueError(f"both sides of '{name}' are needed")
    return table


def _regress(
    table: pd.DataFrame, columns: np.ndarray, outcome: str, unit: str, period: str, cluster: str
) -> tuple[Any, np.ndarray]:
    """Least squares on what is left of all once the means of units and periods are taken away
    (Frisch, Waugh and Lovell), with errors clustered by ``cluster``."""
    import statsmodels.api as sm  # type: ignore[import-untyped]

    units, periods = (pd.factorize(table[name])[0] for name in (unit, period))
    whole = np.column_stack([table[outcome].to_numpy(dtype=float), columns])
    left = _within(whole, units, periods)
    groups = pd.factorize(table[cluster])[0]
    model = sm.OLS(left[:, 0], left[:, 1:])
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    return fitted, groups


def _within(values: np.ndarray, *by: np.ndarray) -> np.ndarray:
    """Values less the means of each grouping, swept until nothing is left of them: once is enough
    where every unit has every period."""
    left: np.ndarray = values - values.mean(axis=0)
    counts = [np.bincount(groups)[:, None] for groups in by]
    for _ in range(SWEEPS):
        moved = 0.0
        for groups, count in zip(by, counts, strict=True):
            sums = np.zeros((len(count), left.shape[1]))
            np.add.at(sums, groups, left)
            means = sums / count
            left = left - means[groups]
            moved = max(moved, float(np.abs(means).max()))
        if moved < CLOSE * max(1.0, float(np.abs(values).max())):
            break
    return left


def _effect(
    value: float, error: float, n: int, units: int, clusters: int, confidence: float
) -> Effect:
    reach = float(stats.t.ppf((1 + confidence) / 2, clusters - 1)) * error
    p = float(2 * stats.t.sf(abs(value) / error, clusters - 1)) if error > 0 else math.nan
    return Effect(value, error, value - reach, value + reach, p, n, units, clusters, confidence)
