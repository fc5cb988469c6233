"""What participants hear of a session: by letter, and always by their private link."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from datalab.participation import decision, follow_up, journal, session, session_news
from datalab.participation.author import get as author_of
from datalab.participation.decision import Decision
from datalab.participation.store import Store
from datalab.participation.tables.author import CONTACT, MESSAGE
from datalab.portal.mine_participant import mine_participant
from tests.participation.meeting import REFUSED, Meeting, begun
from tests.portal.desk import Desk

LATER = session_news.GRACE + 1


def reachable(store: Store, who: str) -> str:
    row = {"author_id": who, "cipher": b"x", "created_at": 1.0, "expires_at": 1e11}
    with store.writing() as connection:
        connection.execute(insert(CONTACT).values(**row))
    return who


def letters(store: Store) -> list[tuple[str, str]]:
    with store.reading() as connection:
        rows = connection.execute(select(MESSAGE.c.author_id, MESSAGE.c.template)).all()
        return [(who, template) for who, template in rows]


def turn(meeting: Meeting, seconds: float = LATER) -> int:
    with meeting.store.writing() as connection:
        return session_news.spread(connection, meeting.tick(seconds))


@pytest.fixture
def meeting(store: Store) -> Meeting:
    return begun(store)


def answered(meeting: Meeting) -> tuple[str, str, Decision]:
    """Zoé's idea is answered by a decision, Ali's is not; both left an address."""
    zoe, ali = (reachable(meeting.store, meeting.person(name)) for name in ("Zoé", "Ali"))
    idea = meeting.said(zoe, "Des bancs")
    meeting.said(ali, "Des arbres")
    made = meeting.decide("Poser dix bancs", idea.id)
    return zoe, ali, made


def report(meeting: Meeting, made: Decision, state: str, news: str) -> journal.Change:
    with meeting.store.writing() as connection:
        told = follow_up.report(
            connection,
            meeting.session,
            made.id,
            state=state,
            news=news,
            seen=None,
            now=meeting.tick(),
            actor="ben",
        )
    assert told is not None
    return told


def test_a_closed_session_is_told_once_to_all_who_left_an_address(meeting: Meeting) -> None:
    zoe, ali, _ = answered(meeting)
    meeting.person("Sans adresse")
    meeting.close()
    assert turn(meeting, 10) == 0, "it may still be opened again"
    assert turn(meeting) == 2
    assert sorted(letters(meeting.store)) == sorted(
        [(zoe, "session.minutes"), (ali, "session.minutes")]
    )
    assert turn(meeting) == 0


def test_one_that_was_opened_again_at_once_is_not_told(meeting: Meeting) -> None:
    answered(meeting)
    meeting.close()
    meeting.reopen()
    turn(meeting)
    assert letters(meeting.store) == []


def test_news_of_a_decision_go_to_those_whom_it_answers_in_one_letter(meeting: Meeting) -> None:
    zoe, _, made = answered(meeting)
    meeting.close()
    turn(meeting)
    report(meeting, made, "started", "Commandés.")
    report(meeting, made, "started", "Commandés et livrés.")
    assert turn(meeting) == 1
    assert letters(meeting.store).count((zoe, "decision.news")) == 1
    with meeting.store.reading() as connection:
        asked = select(MESSAGE.c.facts).where(MESSAGE.c.template == "decision.news")
        facts = connection.execute(asked).scalar_one()
    assert facts["news"] == "«\u00a0Poser dix bancs\u00a0»\u00a0: commencée.\nCommandés et livrés."


def test_news_that_were_taken_back_are_not_told(meeting: Meeting) -> None:
    _, _, made = answered(meeting)
    meeting.close()
    turn(meeting)
    change = report(meeting, made, "done", "Fini !")
    with meeting.store.writing() as connection:
        follow_up.take_back(connection, meeting.session, change.id, now=meeting.tick(), actor="ben")
    assert turn(meeting) == 0
    with meeting.store.reading() as connection:
        from datetime import date

        (told,) = follow_up.followed(connection, meeting.session, date(2026, 12, 1))
    assert [step.state for step in told.history] == ["planned"]


def test_what_is_decided_while_the_session_runs_is_no_letter(meeting: Meeting) -> None:
    _, _, made = answered(meeting)
    with meeting.store.writing() as connection:
        held = session.get(connection, meeting.session.id)
        decision.update(
            connection, held, made, {"state": "started"}, now=meeting.tick(), actor="ana"
        )
    assert turn(meeting) == 0


def test_a_private_link_shows_what_became_of_each_thing_said(store: Store) -> None:
    meeting = begun(store)
    zoe, ali = meeting.person("Zoé"), meeting.person("Ali")
    idea, twin = meeting.said(zoe, "Des bancs"), meeting.said(ali, "Des sièges")
    lost = meeting.said(ali, REFUSED, accept=False)
    with store.writing() as connection:
        from datalab.participation import contribution, grouping

        grouping.merge(connection, meeting.session, twin, idea, now=meeting.tick(), actor="ana")
        contribution.reject(
            connection, meeting.session, lost, reason="insulte", now=meeting.tick(), actor="ana"
        )
    made = meeting.decide("Poser dix bancs", twin.id)
    meeting.close()
    report(meeting, made, "done", "Ils sont là.")
    with store.reading() as connection:
        who = author_of(connection, ali)
        assert who is not None
        view = mine_participant(connection, who, meeting.clock, "fr")
    assert view is not None
    fates = {fate.one.state: fate for fate in view.mine.fates}
    assert (fates["rejected"].reason, fates["rejected"].answers) == ("insulte", ())
    assert fates["merged"].into == "Des bancs"
    (answer,) = fates["merged"].answers
    assert (answer.state, answer.news) == ("done", "Ils sont là.")


def test_the_page_behind_the_link_says_it_in_words(tmp_path: Path) -> None:
    from datalab.participation.author import digest_of
    from datalab.participation.tables.author import AUTHOR

    lab = Desk(tmp_path / "home")
    meeting = begun(lab.app.state.participation)
    zoe = meeting.person("Zoé")
    secret = "z" * 27
    with meeting.store.writing() as connection:
        connection.execute(
            AUTHOR.update().where(AUTHOR.c.id == zoe).values(digest=digest_of(secret))
        )
    idea = meeting.said(zoe, "Des bancs <b>")
    made = meeting.decide("Poser dix bancs", idea.id)
    meeting.close()
    report(meeting, made, "started", "Commandés.")
    text = lab.browser().get(f"mine/{secret}/").text
    for said in ("Des bancs &lt;b&gt;", "Poser dix bancs", "Commandés.", "Read the minutes"):
        assert said in text
