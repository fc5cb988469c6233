"""How a sample differs from its population, category by category, and whether chance explains it.

Pearson's chi-square (K. Pearson, Philosophical Magazine 50, 1900) asks whether the differences are
larger than those of people chosen by lot. Who answers a questionnaire was not chosen by lot, so a
small value proves nothing, and with many answers every small difference shows: the differences in
points are what to read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

SMALLEST_EXPECTED = 5.0  # below, the chi-square approximates badly (W. G. Cochran, 1954)


@dataclass(frozen=True)
class Share:
    """``expected`` and ``obtained`` are shares of 1; ``points`` their difference in points."""

    category: str
    expected: float
    count: int
    obtained: float

    @property
    def points(self) -> float:
        return 100 * (self.obtained - self.expected)


@dataclass(frozen=True)
class Comparison:
    """``unknown`` people are in no category of the population; they count in no share."""

    shares: tuple[Share, ...]
    count: int
    unknown: int
    chi_square: float
    degrees: int
    p_value: float
    reliable: bool


def compare(counts: Mapping[str, int], margin: Mapping[str, float]) -> Comparison:
    """Counts of a sample beside the sizes of its population.

    Raises
    ------
    ValueError
        where the population is empty or a size is negative.
    """
    total = sum(margin.values())
    if not total > 0 or any(size < 0 for size in margin.values()):
        raise ValueError("a population has sizes of 0 or more, not all 0")
    inside = {category: counts.get(category, 0) for category in margin}
    count = sum(inside.values())
    shares = tuple(
        Share(category, size / total, inside[category], inside[category] / count if count else 0.0)
        for category, size in margin.items()
    )
    expected = [share.expected * count for share in shares if share.expected > 0]
    squares = [
        (share.count - share.expected * count) ** 2 / (share.expected * count)
        for share in shares
        if share.expected * count > 0
    ]
    degrees = max(0, len(expected) - 1)
    chi_square = math.fsum(squares)
    return Comparison(
        shares,
        count,
        sum(counts.values()) - count,
        chi_square,
        degrees,
        chi_square_tail(chi_square, degrees),
        bool(expected) and min(expected) >= SMALLEST_EXPECTED,
    )


def chi_square_tail(value: float, degrees: int) -> float:
    """P(X ≥ value) of a chi-square with ``degrees`` degrees of freedom; 1 for none.

    By the recurrence of the incomplete gamma function, Q(a+1, x) = Q(a, x) + xᵃe⁻ˣ/Γ(a+1), from
    Q(1, x) = e⁻ˣ or Q(½, x) = erfc(√x) (Abramowitz and Stegun, 6.5.21).
    """
    if degrees < 1 or value <= 0:
        return 1.0
    x = value / 2
    a, tail = (1.0, math.exp(-x)) if degrees % 2 == 0 else (0.5, math.erfc(math.sqrt(x)))
    while a + 0.5 < degrees / 2:
        tail += math.exp(a * math.log(x) - x - math.lgamma(a + 1))
        a += 1
    return min(1.0, tail)
