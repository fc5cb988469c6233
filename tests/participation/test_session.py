"""Sessions: prepared, opened, run phase by phase, closed, on both databases."""

from __future__ import annotations

import pytest

from datalab.errors import (
    CannotMove,
    FieldRefused,
    SessionNotOpen,
    Stale,
    UnknownSession,
)
from datalab.participation import agenda, session, undoing
from datalab.participation.session import Session
from datalab.participation.store import Store
from tests.participation.room import opened, prepared


def test_a_session_is_made_once_however_often_its_form_is_sent(store: Store) -> None:
    first, second = prepared(store), prepared(store)
    assert first == second
    assert first.state == "draft"
    assert first.facilitators == ("ana",)
    with store.reading() as connection:
        assert session.sessions(connection) == [first]


def test_six_letters_lead_to_it_however_they_are_typed(store: Store) -> None:
    made = prepared(store)
    assert len(made.code) == 6
    assert made.shown_code.replace(" ", "") == made.code
    with store.reading() as connection:
        for typed in (made.code, made.code.lower(), f" {made.shown_code}-"):
            assert session.by_code(connection, typed) == made
        with pytest.raises(UnknownSession):
            session.by_code(connection, "AAAAAA")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "  "),
        ("question", "x" * 301),
        ("capacity", 0),
        ("dots", 21),
        ("place_decimals", 9),
        ("facilitators", []),
    ],
)
def test_what_cannot_be_kept_is_refused_by_the_name_of_its_field(
    store: Store, name: str, value: object
) -> None:
    made = prepared(store)
    with pytest.raises(FieldRefused) as refused, store.writing() as connection:
        session.edit(connection, made, {name: value}, seen=1, now=2.0, actor="ana")
    assert refused.value.facts["name"] == name


def test_of_two_facilitators_who_change_the_settings_one_is_told(store: Store) -> None:
    made = prepared(store)
    with store.writing() as connection:
        session.edit(connection, made, {"title": "Un"}, seen=1, now=2.0, actor="ana")
    with pytest.raises(Stale) as stale, store.writing() as connection:
        session.edit(connection, made, {"title": "Deux"}, seen=1, now=3.0, actor="ben")
    assert stale.value.facts["current"]["title"] == "Un"


def phases(store: Store, made: Session) -> list[agenda.Phase]:
    with store.reading() as connection:
        return agenda.phases(connection, made)


def test_an_agenda_is_run_phase_by_phase(store: Store) -> None:
    made = opened(store, phases=("inform", "diverge", "decide"))
    first, second, _ = phases(store, made)
    with store.writing() as connection:
        made = session.get(connection, made.id)
        assert agenda.following(connection, made) == first
        agenda.start(connection, made, first, now=100.0, actor="ana")
        made = session.get(connection, made.id)
        agenda.start(connection, made, second, now=160.0, actor="ana")
        made = session.get(connection, made.id)
        assert agenda.running(connection, made) == agenda.get(connection, made, second.id)
    first, second, third = phases(store, made)
    assert (first.started_at, first.ended_at) == (100.0, 160.0)
    assert second.left(200.0) == 600 - 40
    with store.writing() as connection:
        assert agenda.following(connection, made) == third
        more = agenda.extend(connection, made, second, now=200.0, actor="ana")
        assert more.left(200.0) == 620
        # A phase that lasts too long is given a minute from now, not from its planned end.
        more = agenda.extend(connection, made, more, now=160.0 + 660 + 90, actor="ana")
        assert more.left(160.0 + 660 + 90) == 60
        agenda.stop(connection, made, now=1_000.0, actor="ana")
        made = session.get(connection, made.id)
        assert agenda.running(connection, made) is None
        with pytest.raises(CannotMove):
            agenda.stop(connection, made, now=1_001.0, actor="ana")


def test_the_phase_that_began_is_named_and_not_the_one_that_it_ended(store: Store) -> None:
    made = opened(store, phases=("inform", "diverge"))
    first, second = phases(store, made)
    with store.writing() as connection:
        made = session.get(connection, made.id)
        agenda.start(connection, made, first, now=100.0, actor="ana")
    with store.writing() as connection:
        made = session.get(connection, made.id)
        agenda.start(connection, made, second, now=160.0, actor="ana")
        started = undoing.last(connection, made)[0]
        undoing.undo(connection, made, started.id, now=170.0, actor="ana")
        undone = undoing.last(connection, made)[0]
    assert first.title != second.title
    assert (started.kind, started.name) == ("phase.start", second.title)
    assert (undone.undoes, undone.name) == (started.id, second.title)


def test_the_agenda_is_put_in_another_order(store: Store) -> None:
    made = opened(store, phases=("inform", "diverge", "decide"))
    last = phases(store, made)[2]
    with store.writing() as connection:
        agenda.place(connection, made, last, 0, now=5.0, actor="ana")
    assert [p.kind for p in phases(store, made)] == ["decide", "inform", "diverge"]
    with store.writing() as connection:
        agenda.remove(connection, made, phases(store, made)[1], seen=None, now=6.0, actor="ana")
    assert [p.kind for p in phases(store, made)] == ["decide", "diverge"]


def test_closing_ends_the_phase_and_the_vote_and_opening_again_is_possible(store: Store) -> None:
    made = opened(store, phases=("diverge",))
    with store.writing() as connection:
        (phase,) = agenda.phases(connection, made)
        agenda.start(connection, made, phase, now=10.0, actor="ana")
        made = session.close(connection, session.get(connection, made.id), now=20.0, actor="ana")
        assert (made.state, made.voting, made.phase_id) == ("closed", False, None)
        assert agenda.phases(connection, made)[0].ended_at == 20.0
        with pytest.raises(SessionNotOpen):
            session.close(connection, made, now=21.0, actor="ana")
        made = session.open(connection, made, now=30.0, actor="ana")
    assert (made.state, made.opened_at, made.closed_at) == ("open", 1.0, None)
