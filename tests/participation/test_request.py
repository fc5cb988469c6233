"""Service requests: recorded once, seen only where they may be, changed step by step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from datalab.errors import ReportRefused, RequestClosed, Stale, UnknownRequest, UnknownService
from datalab.participation import author, journal, request, service
from datalab.participation.categories import seed
from datalab.participation.report import Report, review
from datalab.participation.request import DAY, HOUR, Submitted
from datalab.participation.request_list import Filter, listed, near, notes
from datalab.participation.store import Store
from datalab.participation.tables.author import PICTURE

NOW = 1_800_000_000.0
BULB = Report("lighting", "r-1", "web", "Lampadaire éteint", 47.3220, 5.0415, "21231")


def send(store: Store, report: Report = BULB, now: float = NOW, **more: Any) -> Submitted:
    reviewed = review(replace(report, **more))
    return store.write(lambda connection: request.submit(connection, reviewed, now))


def read(store: Store, made: Submitted) -> request.Request:
    with store.reading() as connection:
        return request.get(connection, made.key)


def numbers(store: Store, **asked: Any) -> list[str]:
    with store.reading() as connection:
        return [one.id for one in listed(connection, Filter(**asked))]


def a_picture(connection: Connection) -> str:
    values = {"id": "shot", "scope": "request", "width": 10, "height": 10, "bytes": 9}
    connection.execute(insert(PICTURE).values(**values, created_at=NOW))
    return "shot"


def a_reporter(connection: Connection) -> str:
    return author.make(connection, kind="reporter", now=NOW, expires_at=NOW + DAY, consent="1").id


def test_a_new_lab_offers_eleven_kinds_of_problem_and_a_question(store: Store) -> None:
    with store.reading() as connection:
        offered = service.services(connection)
    assert len(offered) == 12
    assert [one.code for one in offered][-2:] == ["other", "information"]
    assert all(one.name("fr") and one.description("en") and one.closure_hours for one in offered)


def test_what_agents_changed_of_a_service_stays(store: Store) -> None:
    with store.writing() as connection:
        values = {"closure_hours": 12.0, "active": False}
        service.change(connection, "noise", values, actor="ana", seen=1, now=NOW)
        assert seed(connection) == 0
        assert service.get(connection, "noise").closure_hours == 12.0
        assert "noise" not in [one.code for one in service.services(connection)]
    with pytest.raises(UnknownService):
        send(store, service_code="noise")


def test_a_clean_text_is_public_at_once_and_due_as_its_service_says(store: Store) -> None:
    made = send(store)
    assert made.id is not None
    found = read(store, made)
    assert (found.moderation, found.state, found.status, found.said) == (
        "accepted",
        "received",
        "open",
        "Lampadaire éteint",
    )
    assert found.expected_at == NOW + 120 * HOUR
    with store.reading() as connection:
        (change,) = journal.since(connection, 0, f"request:{made.id}")
    assert (change.kind, change.actor) == ("request.submit", "lab")


def test_the_same_receipt_is_the_same_request(store: Store) -> None:
    first, again = send(store), send(store, description="Autre chose", now=NOW + 5)
    assert again == replace(first, repeated=True)
    assert numbers(store) == [first.id]


def test_what_waits_is_nowhere_until_it_is_accepted(store: Store) -> None:
    made = send(store, description="Appelez-moi au 06 12 34 56 78, le lampadaire est éteint.")
    assert made.id is None
    assert numbers(store) == numbers(store, ids=(made.key,)) == []
    with store.reading() as connection:
        assert near(connection, "lighting", 47.3220, 5.0415) == []
        with pytest.raises(UnknownRequest):
            request.public(connection, made.key)
        assert request.of_token(connection, made.token).moderation == "waiting"
    with store.writing() as connection:
        request.moderate(connection, made.key, True, actor="ana", seen=1, now=NOW + 60)
    assert numbers(store) == [made.key]
    assert "06 12" not in read(store, made).said


def test_a_picture_waits_for_eyes_and_is_shown_with_its_request(store: Store) -> None:
    with store.writing() as connection:
        shot = a_picture(connection)
    made = send(store, picture_id=shot)
    assert made.id is None
    with store.writing() as connection:
        request.moderate(connection, made.key, True, actor="ana", seen=1, now=NOW)
        assert connection.execute(PICTURE.select()).one().accepted


def test_what_is_rejected_is_nowhere_and_its_reporter_learns_why(store: Store) -> None:
    made = send(store)
    with store.writing() as connection:
        request.moderate(
            connection, made.key, False, actor="ana", seen=1, now=NOW, reason="Hors sujet."
        )
    assert numbers(store) == []
    assert read(store, made).status_notes == "Hors sujet."
    with pytest.raises(RequestClosed), store.writing() as connection:
        request.change_state(connection, made.key, "fixed", actor="ana", seen=None, now=NOW)


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("address_string", {"latitude": None, "longitude": None}),
        ("long", {"longitude": None}),
        ("lat", {"latitude": 48.85, "longitude": 2.35}),
        ("lat", {"latitude": float("nan")}),
        ("description", {"description": "x" * 4_001}),
        ("address_string", {"address": "x" * 301}),
    ],
)
def test_a_report_says_where_and_not_too_much(field: str, more: dict[str, Any]) -> None:
    with pytest.raises(ReportRefused) as refused:
        review(replace(BULB, **more))
    assert [name for name, _ in refused.value.problems] == [field]
    assert "enregistré" in refused.value.message("fr")


def test_an_address_alone_is_a_place_and_odd_characters_are_dropped(store: Store) -> None:
    made = send(store, latitude=None, longitude=None, address="8\x00 rue\n de la \x1bLiberté")
    assert read(store, made).address == "8 rue de la Liberté"


def test_a_case_from_received_to_fixed(store: Store) -> None:
    made = send(store)
    steps: list[tuple[Any, str, float]] = [
        ("acknowledged", "", NOW + 1),
        ("scheduled", "Passage prévu jeudi.", NOW + 2),
        ("fixed", "La lampe est changée.", NOW + 3),
    ]
    for state, said, at in steps:
        with store.writing() as connection:
            request.change_state(
                connection, made.key, state, actor="ana", seen=None, now=at, note=said
            )
    found = read(store, made)
    assert (found.status, found.state, found.closed_at) == ("closed", "fixed", NOW + 3)
    assert (found.answered_at, found.updated_at) == (NOW + 1, NOW + 3)
    assert found.status_notes == "La lampe est changée."
    with store.reading() as connection:
        told = notes(connection, [made.key])[made.key]
    assert [one.text for one in told] == ["Passage prévu jeudi.", "La lampe est changée."]


def test_of_two_agents_who_saw_the_same_the_second_is_told(store: Store) -> None:
    made = send(store)
    with store.writing() as connection:
        request.change_state(connection, made.key, "assigned", actor="ana", seen=1, now=NOW)
    with pytest.raises(Stale), store.writing() as connection:
        request.change_state(connection, made.key, "fixed", actor="ben", seen=1, now=NOW)


def test_a_closure_is_undone_with_its_answer(store: Store) -> None:
    made = send(store)
    with store.writing() as connection:
        change = request.change_state(
            connection, made.key, "fixed", actor="ana", seen=1, now=NOW, note="Fait."
        )
    with store.writing() as connection:
        journal.undo(connection, change.id, at=NOW + 1, actor="ana")
        assert notes(connection, [made.key]) == {made.key: []}
    found = read(store, made)
    assert (found.status, found.status_notes, found.answered_at) == ("open", "", None)


def test_a_duplicate_points_to_the_first_and_never_round_in_a_circle(store: Store) -> None:
    first, second, third = (send(store, receipt=word) for word in "abc")

    def close(made: Submitted, into: Submitted) -> None:
        with store.writing() as connection:
            request.change_state(
                connection,
                made.key,
                "duplicate",
                actor="ana",
                seen=None,
                now=NOW,
                duplicate_of=into.key,
            )

    close(second, first)
    found = read(store, second)
    assert (found.status, found.duplicate_of) == ("closed", first.key)
    assert "duplicate" in found.status_notes
    assert first.key in found.status_notes
    close(third, second)
    assert read(store, third).duplicate_of == first.key
    for made, into in ((first, first), (first, second)):
        with pytest.raises(RequestClosed):
            close(made, into)


def test_who_reported_opens_it_again_within_a_month(store: Store) -> None:
    with store.writing() as connection:
        mine, other = a_reporter(connection), a_reporter(connection)
    made = send(store, author_id=mine)

    def again(who: str, now: float) -> None:
        with store.writing() as connection:
            request.reopen(connection, made.key, author_id=who, reason="Toujours noir", now=now)

    with pytest.raises(RequestClosed):
        again(mine, NOW)
    with store.writing() as connection:
        request.change_state(
            connection, made.key, "fixed", actor="ana", seen=None, now=NOW + DAY, note="Fait."
        )
    with pytest.raises(UnknownRequest):
        again(other, NOW + 2 * DAY)
    with pytest.raises(RequestClosed):
        again(mine, NOW + 32 * DAY)
    again(mine, NOW + 2 * DAY)
    found = read(store, made)
    assert (found.status, found.state, found.reopened) == ("open", "received", 1)
    assert (found.closed_at, found.expected_at) == (None, NOW + 2 * DAY + 120 * HOUR)
    with store.reading() as connection:
        public, everything = (
            notes(connection, [made.key]),
            notes(connection, [made.key], inside=True),
        )
    assert "Toujours noir" not in [one.text for one in public[made.key]]
    assert "Toujours noir" in [one.text for one in everything[made.key]]


def test_near_ones_are_open_of_the_same_kind_and_within_reach(store: Store) -> None:
    here = send(store)
    send(store, receipt="kind", service_code="road")
    send(store, receipt="far", latitude=47.3220 + 0.0030)
    beside = send(store, receipt="beside", latitude=47.3220 + 0.0020)
    done = send(store, receipt="done")
    with store.writing() as connection:
        request.change_state(connection, done.key, "fixed", actor="ana", seen=None, now=NOW)
    with store.reading() as connection:
        found = near(connection, "lighting", 47.3220, 5.0415, inside=True)
        shown = near(connection, "lighting", 47.3220, 5.0415)
    assert [(one.id, round(metres)) for one, metres in found] == [(here.id, 0), (beside.id, 222)]
    # Everybody else is told how far the rounded place is: 5.0415 is shown as 5.042.
    assert [(one.id, round(metres)) for one, metres in shown] == [(here.id, 38), (beside.id, 226)]
