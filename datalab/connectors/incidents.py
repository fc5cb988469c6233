"""Reports that nobody sent: incidents drawn by chance, and how people would report them.

Deterministic: the same seed and areas give the same rows. Incidents of a category appear by chance
in a municipality, at a rate of its own; while one stands, each day somebody may report it, at a
rate of its own too, until it is closed some days after the first report or, never reported, goes
away by itself. Both rates differ between municipalities by chance alone, whatever their inhabitants
are like. Since all is invented, what can never be known of real reports is known: which reports
are of the same incident (``incident``) and how readily people report (``true_daily_rate``). It is
there to try methods on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from datalab.connectors.street_lights import METRES_PER_DEGREE, Area, inside

COLUMNS = (
    *("id", "service_code", "status", "insee_code", "longitude", "latitude", "channel"),
    *("duplicate_of", "requested_at", "answered_at", "closed_at", "incident"),
    *("true_daily_rate", "provenance"),
)
LIFETIME = 45.0  # mean days after which an incident that nobody reports goes away
LACK = 0.5  # sigma, over municipalities, of the logarithm of the reporting rate
NEED = 0.3  # the same of incidents for each inhabitant
TOPIC = 0.4  # and of each category within a municipality
NEAR = 12.0  # metres between an incident and where a report puts it
MARKED = 0.7  # share of the repeat reports that agents mark as duplicates
CHANNELS = (("web", 0.62), ("phone", 0.33), ("open311", 0.05))
WEEK = (1.15, 1.10, 1.08, 1.08, 1.04, 0.80, 0.75)  # Monday first


@dataclass(frozen=True)
class Kind:
    """A category: its share of the reports, reports a day for one that stands, median days until
    it is closed, and how its number moves in the year (amplitude, day of the peak)."""

    share: float
    daily: float
    closing: float
    swing: float
    peak: int


# Shares of reports after DansMaRue (see the YAML); all the rest is assumed.
KINDS = {
    "graffiti": Kind(0.398, 0.050, 7.0, 0.05, 100),
    "waste": Kind(0.376, 0.060, 3.0, 0.25, 200),
    "road": Kind(0.178, 0.030, 12.0, 0.40, 60),
    "green-space": Kind(0.036, 0.025, 9.0, 0.60, 165),
    "lighting": Kind(0.012, 0.045, 6.0, 0.45, 355),
}


@dataclass(frozen=True)
class _Report:
    at: float  # days since the first day
    incident: int
    kind: str
    area: Area
    place: tuple[float, float]
    closed: float
    rate: float


def generate(
    areas: Sequence[Area], *, count: int, seed: int, first: date, last: date
) -> Iterator[tuple[object, ...]]:
    """``count`` reports from ``first`` to ``last``, oldest first, in the order of :data:`COLUMNS`.

    What is not closed by the end of ``last`` is open.
    """
    chance = Random(f"{seed}:incidents")  # noqa: S311 (to be repeated, nothing is secret)
    length = float((last - first).days + 1)
    known = sorted(areas, key=lambda area: area.code)
    lack = {area.code: math.exp(chance.gauss(0, LACK)) for area in known}
    need = {area.code: area.population * math.exp(chance.gauss(0, NEED)) for area in known}
    reports: list[_Report] = []
    incident = 0
    for name, quota in zip(KINDS, _quotas(count), strict=True):
        drawn: list[_Report] = []
        here = [need[one.code] * math.exp(chance.gauss(0, TOPIC)) for one in known]
        while len(drawn) < quota:
            incident += 1
            area = chance.choices(known, here)[0]
            rate = KINDS[name].daily * lack[area.code]
            drawn += _reported(chance, incident, name, area, rate, first, length)
        reports += drawn[:quota]
    reports.sort(key=lambda one: one.at)
    number = {id(one): f"DR-{place:05d}" for place, one in enumerate(reports, start=1)}
    heads: dict[int, str] = {}
    for one in reports:
        head = heads.setdefault(one.incident, number[id(one)])
        again = head != number[id(one)]
        yield _row(chance, one, number[id(one)], head if again else None, first, length)


def _quotas(count: int) -> list[int]:
    """How many reports of each category, by largest remainders."""
    exact = [count * kind.share for kind in KINDS.values()]
    found = [math.floor(value) for value in exact]
    rest = sorted(range(len(exact)), key=lambda place: found[place] - exact[place])
    for place in rest[: count - sum(found)]:
        found[place] += 1
    return found


def _reported(
    chance: Random, incident: int, name: str, area: Area, rate: float, first: date, length: float
) -> list[_Report]:
    """The reports of one incident, often none; none either where the first came too early."""
    kind = KINDS[name]
    born = _born(chance, kind, first, length)
    at = born + chance.expovariate(rate)
    if at > born + chance.expovariate(1 / LIFETIME) or not 0 <= at < length:
        return []
    closed = at + math.exp(chance.gauss(math.log(kind.closing), 0.9))
    place = _place(chance, area)
    found = []
    while at < min(closed, length):
        later = _civil(chance, at, first)
        seen = later if later < min(closed, length) else at
        found.append(_Report(seen, incident, name, area, place, closed, rate))
        at += chance.expovariate(rate)
    return found


def _born(chance: Random, kind: Kind, first: date, length: float) -> float:
    """A day of the time that was watched, or up to two lifetimes before it."""
    while True:
        at = chance.uniform(-2 * LIFETIME, length)
        day = first + timedelta(days=int(at))
        angle = 2 * math.pi * (day.timetuple().tm_yday - kind.peak) / 365.25
        if chance.random() * 1.7 < 1 + kind.swing * math.cos(angle):
            return at


def _civil(chance: Random, at: float, first: date) -> float:
    """The same day or the next ones, as people report: less at the end of a week, by day."""
    day = math.floor(at)
    while chance.random() * max(WEEK) > WEEK[(first + timedelta(days=day)).weekday()]:
        day += 1
    return day + min(0.97, max(0.0, chance.gauss(14.0, 4.0) / 24))


def _place(chance: Random, area: Area) -> tuple[float, float]:
    """Somewhere in the municipality, rather near its centre."""
    wide = METRES_PER_DEGREE * math.cos(math.radians(area.centre[1]))
    built = 500.0 * math.sqrt(area.km2 / math.pi)
    for _ in range(200):
        place = (
            area.centre[0] + chance.gauss(0, built) / wide,
            area.centre[1] + chance.gauss(0, built) / METRES_PER_DEGREE,
        )
        if inside(area.rings, *place):
            return place
    return area.centre


def _row(
    chance: Random, one: _Report, id: str, head: str | None, first: date, length: float
) -> tuple[object, ...]:
    wide = METRES_PER_DEGREE * math.cos(math.radians(one.place[1]))
    place = (
        one.place[0] + chance.gauss(0, NEAR) / wide,
        one.place[1] + chance.gauss(0, NEAR) / METRES_PER_DEGREE,
    )
    if not inside(one.area.rings, *place):
        place = one.place
    channel = chance.choices([c for c, _ in CHANNELS], [share for _, share in CHANNELS])[0]
    closed = max(one.closed, one.at + 0.05)
    answered = one.at + min(chance.expovariate(1 / 1.5), closed - one.at)
    marked = head if head is not None and chance.random() < MARKED else None
    return (
        *(id, one.kind, "closed" if closed < length else "open", one.area.code),
        *(round(place[0], 5), round(place[1], 5), channel, marked),
        *(_hour(first, at) if at < length else None for at in (one.at, answered, closed)),
        *(one.incident, round(one.rate, 5), "synthetic"),
    )


def _hour(first: date, at: float) -> str:
    moment = datetime(first.year, first.month, first.day) + timedelta(days=at)
    return moment.replace(minute=0, second=0, microsecond=0).isoformat()
