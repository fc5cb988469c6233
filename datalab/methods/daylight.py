"""When it is dark: the sun's height, and for how many hours of a year lights are on.

The sun's place follows the low-precision formulas of the Astronomical Almanac (page C5; 0.01° from
1950 to 2050), which the U.S. Naval Observatory gives too ("Computing approximate solar
coordinates"). A height of
−0.833° is sunrise and sunset (refraction 34′ and half a disc 16′); −6° ends civil twilight.
Street lights go on and off in between: which height is asked of a town.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

SUNSET = -0.833  # degrees
CIVIL_DUSK = -6.0
J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Dark:
    """Hours of a year below a height of the sun, and those of them between two times of day."""

    hours: float
    between: float

    @property
    def share(self) -> float:
        return self.between / self.hours


def height(days: np.ndarray, longitude: float, latitude: float) -> np.ndarray:
    """Height of the sun's centre above the horizon, in degrees, without refraction.

    Parameters
    ----------
    days
        since noon of 1 January 2000, universal time (J2000.0).
    longitude, latitude
        in degrees, east and north positive.
    """
    mean = np.radians((280.460 + 0.9856474 * days) % 360)
    anomaly = np.radians((357.528 + 0.9856003 * days) % 360)
    along = mean + np.radians(1.915) * np.sin(anomaly) + np.radians(0.020) * np.sin(2 * anomaly)
    tilt = np.radians(23.439 - 0.0000004 * days)
    ascension = np.arctan2(np.cos(tilt) * np.sin(along), np.cos(along))
    declination = np.arcsin(np.sin(tilt) * np.sin(along))
    sidereal = np.radians((280.46061837 + 360.98564736629 * days + longitude) % 360)
    hour, north = sidereal - ascension, np.radians(latitude)
    sine = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(hour)
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1, 1))))


def dark(
    year: int,
    longitude: float,
    latitude: float,
    *,
    below: float = SUNSET,
    start: float = 23.0,
    end: float = 5.0,
    zone: str = "Europe/Paris",
    minutes: int = 5,
) -> Dark:
    """Hours of a year with the sun below ``below`` degrees, and those from ``start`` to ``end``.

    Parameters
    ----------
    start, end
        legal hours of the day, over midnight where ``start`` is the later one.
    zone
        whose legal time, summer time included.
    minutes
        step of the count.
    """
    first, here = datetime(year, 1, 1, tzinfo=UTC), ZoneInfo(zone)
    last = datetime(year + 1, 1, 1, tzinfo=UTC)
    steps = int((last - first) / timedelta(minutes=minutes))
    offset = np.arange(steps) * minutes / 1440
    night = height((first - J2000).total_seconds() / 86400 + offset, longitude, latitude) < below
    shifts = [
        (first + timedelta(hours=hour)).astimezone(here).utcoffset() or timedelta(0)
        for hour in range(int((last - first).total_seconds() // 3600))
    ]
    legal = np.repeat([s.total_seconds() / 3600 for s in shifts], 60 // minutes)
    clock = (offset * 24 + legal) % 24
    inside = (clock >= start) & (clock < end) if start < end else (clock >= start) | (clock < end)
    return Dark(float(night.sum() * minutes / 60), float((night & inside).sum() * minutes / 60))
