"""Heat in the hot water of dwellings, by the French regulatory method 3CL-DPE 2021.

Source: arrêté du 31 mars 2021, annexe 1 (3CL-DPE 2021), § 11 "besoin d'ECS": adults equivalent from
the floor area, 56 litres a day at 40 °C for each; cold water by month and climate zone
(values as tabulated in Open3CL/engine, src/tv.js, "tefs").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from datalab.methods.energy_carrier import Series

DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
LITRES = 56.0  # a day and adult equivalent, at 40 °C; 79 for a household that does not save
MIXED = 40.0
# °C of cold water, January to December, zone H1c below 400 m.
COLD_H1C = (6.1, 4.4, 8.5, 9.0, 14.1, 15.7, 18.2, 18.8, 18.0, 15.8, 11.3, 7.3)


def adults(area: float, dwellings: int = 1, *, house: bool = False) -> float:
    """Adults equivalent (Nadeq) of a building.

    Parameters
    ----------
    area
        m² of living area of the whole building.
    dwellings
        How many share it.
    """
    if not area > 0 or dwellings < 1:
        raise ValueError(f"no dwelling has {area} m² in {dwellings} dwellings")
    mean = area / dwellings
    if house:
        most = 1.0 if mean < 30 else 1.75 - 0.01875 * (70 - mean) if mean < 70 else 0.025 * mean
    else:
        most = 1.0 if mean < 10 else 1.75 - 0.01875 * (50 - mean) if mean < 50 else 0.035 * mean
    return dwellings * (most if most < 1.75 else 1.75 + 0.3 * (most - 1.75))


def need(equivalents: float, cold: ArrayLike, *, litres: float = LITRES) -> Series:
    """Heat in the hot water of each month, kWh.

    Parameters
    ----------
    equivalents
        Adults equivalent.
    cold
        °C of the cold water in each of the twelve months.
    """
    water = np.asarray(cold, float)
    if water.shape != (12,):
        raise ValueError(f"cold water has {water.size} months where a year has 12")
    months: Series = 1.163 * equivalents * litres * (MIXED - water) * np.array(DAYS) / 1000
    return months


def hourly(months: ArrayLike, day: ArrayLike) -> Series:
    """Monthly heat spread over 8,760 hours, each day alike, by the 24 shares of ``day``."""
    shares = np.asarray(day, float)
    if shares.shape != (24,) or (shares < 0).any() or not shares.sum() > 0:
        raise ValueError("a day is 24 shares, none below 0, not all 0")
    shares = shares / shares.sum()
    heat = np.asarray(months, float)
    series: Series = np.concatenate(
        [np.tile(m / d * shares, d) for m, d in zip(heat, DAYS, strict=True)]
    )
    return series
