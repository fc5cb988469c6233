"""A weather year as a few typical days, and back: 12 months of dull, middling and bright days.

The hours of a reserved weather file may not be passed on; means over some ten days may. A year made
of them keeps the sums of sun and the mean temperature of each month, and loses the extremes: less
cold spells, and a smoother sun than the real one.

Source: typical days by one feature, the daily sum of global radiation; Domínguez-Muñoz et al. 2011,
doi 10.1016/j.enbuild.2011.07.024, gives more refined ones.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from datalab.methods.hot_water import DAYS
from datalab.methods.photovoltaic import COLUMNS

SKIES = 3
KEYS = ["month", "sky", "hour"]


def summarise(weather: pd.DataFrame) -> pd.DataFrame:
    """Means by month, sky (1 dull to 3 bright) and hour of 8,760 hours in order.

    Returns the `KEYS`, ``days`` (how many days a row is the mean of) and the columns that
    `datalab.methods.photovoltaic.yields` reads.
    """
    if len(weather) != 8760:
        raise ValueError(f"{len(weather)} hours where a year has 8760")
    table = weather[list(COLUMNS)].reset_index(drop=True)
    table["month"] = np.repeat(np.arange(1, 13), np.array(DAYS) * 24)
    table["hour"] = np.arange(8760) % 24 + 1
    day = np.arange(8760) // 24
    sums = table["global_horizontal"].groupby(day).sum()
    month = table["month"].groupby(day).first()
    order = sums.groupby(month).rank(method="first") - 1
    sky = (order * SKIES // sums.groupby(month).transform("size")).astype(int) + 1
    table["sky"] = sky.to_numpy()[day]
    means = table.groupby(KEYS)[list(COLUMNS)].mean().round(1)
    means.insert(0, "days", table.groupby(KEYS).size())
    return means.reset_index()


def expand(days: pd.DataFrame) -> pd.DataFrame:
    """8,760 hours made of typical days: dull, middling, bright in turn, each as often as it was.

    Raises
    ------
    ValueError
        where the days of a month are not as many as the month has.
    """
    found = []
    for month, length in enumerate(DAYS, 1):
        own = days[days["month"] == month].sort_values(["sky", "hour"])
        counts = own.groupby("sky")["days"].first()
        if counts.sum() != length:
            raise ValueError(f"month {month}: {counts.sum()} days where it has {length}")
        turns = sorted((i / count, sky) for sky, count in counts.items() for i in range(count))
        found += [own[own["sky"] == sky] for _, sky in turns]
    return pd.concat(found, ignore_index=True)
