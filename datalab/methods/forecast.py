"""What comes next in a series with a season, with intervals.

Two methods: *seasonal naive*, the value of the same day of the last season, against which every
other one has to prove itself; and *exponential smoothing* with an additive season, the innovations
state space model ETS(A,N,A) of Hyndman, Koehler, Ord and Snyder, Forecasting with Exponential
Smoothing (2008), whose variances are in table 6.2; both as in Hyndman and Athanasopoulos,
Forecasting: Principles and Practice (3rd edition, 2021), sections 5.5 and 8.7. Counts are smoothed
on the scale 2√(x + 3/8), on which Poisson's spread is nearly constant (Anscombe, 1948, Biometrika
35), so that no interval falls below 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
FEWEST_SEASONS = 8  # whole seasons of history before anything is forecast


@dataclass(frozen=True)
class Forecast:
    """``quantiles[i][h]`` is the value below which step ``h`` falls with probability
    ``levels[i]``."""

    method: str
    levels: tuple[float, ...]
    quantiles: tuple[tuple[float, ...], ...]

    def at(self, level: float) -> tuple[float, ...]:
        return self.quantiles[self.levels.index(level)]

    @property
    def middle(self) -> tuple[float, ...]:
        return self.at(0.5)


@dataclass(frozen=True)
class Smoothed:
    """Fitted weights and the state after the last value.

    ``gamma`` weighs an error in the season: the book's γ, that is γ*(1 − α).
    """

    alpha: float
    gamma: float
    start: float
    level: float
    season: tuple[float, ...]
    deviation: float


def seasonal_naive(
    values: Sequence[float],
    season: int,
    horizon: int,
    *,
    counts: bool = False,
    levels: Sequence[float] = LEVELS,
) -> Forecast:
    """The values of the last season again; spread by how much seasons differed so far.

    Parameters
    ----------
    values
        one for each step, oldest first, at least two seasons.
    season
        steps of a season: 7 for days of a week, 1 for none.
    horizon
        steps ahead.
    counts
        whether values are counts, which do not fall below 0.
    """
    z = _there(values, season, 2 * season, counts)
    spread = float(np.sqrt(np.mean((z[season:] - z[:-season]) ** 2)))
    centre = [float(z[len(z) - season + step % season]) for step in range(horizon)]
    errors = [spread * math.sqrt(step // season + 1) for step in range(horizon)]
    return _forecast("seasonal-naive", centre, errors, levels, counts)


def smooth(
    values: Sequence[float],
    season: int,
    horizon: int,
    *,
    counts: bool = False,
    levels: Sequence[float] = LEVELS,
) -> Forecast:
    """Exponential smoothing with an additive season. Parameters as :func:`seasonal_naive`."""
    found = fit(values, season, counts=counts)
    centre, errors = [], []
    for step in range(horizon):
        centre.append(found.level + found.season[step % season])
        whole = step // season
        growth = found.alpha**2 * step + found.gamma * whole * (2 * found.alpha + found.gamma)
        errors.append(found.deviation * math.sqrt(1 + growth))
    return _forecast("smoothing", centre, errors, levels, counts)


def fit(values: Sequence[float], season: int, *, counts: bool = False) -> Smoothed:
    """The weights with the least squared one-step errors.

    Without a season (``season`` 1) the first level is estimated too, as in the worked example of
    the book.

    Raises
    ------
    ValueError
        where there are fewer than two seasons, or a value is not finite (or a count below 0).
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    z = _there(values, season, max(2 * season, 4), counts)
    level, shape = _beginning(z, season)
    scale = float(z.std()) or 1.0

    def lost(at: np.ndarray) -> float:
        start = level if season > 1 else level + float(at[2]) * scale
        return _run(z, season, float(at[0]), float(at[1]), start, shape)[0] / scale**2

    bounds = [(1e-4, 0.9999), (0.0, 0.9999) if season > 1 else (0.0, 0.0), (-5.0, 5.0)]
    tries = [
        minimize(lost, np.array(first), bounds=bounds, method="L-BFGS-B")
        for first in ([0.2, 0.05 * (season > 1), 0.0], [0.7, 0.1 * (season > 1), 0.0])
    ]
    best = min(tries, key=lambda one: float(one.fun))
    alpha, gamma = float(best.x[0]), float(best.x[1])
    start = level if season > 1 else level + float(best.x[2]) * scale
    squares, last, after = _run(z, season, alpha, gamma, start, shape)
    # Fitted: α and the first level; with a season γ and its first values as well.
    free = max(1, len(z) - 2 - (season if season > 1 else 0))
    weight = gamma * (1 - alpha)
    return Smoothed(alpha, weight, start, last, tuple(after), math.sqrt(squares / free))


def _run(
    z: np.ndarray, season: int, alpha: float, gamma: float, level: float, shape: Sequence[float]
) -> tuple[float, float, list[float]]:
    """Squared errors, the last level, and the season from the next step on."""
    state, squares = list(shape), 0.0
    gamma *= 1 - alpha  # the usual range, as in the book
    for step, value in enumerate(z.tolist()):
        place = step % season
        error = value - level - state[place]
        squares += error * error
        level += alpha * error
        state[place] += gamma * error
    turn = len(z) % season
    return squares, level, state[turn:] + state[:turn]


def _beginning(z: np.ndarray, season: int) -> tuple[float, list[float]]:
    """The first level and season, from the first few seasons."""
    if season == 1:
        return float(z[0]), [0.0]
    many = min(len(z) // season, 4)
    block = z[: many * season].reshape(many, season)
    shape = (block - block.mean(axis=1, keepdims=True)).mean(axis=0)
    return float(z[:season].mean()), [float(one) for one in shape]


def _there(values: Sequence[float], season: int, fewest: int, counts: bool) -> np.ndarray:
    z = np.asarray(values, dtype=float)
    if season < 1 or len(z) < fewest:
        raise ValueError(f"at least {fewest} values are needed, there are {len(z)}")
    if not np.isfinite(z).all() or (counts and (z < 0).any()):
        raise ValueError("values are finite, and counts not below 0")
    return 2 * np.sqrt(z + 0.375) if counts else z


def _forecast(
    method: str,
    centre: Sequence[float],
    errors: Sequence[float],
    levels: Sequence[float],
    counts: bool,
) -> Forecast:
    def plain(value: float) -> float:
        return max(0.0, (max(value, 0.0) / 2) ** 2 - 0.375) if counts else value

    law = NormalDist()
    lines = tuple(
        tuple(plain(m + law.inv_cdf(level) * s) for m, s in zip(centre, errors, strict=True))
        for level in levels
    )
    return Forecast(method, tuple(levels), lines)


METHODS: dict[str, Callable[..., Forecast]] = {
    "seasonal-naive": seasonal_naive,
    "smoothing": smooth,
}
