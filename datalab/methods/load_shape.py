"""When electricity is used: half-hourly shapes made of real series, scaled to a yearly total.

Vocabulary: a *shape* is 17,520 half hours whose sum is 1. The reference year has 365 days and
begins on a Monday (2001).

Source: the profiles of Enedis weigh a yearly total by half-hourly coefficients in the same way;
their own coefficients are not carried here. The shape is that of the series given, by month, kind
of day and half hour.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from datalab.methods.energy_carrier import Series

HALF_HOURS = 17_520


def calendar() -> pd.DataFrame:
    """Month (1 to 12), kind of day (0 workday, 1 Saturday, 2 Sunday) and half hour of the year."""
    moments = pd.date_range("2001-01-01", periods=HALF_HOURS, freq="30min")
    return _slots(moments)


def shape(
    moments: ArrayLike, values: ArrayLike, *, months: tuple[int, ...] | None = None,
    contrast: float = 1.0,
) -> Series:  # fmt: skip
    """The half-hourly shape of a real series.

    Parameters
    ----------
    moments
        Local times of the series, any step up to half an hour.
    values
        Power or energy; steps without a value are left out.
    months
        Months whose days stand for those of the whole year: the ones without heating or cooling,
        where the series is national and only appliances are meant. None keeps the seasons.
    contrast
        Exponent that deepens the day: 1 is the series as it is. A national series is flatter than
        that of dwellings, since industry runs at night.

    Raises
    ------
    ValueError
        where a slot of month, kind of day and half hour has no value at all.
    """
    if not contrast > 0:
        raise ValueError(f"a contrast is more than 0, not {contrast}")
    times = pd.DatetimeIndex(np.asarray(moments, dtype="datetime64[ns]"))
    table = _slots(times).assign(value=np.asarray(values, float)).dropna()
    if (table["value"] < 0).any():
        raise ValueError("a shape has no negative values")
    by = ["kind", "slot"]
    if months is None:
        by = ["month", *by]
    else:
        table = table[table["month"].isin(months)]
    means = table.groupby(by)["value"].mean()
    year = calendar()
    found = means.reindex(pd.MultiIndex.from_frame(year[by])).to_numpy()
    if not np.isfinite(found).all():
        raise ValueError(f"the series says nothing of {(~np.isfinite(found)).sum()} half hours")
    shaped: Series = (found / found.mean()) ** contrast
    return np.asarray(shaped / shaped.sum())


def half_hours(hourly: ArrayLike) -> Series:
    """Hourly energy as half hours of equal halves: what lies within the hour is not known."""
    halves: Series = np.repeat(np.asarray(hourly, float) / 2, 2)
    return halves


def lighting(sun: ArrayLike, day: ArrayLike) -> Series:
    """The shape of lighting: the presence of ``day`` (48 shares) where the sun gives no light.

    ``sun`` is any measure of daylight per half hour, 0 in the dark.
    """
    presence = np.tile(np.asarray(day, float), HALF_HOURS // 48)
    dark = np.asarray(sun, float) <= 0
    used: Series = presence * np.where(dark, 1.0, 0.15)  # some rooms are dark at noon
    return np.asarray(used / used.sum())


def _slots(moments: pd.DatetimeIndex) -> pd.DataFrame:
    weekday = np.asarray(moments.day_of_week)
    kind = np.where(weekday == 6, 2, np.where(weekday == 5, 1, 0))
    slot = np.asarray(moments.hour) * 2 + np.asarray(moments.minute) // 30
    return pd.DataFrame({"month": np.asarray(moments.month), "kind": kind, "slot": slot})
