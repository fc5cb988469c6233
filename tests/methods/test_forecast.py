"""Forecasts beside a published worked example.

Hyndman and Athanasopoulos, Forecasting: Principles and Practice (2nd edition, 2018), section 7.1:
oil production of Saudi Arabia, 1996-2013, in million tonnes: α = 0.834, first level 446.6, forecast
542.68.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalab.methods.forecast import LEVELS, METHODS, fit, seasonal_naive, smooth

OIL = [
    *(445.36, 453.20, 454.41, 422.38, 456.04, 440.39, 425.19, 486.21, 500.43),
    *(521.28, 508.95, 488.89, 509.87, 456.72, 473.82, 525.95, 549.83, 542.34),
]


def test_the_worked_example_comes_out() -> None:
    found = fit(OIL, 1)
    assert found.alpha == pytest.approx(0.834, abs=0.002)
    assert found.start == pytest.approx(446.6, abs=0.3)
    assert smooth(OIL, 1, 3).middle == pytest.approx((542.68,) * 3, abs=0.01)


def test_the_intervals_of_the_worked_example_come_out() -> None:
    """As R's ``ets(oil, model="ANN")`` prints them for the first year."""
    found = smooth(OIL, 1, 1, levels=(0.025, 0.1, 0.9, 0.975))
    bounds = [found.at(level)[0] for level in (0.025, 0.1, 0.9, 0.975)]
    assert bounds == pytest.approx([484.2183, 504.4541, 580.9070, 601.1429], abs=0.01)


def test_the_spread_beyond_one_season_is_that_of_simulated_paths() -> None:
    chance, shape = np.random.default_rng(7), np.array([3.0, 1, -2, 0, 1, -4, 1])
    alpha, gamma, level = 0.3, 0.4, 100.0
    season, values = shape.copy(), []
    for step in range(400):
        error = chance.normal()
        values.append(level + season[step % 7] + error)
        level += alpha * error
        season[step % 7] += gamma * error
    found = fit(values, 7)
    ends = []
    for _ in range(20_000):
        now, places = found.level, list(found.season)
        for step in range(15):
            error = chance.normal(0, found.deviation)
            last = now + places[step % 7] + error
            now += found.alpha * error
            places[step % 7] += found.gamma * error
        ends.append(last)
    band = smooth(values, 7, 15, levels=(0.1, 0.5, 0.9))
    width = band.at(0.9)[14] - band.at(0.1)[14]
    assert width == pytest.approx(2 * 1.2816 * float(np.std(ends)), rel=0.03)


def test_the_naive_forecast_repeats_the_season_and_widens_once_a_season() -> None:
    found = seasonal_naive([1, 2, 3, 1.5, 2, 3.5], 3, 6)
    assert found.middle == (1.5, 2, 3.5, 1.5, 2, 3.5)
    width = [high - low for low, high in zip(found.at(0.1), found.at(0.9), strict=True)]
    assert width[0] == width[2] < width[3] == pytest.approx(width[0] * 2**0.5)


def test_a_pure_season_is_found_again() -> None:
    week = [10.0, 12, 11, 13, 12, 5, 4]
    found = smooth(week * 20, 7, 14)
    assert found.middle == pytest.approx(week * 2, abs=0.01)


def test_without_a_weekly_pattern_smoothing_averages() -> None:
    chance = np.random.default_rng(5)
    values = chance.poisson(9, 200).tolist()
    assert smooth(values, 1, 1, counts=True).middle[0] == pytest.approx(9, abs=0.8)


@given(st.lists(st.integers(0, 40), min_size=21, max_size=60), st.sampled_from(sorted(METHODS)))
@settings(max_examples=25, deadline=None)
def test_quantiles_are_in_order_and_counts_not_negative(values: list[int], name: str) -> None:
    found = METHODS[name](values, 7, 9, counts=True)
    assert all(len(line) == 9 for line in found.quantiles)
    for low, high in zip(found.quantiles, found.quantiles[1:], strict=False):
        assert all(0 <= a <= b + 1e-9 for a, b in zip(low, high, strict=True))
    assert found.levels == LEVELS


def test_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 14 values"):
        smooth([1.0] * 13, 7, 7)
    with pytest.raises(ValueError, match="not below 0"):
        smooth([-1.0] * 20, 7, 7, counts=True)
    with pytest.raises(ValueError, match="finite"):
        seasonal_naive([float("nan")] * 20, 7, 7)
