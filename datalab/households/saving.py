"""What a home saved: its months since it joined, against those before, at equal weather."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from datalab.methods.savings import Saving, saving
from datalab.methods.weather_normalisation import avoided, fit


@dataclass(frozen=True)
class Saved:
    """``months`` are those since joining that were counted."""

    amounts: Saving
    months: int


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
    weather = {first: _days(first, temperatures) for first in sorted(months)}
    known = {first: days for first, days in weather.items() if days}
    before = [first for first in known if _next(first) <= joined]
    since = [first for first in known if first > joined]
    line = fit([months[first] for first in before], [known[first] for first in before])
    if line is None or not since:
        return None
    found = avoided(line, [months[first] for first in since], [known[first] for first in since])
    return Saved(saving("electricity", found.saved, found.low, found.high), len(since))


def _next(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _days(first: date, temperatures: Mapping[date, float]) -> list[float]:
    """The temperatures of a month, none where one is missing."""
    days = [first + timedelta(days=n) for n in range((_next(first) - first).days)]
    found = [temperatures.get(day) for day in days]
    return [value for value in found if value is not None] if None not in found else []
