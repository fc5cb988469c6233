"""What a home would have used in a normal year: degree days, and PRISM's straight line.

A meter says how much was used, not why. In the PRISM model the use of a period is
``E = a · days + b · degree days``: ``a`` is what does not depend on the weather (kWh a day), ``b``
what each degree-day of heating costs (kWh per °C·day, not negative). The *normal annual
consumption* is the same line over a reference year. Only the part ``b`` is corrected: hot water and
light do not follow the cold.

Sources: M. F. Fels, PRISM: an introduction, Energy and Buildings 9, 1986, pages 5–18; ASHRAE
Guideline 14-2014 for CV(RMSE) and for the uncertainty of a saving; base 17 °C is that of the French
service of energy statistics (SDES) for heating degree days.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

BASE = 17.0  # °C, SDES
FEWEST = 9  # periods below which a line says nothing: three quarters of a year of months
BASES = tuple(float(base) for base in np.arange(12, 22.5, 0.5))


@dataclass(frozen=True)
class Line:
    """One home's line over one reference period; ``enough`` is False below :data:`FEWEST`."""

    base_load: float  # kWh a day
    slope: float  # kWh per °C·day
    base: float  # °C
    n: int
    r2: float
    cv_rmse: float  # of the mean, ASHRAE Guideline 14
    residual: float  # kWh, standard deviation of a period around the line
    covariance: tuple[tuple[float, float], tuple[float, float]]

    def expected(self, degree_days: float, days: float) -> float:
        """kWh that the line gives for so many °C·day in so many days."""
        return self.base_load * days + self.slope * degree_days

    def error(self, degree_days: float, days: float, periods: int = 0) -> float:
        """Standard error of that, kWh; with ``periods`` that of a sum of so many new periods."""
        place = np.array([days, degree_days])
        spread = place @ np.array(self.covariance) @ place
        return math.sqrt(max(0.0, float(spread)) + periods * self.residual**2)


@dataclass(frozen=True)
class Avoided:
    """Expected less measured, in kWh: above zero is saved. ``low`` and ``high`` bound it."""

    expected: float
    measured: float
    saved: float
    low: float
    high: float
    share: float  # of what was expected
    periods: int
    confidence: float


def degree_days(temperatures: Sequence[float], base: float = BASE) -> float:
    """°C·day of heating in days of these mean temperatures (°C): Σ max(0, base − t)."""
    days = np.asarray(temperatures, dtype=float)
    if not np.isfinite(days).all():
        raise ValueError("a day without a temperature has no degree days: leave its period out")
    return float(np.maximum(0.0, base - days).sum())


def fit(
    consumption: Sequence[float],
    temperatures: Sequence[Sequence[float]],
    bases: Sequence[float] = BASES,
) -> Line | None:
    """The line of a home; None below :data:`FEWEST` periods.

    Parameters
    ----------
    consumption
        kWh of each period (a month, a fortnight), not negative.
    temperatures
        mean temperature (°C) of each day of each period.
    bases
        base temperatures that are tried: PRISM takes the one with the best R².

    Raises
    ------
    ValueError
        where the two differ in length, or a number is missing or negative.
    """
    used = np.asarray(consumption, dtype=float)
    if len(used) != len(temperatures):
        raise ValueError("each period needs its consumption and its days")
    if not np.isfinite(used).all() or (used < 0).any():
        raise ValueError("a consumption is a finite number of 0 kWh or more")
    if len(used) < FEWEST:
        return None
    days = np.array([float(len(period)) for period in temperatures])
    lines = [
        _line(used, days, np.array([degree_days(period, base) for period in temperatures]), base)
        for base in bases
    ]
    return max(lines, key=lambda line: line.r2)


def _line(used: np.ndarray, days: np.ndarray, cold: np.ndarray, base: float) -> Line:
    design = np.column_stack([days, cold])
    flat = not cold.any()
    if not flat:
        found = np.linalg.lstsq(design, used, rcond=None)[0]
        flat = found[1] < 0 or np.linalg.matrix_rank(design) < 2
    if flat:  # it does not heat, or not with this energy
        found = np.array([used.sum() / days.sum(), 0.0])
    left = used - design @ found
    free = len(used) - (1 if flat else 2)
    variance = float(left @ left) / free
    if flat:
        spread = np.array([[variance / float(days @ days), 0.0], [0.0, 0.0]])
    else:
        spread = variance * np.linalg.inv(design.T @ design)
    around = float(((used - used.mean()) ** 2).sum())
    mean = float(used.mean())
    covariance = (
        (float(spread[0, 0]), float(spread[0, 1])),
        (float(spread[1, 0]), float(spread[1, 1])),
    )
    return Line(
        base_load=float(found[0]),
        slope=float(found[1]),
        base=base,
        n=len(used),
        r2=max(0.0, 1 - float(left @ left) / around) if around > 0 else 0.0,
        cv_rmse=math.sqrt(variance) / mean if mean > 0 else math.nan,
        residual=math.sqrt(variance),
        covariance=covariance,
    )


def avoided(
    line: Line,
    consumption: Sequence[float],
    temperatures: Sequence[Sequence[float]],
    confidence: float = 0.95,
) -> Avoided:
    """What a home saved against its own past, at the weather of now.

    ``consumption`` (kWh) and ``temperatures`` (°C, day by day) are those of the periods since. The
    bounds hold the error of the line and the chance of each new period, by Student's law; what
    changed in the home besides (a birth, a heat pump) they do not know.
    """
    if len(consumption) != len(temperatures):
        raise ValueError("each period needs its consumption and its days")
    days = float(sum(len(period) for period in temperatures))
    cold = sum(degree_days(period, line.base) for period in temperatures)
    expected, measured = line.expected(cold, days), float(sum(consumption))
    free = line.n - (2 if line.slope else 1)
    reach = float(stats.t.ppf((1 + confidence) / 2, free))
    reach *= line.error(cold, days, len(consumption))
    saved = expected - measured
    share = saved / expected if expected > 0 else math.nan
    return Avoided(
        expected, measured, saved, saved - reach, saved + reach, share, len(consumption), confidence
    )


def normal_annual(
    consumption: np.ndarray, cold: np.ndarray, days: np.ndarray, reference: float, year: float = 365
) -> np.ndarray:
    """Normal annual consumption of many homes at once, at one base temperature.

    Parameters
    ----------
    consumption
        kWh, one row per home and one column per period; a row with a gap (NaN) gives NaN.
    cold, days
        °C·day and days of each period.
    reference, year
        °C·day and days of the reference year.

    Returns
    -------
    kWh a year, one per home.
    """
    design = np.column_stack([days, cold]).astype(float)
    used = np.atleast_2d(np.asarray(consumption, dtype=float))
    whole = np.isfinite(used).all(axis=1)
    found = np.linalg.lstsq(design, np.where(whole[:, None], used, 0.0).T, rcond=None)[0]
    rising = found[1] > 0
    load = np.where(rising, found[0], used.sum(axis=1) / design[:, 0].sum())
    slope = np.where(rising, found[1], 0.0)
    return np.where(whole, load * year + slope * reference, np.nan)
