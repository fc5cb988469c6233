"""A city's street lights that nobody put up: where they stand and how they are, drawn by chance.

Deterministic: the same seed, areas and day give the same lights. Each light lives a process of
its own since :data:`START`: it fails after an exponential time, is mended after a log-normal one,
and may be replaced by a LED at the published pace. A state of a day therefore follows from that
of the day before; no state is drawn anew.

What was published: 34,000 light points in 23 municipalities, 17,000 of them in Dijon, 500 renewed
in 2018 and in 2019, then 1,500 a year (sources in the YAML of the dataset). All the rest, kinds,
powers, rates, places, is assumed and named so there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

Ring = Sequence[tuple[float, float]]

START = date(2018, 1, 1)
PACE = ((2018, 500), (2019, 500), (2020, 1500))  # the last one goes on
SPACING = 28.0  # metres between two lights of a street
METRES_PER_DEGREE = 111_320.0  # of latitude, on the sphere of WGS 84's mean radius
# kind: (share before the renewal, watts, colour in kelvin, mean days between two failures)
LAMPS = {
    "sodium": (0.68, (70, 100, 150), 2000, 1800.0),
    "metal-halide": (0.20, (60, 90, 140), 3000, 1400.0),
    "fluorescent": (0.07, (36, 55), 4000, 1500.0),
    "led": (0.05, (30, 45, 60), 3000, 5500.0),
}
# state: (share of the failures, median days until it is mended)
FAILURES = {"out": (0.70, 6.0), "flickering": (0.18, 9.0), "day-burning": (0.12, 14.0)}
SPREAD = 0.7  # sigma of the logarithm of a repair's duration
COLUMNS = (
    *("id", "insee_code", "commune", "street", "longitude", "latitude", "lamp", "power_w"),
    *("colour_k", "installed", "state", "state_since", "as_of", "provenance"),
)


@dataclass(frozen=True)
class Area:
    """A municipality: its outer rings in degrees, its centre, inhabitants and km²."""

    code: str
    name: str
    rings: Sequence[Ring]
    centre: tuple[float, float]
    population: int
    km2: float


def _chance(name: str) -> Random:
    """Numbers that follow from ``name``: nothing here is a secret, everything is to be repeated."""
    return Random(name)  # noqa: S311


def generate(
    areas: Sequence[Area], *, count: int, seed: int, day: date, anchor: tuple[str, int]
) -> Iterator[tuple[object, ...]]:
    """The lights as of ``day``, one tuple per light in the order of :data:`COLUMNS`.

    ``anchor`` is the municipality whose number of lights was published, and that number: the mix
    of population and area is chosen so that it comes out.
    """
    shares = counts(areas, count, anchor)
    places = [
        (area, street, place)
        for area in sorted(areas, key=lambda area: area.code)
        for street, place in _streets(area, shares[area.code], _chance(f"{seed}:{area.code}"))
    ]
    renewed = _renewals(count, seed)
    for number, (area, street, (longitude, latitude)) in enumerate(places):
        chance = _chance(f"{seed}:light:{number}")
        lamp, watts, kelvin, year, state, since = _life(chance, renewed.get(number), day)
        yield (
            *(f"SL-{number + 1:05d}", area.code, area.name, f"{area.code}-{street:04d}"),
            *(round(longitude, 6), round(latitude, 6), lamp, watts, kelvin, year),
            *(state, since.isoformat(), day.isoformat(), "synthetic"),
        )


def counts(areas: Sequence[Area], count: int, anchor: tuple[str, int]) -> dict[str, int]:
    """Lights per municipality: a share by population and one by area, that meet ``anchor``.

    Largest remainders make the parts add up to ``count``.
    """
    people = sum(area.population for area in areas)
    ground = sum(area.km2 for area in areas)
    known = {area.code: (area.population / people, area.km2 / ground) for area in areas}
    by_people, by_ground = known[anchor[0]]
    mix = (anchor[1] / count - by_ground) / (by_people - by_ground)
    mix = min(1.0, max(0.0, mix))
    exact = {code: count * (mix * p + (1 - mix) * g) for code, (p, g) in known.items()}
    found = {code: math.floor(value) for code, value in exact.items()}
    rest = sorted(exact, key=lambda code: (found[code] - exact[code], code))
    for code in rest[: count - sum(found.values())]:
        found[code] += 1
    return found


def inside(rings: Sequence[Ring], longitude: float, latitude: float) -> bool:
    """Whether a point lies in an odd number of rings (Shimrat 1962, Algorithm 112)."""
    found = False
    for ring in rings:
        for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
            if (y1 > latitude) != (y2 > latitude) and longitude < (
                x1 + (latitude - y1) / (y2 - y1) * (x2 - x1)
            ):
                found = not found
    return found


def _streets(area: Area, wanted: int, chance: Random) -> Iterator[tuple[int, tuple[float, float]]]:
    """Invented streets, three in four around the centre, with a light every 28 m or so."""
    xs = [x for ring in area.rings for x, _ in ring]
    ys = [y for ring in area.rings for _, y in ring]
    wide = METRES_PER_DEGREE * math.cos(math.radians(area.centre[1]))
    built = 500.0 * math.sqrt(area.km2 / math.pi)  # half the radius of a disc of that area
    street = 0
    while wanted:
        street += 1
        if chance.random() < 0.75:
            x = area.centre[0] + chance.gauss(0, built) / wide
            y = area.centre[1] + chance.gauss(0, built) / METRES_PER_DEGREE
        else:
            x, y = chance.uniform(min(xs), max(xs)), chance.uniform(min(ys), max(ys))
        heading, length = chance.uniform(0, math.pi), chance.uniform(120, 620)
        for step in range(int(length / SPACING)):
            along, aside = step * SPACING + chance.gauss(0, 2), chance.gauss(0, 1.5)
            east = along * math.cos(heading) - aside * math.sin(heading)
            north = along * math.sin(heading) + aside * math.cos(heading)
            place = (x + east / wide, y + north / METRES_PER_DEGREE)
            if wanted and inside(area.rings, *place):
                wanted -= 1
                yield street, place


def _renewals(count: int, seed: int) -> dict[int, date]:
    """The day on which each light becomes a LED, as far as the published pace ever gets."""
    order = list(range(count))
    _chance(f"{seed}:renewals").shuffle(order)
    found: dict[int, date] = {}
    (last_year, pace), year, done = PACE[-1], PACE[0][0], 0
    fixed = dict(PACE)
    while done < count and year <= last_year + 40:
        many = min(fixed.get(year, pace), count - done)
        for place in range(many):
            found[order[done + place]] = date(year, 1, 1) + timedelta(days=365 * place // many)
        done, year = done + many, year + 1
    return found


def _life(chance: Random, renewed: date | None, day: date) -> tuple[str, int, int, int, str, date]:
    """Lamp, watts, kelvin, year of installation, state and since when, on ``day``."""
    drawn, lamp = chance.random(), "sodium"
    for name, (share, _, _, _) in LAMPS.items():
        if drawn < share:
            lamp = name
            break
        drawn -= share
    watts = chance.choice(LAMPS[lamp][1])
    year = int(chance.triangular(*((2012, 2018) if lamp == "led" else (1985, 2018))))
    change = (renewed - START).days if renewed else None
    until = (day - START).days
    state, since = _process(chance, lamp, 0.0, min(until, change if change is not None else until))
    if change is not None and change <= until:
        watts, lamp = min(60, max(20, round(watts * 0.45))), "led"
        year = (START + timedelta(days=change)).year
        state, since = _process(chance, lamp, float(change), until)
    return lamp, watts, LAMPS[lamp][2], year, state, START + timedelta(days=since)


def _process(chance: Random, lamp: str, begin: float, end: float) -> tuple[str, int]:
    """Failures and repairs from ``begin`` to ``end`` in days: the state then, and its first day."""
    at, since = begin, int(begin)
    while True:
        at += chance.expovariate(1 / LAMPS[lamp][3])
        kind = chance.choices(list(FAILURES), [share for share, _ in FAILURES.values()])[0]
        mended = at + math.exp(chance.gauss(math.log(FAILURES[kind][1]), SPREAD))
        if at > end:
            return "ok", since
        if mended > end:
            return kind, int(at)
        at = mended
        since = int(mended)
