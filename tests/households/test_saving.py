"""A home against its own past: a mild winter is no saving, a lasting change is one."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest

from datalab.households.saving import saved, saved_between

FIRST = date(2024, 1, 1)
COLD = {
    FIRST + timedelta(days=n): 10.7 - 9 * math.cos(2 * math.pi * (n - 20) / 365.25) + n % 3
    for n in range(365 + 366)
}
MILD = {day: value + 2 * (day.year == 2025) for day, value in COLD.items()}
JOINED = date(2025, 1, 1) - timedelta(days=1)


def months(weather: dict[date, float], factor: float = 1.0) -> dict[date, float]:
    found: dict[date, float] = {}
    for day, value in weather.items():
        first = day.replace(day=1)
        kwh = 6 + 2 * max(0.0, 17 - value)
        found[first] = found.get(first, 0.0) + kwh * (factor if day.year == 2025 else 1)
    return found


def test_a_mild_winter_is_no_saving_and_a_tenth_less_is_one() -> None:
    same = saved(months(MILD), MILD, JOINED)
    assert same is not None
    assert same.months == 12
    assert same.amounts.metered.value == pytest.approx(0, abs=20)
    less = saved(months(MILD, 0.9), MILD, JOINED)
    assert less is not None
    year = sum(kwh for first, kwh in months(MILD).items() if first.year == 2025)
    assert less.amounts.metered.value == pytest.approx(0.1 * year, rel=0.03)
    assert less.amounts.money is not None
    assert less.amounts.money.unit == "€"


def test_too_little_says_nothing() -> None:
    assert saved({}, COLD, JOINED) is None
    assert saved(months(COLD), {}, JOINED) is None
    assert saved(months(COLD), COLD, date(2024, 8, 1)) is None  # seven months before
    assert saved(months(COLD), COLD, date(2026, 1, 1)) is None  # none since
    holes = {day: value for day, value in COLD.items() if day != date(2024, 2, 29)}
    found = saved(months(COLD), holes, JOINED)
    assert found is not None  # eleven months are left


def test_readings_of_gas_and_water_tell_what_was_saved_as_well() -> None:
    def periods(daily: float, heating: float, factor: float) -> list[tuple[date, date, float]]:
        ends = [FIRST + timedelta(days=28 * n) for n in range(27)]
        return [
            (
                first,
                first + timedelta(days=28),
                sum(
                    (daily + heating * max(0.0, 17 - MILD[first + timedelta(days=n)]))
                    * (factor if first > JOINED else 1)
                    for n in range(28)
                ),
            )
            for first in ends
            if first + timedelta(days=28) in MILD
        ]

    gas = saved_between("gas", periods(5, 4, 0.9), MILD, JOINED)
    assert gas is not None
    since = sum(used for first, _, used in periods(5, 4, 1) if first > JOINED)
    assert gas.amounts.metered.value == pytest.approx(0.1 * since, rel=0.03)
    assert gas.amounts.carbon is not None
    water = saved_between("water", periods(0.3, 0, 0.8), {}, JOINED)
    assert water is not None
    assert water.amounts.metered.unit == "m³"
    assert water.amounts.metered.value == pytest.approx(0.2 * 0.3 * 28 * water.months, rel=0.01)
    assert water.amounts.carbon is None
    assert saved_between("gas", periods(5, 4, 1), {}, JOINED) is None
    assert saved_between("water", periods(0.3, 0, 1)[:8], {}, JOINED) is None
