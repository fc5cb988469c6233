"""What becomes of a case reaches who reported it and who follows it: once, in their language."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalab.participation import following, journal, news, request
from datalab.participation.news import GRACE
from datalab.participation.store import Store
from tests.participation.cases import NOW, letters, person, reachable, sent, state

LATER = NOW + 60 + GRACE + 1


def told(store: Store) -> list[tuple[str, str]]:
    return [(who, template) for who, template, _ in letters(store)]


def test_an_answer_reaches_the_reporter_and_the_follower_once(store: Store, tmp_path: Path) -> None:
    ana, ben = reachable(store, tmp_path, "ana@x.fr"), reachable(store, tmp_path, "b@x.fr", "en")
    case = sent(store, ana)
    with store.writing() as connection:
        following.follow(connection, case, ben, NOW)
        following.follow(connection, case, ben, NOW + 1)
        assert following.count(connection, case) == 1
    state(store, case, "fixed", "L’ampoule est changée.")
    assert news.spread_all(store, LATER) == 2
    assert news.spread_all(store, LATER + 60) == 0
    found = {who: (template, facts) for who, template, facts in letters(store)}
    assert found[ana][0] == "case.closed"
    assert found[ben][0] == "case.closed.followed"
    assert found[ana][1]["news"] == "C’est réglé.\n\nL’ampoule est changée."
    assert found[ben][1]["service"] == "Street lighting"
    assert found[ana][1]["number"] == case


def test_what_an_agent_takes_back_at_once_is_told_to_nobody(store: Store, tmp_path: Path) -> None:
    ana = reachable(store, tmp_path, "ana@x.fr")
    case = sent(store, ana)
    closing = state(store, case, "fixed")
    with store.writing() as connection:
        back = journal.undo(connection, closing, at=NOW + 65, actor="ana")
    news.spread_all(store, LATER + 60)
    assert told(store) == []
    with store.writing() as connection:
        journal.undo(connection, back.id, at=NOW + 70, actor="ana")
    news.spread_all(store, LATER + 120)
    assert told(store) == [(ana, "case.closed")]


def test_a_change_is_told_only_when_it_has_stood_for_a_moment(store: Store, tmp_path: Path) -> None:
    case = sent(store, reachable(store, tmp_path, "ana@x.fr"))
    state(store, case, "fixed")
    news.spread_all(store, NOW + 60 + GRACE - 1)
    assert told(store) == []
    news.spread_all(store, LATER)
    assert len(told(store)) == 1


def test_internal_notes_and_sorting_are_no_news(store: Store, tmp_path: Path) -> None:
    case = sent(store, reachable(store, tmp_path, "ana@x.fr"))
    with store.writing() as connection:
        request.note(connection, case, "voir Paul", public=False, actor="ana", now=NOW + 5)
    state(store, case, "assigned")
    news.spread_all(store, LATER)
    assert told(store) == []


def test_planned_work_and_public_answers_are_news(store: Store, tmp_path: Path) -> None:
    ana = reachable(store, tmp_path, "ana@x.fr")
    case = sent(store, ana)
    state(store, case, "scheduled")
    with store.writing() as connection:
        request.note(connection, case, "Mardi matin.", public=True, actor="ana", now=NOW + 61)
    news.spread_all(store, LATER + 5)
    assert told(store) == [(ana, "case.answered")] * 2


def test_who_opens_again_is_not_told_what_they_did_but_followers_are(
    store: Store, tmp_path: Path
) -> None:
    ana, ben = reachable(store, tmp_path, "ana@x.fr"), reachable(store, tmp_path, "ben@x.fr")
    case = sent(store, ana)
    with store.writing() as connection:
        following.follow(connection, case, ben, NOW)
    state(store, case, "fixed", at=NOW + 1)
    news.spread_all(store, LATER)
    with store.writing() as connection:
        request.reopen(connection, case, author_id=ana, reason="Toujours noir", now=NOW + 100)
    news.spread_all(store, LATER + 100)
    assert told(store)[2:] == [(ben, "case.reopened")]
    assert "Toujours noir" not in str(letters(store))


@pytest.mark.parametrize(("accepted", "letter"), [(True, "accepted"), (False, "refused")])
def test_the_reporter_alone_hears_what_moderation_decided(
    store: Store, tmp_path: Path, accepted: bool, letter: str
) -> None:
    ana, ben = reachable(store, tmp_path, "ana@x.fr"), reachable(store, tmp_path, "ben@x.fr")
    case = sent(store, ana, description="Appelez-moi au 06 12 34 56 78")
    with store.writing() as connection:
        following.follow(connection, case, ben, NOW)
        request.moderate(
            connection, case, accepted, actor="ana", seen=None, now=NOW + 60, reason="Un numéro."
        )
    news.spread_all(store, LATER)
    assert told(store) == [(ana, f"case.{letter}")]
    if not accepted:
        assert letters(store)[0][2]["news"] == "Un numéro."


def test_who_left_no_address_costs_no_letter(store: Store) -> None:
    with store.writing() as connection:
        nobody = person(connection)
    state(store, sent(store, nobody), "fixed")
    assert news.spread_all(store, LATER) == 1
    assert told(store) == []


def test_a_case_that_was_erased_since_stops_nothing(store: Store, tmp_path: Path) -> None:
    from sqlalchemy import delete

    from datalab.participation.tables.request import REQUEST

    ana = reachable(store, tmp_path, "ana@x.fr")
    gone, kept = sent(store, ana), sent(store, ana, receipt="r-2")
    state(store, gone, "fixed")
    state(store, kept, "fixed")
    with store.writing() as connection:
        connection.execute(delete(REQUEST).where(REQUEST.c.id == gone))
    news.spread_all(store, LATER)
    assert [facts["number"] for _, _, facts in letters(store)] == [kept]
