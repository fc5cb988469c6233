"""What a home saved: its months, or the time between its readings, since it joined against those
before; at equal weather, but for water, which does not follow the cold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from datalab.methods.savings import Saving, saving
from datalab.methods.weather_normalisation import avoided, fit


@dataclass(frozen=True)
class Saved:
    """``months`` are those since joining that were counted, or times between two readings."""

    amounts: Saving
    months: int


Period = tuple[date, date, float]  # first day, day after the last, what was used
WARM = 99.0  # °C: a day without degree days


def saved(
    months: Mapping[date, float], temperatures: Mapping[date, float], joined: date
) -> Saved | None:
    """The electricity that a home saved; None where its months, or their weather, are too few.

    Parameters
    ----------
    months
        kWh of whole months, by their first day.
    temperatures
        mean temperature (°C) by day; a month with a day without one is left out.
    joined
        the day on which the home joined: its month counts on neither side.
    """
    periods = [(first, _next(first), used) for first, used in sorted(months.items())]
    return saved_between("electricity", periods, temperatures, joined)


def saved_between(
    what: str, periods: Sequence[Period], temperatures: Mapping[date, float], joined: date
) -> Saved | None:
    """The same from readings: of electricity or gas (kWh), or of water (m³).

    A period over the day of joining counts on neither side, nor does one with a day whose
    temperature is not known; water needs none.
    """
    known = [
        (first, end, used, days)
        for first, end, used in periods
        if (days := _days(first, end, temperatures if what != "water" else None))
    ]
    before = [(used, days) for _, end, used, days in known if end <= joined]
    since = [(used, days) for first, _, used, days in known if first > joined]
    line = fit([used for used, _ in before], [days for _, days in before])
    if line is None or not since:
        return None
    found = avoided(line, [used for used, _ in since], [days for _, days in since])
    return Saved(saving(what, found.saved, found.low, found.high), len(since))


def _next(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _days(first: date, end: date, temperatures: Mapping[date, float] | None) -> list[float]:
    """The temperatures of a period, none where one is missing."""
    days = [first + timedelta(days=n) for n in range((end - first).days)]
    if temperatures is None:
        return [WARM for _ in days]
    found = [temperatures.get(day) for day in days]
    return [value for value in found if value is not None] if None not in found else []
