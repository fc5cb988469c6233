"""Cases as everybody sees them, near ones, satisfaction, and counts of use that name nobody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from datalab.errors import RequestClosed, UnknownRequest
from datalab.participation import case_list, following, request, satisfaction
from datalab.participation.case_list import Filter
from datalab.participation.store import Store
from datalab.participation.tables.journal import CHANGE, USE
from datalab.participation.use import Uses
from tests.participation import rows
from tests.participation.cases import BULB, NOW, person, sent, state

NORTH_200 = 47.3220 + 200 / 111_195
NORTH_300 = 47.3220 + 300 / 111_195


def test_a_page_of_cases_rounds_places_and_tells_nobody(store: Store) -> None:
    with store.writing() as connection:
        who = person(connection)
    case = sent(store, who, address="12 bis rue de la Liberté")
    hidden = sent(store, who, receipt="r-2", description="Appelez le 06 12 34 56 78")
    with store.reading() as connection:
        found, total = case_list.page(connection, Filter(limit=10))
        assert [one.id for one in found] == [case]
        assert total == 1
        assert (found[0].latitude, found[0].longitude) == (47.322, 5.042)
        assert found[0].street == "rue de la Liberté"
        assert who not in repr(found)
        with pytest.raises(UnknownRequest):
            case_list.get(connection, hidden)
        assert case_list.some(connection, [hidden, case])[0].id == case


def test_pages_count_what_the_filters_let_pass(store: Store) -> None:
    for number in range(5):
        sent(store, receipt=f"r-{number}", now=NOW + number)
    state(store, sent(store, receipt="closed", commune="21166"), "fixed")
    with store.reading() as connection:
        found, total = case_list.page(connection, Filter(statuses=("open",), limit=2, offset=4))
        assert (len(found), total) == (1, 5)
        _, total = case_list.page(connection, Filter(communes=("21166",), limit=2))
        assert total == 1
        assert len(case_list.points(connection, Filter(limit=2))) == 6


def test_near_ones_are_open_of_the_same_kind_within_250_metres(store: Store) -> None:
    case = sent(store)
    far = sent(store, receipt="far", latitude=NORTH_300)
    sent(store, receipt="other", service_code="road")
    state(store, sent(store, receipt="done"), "fixed")
    with store.reading() as connection:
        found = case_list.near(connection, "lighting", NORTH_200, 5.0415)
        # From where everybody sees them: 47.322, 5.042 and 47.325, 5.042.
        assert [(one.case.id, round(one.metres)) for one in found] == [(far, 139), (case, 204)]
        around = case_list.near(connection, "lighting", 47.3220, 5.0420)
        assert [one.case.id for one in around] == [case]
        assert around[0].metres < 1
        assert case_list.near(connection, "nothing", 47.3220, 5.0415) == []


def test_a_window_cannot_be_found_out_by_many_questions(store: Store) -> None:
    """A kind whose places are told coarsely is compared by what is told."""
    with store.writing() as connection:
        rows.service(connection, "noise", decimals=2)
    sent(store, service_code="noise", latitude=47.3233, longitude=5.0433)
    with store.reading() as connection:
        answers = {
            (one.metres, one.case.latitude)
            for step in range(-20, 21)
            for one in case_list.near(connection, "noise", 47.3200 + step / 10_000, 5.0400)
        }
    assert {latitude for _, latitude in answers} == {47.32}
    # Distances are those to the middle of the square that everybody sees.
    assert min(metres for metres, _ in answers) == 0


def test_satisfaction_is_the_reporters_once_closed_and_can_be_changed(store: Store) -> None:
    with store.writing() as connection:
        ana, ben = person(connection), person(connection)
    case = sent(store, ana)

    def rate(who: str, score: int, words: str = "") -> None:
        with store.writing() as connection:
            satisfaction.rate(
                connection, case, author_id=who, score=score, words=words, now=NOW + 99
            )

    with pytest.raises(RequestClosed):
        rate(ana, 4)
    state(store, case, "fixed")
    with pytest.raises(UnknownRequest):
        rate(ben, 1)
    for score in (0, 6, 55, -1):
        with pytest.raises(RequestClosed):
            rate(ana, score)
    rate(ana, 2, "Trop long")
    rate(ana, 5, "Merci " + "!" * 5000)
    with store.reading() as connection:
        assert request.get(connection, case).satisfaction == 5
        kinds = connection.execute(select(CHANGE.c.kind)).scalars().all()
    assert kinds[-2:] == ["request.rate", "request.rate"]


def test_following_twice_counts_once_and_ends(store: Store) -> None:
    with store.writing() as connection:
        ana, ben = person(connection), person(connection)
    case = sent(store, ana)
    with store.writing() as connection:
        for _ in range(2):
            following.follow(connection, case, ben, NOW)
        assert following.hearers(connection, case) == [ana, ben]
        assert following.followed(connection, ben) == [case]
        following.unfollow(connection, case, ben)
        assert following.hearers(connection, case) == [ana]


def test_uses_are_counted_by_day_and_name_nobody(store: Store) -> None:
    days = iter(["2026-11-22"] * 800 + ["2026-11-23"] * 200)
    uses = Uses(store, lambda: next(days), seconds=3600)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(uses.add, ["page"] * 999 + ["who-was-it"]))
    uses.add("report")
    uses.close()
    uses.close()
    other = Uses(store, lambda: "2026-11-23", seconds=3600)
    other.add("page")
    other.close()
    with store.reading() as connection:
        found = {(day, what): count for day, what, count in connection.execute(select(USE))}
    assert sum(found.values()) == 1001
    assert found["2026-11-23", "report"] == 1
    assert set(USE.c.keys()) == {"day", "what", "count"}
    assert BULB.receipt not in str(found)


def test_counts_are_kept_while_the_database_is_away(store: Store) -> None:
    uses = Uses(store, lambda: "2026-11-22", seconds=3600)

    with store.writing() as connection:
        connection.execute(text("ALTER TABLE use_count RENAME TO away"))
    uses.add("page")
    failed = uses.flush()
    assert failed is not None
    assert failed.exception() is not None
    with store.writing() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO use_count"))
    uses.close()
    with store.reading() as connection:
        assert connection.execute(select(USE.c.count)).scalar() == 1
