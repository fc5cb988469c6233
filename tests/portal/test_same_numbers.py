"""The same numbers by every door: counts, and a hash of rows whose values are hard to keep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.portal.catalog_exits import CATALOG_DOORS
from tests.portal.conftest import Workshop, described, square
from tests.portal.exits import DOORS, Exit, Visit, digest
from tests.portal.serving import served

PLACES: dict[str, object] = {
    "id": "integer",
    "said": "varchar",
    "amount": "decimal(20,4)",
    "price": "decimal(8,2)",
    "share": "double",
    "day": "date",
    "moment": "timestamp",
    "instant": "timestamptz",
    "flag": "boolean",
    "big": "bigint",
    "longitude": "double",
    "latitude": "double",
}
# What a CSV file says, and what it means.
FILE = (
    ",".join(PLACES) + "\n"
    "1,=1+1,1234567890123456.7891,-1.10,0.1,2024-02-29,2024-01-01 12:00:00,"
    "2024-07-01 12:00:00+02:00,true,9007199254740993,5.04,47.32\n"
    '2,"a ""q"", b; c\nd",-0.0001,-2.50,1e-7,1969-07-20,2024-01-01 12:00:00.25,'
    "2024-12-31 23:59:59-05:00,false,-9007199254740993,5.05,47.33\n"
    '3,"",NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,5.06,47.34\n'
    "4,NULL,1,1,-1.5e300,2024-03-02,1999-12-31 23:59:59.999,2024-03-31 02:30:00+01:00,true,0,"
    "5.07,47.35\n"
    "5,@SUM(A1),0,0,0,2024-03-02,2024-01-02 00:00:00,2024-07-01 10:00:00+00:00,false,-1,"
    "5.08,47.36\n"
    "6,-5,100000,0.99,123456789.123456,1900-03-01,2024-02-29 08:15:30,"
    "2024-10-27 02:30:00+02:00,true,1,5.09,47.37\n"
    "7,'=déjà,0.5,1,3,2024-01-01,2024-01-01 00:00:00,2024-01-01 00:00:00+00:00,false,2,5.1,47.38\n"
    "8,Œuvre d’été – 🌳 <b>&amp;</b> _x000D_,1,1,1,2024-01-01,2024-01-01 00:00:00,"
    "2024-01-01 00:00:00+00:00,false,2,5.11,47.39\n"
    "9,\t+tab,1,1,1,2024-01-01,2024-01-01 00:00:00,2024-01-01 00:00:00+00:00,false,2,5.12,47.4\n"
)


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


FIRST = datetime(2024, 1, 1)
SAME = (date(2024, 1, 1), FIRST, _utc(2024, 1, 1), False, 2)
D = Decimal
MEANT: list[tuple[Any, ...]] = [
    (
        1,
        "=1+1",
        D("1234567890123456.7891"),
        D("-1.10"),
        0.1,
        date(2024, 2, 29),
        datetime(2024, 1, 1, 12),
        _utc(2024, 7, 1, 10),
        True,
        9007199254740993,
        5.04,
        47.32,
    ),
    (
        2,
        'a "q", b; c\nd',
        D("-0.0001"),
        D("-2.50"),
        1e-07,
        date(1969, 7, 20),
        datetime(2024, 1, 1, 12, 0, 0, 250000),
        _utc(2025, 1, 1, 4, 59, 59),
        False,
        -9007199254740993,
        5.05,
        47.33,
    ),
    (3, "", *[None] * 8, 5.06, 47.34),
    (
        4,
        None,
        D(1),
        D(1),
        -1.5e300,
        date(2024, 3, 2),
        datetime(1999, 12, 31, 23, 59, 59, 999000),
        _utc(2024, 3, 31, 1, 30),
        True,
        0,
        5.07,
        47.35,
    ),
    (
        5,
        "@SUM(A1)",
        D(0),
        D(0),
        0.0,
        date(2024, 3, 2),
        datetime(2024, 1, 2),
        _utc(2024, 7, 1, 10),
        False,
        -1,
        5.08,
        47.36,
    ),
    (
        6,
        "-5",
        D(100000),
        D("0.99"),
        123456789.123456,
        date(1900, 3, 1),
        datetime(2024, 2, 29, 8, 15, 30),
        _utc(2024, 10, 27, 0, 30),
        True,
        1,
        5.09,
        47.37,
    ),
    (7, "'=déjà", D("0.5"), D(1), 3.0, *SAME, 5.1, 47.38),
    (8, "Œuvre d’été – 🌳 <b>&amp;</b> _x000D_", D(1), D(1), 1.0, *SAME, 5.11, 47.39),
    (9, "\t+tab", D(1), D(1), 1.0, *SAME, 5.12, 47.4),
]
SHAPES = {"code": "varchar", "name": "varchar", "people": "integer", "geometry": "geometry"}
DRAWN: list[tuple[Any, ...]] = [
    ("01", "Ouest", 12, square(5.0, 47.3)),
    ("02", "+Est", None, square(5.2, 47.3)),
    ("03", None, -3, None),
]
WRITTEN = {
    "every-kind": (PLACES, MEANT),
    "every-shape": (SHAPES, DRAWN),
}


def _fill(workshop: Workshop) -> None:
    workshop.write(
        described(
            "every-kind",
            PLACES,
            key=["id"],
            map={"longitude": "longitude", "latitude": "latitude", "value": "price"},
            source={
                "connector": "file",
                "path": "every-kind.csv",
                "csv": {"null_values": ["NULL"]},
            },
        ),
        FILE,
    )
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": name, "people": people},
            "geometry": outline,
        }
        for code, name, people, outline in DRAWN
    ]
    workshop.write(
        described(
            "every-shape",
            SHAPES,
            map={"geometry": "geometry"},
            source={"connector": "file", "path": "every-shape.geojson", "format": "geojson"},
        ),
        json.dumps({"type": "FeatureCollection", "features": features}),
        "geojson",
    )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Workshop]]:
    workshop = Workshop(tmp_path_factory.mktemp("doors"))
    _fill(workshop)
    assert set(workshop.refresh().values()) == {"published"}
    with served(workshop.settings) as address:
        yield address, workshop


@pytest.mark.parametrize("dataset", list(WRITTEN))
@pytest.mark.parametrize("door", [*DOORS, *CATALOG_DOORS], ids=lambda door: door.name)
def test_a_door_gives_the_rows_that_were_published(
    lab: tuple[str, Workshop], door: Exit, dataset: str
) -> None:
    address, workshop = lab
    columns, meant = WRITTEN[dataset]
    types = {name: str(type_) for name, type_ in columns.items()}
    visit = Visit(address, workshop.settings.lake, dataset, types)
    rows = [dict(zip(types, row, strict=True)) for row in meant]
    assert digest(door.read(visit), types, door.blanks) == digest(rows, types, door.blanks)
