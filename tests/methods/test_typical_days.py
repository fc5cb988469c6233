"""A year as typical days keeps what it says it keeps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from datalab.methods.photovoltaic import COLUMNS
from datalab.methods.typical_days import expand, summarise


@pytest.fixture
def weather() -> pd.DataFrame:
    drawn = np.random.default_rng(4)
    day = np.repeat(drawn.uniform(0.2, 1, 365), 24)
    light = np.clip(np.sin((np.arange(8760) % 24 - 6) / 12 * np.pi), 0, None) * 800 * day
    return pd.DataFrame(
        {
            "global_horizontal": light,
            "direct_normal": light,
            "diffuse_horizontal": light / 2,
            "dry_bulb": drawn.normal(10, 5, 8760),
            "wind_speed": 3.0,
        }
    )


def test_sums_and_means_come_back_and_no_day_stands_for_itself(weather):
    days = summarise(weather)
    year = expand(days)

    assert len(days) == 12 * 3 * 24
    assert days["days"].between(9, 11).all()
    assert len(year) == 8760
    for column in COLUMNS:
        assert year[column].mean() == pytest.approx(weather[column].mean(), rel=0.002)
    january = year["dry_bulb"][:744].mean()
    assert january == pytest.approx(weather["dry_bulb"][:744].mean(), abs=0.05)


def test_bright_days_are_brighter_and_hours_keep_their_order(weather):
    days = summarise(weather)
    by_sky = days.groupby("sky")["global_horizontal"].sum()
    assert by_sky.is_monotonic_increasing
    assert expand(days)["hour"].tolist() == list(range(1, 25)) * 365


def test_a_year_that_is_none_is_refused(weather):
    with pytest.raises(ValueError, match="8760"):
        summarise(weather[:100])
    days = summarise(weather)
    with pytest.raises(ValueError, match="month 2"):
        expand(days[(days["month"] != 2) | (days["sky"] != 1)])
