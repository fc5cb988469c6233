"""Rates of small areas, drawn towards the mean of all by as much as their own counts are few.

A count ``y`` over an exposure ``e`` (inhabitants, days…) follows Poisson's law with mean ``θ e``,
and the rates ``θ`` of the areas a gamma law of shape ``a`` and rate ``b`` that is estimated from
all areas together (empirical Bayes). The rate of one area is then gamma(a + y, b + e): its mean
lies between what the area alone says and what all say.

Sources: Clayton and Kaldor (1987), Empirical Bayes estimates of age-standardized relative risks
for use in disease mapping, Biometrics 43; Marshall (1991), Mapping disease and mortality rates
using empirical Bayes estimators, Applied Statistics 40. The marginal law of ``y`` is negative
binomial, of which the likelihood is maximised here. The bounds take ``a`` and ``b`` as known and
are therefore a little narrow where areas are few (Carlin and Gelfand, 1990, JASA 85).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEWEST_AREAS = 5  # below, the spread between areas cannot be told from chance
FLAT = 1e6  # shape at which the areas do not differ


@dataclass(frozen=True)
class Shrunk:
    """The rate of one area for one unit of exposure; ``weight`` is the share of its own count."""

    count: float
    exposure: float
    raw: float
    value: float
    low: float
    high: float
    weight: float


@dataclass(frozen=True)
class Rates:
    """``shape`` and ``rate`` describe how areas differ; ``spread`` is their standard deviation
    over their mean, 0 where chance alone explains the differences."""

    areas: tuple[Shrunk, ...]
    shape: float
    rate: float

    @property
    def mean(self) -> float:
        return self.shape / self.rate

    @property
    def spread(self) -> float:
        return 0.0 if self.shape >= FLAT else 1 / math.sqrt(self.shape)


def shrink(counts: Sequence[float], exposures: Sequence[float], confidence: float = 0.95) -> Rates:
    """The rates of areas by empirical Bayes.

    Parameters
    ----------
    counts
        events of each area, 0 or more.
    exposures
        inhabitants, or time, or both multiplied, of each area; above 0.
    confidence
        of the bounds.

    Raises
    ------
    ValueError
        where there are fewer than :data:`FEWEST_AREAS` areas, no event at all, or an exposure
        that is not above 0.
    """
    from scipy import stats  # type: ignore[import-untyped]

    y, e = np.asarray(counts, dtype=float), np.asarray(exposures, dtype=float)
    if len(y) != len(e) or len(y) < FEWEST_AREAS:
        raise ValueError(f"at least {FEWEST_AREAS} areas, each with its exposure, are needed")
    if not (np.isfinite(e).all() and (e > 0).all() and (y >= 0).all() and y.sum() > 0):
        raise ValueError("counts of 0 or more, not all 0, and exposures above 0 are needed")
    shape, rate = _fit(y, e)
    tail = (1 - confidence) / 2
    law = stats.gamma(shape + y, scale=1 / (rate + e))
    low, high = law.ppf(tail), law.ppf(1 - tail)
    areas = tuple(
        Shrunk(*map(float, (y[i], e[i], y[i] / e[i], law.mean()[i], low[i], high[i], w)))
        for i, w in enumerate(e / (rate + e))
    )
    return Rates(areas, shape, rate)


def _fit(y: np.ndarray, e: np.ndarray) -> tuple[float, float]:
    """Shape and rate of the gamma law under which these counts are the likeliest."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]
    from scipy.special import gammaln  # type: ignore[import-untyped]

    def surprise(at: np.ndarray) -> float:
        a, mean = math.exp(at[0]), math.exp(at[1])
        b = a / mean
        terms = gammaln(a + y) - gammaln(a) + a * np.log(b / (b + e)) + y * np.log(e / (b + e))
        return -float(terms.sum())

    overall = float(y.sum() / e.sum())
    bounds = [(math.log(1e-3), math.log(FLAT)), (math.log(overall) - 5, math.log(overall) + 5)]
    found = min(
        (
            minimize(surprise, [start, math.log(overall)], bounds=bounds, method="L-BFGS-B")
            for start in (-1.0, 1.5, 5.0)
        ),
        key=lambda one: float(one.fun),
    )
    shape, mean = (math.exp(value) for value in found.x)
    return shape, shape / mean
