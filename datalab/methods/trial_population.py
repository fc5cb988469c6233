"""A population that nobody measured, with an effect that we know: to try the method on.

Homes use energy on a straight line of degree days (see :mod:`weather_normalisation`), each with its
own level; streets share what happens to all their homes; months go up and down by chance that
lasts (AR(1)). Some homes are lost. Nothing here is about anybody.

Levels are scaled on what the caller passes (in the notebooks: the weighted sample of French homes).
The other parameters are stated, not estimated: see :class:`World`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datalab.methods.weather_normalisation import BASE, normal_annual

MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class World:
    """What is assumed. Shares are of 1; deviations are of logarithms."""

    homes: int = 600
    per_street: int = 10  # drawn together, so that neighbours do not teach each other's controls
    years_before: int = 2
    mean_temperature: float = 10.7  # °C: typical year of Dijon-Longvic (IWEC, 1983–1999)
    swing: float = 9.0  # °C, half the way from January to July
    base_load: float = 7.0  # kWh a day
    heating: float = 2.6  # kWh per °C·day
    between: float = 0.45  # of homes
    over_years: float = 0.07  # of a home from one year to the next
    street_years: float = 0.015  # of a street from one year to the next
    over_months: float = 0.10  # of a home's month
    memory: float = 0.4  # of one month in the next
    lost_treated: float = 0.10
    lost_controls: float = 0.08
    effect: float = -0.03  # stated in the protocol: the least that is worth looking for


def temperatures(world: World, years: int, chance: np.random.Generator) -> list[list[np.ndarray]]:
    """°C of each day, by year and month: a wave, cold or mild years, and days by chance."""
    made = []
    for _ in range(years):
        year = chance.normal(0, 0.6)
        day, months = 0, []
        for length in MONTHS:
            days = np.arange(day, day + length)
            wave = -world.swing * np.cos(2 * np.pi * (days - 20) / 365)
            months.append(world.mean_temperature + year + wave + chance.normal(0, 3, length))
            day += length
        made.append(months)
    return made


def cold_months(months: list[np.ndarray]) -> np.ndarray:
    """°C·day of each month."""
    return np.array([np.maximum(0.0, BASE - days).sum() for days in months])


def simulate(
    world: World,
    seed: int,
    *,
    levels: np.ndarray | None = None,
    started: np.ndarray | None = None,
    trend: np.ndarray | None = None,
) -> pd.DataFrame:
    """Homes, years and what they used, already normalised for the weather.

    Parameters
    ----------
    levels
        how much each home uses against the mean, one per home; drawn (lognormal) where not given.
    started
        which homes take part; half of the streets, by lot, where not given.
    trend
        yearly change of the logarithm of each home, without any programme; none where not given.

    Returns
    -------
    One row per home and year: ``unit, street, period, treated, after, kwh`` (normal annual
    consumption, kWh a year) and ``outcome``, its natural logarithm. Year 0 is the year after the
    start; what was lost is missing there.
    """
    chance = np.random.default_rng(seed)
    n, years = world.homes, world.years_before + 1
    street = np.arange(n) // world.per_street
    streets = int(street.max()) + 1
    if started is None:
        lot = chance.permutation(streets) < streets // 2
        started = lot[street]
    if levels is None:
        levels = np.exp(chance.normal(0, world.between, n))
    drift = np.zeros(n) if trend is None else trend
    weather = temperatures(world, years, chance)
    reference = float(np.mean([cold_months(months).sum() for months in weather[:-1]]))
    losing = np.where(started, world.lost_treated, world.lost_controls)
    lost = chance.random(n) < losing
    warm = chance.normal(0, 0.3, n)  # homes differ in what the cold costs them, too
    days, frames = np.array(MONTHS, dtype=float), []
    for place, months in enumerate(weather):
        period, cold = place - world.years_before, cold_months(months)
        level = np.log(levels) + drift * period
        level = level + chance.normal(0, world.over_years, n)
        level = level + chance.normal(0, world.street_years, streets)[street]
        if period == 0:
            level = level + np.log1p(world.effect) * started
        line = world.base_load * days + world.heating * np.exp(warm)[:, None] * cold
        used = line * np.exp(level)[:, None] * np.exp(_months(world, n, chance))
        kwh = normal_annual(used, cold, days, reference)
        if period == 0:
            kwh = np.where(lost, np.nan, kwh)
        frames.append(
            pd.DataFrame(
                {
                    "unit": np.arange(n),
                    "street": street,
                    "period": period,
                    "treated": started,
                    "after": period == 0,
                    "kwh": kwh,
                    "outcome": np.log(kwh),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _months(world: World, homes: int, chance: np.random.Generator) -> np.ndarray:
    """Chance of each month that lasts into the next, with the deviation of one month."""
    shocks = chance.normal(0, world.over_months, (homes, len(MONTHS)))
    made = np.empty_like(shocks)
    made[:, 0] = shocks[:, 0]
    fresh = np.sqrt(1 - world.memory**2)
    for month in range(1, len(MONTHS)):
        made[:, month] = world.memory * made[:, month - 1] + fresh * shocks[:, month]
    return made
