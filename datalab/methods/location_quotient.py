"""How concentrated something is in a place, beside a larger territory.

Source: P. S. Florence, Investment, Location and Size of Plant, Cambridge, 1948; W. Isard, Methods
of Regional Analysis, MIT Press, 1960, chapter 7.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

FEWEST = 30  # units of the place below which a quotient says little


def location_quotient(part: float, whole: float, part_there: float, whole_there: float) -> float:
    """(x / X) / (x_r / X_r): 1 as in the larger territory, 2 twice the share. No unit.

    Raises
    ------
    ValueError
        where a count is negative or larger than its whole, or the larger territory has none.
    """
    numbers = (part, whole, part_there, whole_there)
    if not all(math.isfinite(number) and number >= 0 for number in numbers):
        raise ValueError("a location quotient is made of counts of 0 or more")
    if part > whole or part_there > whole_there:
        raise ValueError("a part is not larger than its whole")
    if not whole or not part_there:
        raise ValueError("a location quotient needs something here and some of it there")
    return (part / whole) / (part_there / whole_there)


def location_quotients(
    here: Mapping[str, float], there: Mapping[str, float]
) -> dict[str, float | None]:
    """The quotient of each category of a place; None for one that the territory has not.

    Their mean, weighted by the shares of the territory, is 1.
    """
    whole, whole_there = math.fsum(here.values()), math.fsum(there.values())
    return {
        name: location_quotient(count, whole, there[name], whole_there) if there[name] else None
        for name, count in here.items()
    }
