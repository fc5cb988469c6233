"""What is wrong, missing or contested in the sources stays visible in the published data."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from datalab.catalog.catalog import Catalog
from datalab.connectors.registry import is_remote
from tests.catalog_data.conftest import Open
from tests.catalog_data.test_oracles import rows

pytestmark = pytest.mark.network
INVENTED = {
    "demonstration-requests",
    "genlis-households",
    "maturity-example",
    "positive-energy-cases",
    "positive-energy-readings",
    "street-lights",
}


def test_each_hour_that_does_not_exist_is_marked(opened: Open) -> None:
    found = rows(
        opened,
        "electricity-france",
        "SELECT local_time::DATE, min(local_time)::TIME, max(local_time)::TIME, count(*) "
        "FROM data WHERE clock_change = 'nonexistent' GROUP BY 1 ORDER BY 1",
    )
    two, last = datetime.time(2), datetime.time(2, 45)
    days = [(2019, 3, 31), (2020, 3, 29), (2021, 3, 28), (2022, 3, 27)]
    assert found == [(datetime.date(*day), two, last, 4) for day in days]


def test_no_real_zone_has_the_marked_hours(opened: Open) -> None:
    """The clock of Paris, asked independently, knows none of the marked times and all others."""
    from zoneinfo import ZoneInfo

    paris = ZoneInfo("Europe/Paris")
    found = rows(
        opened,
        "electricity-france",
        "SELECT local_time, clock_change FROM data WHERE month(local_time) IN (3, 10) "
        "AND hour(local_time) BETWEEN 1 AND 3",
    )
    for moment, mark in found:
        later = moment.replace(tzinfo=paris, fold=1)
        exists = later.astimezone(datetime.UTC).astimezone(paris).replace(tzinfo=None) == moment
        assert exists == (mark != "nonexistent"), moment
        twice = exists and moment.replace(tzinfo=paris).utcoffset() != later.utcoffset()
        assert twice == (mark == "repeated-once"), moment


def test_interpolated_quarters_are_flagged_until_june_2022(opened: Open) -> None:
    found = rows(
        opened,
        "electricity-france",
        "SELECT count(*), min(local_time), max(local_time), "
        "count(*) FILTER (WHERE minute(local_time) NOT IN (15, 45)) FROM data WHERE interpolated",
    )
    first = datetime.datetime(2019, 1, 1, 0, 15)
    last = datetime.datetime(2022, 5, 31, 23, 45)
    assert found == [(59_856, first, last, 0)]


def test_school_zone_of_dijon_changes_in_2016(opened: Open) -> None:
    found = rows(
        opened,
        "school-holidays",
        "SELECT date, zone_a, zone_b, dijon FROM data WHERE date IN "
        "('1995-08-31', '2015-02-25', '2016-02-15') ORDER BY date",
    )
    assert [row[1:] for row in found] == [
        (True, True, None),
        (False, True, True),
        (True, True, True),
    ]
    differing = rows(
        opened,
        "school-holidays",
        "SELECT min(date) FROM data WHERE dijon IS DISTINCT FROM zone_b AND date >= '1995-09-01'",
    )
    assert differing[0][0] >= datetime.date(2016, 1, 1)


def test_public_holidays_follow_easter(opened: Open) -> None:
    from dateutil.easter import easter

    found = rows(opened, "public-holidays", "SELECT name_fr, date FROM data")
    after_easter = {"Lundi de Pâques": 1, "Ascension": 39, "Lundi de Pentecôte": 50}
    moving = [(name, date) for name, date in found if name in after_easter]
    assert len(moving) == 3 * 14
    for name, date in moving:
        assert date == easter(date.year) + datetime.timedelta(days=after_easter[name])


def test_weather_may_be_read_but_not_passed_on(catalog: Catalog) -> None:
    dataset = catalog.get("weather-year-dijon")
    assert (dataset.license, dataset.redistribution) == ("all-rights-reserved", False)
    assert (dataset.access, dataset.access_note is not None) == ("members", True)


def test_months_of_the_weather_year_say_their_real_year(opened: Open) -> None:
    sql = "SELECT month, any_value(source_year) FROM data GROUP BY month ORDER BY month"
    years = dict(rows(opened, "weather-year-dijon", sql))
    assert (years[1], years[2], years[12]) == (1986, 1999, 1997)
    assert len(set(years.values())) == 7


def test_contested_figures_stand_side_by_side(opened: Open) -> None:
    def values(topic: str) -> list[float]:
        sql = f"SELECT DISTINCT value FROM data WHERE topic = '{topic}' ORDER BY value"
        return [float(value) for (value,) in rows(opened, "published-figures", sql)]

    assert values("response-balance") == [118, 120, 124]
    assert values("response-savings") == [30, 38]
    assert values("metropole-communes") == [23, 24]
    assert values("ondijon-users") == [1500, 200_000, 260_000]
    assert values("genlis-inhabitants") == [5093, 5125, 5350, 5400, 5500]
    assert values("ondijon-cost") == [53, 55, 105]
    assert values("metropole-inhabitants") == [250_000, 258_630, 258_632, 260_000]


def test_the_balance_of_response_says_target_or_announced_never_measured(opened: Open) -> None:
    found = rows(
        opened,
        "published-figures",
        "SELECT value, status FROM data WHERE topic = 'response-balance' ORDER BY value, status",
    )
    assert found == [
        (Decimal(118), "announced"),
        (Decimal(120), "target"),
        (Decimal(120), "target"),
        (Decimal(124), "target"),
    ]


def test_street_lights_are_34000(opened: Open) -> None:
    sql = "SELECT DISTINCT value, unit FROM data WHERE topic = 'ondijon-lights'"
    assert rows(opened, "published-figures", sql) == [(Decimal(34_000), "points lumineux")]


def test_no_figure_passes_for_verified(opened: Open) -> None:
    assert rows(opened, "published-figures", "SELECT DISTINCT verified FROM data") == [(False,)]


# Columns of figures whose unit stands in a column of its own.
UNIT_IN_ITS_ROW = {
    "published-figures": ["value", "value_high"],
    "lighting-facts": ["low", "value", "high"],
    "smart-territory-watch": ["amount"],
}


def test_every_column_is_described_in_both_languages(catalog: Catalog) -> None:
    near = [dataset for dataset in catalog if not is_remote(dataset)]
    assert (len(near), len(catalog)) == (32, 42)
    assert catalog.problems == []
    for dataset in catalog:
        assert dataset.provenance == ("synthetic" if dataset.id in INVENTED else "real")
        for name, column in dataset.columns.items():
            texts = [column.description, *(column.values or {}).values()]
            assert all(len(text.fr) > 2 and len(text.en) > 2 for text in texts), name
        numbers = [
            name
            for name, column in dataset.columns.items()
            if column.type
            not in ("varchar", "boolean", "date", "timestamp", "timestamptz", "geometry")
            and column.unit is None
            and column.values is None
        ]
        assert numbers == UNIT_IN_ITS_ROW.get(dataset.id, []), dataset.id
