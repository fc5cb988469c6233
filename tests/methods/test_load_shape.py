"""Shapes that keep what they are scaled to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from datalab.methods import charging, load_shape


def series() -> tuple[pd.DatetimeIndex, np.ndarray]:
    moments = pd.date_range("2021-01-01", "2021-12-31 23:30", freq="30min")
    return moments, 50 + 10 * np.asarray(moments.hour > 17, float) - 5.0 * (
        moments.day_of_week == 6
    )


def test_a_shape_adds_up_to_one_and_keeps_evening_and_sunday():
    found = load_shape.shape(*series())

    assert found.sum() == pytest.approx(1)
    assert found[36:48].mean() > found[:36].mean()  # Monday
    assert found[6 * 48] < found[0]  # Sunday


def test_contrast_deepens_the_day_and_keeps_the_sum():
    flat, deep = load_shape.shape(*series()), load_shape.shape(*series(), contrast=2)

    assert deep.sum() == pytest.approx(1)
    assert np.ptp(deep) > np.ptp(flat)


def test_months_without_heating_stand_for_the_year():
    moments, values = series()
    winter = values + 100.0 * np.asarray(moments.month < 4)

    assert load_shape.shape(moments, winter, months=(5, 6)) == pytest.approx(
        load_shape.shape(moments, values, months=(5, 6))
    )


def test_a_series_that_misses_a_slot_is_refused():
    moments, values = series()
    with pytest.raises(ValueError, match="says nothing of"):
        load_shape.shape(moments[:48], values[:48])
    with pytest.raises(ValueError, match="negative"):
        load_shape.shape(moments, -values)
    with pytest.raises(ValueError, match="contrast"):
        load_shape.shape(moments, values, contrast=0)


def test_half_hours_keep_the_energy_and_light_is_for_the_dark():
    assert load_shape.half_hours([2.0, 4.0]).tolist() == [1, 1, 2, 2]
    sun = np.tile(np.r_[np.zeros(16), np.ones(16), np.zeros(16)], 365)
    found = load_shape.lighting(sun, np.ones(48))
    assert found.sum() == pytest.approx(1)
    assert found[24] < found[0]


@pytest.mark.parametrize("habit", ["arrival", "night", "noon"])
def test_cars_take_what_they_drive_whenever_they_charge(habit):
    found = charging.load(100, km_a_year=10_000, kwh_per_km=0.2, habit=habit)

    assert found.sum() == pytest.approx(100 * 10_000 * 0.2)
    assert found.min() >= 0
    peak = found[:48].argmax() / 2
    assert abs((peak - charging.STARTS[habit][0] + 12) % 24 - 12) < 1.5


def test_no_car_no_load_and_a_slow_plug_takes_all_night():
    assert charging.load(0).sum() == 0
    slow = charging.load(1, km_a_year=365 * 100, kwh_per_km=0.5, power=2.0)
    assert slow.sum() == pytest.approx(365 * 50)
    with pytest.raises(ValueError):
        charging.load(-1)
