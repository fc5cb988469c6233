"""The street lights that a seeded process draws: the same ones for the same seed and day."""

from __future__ import annotations

import struct
from collections import Counter
from datetime import date, timedelta

from datalab.connectors.street_lights import (
    COLUMNS,
    Area,
    counts,
    generate,
    inside,
)
from datalab.connectors.synthetic import rings_of

SQUARE = ((5.0, 47.3), (5.1, 47.3), (5.1, 47.4), (5.0, 47.4), (5.0, 47.3))
EAST = tuple((x + 0.1, y) for x, y in SQUARE)
TOWN = Area("21231", "Dijon", [SQUARE], (5.05, 47.35), 160_000, 40.0)
VILLAGE = Area("21003", "Ahuy", [EAST], (5.15, 47.35), 20_000, 60.0)
DAY = date(2026, 11, 22)


def lights(day: date = DAY, seed: int = 1) -> list[dict[str, object]]:
    drawn = generate([TOWN, VILLAGE], count=2000, seed=seed, day=day, anchor=("21231", 1200))
    return [dict(zip(COLUMNS, row, strict=True)) for row in drawn]


def test_the_same_seed_and_day_give_the_same_lights() -> None:
    assert lights() == lights()
    assert lights() != lights(seed=2)


def test_the_published_number_of_one_municipality_settles_the_mix() -> None:
    assert counts([TOWN, VILLAGE], 2000, ("21231", 1200)) == {"21231": 1200, "21003": 800}
    found = Counter(light["insee_code"] for light in lights())
    assert found == {"21231": 1200, "21003": 800}


def test_every_light_stands_in_its_municipality_and_says_that_it_is_invented() -> None:
    areas = {area.code: area for area in (TOWN, VILLAGE)}
    for light in lights():
        area = areas[str(light["insee_code"])]
        assert inside(area.rings, float(str(light["longitude"])), float(str(light["latitude"])))
        assert light["provenance"] == "synthetic"
        assert light["as_of"] == "2026-11-22"


def test_the_state_of_a_day_goes_on_from_the_day_before() -> None:
    before = {light["id"]: light for light in lights()}
    after = {light["id"]: light for light in lights(DAY + timedelta(days=1))}
    for id, light in before.items():
        if after[id]["state"] != light["state"]:
            assert str(after[id]["state_since"]) >= DAY.isoformat()
        else:
            assert after[id]["longitude"] == light["longitude"]
    kept = [id for id in before if after[id]["state_since"] == before[id]["state_since"]]
    assert len(kept) > 0.98 * len(before)
    assert {light["state"] for light in before.values()} > {"ok"}


def test_lights_are_renewed_at_the_published_pace() -> None:
    for year, renewed in ((2018, 500), (2019, 1000), (2020, 2000)):
        found = lights(date(year, 12, 31))
        assert sum(int(str(light["installed"])) >= 2018 for light in found) == renewed


def test_rings_are_read_from_well_known_binary() -> None:
    flat = [value for point in SQUARE for value in point]
    polygon = struct.pack(f"<BIII{len(flat)}d", 1, 3, 1, len(SQUARE), *flat)
    assert rings_of(polygon) == [list(SQUARE)]
    two = struct.pack("<BII", 1, 6, 2) + polygon * 2
    assert rings_of(two) == [list(SQUARE)] * 2
    with_system = struct.pack(f"<BIIII{len(flat)}d", 1, 0x20000003, 4326, 1, len(SQUARE), *flat)
    assert rings_of(with_system) == [list(SQUARE)]
