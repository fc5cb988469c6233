"""Electricity of vehicles charged at home: the mean load of many cars, half-hourly.

Vocabulary: a *habit* says when charging starts: on arrival, at night (off-peak), or at noon where
the panels make most. One car is never this smooth; a hundred nearly are.

Source: arithmetic of arrivals and charging times; no public series of charging in Dijon was found,
so arrivals are an assumption (normal, 18:30 ± 1 h 45), not a measurement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from datalab.methods.energy_carrier import Series

Habit = Literal["arrival", "night", "noon"]
STARTS: Mapping[Habit, tuple[float, float]] = {  # hour of the day, standard deviation
    "arrival": (18.5, 1.75),
    "night": (23.5, 1.0),
    "noon": (11.5, 1.5),
}


def load(
    cars: float,
    *,
    km_a_year: float = 12_000,
    kwh_per_km: float = 0.18,
    power: float = 7.4,
    habit: Habit = "arrival",
    days: int = 365,
) -> Series:
    """Energy of all cars in each half hour, kWh; every day alike.

    Parameters
    ----------
    cars
        Number of electric cars charged here.
    kwh_per_km
        At the socket.
    power
        kW of a charging point.
    """
    if cars < 0 or km_a_year < 0 or kwh_per_km < 0 or not power > 0:
        raise ValueError("cars, distance and consumption are not below 0, power is more than 0")
    if not cars or not km_a_year or not kwh_per_km:
        return np.zeros(days * 48)
    a_day = km_a_year * kwh_per_km / 365
    middle, spread = STARTS[habit]
    hours = np.arange(48) / 2 + 0.25
    apart = (hours - middle + 12) % 24 - 12  # the clock is round
    starts = np.exp(-0.5 * (apart / spread) ** 2)
    starts /= starts.sum()
    last = a_day / power * 2  # half hours of charging, the last one in part
    running = np.zeros(48)
    whole = int(min(last, 48))
    running[:whole] = 1.0
    if whole < 48:
        running[whole] = min(last, 48) - whole
    profile = np.real(np.fft.ifft(np.fft.fft(starts) * np.fft.fft(running)))
    profile = np.clip(profile, 0, None)
    one_day: Series = profile / profile.sum() * a_day * cars
    return np.tile(one_day, days)
