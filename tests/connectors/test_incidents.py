"""Reports that a seeded process draws: the same ones for the same seed, all of them invented."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from datalab.connectors.incidents import COLUMNS, generate
from datalab.connectors.street_lights import Area, inside

SQUARE = ((5.0, 47.3), (5.1, 47.3), (5.1, 47.4), (5.0, 47.4), (5.0, 47.3))
EAST = tuple((x + 0.1, y) for x, y in SQUARE)
AREAS = [
    Area("21231", "Dijon", [SQUARE], (5.05, 47.35), 160_000, 40.0),
    Area("21003", "Ahuy", [EAST], (5.15, 47.35), 20_000, 60.0),
]
FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)


def drawn(seed: int = 1) -> list[dict[str, object]]:
    rows = generate(AREAS, count=1000, seed=seed, first=FIRST, last=LAST)
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def test_the_same_seed_gives_the_same_reports() -> None:
    assert drawn() == drawn()
    assert drawn() != drawn(seed=2)


def test_the_published_shares_come_out_exactly() -> None:
    found = Counter(row["service_code"] for row in drawn())
    assert found == {"graffiti": 398, "waste": 376, "road": 178, "green-space": 36, "lighting": 12}


def test_every_report_is_in_its_town_and_time_and_says_that_it_is_invented() -> None:
    rings = {area.code: area.rings for area in AREAS}
    for row in drawn():
        place = float(str(row["longitude"])), float(str(row["latitude"]))
        # Places are rounded to some metres.
        assert inside(rings[str(row["insee_code"])], *place)
        requested = datetime.fromisoformat(str(row["requested_at"]))
        assert FIRST <= requested.date() <= LAST
        if row["closed_at"]:
            assert datetime.fromisoformat(str(row["closed_at"])) >= requested
        assert (row["status"] == "closed") == (row["closed_at"] is not None)
        assert row["provenance"] == "synthetic"


def test_marked_duplicates_are_later_reports_of_the_same_incident() -> None:
    rows = {row["id"]: row for row in drawn()}
    marked = [row for row in rows.values() if row["duplicate_of"]]
    assert marked
    for row in marked:
        first = rows[row["duplicate_of"]]
        assert first["incident"] == row["incident"]
        assert str(first["requested_at"]) <= str(row["requested_at"])
