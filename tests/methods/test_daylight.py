"""The sun over Dijon, beside printed times of sunrise and sunset.

The times are those of kalendrier.ouest-france.fr for Dijon: 1 April 2023 from 07:19 to 20:08 and
1 September 2025 from 06:59 to 20:20, both in summer time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from datalab.methods.daylight import CIVIL_DUSK, J2000, SUNSET, dark, height

DIJON = (5.041, 47.322)
PRINTED = {
    (2023, 4, 1): ("05:19", "18:08"),
    (2025, 9, 1): ("04:59", "18:20"),
}  # universal time


@pytest.mark.parametrize(("day", "times"), PRINTED.items())
def test_the_printed_times_come_out(day: tuple[int, int, int], times: tuple[str, str]) -> None:
    midnight = datetime(*day, tzinfo=UTC)
    minutes = np.arange(1440)
    days = (midnight - J2000) / timedelta(days=1) + minutes / 1440
    up = height(days, *DIJON) > SUNSET
    found = minutes[np.flatnonzero(np.diff(up.astype(int))) + 1]
    for minute, printed in zip(found, times, strict=True):
        hour, rest = map(int, printed.split(":"))
        assert minute == pytest.approx(60 * hour + rest, abs=2)


def test_at_noon_of_an_equinox_the_sun_is_as_high_as_the_pole_is_low() -> None:
    noon = (datetime(2025, 3, 20, 11, 47, tzinfo=UTC) - J2000) / timedelta(days=1)
    assert height(np.array([noon]), *DIJON)[0] == pytest.approx(90 - DIJON[1], abs=0.3)


def test_dijon_is_dark_for_some_4100_hours_a_year() -> None:
    dusk, middle, sunset = (dark(2025, *DIJON, below=b) for b in (CIVIL_DUSK, -3.0, SUNSET))
    assert dusk.hours < middle.hours < sunset.hours
    assert middle.hours == pytest.approx(4118, abs=5)
    assert dusk.hours > 3500  # ADEME: 3,500 to 4,300 hours
    assert sunset.hours < 4300
    assert middle.between == 2190  # six hours a night: even in June the sun is up after 5


def test_where_the_sun_never_sets_it_is_never_dark_in_summer() -> None:
    svalbard, equator = dark(2025, 15.6, 78.2, below=SUNSET), dark(2025, 0, 0, below=SUNSET)
    assert svalbard.hours < equator.hours
    assert equator.hours == pytest.approx(4335, abs=20)


def test_hours_of_the_day_go_over_midnight_or_not() -> None:
    night = dark(2025, *DIJON, below=-3.0, start=22, end=5)
    assert night.between > 2190
    assert dark(2025, *DIJON, below=-3.0, start=11, end=14).between == 0
