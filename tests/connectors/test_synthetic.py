"""The street lights that a seeded process draws: the same ones for the same seed and day."""

from __future__ import annotations

import csv
import struct
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from datalab.catalog.dataset import Dataset, Source
from datalab.connectors.registry import fetch
from datalab.connectors.street_lights import (
    COLUMNS,
    Area,
    counts,
    generate,
    inside,
)
from datalab.connectors.synthetic import rings_of
from datalab.errors import SourceRefused
from tests.lake.datasets import dataset

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


LAWS = {
    "compteur": {"law": "sequence", "value": "C"},
    "quartier": {"law": "choice", "values": {"Toison d’Or": 3, "Grésilles": 1}},
    "kwh": {"law": "lognormal", "mean": 8, "deviation": 0.5, "decimals": 1},
    "pose": {"law": "day", "first": "2020-01-01", "last": "2020-12-31"},
}
TOTALS: list[dict[str, Any]] = [
    {"measure": "count", "value": 200, "source": "ville, 2024"},
    {"measure": "count", "where": {"quartier": "Grésilles"}, "value": 37, "source": "ville, 2024"},
    {"measure": "sum", "column": "kwh", "value": 987654.3, "source": "réseau, 2024"},
]


def invented(totals: list[dict[str, Any]] = TOTALS, seed: int = 1, **facts: Any) -> Dataset:
    source = {"connector": "synthetic", "generator": "table", "seed": seed, "count": 200}
    source |= {"fields": facts.pop("fields", LAWS), "totals": totals}
    known = {"provenance": "synthetic", "calibration": {"fr": "Totaux", "en": "Totals"}, **facts}
    described = dataset({"compteur": "varchar"}, **known)
    return described.model_copy(update={"source": Source.model_validate(source)})


def drawn_rows(folder: Path, described: Dataset) -> list[dict[str, str]]:
    fetched = fetch(described, cache=folder, max_bytes=1_000_000)
    with fetched.path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_is_drawn_that_gives_every_declared_total(tmp_path: Path) -> None:
    rows = drawn_rows(tmp_path, invented())
    assert len(rows) == 200
    assert Counter(row["quartier"] for row in rows)["Grésilles"] == 37
    assert sum(Decimal(row["kwh"]) for row in rows) == Decimal("987654.3")
    assert {row["provenance"] for row in rows} == {"synthetic"}
    assert len({row["compteur"] for row in rows}) == 200
    assert all(row["pose"].startswith("2020-") for row in rows)


def test_a_table_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    assert drawn_rows(tmp_path, invented()) == drawn_rows(tmp_path / "2", invented())
    assert drawn_rows(tmp_path, invented()) != drawn_rows(tmp_path, invented(seed=2))


def test_rows_that_miss_a_total_are_never_handed_over(tmp_path: Path) -> None:
    wrong = [{"measure": "mean", "column": "kwh", "value": 10, "source": "ville, 2024"}]
    with pytest.raises(SourceRefused, match=r"ville, 2024"):
        drawn_rows(tmp_path, invented([*TOTALS[:1], TOTALS[2], *wrong]))
    assert not list(tmp_path.rglob("*.csv"))
    near = [{**wrong[0], "value": 4938, "tolerance": 0.01}]
    assert drawn_rows(tmp_path, invented([TOTALS[2], *near]))


def test_invented_rows_say_so_and_what_they_were_calibrated_on(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="provenance: synthetic"):
        drawn_rows(tmp_path, invented(provenance="real"))
    for wrong in ([], [{"measure": "sum", "column": "litres", "value": 1, "source": "ville"}]):
        with pytest.raises(SourceRefused):
            drawn_rows(tmp_path, invented(wrong))
