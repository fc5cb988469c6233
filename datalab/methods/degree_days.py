"""Heating degree days of a series of temperatures, and heat loss that follows them.

Sources: the day method of Météo-France and COSTIC for degree days "unified" to 18 °C is not used,
since it needs the day's extremes; here the mean of each hour counts, as in EN ISO 15927-6:2007.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from datalab.methods.energy_carrier import Series


def degree_hours(temperature: ArrayLike, base: float = 18.0) -> Series:
    """What each hour is colder than ``base``, °C·h."""
    found = np.asarray(temperature, float)
    if not np.isfinite(found).all():
        raise ValueError(f"temperature is missing in {(~np.isfinite(found)).sum()} hours")
    return np.clip(base - found, 0.0, None)


def degree_days(temperature: ArrayLike, base: float = 18.0) -> float:
    """Heating degree days of whole days of hourly temperatures, from their daily means, °C·day."""
    found = np.asarray(temperature, float)
    if found.size % 24:
        raise ValueError(f"{found.size} hours are not whole days")
    return float(degree_hours(found.reshape(-1, 24).mean(axis=1), base).sum())


def heating(
    temperature: ArrayLike, loss: float, *, base: float = 18.0, season: ArrayLike | None = None
) -> Series:
    """Heat that a building needs in each hour, Wh per m² of floor.

    Parameters
    ----------
    temperature
        Outside, °C, hourly.
    loss
        W/(K·m² of floor): transmission and ventilation.
    base
        Outside temperature, °C, from which sun and people alone keep the building warm.
    season
        Hours in which the heating is on; all of them if not given.
    """
    if loss < 0:
        raise ValueError(f"a building does not gain heat by {loss} W/(K·m²)")
    need: Series = degree_hours(temperature, base) * loss
    return need if season is None else np.where(np.asarray(season, bool), need, 0.0)


def season(hours: int = 8760, *, first: int = 273, last: int = 135) -> Series:
    """The usual season of collective heating, 1 October to 15 May, as 0 and 1 per hour.

    ``first`` and ``last`` are days of the year, counted from 0.
    """
    day = np.arange(hours) // 24
    on: Series = ((day >= first) | (day < last)).astype(float)
    return on
