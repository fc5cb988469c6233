"""Who lives in the dwellings of a block, on how many m² and since when: groups of a census.

Vocabulary: a *stock* is groups of dwellings of one period, one size and one number of occupants,
each with its share; *homes* are what a mean dwelling of it needs apart from heating: hot water and
the electricity of its appliances; a *class* is the letter of the French energy label (DPE).

Sources: census of INSEE by period, floor area and occupants; tilting of shares to a known mean with
the least information added (Csiszár 1975, "I-divergence geometry"); adults equivalent and classes
of the 3CL-DPE 2021 (`datalab.methods.hot_water`, `datalab.methods.primary_energy`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq  # type: ignore[import-untyped]

from datalab.methods import dwelling_demand, hot_water
from datalab.methods.energy_carrier import Series
from datalab.methods.primary_energy import dpe_class

# m² of the middle of each class of floor area; the open ones are an assumption.
AREAS: Mapping[str, float] = {
    "under 30": 24, "30-40": 35, "40-60": 50, "60-80": 70, "80-100": 90, "100-120": 110,
    "120 and over": 140,
}  # fmt: skip
# The year whose default wall stands for a period of the census (see `dwelling_demand.WALLS`).
YEARS: Mapping[str, int] = {
    "before 1919": 1900, "1919-1945": 1930, "1946-1970": 1960, "1971-1990": 1974,
    "1991-2005": 1995, "since 2006": 2010,
}  # fmt: skip


@dataclass(frozen=True)
class Stock:
    """Groups of dwellings.

    Attributes
    ----------
    periods
        Name of the period of each group.
    areas
        m² per dwelling of each group.
    occupants
        People per dwelling.
    shares
        Share of the dwellings; their sum is 1.
    """

    periods: tuple[str, ...]
    areas: Series
    occupants: Series
    shares: Series

    @property
    def persons(self) -> float:
        """People per dwelling."""
        return float(self.shares @ self.occupants)

    @property
    def area(self) -> float:
        """m² per dwelling."""
        return float(self.shares @ self.areas)

    def sized(self, area: float) -> Stock:
        """The same dwellings, all larger or smaller by one factor, with that mean area."""
        if not area > 0:
            raise ValueError(f"a dwelling has more than 0 m², not {area}")
        return Stock(self.periods, self.areas * (area / self.area), self.occupants, self.shares)

    def settled(self, persons: float) -> Stock:
        """Shares tilted so that a dwelling holds that many people on average.

        Each share is multiplied by exp(k·people) and rescaled: of all shares with that mean, those
        that stay nearest to the ones given.
        """
        low, high = float(self.occupants.min()), float(self.occupants.max())
        if not low < persons < high:
            raise ValueError(
                f"{persons:g} people a dwelling, where the groups have {low:g} to {high:g}"
            )

        def tilted(k: float) -> Series:
            found = self.shares * np.exp(k * (self.occupants - persons))
            return np.asarray(found / found.sum())

        k = brentq(lambda k: float(tilted(k) @ self.occupants) - persons, -20, 20)
        return Stock(self.periods, self.areas, self.occupants, tilted(k))

    def walls(self) -> float:
        """U-value of the outer walls by default of 3CL for each period, weighed by area."""
        values = [dwelling_demand.wall(YEARS[period]) for period in self.periods]
        weights = self.shares * self.areas
        return float(weights @ np.array(values) / weights.sum())


@dataclass(frozen=True)
class Homes:
    """What a mean dwelling needs besides heating.

    Attributes
    ----------
    adults
        Adults equivalent of 3CL, for hot water.
    appliances
        kWh of electricity a year, without light, which counts with the building.
    """

    adults: float
    appliances: float


def stock(
    periods: Sequence[str], area_classes: Sequence[str], occupants: ArrayLike, dwellings: ArrayLike
) -> Stock:
    """The stock of some rows of a census, each with its number of dwellings."""
    weights, people = np.asarray(dwellings, float), np.asarray(occupants, float)
    if not weights.size or not weights.sum() > 0 or (weights < 0).any():
        raise ValueError("a stock needs dwellings, and no group has less than none")
    unknown = sorted({*area_classes} - set(AREAS)) + sorted({*periods} - set(YEARS))
    if unknown:
        raise ValueError(f"unknown classes: {', '.join(unknown)}")
    areas = np.array([AREAS[one] for one in area_classes], float)
    return Stock(tuple(periods), areas, people, weights / weights.sum())


def homes(
    of: Stock, occupants: ArrayLike, electricity: ArrayLike, weights: ArrayLike, *, light: float = 3
) -> Homes:
    """What the homes of a stock need, with a sample of households for their appliances.

    Parameters
    ----------
    occupants, electricity, weights
        Of the sample: people, kWh a year (light included, cooking and heat not) and weight.
    light
        kWh per m² and year taken off, since light is counted with the building.

    Raises
    ------
    ValueError
        where the sample has no household of some size that the stock has.
    """
    people, kwh = np.asarray(occupants, float), np.asarray(electricity, float)
    weight = np.asarray(weights, float)
    by_size = {}
    for size in sorted({float(one) for one in of.occupants}):
        own = people == size
        if not weight[own].sum() > 0:
            raise ValueError(f"the sample has no household of {size:g}")
        by_size[size] = float(kwh[own] @ weight[own] / weight[own].sum())
    used = float(of.shares @ np.array([by_size[float(one)] for one in of.occupants]))
    equivalents = [hot_water.adults(float(one)) for one in of.areas]
    return Homes(float(of.shares @ np.array(equivalents)), max(0.0, used - light * of.area))


def regulation(area: float, dwellings: int) -> Homes:
    """What 3CL-DPE 2021 counts for a mean flat: its adults, and 27 kWh/m² of other uses."""
    mean = area / dwellings
    return Homes(hot_water.adults(area, dwellings) / dwellings, 27.0 * mean)


def labels(
    of: Stock, *, heating: float, water: float, electricity: float, factor: float,
    heat_co2: float, electricity_co2: float = 0.064,
) -> dict[str, float]:  # fmt: skip
    """Share of the dwellings in each class of the DPE, as the method computes it.

    Parameters
    ----------
    heating
        kWh of heat bought for rooms, per m² and year, computed without prebound or rebound.
    water
        kWh of heat bought for hot water, per adult equivalent and year.
    electricity
        kWh of light, fans and pumps, per m² and year.
    factor
        Primary energy of electricity; that of heat is 1.
    heat_co2, electricity_co2
        kg CO₂e per kWh.

    Notes
    -----
    The general limits, without those of flats under 40 m²: a small flat may have a better letter.
    """
    found: dict[str, float] = {}
    for area, share in zip(of.areas, of.shares, strict=True):
        heat = heating + water * hot_water.adults(float(area)) / area
        primary = heat + electricity * factor
        letter = dpe_class(primary, heat * heat_co2 + electricity * electricity_co2)
        found[letter] = found.get(letter, 0.0) + float(share)
    return dict(sorted(found.items()))


def loss_of_class(
    letter: str, degree_hours: float, *, water: float, electricity: float, factor: float,
    delivery: float = 0.87,
) -> float:  # fmt: skip
    """The loss of a dwelling in the middle of a class, W/(K·m²): a class as input of the model.

    Parameters
    ----------
    degree_hours
        °C·h below the temperature without heating, over the heating season.
    water
        kWh of heat bought for hot water, per m² and year.
    delivery
        Share of the heat bought that reaches the rooms.
    """
    if not degree_hours > 0:
        raise ValueError("no loss can be read from a climate without heating")
    heat = dwelling_demand.heat_of_class(letter, electricity=electricity, factor=factor)
    return max(0.0, heat - water) * delivery * 1000 / degree_hours
