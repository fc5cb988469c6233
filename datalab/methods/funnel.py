"""A funnel: how many of those who could went how far, with bounds on each share.

Bounds are Wilson's (E. Wilson, Probable inference, the law of succession, and statistical
inference, JASA 22, 1927), which stay between 0 and 1 and hold for small numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

FEWEST = 11  # homes below which no share is shown: it would tell of neighbours


@dataclass(frozen=True)
class Stage:
    """``share`` is of the stage before, ``whole`` of the first; None where too few to say."""

    name: str
    count: int
    share: float | None
    low: float | None
    high: float | None
    whole: float | None


def wilson(count: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """Bounds of a share, between 0 and 1."""
    if of < 1 or not 0 <= count <= of:
        raise ValueError("a share is a count of a larger one that is not 0")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, wide = count / of, z**2 / of
    middle = (share + wide / 2) / (1 + wide)
    reach = z * math.sqrt(share * (1 - share) / of + wide / of / 4) / (1 + wide)
    # At the ends the sum is exact but for its last digit.
    return (middle - reach if count else 0.0), (middle + reach if count < of else 1.0)


def funnel(stages: Sequence[tuple[str, int]], fewest: int = FEWEST) -> tuple[Stage, ...]:
    """Stage after stage, each within the one before.

    Raises
    ------
    ValueError
        where a stage is larger than the one before it, or negative.
    """
    made: list[Stage] = []
    for place, (name, count) in enumerate(stages):
        if count < 0 or (place and count > stages[place - 1][1]):
            raise ValueError(f"'{name}' is no part of the stage before it")
        of = stages[place - 1][1] if place else count
        said = of >= fewest
        low, high = wilson(count, of) if said else (None, None)
        first = stages[0][1]
        made.append(
            Stage(
                name,
                count,
                count / of if said else None,
                low,
                high,
                count / first if first >= fewest else None,
            )
        )
    return tuple(made)
