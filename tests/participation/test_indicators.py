"""Indicators of requests: counted by hand on small cases, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, update

from datalab.participation import handling, indicators, request
from datalab.participation.categories import seed
from datalab.participation.indicators import Area, Fact, backlog, compute, suppressed
from datalab.participation.report import Report, review
from datalab.participation.store import Store
from datalab.participation.tables.request import REQUEST

HOUR, DAY = 3_600.0, 86_400.0
NOW = 1_800_000_000.0
SINCE = NOW - 100 * DAY
AREAS = [Area("21231", "Dijon", 159_941, 40.41), Area("21003", "Ahuy", 1_695, 6.4)]


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    with store.writing() as connection:
        seed(connection)
        yield connection


def case(connection: Connection, number: int, days: float = 10, **values: Any) -> str:
    """A case reported ``days`` ago, with columns set as they are after months of work."""
    told = Report("lighting", f"case-{number}", "web", "Lampe éteinte", 47.32, 5.04, "21231")
    id = request.submit(connection, review(told), NOW - days * DAY).key
    if values:
        connection.execute(update(REQUEST).where(REQUEST.c.id == id).values(**values))
    return id


def found(connection: Connection, released: bool = False) -> indicators.Indicators:
    return compute(connection, AREAS, since=SINCE, until=NOW, now=NOW, released=released)


def test_open_cases_count_as_what_they_lasted_so_far(connection: Connection) -> None:
    for number in range(15):
        at = NOW - 10 * DAY + (number + 1) * HOUR
        case(connection, number, closed_at=at, status="closed", state="fixed", answered_at=at)
    for number in range(15, 30):
        case(connection, number)  # open for ten days
    told = found(connection)
    assert (told.total, told.open) == (30, 15)
    assert (told.closure.n, told.closure.over) == (30, 15)
    assert told.closure.median is not None
    assert told.closure.median.value == 15 * HOUR
    assert told.closure.most is not None
    assert told.closure.most.value is None  # less than 90 % ended


def test_no_median_is_told_of_few_cases(connection: Connection) -> None:
    case(connection, 1, closed_at=NOW, status="closed", state="fixed")
    assert found(connection).closure.median is None


def test_duplicates_refused_ones_and_what_waits_are_not_counted_in_public(
    connection: Connection,
) -> None:
    first, second = case(connection, 1), case(connection, 2)
    handling.merge(connection, second, first, actor="a", seen=None, now=NOW)
    case(connection, 3, moderation="waiting")
    case(connection, 4, moderation="rejected")
    assert found(connection).total == 2
    assert found(connection, released=True).total == 1


def test_reopened_cases_are_a_share_of_those_ever_closed(connection: Connection) -> None:
    for number in range(4):
        case(connection, number, closed_at=NOW, status="closed", state="fixed")
    case(connection, 5, reopened=1)  # closed once, open again
    case(connection, 6)
    told = found(connection)
    assert (told.reopened, told.ever_closed) == (1, 5)


def test_density_says_its_denominators(connection: Connection) -> None:
    for number in range(40):
        case(connection, number)
    dijon = next(group for group in found(connection).communes if group.key == "21231")
    assert dijon.per_thousand is not None
    assert dijon.per_thousand.value == pytest.approx(40 / 159.941)
    assert dijon.per_km2 is not None
    assert dijon.per_km2.value == pytest.approx(40 / 40.41)
    ahuy = next(group for group in found(connection).communes if group.key == "21003")
    assert ahuy.count == 0


def test_the_backlog_is_what_came_less_what_went() -> None:
    facts = [
        Fact("a", None, 0.5 * DAY, None, 1.5 * DAY, 0),
        Fact("a", None, 0.6 * DAY, None, None, 1),
        Fact("a", None, 1.7 * DAY, None, None, 0),
    ]
    assert backlog(facts, 0, 3 * DAY) == [(0, 0), (DAY, 2), (2 * DAY, 2), (3 * DAY, 2)]
    assert backlog(facts, 0, 1.6 * DAY)[-1] == (1.6 * DAY, 1)


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ({"a": 10, "b": 20}, set()),
        ({"a": 3, "b": 20, "c": 9}, {"a", "c"}),
        ({"a": 3, "b": 4, "c": 9}, {"a", "b"}),
        ({"a": 1, "b": 1, "c": 9, "d": 30}, {"a", "b", "c"}),
        ({"a": 0, "b": 20, "c": 9}, set()),
        ({"a": 2, "b": 0}, {"a", "b"}),
    ],
)
def test_no_small_count_is_found_by_subtraction(counts: dict[str, int], hidden: set[str]) -> None:
    assert suppressed(counts) == hidden
