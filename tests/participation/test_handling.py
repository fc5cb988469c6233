"""What agents do with cases, on both databases: given, answered, merged, taken back, made late."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from datalab.errors import CannotUndo, ControlRefused, RouteTaken, Stale
from datalab.participation import (
    canned_answer,
    docket,
    following,
    handling,
    journal,
    request,
    request_list,
    routing,
    service_level,
)
from datalab.participation.author import make
from datalab.participation.categories import seed
from datalab.participation.docket import Asked
from datalab.participation.report import Report, review
from datalab.participation.store import Store

NOW = 1_800_000_000.0
HOUR, DAY = 3_600.0, 86_400.0


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    with store.writing() as connection:
        seed(connection)
        yield connection


def reported(
    connection: Connection,
    what: str = "Lampe éteinte",
    service: str = "lighting",
    commune: str | None = "21231",
    at: float = NOW,
    author: str | None = None,
    place: tuple[float, float] = (47.32, 5.04),
) -> str:
    """The id of a new case."""
    told = Report(
        service,
        f"{what}-{service}-{at}-{commune}-{author}",
        "web",
        what,
        *place,
        commune,
        attributes={},
        author_id=author,
    )
    return request.submit(connection, review(told), at).key


def reporter(connection: Connection) -> str:
    made = make(connection, kind="reporter", now=NOW, expires_at=NOW + DAY, consent="")
    return made.id


def test_the_most_exact_line_names_the_team(connection: Connection) -> None:
    for line in (
        (None, None, "Accueil"),
        (None, "21231", "Dijon"),
        ("lighting", None, "Éclairage"),
        ("lighting", "21231", "Éclairage de Dijon"),
    ):
        routing.add(connection, *line, actor="agent", now=NOW)
    found = {
        (service, commune): request.get(
            connection, reported(connection, service=service, commune=commune)
        ).team
        for service in ("lighting", "road")
        for commune in ("21231", "21003", None)
    }
    assert found == {
        ("lighting", "21231"): "Éclairage de Dijon",
        ("lighting", "21003"): "Éclairage",
        ("lighting", None): "Éclairage",
        ("road", "21231"): "Dijon",
        ("road", "21003"): "Accueil",
        ("road", None): "Accueil",
    }
    with pytest.raises(RouteTaken):
        routing.add(connection, None, None, "Autre", actor="agent", now=NOW)


def test_a_line_changes_and_goes_only_as_it_was_seen(connection: Connection) -> None:
    routing.add(connection, "road", None, "Voirie", actor="agent", now=NOW)
    (line,) = routing.routes(connection)
    routing.change(connection, line.id, "Routes", actor="a", seen=line.version, now=NOW)
    with pytest.raises(Stale):
        routing.remove(connection, line.id, actor="b", seen=line.version, now=NOW)
    assert routing.team_of(connection, "road", None) == "Routes"


def test_a_case_that_is_given_to_somebody_is_assigned_and_the_second_agent_is_told(
    connection: Connection,
) -> None:
    id = reported(connection)
    seen = request.get(connection, id).version
    handling.assign(connection, id, "Voirie", "ana", actor="ana", seen=seen, now=NOW + 60)
    found = request.get(connection, id)
    assert (found.state, found.team, found.assignee) == ("assigned", "Voirie", "ana")
    with pytest.raises(Stale) as caught:
        handling.assign(connection, id, "Eau", "bob", actor="bob", seen=seen, now=NOW + 61)
    assert caught.value.facts["current"]["assignee"] == "ana"


def test_an_answer_is_public_and_a_remark_is_not(connection: Connection) -> None:
    id = reported(connection)
    handling.remark(connection, id, "Voir avec Paul", actor="ana", now=NOW + 10)
    assert request.get(connection, id).answered_at is None
    version = request.get(connection, id).version
    handling.answer(
        connection, id, "C’est réparé.", "fixed", actor="ana", seen=version, now=NOW + 20
    )
    found = request.get(connection, id)
    assert (found.state, found.status, found.closed_at) == ("fixed", "closed", NOW + 20)
    assert found.answered_at == NOW + 20
    shown = request_list.notes(connection, [id])[id]
    assert [note.text for note in shown] == ["C’est réparé."]
    inside = request_list.notes(connection, [id], inside=True)[id]
    assert [note.text for note in inside] == ["Voir avec Paul", "C’est réparé."]


def test_nothing_is_closed_without_a_word(connection: Connection) -> None:
    id = reported(connection)
    for text, state in (("", "fixed"), ("", None), ("Double", "duplicate")):
        with pytest.raises(ControlRefused):
            handling.answer(connection, id, text, state, actor="a", seen=None, now=NOW)  # type: ignore[arg-type]
    with pytest.raises(Stale):
        handling.answer(connection, id, "Bonjour", None, actor="a", seen=7, now=NOW)


def test_the_people_of_a_duplicate_follow_the_first_one(connection: Connection) -> None:
    one, two, three = (reporter(connection) for _ in range(3))
    first = reported(connection, "Une lampe", author=one)
    other = reported(connection, "La même lampe", author=two)
    following.follow(connection, other, three, NOW)
    done = handling.merge(connection, other, first, actor="ana", seen=None, now=NOW + 5)
    assert (done.first, done.joined) == (first, 2)
    assert following.hearers(connection, first) == [one, *sorted([two, three])] or set(
        following.hearers(connection, first)
    ) == {one, two, three}
    closed = request.get(connection, other)
    assert (closed.state, closed.status, closed.duplicate_of) == ("duplicate", "closed", first)
    assert first in request_list.notes(connection, [other])[other][0].text
    assert [one.id for one in handling.repeats(connection, first)] == [other]
    handling.undo(connection, other, done.change.id, actor="ana", now=NOW + 6)
    again = request.get(connection, other)
    assert (again.state, again.status, again.duplicate_of) == ("received", "open", None)
    assert set(following.hearers(connection, other)) == {two, three}


def test_a_case_is_no_duplicate_of_what_nobody_may_see(connection: Connection) -> None:
    hidden = reported(connection, "Appelez-moi au 06 12 34 56 78")
    assert request.get(connection, hidden).moderation == "waiting"
    with pytest.raises(ControlRefused, match=r"not public|pas public"):
        handling.merge(connection, reported(connection), hidden, actor="a", seen=None, now=NOW)


def test_only_the_last_change_is_taken_back_and_only_once(connection: Connection) -> None:
    id = reported(connection)
    first = handling.assign(connection, id, "A", None, actor="a", seen=None, now=NOW)
    second = handling.assign(connection, id, "B", None, actor="b", seen=None, now=NOW)
    with pytest.raises(CannotUndo):
        handling.undo(connection, id, first.id, actor="a", now=NOW)
    handling.undo(connection, id, second.id, actor="a", now=NOW)
    assert request.get(connection, id).team == "A"
    history = journal.since(connection, 0, f"request:{id}")
    assert second.id not in handling.undoable(history)
    with pytest.raises(ControlRefused):
        handling.undo(connection, reported(connection, "x"), first.id, actor="a", now=NOW)


def test_another_category_brings_its_delay_and_its_team(connection: Connection) -> None:
    routing.add(connection, "road", None, "Voirie", actor="agent", now=NOW)
    id = reported(connection)
    due = request.get(connection, id).expected_at
    handling.put_right(connection, id, "road", "21003", actor="a", seen=1, now=NOW + 5)
    found = request.get(connection, id)
    assert (found.service_code, found.commune, found.team) == ("road", "21003", "Voirie")
    assert found.expected_at != due


def test_what_is_late_is_escalated_once_for_its_answer_and_once_for_its_closure(
    connection: Connection,
) -> None:
    id = reported(connection)  # lighting: 24 h and 120 h
    quick = reported(connection, "Autre", at=NOW + HOUR)
    handling.answer(connection, quick, "Vu", None, actor="a", seen=None, now=NOW + 2 * HOUR)
    assert service_level.escalate(connection, NOW + 23 * HOUR) == []
    assert service_level.escalate(connection, NOW + 26 * HOUR) == [id]
    assert service_level.escalate(connection, NOW + 27 * HOUR) == []
    late = NOW + 130 * HOUR
    assert service_level.escalate(connection, late) == [id, quick]
    assert service_level.escalate(connection, late + 1) == []
    assert request.get(connection, id).priority == 2
    kinds = [change.kind for change in journal.since(connection, 0, f"request:{id}")]
    assert kinds == ["request.submit", "request.escalate", "request.escalate"]


def test_the_late_ones_stand_on_top_of_the_list(connection: Connection) -> None:
    new = reported(connection, "Nouveau", at=NOW + 199 * HOUR)
    old = reported(connection, "Ancien", at=NOW)
    found = docket.listed(connection, Asked(), NOW + 200 * HOUR)
    assert [(line.id, line.overdue) for line in found] == [(old, True), (new, False)]
    newest = docket.listed(connection, Asked(order="newest"), NOW + 200 * HOUR)
    assert [line.id for line in newest] == [new, old]


def test_filters_leave_what_was_asked_for(connection: Connection) -> None:
    light = reported(connection, "Lampe rue Monge")
    road = reported(connection, "Trou à ÉCOLE", service="road", commune="21003", at=NOW - 9 * DAY)
    waiting = reported(connection, "Mon numéro : 06 12 34 56 78")
    handling.assign(connection, light, "Éclairage", "ana", actor="a", seen=None, now=NOW)

    def ids(**asked: object) -> set[str]:
        return {line.id for line in docket.listed(connection, Asked(**asked), NOW)}  # type: ignore[arg-type]

    assert ids() == {light, road, waiting}
    assert ids(services=("road",)) == {road}
    assert ids(communes=("21003",)) == {road}
    assert ids(states=("assigned",)) == {light}
    assert ids(team="Éclairage") == {light}
    assert ids(older_days=7) == {road}
    assert ids(show="waiting") == {waiting}
    assert ids(show="unassigned") == {road, waiting}
    assert ids(show="mine", agent="ana") == {light}
    assert ids(show="overdue") == {road}
    assert ids(text="monge") == {light}
    assert ids(text="trou école") == {road} or ids(text="trou") == {road}
    assert ids(text="100%") == set()
    assert ids(text=road) == {road}
    sums = docket.totals(connection, "ana", NOW)
    assert (sums.open, sums.waiting, sums.overdue, sums.mine, sums.closed) == (3, 1, 1, 1, 0)
    assert len(docket.points(connection, Asked(), NOW)) == 3
    assert docket.count(connection, Asked(services=("road",)), NOW) == 1


def test_a_canned_answer_fills_its_places_and_nothing_twice(connection: Connection) -> None:
    canned_answer.save(
        connection,
        None,
        None,
        "Vu",
        "Bonjour, {id} ({category}) {x}",
        actor="a",
        seen=None,
        now=NOW,
    )
    canned_answer.save(connection, None, "road", "Route", "…", actor="a", seen=None, now=NOW)
    found = canned_answer.answers(connection, "road")
    assert [one.title for one in found] == ["Route", "Vu"]
    assert [one.title for one in canned_answer.answers(connection, "water")] == ["Vu"]
    facts = {"id": "{category}", "category": "Voirie"}
    assert canned_answer.filled(found[1].text, facts) == "Bonjour, {category} (Voirie) {x}"
    with pytest.raises(Stale):
        canned_answer.remove(connection, found[1].id, actor="a", seen=9, now=NOW)
