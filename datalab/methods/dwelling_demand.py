"""What dwellings use before and after works: heat, hot water, electricity, kWh of final energy.

Vocabulary: an *envelope* is the U-values and air change of a building, W/(m²·K) and volumes an
hour; *loss* is what a building loses per degree and m² of floor; *prebound* is how much less than
computed cold homes really use, *rebound* how much more warm ones do.

Sources: EN ISO 52016-1, steady state, with degree hours; 3CL-DPE 2021 (default U-values of walls by
period, zone H1, Open3CL/engine src/tv.js; hot water); Sunikka-Blank & Galvin 2012, doi
10.1080/09613218.2012.690952 (prebound: 30 % below the computed use on average).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from datalab.methods import degree_days, hot_water
from datalab.methods.energy_carrier import Series
from datalab.methods.primary_energy import CLASSES

HEIGHT = 2.5  # m under the ceiling
AIR = 0.34  # Wh/(m³·K)
# 3CL default U-value of an outer wall of unknown build-up, zone H1, heated otherwise than by
# electricity, by the first year of the period.
WALLS: Mapping[int, float] = {
    0: 2.5, 1975: 1.0, 1978: 1.0, 1983: 0.8, 1989: 0.5, 2001: 0.4, 2006: 0.36, 2013: 0.23,
}  # fmt: skip
# Shares of the day's hot water by hour: morning and evening. An assumption.
TAP = np.array([1, 0, 0, 0, 0, 2, 6, 9, 8, 5, 4, 4, 5, 4, 3, 3, 3, 5, 8, 9, 8, 6, 4, 2], float)


@dataclass(frozen=True)
class Envelope:
    """U-values in W/(m²·K), thermal bridges in W/(K·m² of floor), air change in volumes an hour."""

    wall: float
    window: float
    roof: float
    floor: float
    bridges: float
    air: float


@dataclass(frozen=True)
class Shape:
    """m² of each part per m² of floor; the defaults are a slab of five storeys."""

    wall: float = 0.45
    window: float = 0.17
    roof: float = 0.20
    floor: float = 0.20
    buffer: float = 0.8
    """What is under the floor is this share as cold as outside."""


@dataclass(frozen=True)
class Demand:
    """Final energy of dwellings in each hour, kWh."""

    heating: Series
    hot_water: Series

    @property
    def heat(self) -> Series:
        return self.heating + self.hot_water


def wall(year: int) -> float:
    """The U-value the French method gives an outer wall of a building of that year."""
    return WALLS[max(first for first in WALLS if first <= year)]


def loss(envelope: Envelope, shape: Shape | None = None) -> float:
    """W lost per K and m² of floor."""
    s = shape or Shape()
    through = (
        envelope.wall * s.wall
        + envelope.window * s.window
        + envelope.roof * s.roof
        + envelope.floor * s.floor * s.buffer
        + envelope.bridges
    )
    return through + AIR * envelope.air * HEIGHT


def demand(
    temperature: ArrayLike,
    *,
    area: float,
    dwellings: int,
    loss: float,
    base: float,
    behaviour: float = 1.0,
    delivery: float = 0.87,
    water_delivery: float = 0.75,
    cold: ArrayLike = hot_water.COLD_H1C,
    equivalents: float | None = None,
) -> Demand:
    """Heat delivered to dwellings in each hour of a year, kWh.

    Parameters
    ----------
    temperature
        Outside, °C, 8,760 hours.
    area, dwellings
        m² of living area in all, and number of dwellings.
    loss
        W/(K·m²), from `loss`.
    base
        °C outside from which no heating is needed.
    behaviour
        Real over computed heating: below 1 prebound, above 1 rebound.
    delivery, water_delivery
        Share of the heat bought that reaches rooms and taps; the rest is lost in pipes and
        controls of the building.
    equivalents
        Adults equivalent of all dwellings; those of flats of the mean size if not given.
    """
    if not 0 < delivery <= 1 or not 0 < water_delivery <= 1:
        raise ValueError("delivery is above 0 and at most 1")
    on = degree_days.season()
    rooms = degree_days.heating(temperature, loss, base=base, season=on) * area / 1000
    people = hot_water.adults(area, dwellings) if equivalents is None else equivalents
    months = hot_water.need(people, cold)
    taps = hot_water.hourly(months, TAP)
    return Demand(rooms * behaviour / delivery, taps / water_delivery)


def saving(before: float, after: float) -> float | None:
    """The drop from ``before`` to ``after`` as a share of ``before``; None from nothing."""
    return (before - after) / before if before > 0 else None


def heat_of_class(
    letter: str, *, electricity: float, factor: float, heat_factor: float = 1.0
) -> float:
    """The heat that a dwelling of a DPE class uses at the middle of its class, kWh per m² and year.

    What is left of its primary energy once ``electricity`` (kWh per m² for pumps, fans and light)
    times its ``factor`` is taken off. A class is a label of computed use, not a reading.
    """
    letters = list(CLASSES)
    if letter not in letters:
        raise ValueError(f"class {letter!r} has no middle; known: {', '.join(letters)}")
    i = letters.index(letter)
    lower = CLASSES[letters[i - 1]][0] if i else 0.0
    middle = (lower + CLASSES[letter][0]) / 2
    return max(0.0, (middle - electricity * factor) / heat_factor)
