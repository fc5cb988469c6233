"""Which of several places is best by several criteria, and how sure that is.

A criterion is a column of numbers, more being better. What is unsure (weights, distances, places)
is drawn many times; a rank is told as the share of draws in which a place is among the best.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FEWEST = 200  # draws below which no share is told
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Standing:
    """How a place stands over all draws. ``top`` is the share of draws in which it is among the
    first ``places``, ``low`` and ``high`` bound it (95 %); ranks are the 5th, 50th and 95th
    hundredths, 1 being the best."""

    name: str
    top: float
    low: float
    high: float
    first: float
    rank: float
    rank_low: float
    rank_high: float


def scaled(values: ArrayLike) -> Matrix:
    """Each column between 0 (the worst place) and 1 (the best); 0.5 where all are alike.

    Notes
    -----
    Min-max: OECD and JRC (2008), "Handbook on Constructing Composite Indicators", 5.2.
    """
    table = np.asarray(values, float)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError("a finite number is needed for each place and criterion")
    low, high = table.min(axis=0), table.max(axis=0)
    span = high - low
    return np.asarray(np.where(span > 0, (table - low) / np.where(span > 0, span, 1), 0.5))


def scores(values: ArrayLike, weights: ArrayLike) -> Matrix:
    """The weighted sum of the scaled criteria of each place, between 0 and 1.

    Weights are not negative and are brought to a sum of one.
    """
    asked = np.asarray(weights, float)
    if not (np.isfinite(asked).all() and (asked >= 0).all() and asked.sum() > 0):
        raise ValueError("weights are finite, none is negative, one at least is above zero")
    return np.asarray(scaled(values) @ (asked / asked.sum()))


def draw_weights(stated: Sequence[float], draws: int, seed: int, firmness: float = 10.0) -> Matrix:
    """Weights around the stated ones: (draws, criteria), rows add up to one.

    Parameters
    ----------
    firmness
        of the Dirichlet law: 10 lets a weight of 0.3 vary by about ±0.14 (one standard deviation,
        ``sqrt(w (1 - w) / (firmness + 1))``).

    Notes
    -----
    Weights as random numbers: R. Lahdelma, J. Hokkanen and P. Salminen (1998), "SMAA - Stochastic
    multiobjective acceptability analysis", European Journal of Operational Research 106, 137-143.
    """
    asked = np.asarray(stated, float)
    if not ((asked > 0).all() and firmness > 0):
        raise ValueError("stated weights and their firmness are above zero")
    found = np.random.default_rng(seed).dirichlet(asked / asked.sum() * firmness, size=draws)
    return np.asarray(found)


def standings(names: Sequence[str], drawn: Iterable[ArrayLike], places: int = 3) -> list[Standing]:
    """How each place stands over the ``drawn`` scores, the most often among the best first.

    Raises
    ------
    ValueError
        below 200 draws: not enough to tell a share.

    Notes
    -----
    Interval of a share: E. B. Wilson (1927), JASA 22(158), 209-212. It tells how well the share is
    known from so many draws, not how true the criteria are.
    """
    table = np.asarray([np.asarray(one, float) for one in drawn])
    if len(table) < FEWEST:
        raise ValueError(f"not enough draws: {len(table)}, {FEWEST} at least")
    order = np.argsort(-table, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, table.shape[1] + 1)[None, :], axis=1)
    found = []
    for column, name in enumerate(names):
        own = ranks[:, column]
        share = float((own <= places).mean())
        low, high = interval(share, len(table))
        low_rank, middle, high_rank = (float(np.quantile(own, q)) for q in (0.05, 0.5, 0.95))
        first = float((own == 1).mean())
        found.append(Standing(name, share, low, high, first, middle, low_rank, high_rank))
    return sorted(found, key=lambda one: (-one.top, one.rank, one.name))


def interval(share: float, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's interval of a share of ``count``."""
    if count < 1 or not 0 <= share <= 1:
        raise ValueError("a share is between 0 and 1, of one at least")
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count**2))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))
