"""Panels under a sky whose light is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from datalab.methods.photovoltaic import CANOPY, DIJON, FACADE, FLAT, ROOF, yields

pvlib = pytest.importorskip("pvlib")


@pytest.fixture(scope="module")
def sky() -> dict[str, np.ndarray]:
    """A year without clouds at Dijon: an upper bound of every real one."""
    hours = pd.date_range("2001-01-01 00:30", periods=8760, freq="h", tz="Etc/GMT-1")
    clear = pvlib.location.Location(*DIJON, altitude=222).get_clearsky(hours, linke_turbidity=3)
    return {
        "global_horizontal": clear["ghi"].to_numpy(),
        "direct_normal": clear["dni"].to_numpy(),
        "diffuse_horizontal": clear["dhi"].to_numpy(),
        "dry_bulb": np.full(8760, 10.0),
        "wind_speed": np.full(8760, 3.0),
    }


def test_a_south_roof_makes_more_than_a_flat_one_and_a_facade_least(sky):
    south = yields(sky, replace(ROOF, tilt=35)).sum()
    flat, facade = yields(sky, FLAT).sum(), yields(sky, FACADE).sum()

    assert 1_300 < south < 1_900  # kWh/kWp without any cloud
    assert south > flat > facade > 0.4 * south


def test_a_facade_is_worth_most_in_winter_beside_a_roof(sky):
    january, july = slice(0, 744), slice(4344, 5088)
    facade, roof = yields(sky, FACADE), yields(sky, ROOF)

    assert facade[january].sum() / roof[january].sum() > 1.2 * (
        facade[july].sum() / roof[july].sum()
    )


def test_the_rear_of_a_canopy_adds_some_percent(sky):
    gain = yields(sky, CANOPY).sum() / yields(sky, replace(CANOPY, bifacial=None)).sum()

    assert 1.02 < gain < 1.15


def test_shade_takes_its_share_and_night_gives_nothing(sky):
    free, shaded = yields(sky, replace(ROOF, shading=0.0)), yields(sky, replace(ROOF, shading=0.5))

    assert 0.40 < shaded.sum() / free.sum() < 0.56  # a cooler panel, a weaker inverter
    night = sky["global_horizontal"] == 0
    assert free[night].sum() == 0
    assert free.min() >= 0
    assert free.max() <= 1.0


def test_noon_of_the_panels_is_solar_noon(sky):
    day = yields(sky, replace(ROOF, tilt=35)).reshape(365, 24).mean(axis=0)

    assert day.argmax() in (11, 12)  # 12:40 in UTC+1 at 5° east


def test_a_weather_year_with_holes_is_refused(sky):
    with pytest.raises(ValueError, match="no column wind_speed"):
        yields({k: v for k, v in sky.items() if k != "wind_speed"}, ROOF)
    with pytest.raises(ValueError, match="nothing in 1 hours"):
        yields({**sky, "dry_bulb": np.r_[np.nan, sky["dry_bulb"][1:]]}, ROOF)
    with pytest.raises(ValueError, match="24 hours"):
        yields({**sky, "dry_bulb": np.zeros(24)}, ROOF)
