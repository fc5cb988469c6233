"""What a population gains and loses between two censuses: births, deaths, and people who move.

Source: INSEE, definitions, "solde migratoire apparent" (the change between two censuses less
births and plus deaths, which also holds the errors of both censuses) and "taux de variation annuel
moyen". Censuses of communes are compared at least five years apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

FEWEST_YEARS = 5


@dataclass(frozen=True)
class Change:
    """Counts of people over ``years``; shares in % of the first population and year.

    ``annual`` is the geometric mean rate; it is shared out between the two balances in proportion
    to them, as INSEE does, so that ``natural_annual + migratory_annual == annual``.
    """

    first: float
    last: float
    years: float
    natural: float
    migratory: float
    annual: float
    natural_annual: float
    migratory_annual: float

    @property
    def change(self) -> float:
        return self.last - self.first


def population_change(
    first: float, last: float, years: float, births: float, deaths: float
) -> Change:
    """The balances of ``years`` between two censuses.

    Raises
    ------
    ValueError
        where a count is negative, nobody was there, or the censuses are less than five years apart.
    """
    numbers = (first, last, years, births, deaths)
    if not all(math.isfinite(n) and n >= 0 for n in numbers) or not first or not last:
        raise ValueError("a change needs two populations and counts of 0 or more")
    if years < FEWEST_YEARS:
        raise ValueError(f"censuses are compared at least {FEWEST_YEARS} years apart")
    natural = births - deaths
    change = last - first
    migratory = change - natural
    annual = annual_rate(first, last, years)
    # Without any change the mean over the years has no slope to share out.
    yearly = annual / change if change else 100 / first / years
    return Change(
        first, last, years, natural, migratory, annual, natural * yearly, migratory * yearly
    )


def annual_rate(first: float, last: float, years: float) -> float:
    """The rate in % that, year after year, leads from the first to the last."""
    if not first > 0 or not last > 0 or not years > 0:
        raise ValueError("a rate of change needs two populations and some years")
    return float(100 * ((last / first) ** (1 / years) - 1))
