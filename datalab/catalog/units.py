"""Units, and the values that can be in them: wide limits, beyond which a figure is a mistake.

A limit is physical, or a record with room above it. None stands for no limit on that side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Plausible:
    """``because`` names where a limit comes from, in a few words for the documentation."""

    low: float | None
    high: float | None
    because: str


_COUNT = Plausible(0, None, "a number of things is not negative")
_AMOUNT = Plausible(0, None, "an amount is not negative")

UNITS: Mapping[str, Plausible] = {
    "%": Plausible(0, 100, "a share of a whole"),
    # Records of metropolitan France: -41.0 at Mouthe in 1985, 46.0 at Vérargues in 2019.
    "°C": Plausible(-45, 50, "records of metropolitan France: -41.0 and 46.0 °C (Météo-France)"),
    "K": Plausible(0, 330, "absolute zero; 50 °C"),
    "degrees": Plausible(-180, 360, "longitudes and headings"),
    "kWh/m²": Plausible(0, 2000, "a dwelling of class G begins at 420 kWh/m² a year"),
    "Wh/m²": Plausible(0, 1400, "the sun gives at most 1,361 W/m² above the air (IAU 2015)"),
    "W/m²": Plausible(0, 1400, "the sun gives at most 1,361 W/m² above the air (IAU 2015)"),
    "Pa": Plausible(80_000, 110_000, "records at sea level: 870 and 1,085 hPa (WMO)"),
    "hPa": Plausible(800, 1100, "records at sea level: 870 and 1,085 hPa (WMO)"),
    "m/s": Plausible(0, 115, "strongest gust on record, 113 m/s, Barrow Island, 1996 (WMO)"),
    "km/h": Plausible(0, 410, "strongest gust on record, 408 km/h (WMO)"),
    "mm": Plausible(0, 2000, "most rain in a day: 1,825 mm, La Réunion, 1966 (WMO)"),
    "cm": Plausible(0, 1000, "snow and the like"),
    "tenths": Plausible(0, 10, "tenths of the sky"),
    "lux": Plausible(0, 200_000, "full sun gives about 120,000 lux"),
    "µg/m³": Plausible(0, 2000, "worst hours of wildfire smoke"),
    "dB(A)": Plausible(0, 140, "threshold of pain"),
    "year": Plausible(1000, 2200, "a year of our calendar"),
    "month": Plausible(1, 12, "a month"),
    "day": Plausible(1, 31, "a day of a month"),
    "h": Plausible(0, 24, "an hour of a day"),
    "EUR/year": Plausible(0, 10_000_000, "income of a household"),
    **dict.fromkeys(
        ("inhabitants", "people", "households", "dwellings", "establishments", "jobs"), _COUNT
    ),
    **dict.fromkeys(("births", "deaths", "points", "dots", "times", "figures", "vehicles"), _COUNT),
    **dict.fromkeys(("inhabitants/km²", "km²", "m²", "ha", "km", "m"), _AMOUNT),
    **dict.fromkeys(("W", "kW", "MW", "GW", "Wh", "kWh", "MWh", "GWh", "kWh/year"), _AMOUNT),
    **dict.fromkeys(("kWh/(person·year)", "cd/m²", "EUR", "g", "kg", "t", "l", "m³"), _AMOUNT),
}
