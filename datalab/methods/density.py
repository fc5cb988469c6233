"""How many of something there are for the people and the ground they are among.

Sources: Breslow and Day (1987), Statistical methods in cancer research II, IARC 82, p. 69, for
Byar's approximation of the exact bounds of a count that follows Poisson's law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Rate:
    """``count`` for every ``per`` of ``size``, with the bounds that chance alone explains."""

    count: int
    size: float
    per: float
    value: float
    low: float
    high: float


def rate(count: int, size: float, per: float = 1.0, confidence: float = 0.95) -> Rate:
    """``count`` in a population (or on an area) of ``size``, for every ``per`` of it.

    ``rate(12, 2125, 1000)`` is 12 among 2,125 inhabitants for every 1,000: 5.65.

    Raises
    ------
    ValueError
        where the count is negative, or the size is not above zero.
    """
    if count < 0 or not size > 0 or not math.isfinite(size):
        raise ValueError("a rate needs a count of 0 or more and a size above 0")
    low, high = poisson_bounds(count, confidence)
    scale = per / size
    return Rate(count, size, per, count * scale, low * scale, high * scale)


def poisson_bounds(count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Bounds of the mean of which ``count`` was seen (Byar)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    low = count * (1 - 1 / (9 * count) - z / (3 * math.sqrt(count))) ** 3 if count else 0.0
    more = count + 1
    high = more * (1 - 1 / (9 * more) + z / (3 * math.sqrt(more))) ** 3
    return max(0.0, low), high
