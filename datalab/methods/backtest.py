"""How good forecasts would have been: from many past days, each knowing only what came before it.

Rolling origin: L. Tashman (2000), Out-of-sample tests of forecasting accuracy, International
Journal of Forecasting 16. Scores: MASE, the mean absolute error over that of the seasonal naive
method one season ahead within the history (Hyndman and Koehler, 2006, same journal 22); the pinball
loss of quantiles (Koenker and Bassett, 1978, Econometrica 46); and coverage, the share of values
that fell into an interval, which should be what the interval promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from datalab.methods.forecast import FEWEST_SEASONS, LEVELS, METHODS, Forecast

FEWEST_ORIGINS = 10
FEWEST_EVENTS = 100  # of a series of counts


@dataclass(frozen=True)
class Shortage:
    """Not enough data: ``found`` of ``needed`` ``what`` ("steps" or "events")."""

    what: str
    found: int
    needed: int


@dataclass(frozen=True)
class Score:
    """Of one method over all origins and steps. ``wins`` is the share of origins at which its
    absolute error is below that of the seasonal naive method."""

    method: str
    mae: float
    mase: float
    pinball: float
    coverage_80: float
    coverage_95: float
    width_80: float
    wins: float


@dataclass(frozen=True)
class Backtest:
    """``origins`` are positions of the first value that was forecast."""

    origins: tuple[int, ...]
    horizon: int
    scores: tuple[Score, ...]

    def of(self, method: str) -> Score:
        return next(score for score in self.scores if score.method == method)

    @property
    def best(self) -> Score:
        """The method with the least pinball loss, which judges middle and intervals together."""
        return min(self.scores, key=lambda score: score.pinball)


def needed(season: int, horizon: int, step: int) -> int:
    """Fewest steps of a series that can be judged."""
    return FEWEST_SEASONS * season + (FEWEST_ORIGINS - 1) * step + horizon


def shortage(
    values: Sequence[float], season: int, horizon: int, *, step: int, counts: bool = False
) -> Shortage | None:
    """What is missing for a judgement, if anything."""
    fewest = needed(season, horizon, step)
    if len(values) < fewest:
        return Shortage("steps", len(values), fewest)
    if counts and sum(values) < FEWEST_EVENTS:
        return Shortage("events", int(sum(values)), FEWEST_EVENTS)
    return None


def backtest(
    values: Sequence[float],
    season: int,
    horizon: int,
    *,
    step: int | None = None,
    window: int | None = None,
    most: int = 40,
    counts: bool = False,
) -> Backtest | Shortage:
    """Every method from every origin.

    Parameters
    ----------
    values
        one for each step, oldest first.
    season, horizon
        in steps.
    step
        from one origin to the next; ``horizon`` where not given, so that none is judged twice.
    window
        most steps of history that a method sees; all where not given.
    most
        origins at most, the latest ones.
    counts
        whether values are counts.

    Returns
    -------
    A :class:`Shortage` where the series is too short or too thin to be judged.
    """
    step = step or horizon
    missing = shortage(values, season, horizon, step=step, counts=counts)
    if missing is not None:
        return missing
    y = np.asarray(values, dtype=float)
    first = FEWEST_SEASONS * season
    origins = list(range(len(y) - horizon, first - 1, -step))[:most][::-1]
    history = y[: origins[-1]]
    scale = float(np.abs(history[season:] - history[:-season]).mean()) or 1.0
    truth = np.array([y[origin : origin + horizon] for origin in origins])
    errors, scores = {}, []
    for name, method in METHODS.items():
        made = [
            method(y[max(0, at - (window or at)) : at], season, horizon, counts=counts)
            for at in origins
        ]
        errors[name] = np.abs(truth - np.array([one.middle for one in made]))
        scores.append(_score(name, made, truth, errors[name], scale))
    naive = errors["seasonal-naive"].mean(axis=1)
    return Backtest(
        tuple(origins),
        horizon,
        tuple(
            Score(**{**vars(s), "wins": float((errors[s.method].mean(axis=1) < naive).mean())})
            for s in scores
        ),
    )


def _score(
    name: str, made: Sequence[Forecast], truth: np.ndarray, error: np.ndarray, scale: float
) -> Score:
    quantiles = {level: np.array([one.at(level) for one in made]) for level in LEVELS}
    losses = [pinball(truth, quantiles[level], level) for level in LEVELS]
    inside_80 = (truth >= quantiles[0.1]) & (truth <= quantiles[0.9])
    inside_95 = (truth >= quantiles[0.025]) & (truth <= quantiles[0.975])
    return Score(
        name,
        float(error.mean()),
        float(error.mean()) / scale,
        float(np.mean(losses)),
        float(inside_80.mean()),
        float(inside_95.mean()),
        float((quantiles[0.9] - quantiles[0.1]).mean()),
        0.0,
    )


def pinball(truth: np.ndarray, quantile: np.ndarray, level: float) -> float:
    """Mean loss of a quantile: ``level`` for each unit above it, ``1 - level`` for each below."""
    gap = truth - quantile
    return float(np.where(gap >= 0, level * gap, (level - 1) * gap).mean())
