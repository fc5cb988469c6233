"""Degree days and PRISM's line on homes whose line is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalab.methods.weather_normalisation import (
    FEWEST,
    avoided,
    degree_days,
    fit,
    normal_annual,
)

LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
CHANCE = np.random.default_rng(1)
YEAR = [
    10.7 - 9 * np.cos(2 * np.pi * (np.arange(n) + 30 * m - 20) / 365) + CHANCE.normal(0, 2, n)
    for m, n in enumerate(LENGTHS)
]


def used(load: float, slope: float, base: float, months: list[np.ndarray]) -> list[float]:
    return [load * len(days) + slope * degree_days(days, base) for days in months]


def test_degree_days_are_counted_below_the_base_alone() -> None:
    assert degree_days([17, 20, 16, 7], 17) == 11
    assert degree_days([], 17) == 0
    with pytest.raises(ValueError, match="without a temperature"):
        degree_days([float("nan")])


@given(st.floats(12, 21), st.floats(0, 20), st.floats(0.05, 5))
def test_a_home_on_a_line_gets_its_line_back(base: float, load: float, slope: float) -> None:
    base = round(base * 2) / 2
    line = fit(used(load, slope, base, YEAR), YEAR)
    assert line is not None
    assert line.base == base
    assert line.base_load == pytest.approx(load, abs=1e-6)
    assert line.slope == pytest.approx(slope, abs=1e-6)
    assert line.r2 == pytest.approx(1)


def test_the_reference_year_gives_what_the_line_says_and_the_same_for_many() -> None:
    months = used(7, 2.5, 17, YEAR)
    line = fit(months, YEAR, bases=[17.0])
    cold = np.array([degree_days(days) for days in YEAR])
    assert line is not None
    one = line.expected(2000, 365)
    many = normal_annual(np.array([months, [*months[:-1], np.nan]]), cold, np.array(LENGTHS), 2000)
    assert many[0] == pytest.approx(one) == pytest.approx(7 * 365 + 2.5 * 2000)
    assert np.isnan(many[1])


def test_a_home_that_uses_more_in_summer_is_not_said_to_heat_backwards() -> None:
    line = fit([900 - cold for cold in used(1, 1, 17, YEAR)], YEAR)
    assert line is not None
    assert line.slope == 0
    assert line.error(1000, 365) == line.error(0, 365)


def test_three_quarters_of_a_year_are_needed() -> None:
    assert fit(used(7, 2, 17, YEAR[: FEWEST - 1]), YEAR[: FEWEST - 1]) is None
    assert fit([], []) is None


def test_what_cannot_be_a_consumption_is_refused() -> None:
    with pytest.raises(ValueError, match="0 kWh or more"):
        fit([-1.0] * 12, YEAR)
    with pytest.raises(ValueError, match="each period"):
        fit([1.0], YEAR)


def test_a_mild_winter_is_no_saving() -> None:
    line = fit(used(7, 2.5, 17, YEAR), YEAR)
    mild = [days + 2 for days in YEAR]
    later = used(7, 2.5, 17, mild)
    assert line is not None
    assert sum(later) < 0.9 * sum(used(7, 2.5, 17, YEAR))
    assert avoided(line, later, mild).saved == pytest.approx(0, abs=1e-6)


def test_bounds_of_a_saving_hold_the_truth_as_often_as_they_say() -> None:
    chance, held = np.random.default_rng(20190406), 0
    for _ in range(300):
        past = np.array(used(7, 2.5, 17, YEAR)) + chance.normal(0, 20, 12)
        since = 0.9 * np.array(used(7, 2.5, 17, YEAR)) + chance.normal(0, 20, 12)
        line = fit(list(np.maximum(past, 0)), YEAR, bases=[17.0])
        assert line is not None
        found = avoided(line, list(since), YEAR)
        held += found.low <= 0.1 * sum(used(7, 2.5, 17, YEAR)) <= found.high
    assert 0.92 <= held / 300 <= 0.98
