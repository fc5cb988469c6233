"""How many people of the ages that others provide for there are, beside those who provide.

Sources: United Nations, World Population Prospects, definitions (dependency ratios of ages 0–14 and
65 or more beside 15–64, or 0–19 and 65 or more beside 20–64: the ages are part of the figure);
INSEE, definitions, "indice de vieillissement" (65 or more for 100 people under 20).
"""

from __future__ import annotations

import math


def dependency_ratio(young: float, middle: float, old: float) -> float:
    """(young + old) for 100 people of the ages between; say which ages beside it.

    Raises
    ------
    ValueError
        where a count is negative or nobody is between.
    """
    if not all(math.isfinite(n) and n >= 0 for n in (young, middle, old)) or not middle:
        raise ValueError("a dependency ratio needs counts of 0 or more, and somebody between")
    return 100 * (young + old) / middle


def ageing_index(old: float, young: float) -> float:
    """People of 65 or more for 100 under 20.

    Raises
    ------
    ValueError
        where a count is negative or nobody is young.
    """
    if not all(math.isfinite(n) and n >= 0 for n in (old, young)) or not young:
        raise ValueError("an ageing index needs counts of 0 or more, and somebody young")
    return 100 * old / young
