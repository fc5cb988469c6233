"""Preparing and running sessions, as facilitators, others and attackers send forms."""

from __future__ import annotations

import re
from typing import Any

import pytest

from datalab.participation import contribution, session
from datalab.participation.contribution import Contribution
from datalab.participation.session import Session
from datalab.participation.template import TEMPLATES
from datalab.portal.views import board as boards
from tests.participation.room import accepted, idea, joined
from tests.portal.desk import Browser, Desk

JSON = {"Accept": "application/json"}
ACTS = (
    "accept",
    "reject",
    "reword",
    "move",
    "merge",
    "split",
    "group-make",
    "group",
    "phase",
    "vote",
    "decision",
    "undo",
)


def prepare(browser: Browser, **more: str) -> str:
    """The id of a session, made by the form."""
    page = browser.get("sessions/new").text
    receipt = re.search(r'name="receipt" value="(\w+)"', page)
    assert receipt
    told = {"title": "Rue apaisée", "question": "Comment ?", "template": "workshop", **more}
    answer = browser.post("sessions/new", {"receipt": receipt[1], **told})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"].split("/sessions/")[1].split("/")[0])


def of(desk: Desk, id: str) -> Session:
    with desk.app.state.participation.reading() as connection:
        return session.get(connection, id)


def opened(desk: Desk, browser: Browser) -> Session:
    id = prepare(browser)
    assert browser.post(f"sessions/{id}/open", {"seen": "1"}).status_code == 303
    return of(desk, id)


def again(desk: Desk, one: Contribution, where: Session) -> Contribution:
    with desk.app.state.participation.reading() as connection:
        return contribution.get(connection, where, one.id)


def act(browser: Browser, where: Session, name: str, **fields: str) -> Any:
    return browser.post(f"sessions/{where.id}/board/{name}", fields)


def board(browser: Browser, where: Session) -> Any:
    return browser.get(f"sessions/{where.id}/board.json", **JSON).json()


def test_a_form_prepares_a_session_in_dijons_time_once(desk: Desk) -> None:
    browser = desk.browser_of("facilitator")
    fields = {
        "title": "Rue apaisée",
        "question": "Comment ?",
        "template": "class",
        "day": "2026-12-01",
        "begins": "18:30",
        "ends": "19:25",
        "receipt": "0123456789abcdef",
    }
    first, second = (browser.post("sessions/new", fields) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    id = first.headers["location"].split("/")[-2]
    told = browser.get(f"sessions/{id}.json", **JSON).json()
    assert told["session"]["starts_at"] == "2026-12-01T17:30:00+00:00"
    assert told["minutes"] == TEMPLATES["class"].minutes == 55
    assert len(told["agenda"]) == len(TEMPLATES["class"].steps)


def test_a_session_lasts_until_its_announced_end_whatever_its_agenda_holds(desk: Desk) -> None:
    browser = desk.browser_of("facilitator")
    fields = {"title": "Rue", "question": "Comment ?", "template": "class", "receipt": "r" * 16}
    hours = {"day": "2026-12-01", "begins": "18:30", "ends": "20:00"}
    id = browser.post("sessions/new", {**fields, **hours}).headers["location"].split("/")[-2]
    assert browser.get(f"sessions/{id}.json", **JSON).json()["minutes"] == 90
    assert "18:30 (90 min)" in browser.get(f"sessions/{id}/").text


def test_a_wrong_form_says_so_by_its_fields_and_keeps_what_was_typed(desk: Desk) -> None:
    browser = desk.browser_of("facilitator")
    fields = {"title": " ", "question": "Et ?", "day": "1er mai", "template": "nope"}
    answer = browser.post("sessions/new", {**fields, "receipt": "r", "project": "no-such"})
    assert answer.status_code == 422
    assert answer.text.count('class="wrong"') == 4
    assert ">Et ?</textarea>" in answer.text
    backwards = {"day": "2026-12-01", "begins": "20:00", "ends": "19:00"}
    told = browser.post("sessions/new", {**fields, "title": "Rue", "receipt": "r", **backwards})
    assert "The end comes after the beginning." in told.text


def test_a_draft_is_its_facilitators_own_until_it_is_opened(desk: Desk) -> None:
    browser, other, nobody = (
        desk.browser_of("facilitator"),
        desk.browser_of("agent"),
        desk.browser(),
    )
    id = prepare(browser)
    for path in (f"sessions/{id}/", f"sessions/{id}.json"):
        assert nobody.get(path).status_code == other.get(path).status_code == 404
    assert "Rue apaisée" not in nobody.get("sessions/").text
    assert "Rue apaisée" in browser.get("sessions/").text
    agenda = browser.get(f"sessions/{id}/agenda").text
    form = agenda[agenda.index(f'/sessions/{id}/open"') :].split("</form>")[0]
    (seen,) = re.findall(r'name="seen" value="(\d+)"', form)
    assert "Open the session</button>" in form
    browser.post(f"sessions/{id}/open", {"seen": seen})
    assert f'/sessions/{id}/open"' not in browser.get(f"sessions/{id}/agenda").text
    assert "Rue apaisée" in nobody.get("sessions/").text
    assert of(desk, id).code in nobody.get(f"sessions/{id}/").text.replace(" ", "")


def test_a_session_of_another_day_is_announced(desk: Desk) -> None:
    browser = desk.browser_of("facilitator")
    id = prepare(browser, day="2199-12-01", begins="18:30")
    browser.post(f"sessions/{id}/open", {"seen": "1"})
    told = desk.browser().get("sessions.json").json()
    assert ([s["id"] for s in told["coming"]], told["open"]) == ([id], [])


def test_nobody_else_sees_the_board_or_acts_on_it(desk: Desk) -> None:
    browser = desk.browser_of("facilitator")
    where = opened(desk, browser)
    one = idea(desk.app.state.participation, where, "Des bancs")
    places = (
        "board",
        "board.json",
        "board/diff",
        "board/events",
        "agenda",
        "materials",
        "settings",
    )
    panels = (f"board/cards/{one.id}", "board/decisions/new", "board/code")
    for stranger, status in ((desk.browser_of("agent"), 403), (desk.browser(), 401)):
        for path in (*places, *panels):
            assert stranger.get(f"sessions/{where.id}/{path}").status_code == status, path
        for name in ACTS:
            fields = {"card": one.id, "seen": "1", "wording": "x", "reason": "x"}
            assert act(stranger, where, name, **fields).status_code == status, name
        for path in ("agenda", "materials", "settings", "facilitators", "open", "undo"):
            sent = stranger.post(f"sessions/{where.id}/{path}", {"act": "add"})
            assert sent.status_code == status, path
    assert again(desk, one, where).state == "submitted"
    forged = browser.post(f"sessions/{where.id}/board/accept", {"card": one.id, "_token": "0" * 64})
    assert forged.status_code == 403
    foreign = act(browser, where, "accept", card=one.id)
    assert foreign.status_code == 303
    assert "Des bancs" in desk.browser().get(f"sessions/{where.id}/").text


def test_a_facilitator_is_added_by_account_and_the_last_one_stays(desk: Desk) -> None:
    browser = desk.browser_of("facilitator")
    where = opened(desk, browser)
    path = f"sessions/{where.id}/facilitators"
    assert browser.post(path, {"add": "no-such"}).status_code == 422
    assert browser.post(path, {"add": "student"}).status_code == 303
    assert desk.browser_of("student").get(f"sessions/{where.id}/board").status_code == 200
    assert browser.post(path, {"remove": "student"}).status_code == 303
    assert desk.browser_of("student").get(f"sessions/{where.id}/board").status_code == 403
    assert browser.post(path, {"remove": "facilitator"}).status_code == 422
    assert of(desk, where.id).facilitators == ("facilitator",)


def test_what_was_marked_is_read_before_it_is_shown(desk: Desk) -> None:
    browser, store = desk.browser_of("facilitator"), desk.app.state.participation
    where = opened(desk, browser)
    one = idea(store, where, "Appelez-moi au 06 12 34 56 78", joined(store, where, "Merle"))
    page = browser.get(f"sessions/{where.id}/board").text
    assert "<mark" in page
    refused = act(browser, where, "accept", card=one.id, seen="1")
    assert refused.status_code == 409
    panel = browser.get(f"sessions/{where.id}/board/cards/{one.id}").text
    proposed = re.search(r'id="wording"[^>]*>([^<]*)<', panel)
    assert proposed
    assert "06 12" not in proposed[1]
    assert (
        act(browser, where, "accept", card=one.id, seen="1", wording=proposed[1]).status_code == 303
    )
    assert "06 12" not in desk.browser().get(f"sessions/{where.id}/").text


def test_a_stale_form_shows_what_stands_and_keeps_what_was_typed(desk: Desk) -> None:
    desk.add("second", "agents")
    first, second = desk.browser_of("facilitator"), desk.browser_of("second")
    where = opened(desk, first)
    first.post(f"sessions/{where.id}/facilitators", {"add": "second"})
    one = accepted(desk.app.state.participation, where, "Des bancs")
    told = {"card": one.id, "seen": str(one.version)}
    assert act(first, where, "reword", wording="Des bancs à l’ombre", **told).status_code == 303
    stale = act(second, where, "reword", wording="Des sièges", **told)
    assert stale.status_code == 409
    assert "Somebody else changed this a moment ago" in stale.text
    assert ">Des sièges</textarea>" in stale.text
    assert again(desk, one, where).said == "Des bancs à l’ombre"
    scripted = second.post(
        f"sessions/{where.id}/board/reword", {"wording": "Des sièges", **told}, **JSON
    )
    assert scripted.json()["error"]["code"] == "stale"


def test_groups_votes_decisions_and_phases_go_and_are_undone_without_scripts(desk: Desk) -> None:
    browser, store = desk.browser_of("facilitator"), desk.app.state.participation
    where = opened(desk, browser)
    one, two = accepted(store, where, "Des bancs"), accepted(store, where, "Des sièges")
    assert act(browser, where, "group-make", title="Rues", receipt="g1").status_code == 303
    group = board(browser, where)["lanes"][1]["id"]
    assert act(browser, where, "move", card=one.id, lane=group).status_code == 303
    assert act(browser, where, "merge", card=two.id, into=one.id).status_code == 303
    (card,) = board(browser, where)["lanes"][1]["cards"]
    assert (card["said"], card["merged"]) == ("Des bancs", ["Des sièges"])
    assert act(browser, where, "vote", do="open", dots="4", counts_hidden="yes").status_code == 303
    assert (of(desk, where.id).voting, of(desk, where.id).dots) == (True, 4)
    assert board(browser, where)["lanes"][1]["cards"][0]["dots"] is None
    fields = {"text": "Dix bancs", "owner": "Voirie", "due": "2027-01-31", "receipt": "d1"}
    assert act(browser, where, "decision", answers=one.id, **fields).status_code == 303
    assert board(browser, where)["decisions"][0]["answers"] == [one.id]
    phase = board(browser, where)["phases"][0]["id"]
    assert act(browser, where, "phase", do="start", phase=phase).status_code == 303
    assert board(browser, where)["phase"]["id"] == phase
    page = browser.get(f"sessions/{where.id}/board").text
    mine = re.search(r'data-mine="(\d+)"', page)
    assert mine
    assert act(browser, where, "undo", change=mine[1]).status_code == 303
    assert board(browser, where)["phase"] is None
    twice = act(browser, where, "undo", change=mine[1])
    assert twice.status_code == 409


def test_the_board_tells_only_what_changed(desk: Desk) -> None:
    browser, store = desk.browser_of("facilitator"), desk.app.state.participation
    where = opened(desk, browser)
    for n in range(20):
        accepted(store, where, f"Idée {n}")
    number = board(browser, where)["number"]
    last = idea(store, where, "La dernière")
    told = browser.get(f"sessions/{where.id}/board/diff?since={number}").text
    assert re.findall(r'data-card="(\w+)"', told) == [last.id]
    assert f'data-number="{number + 1}"' in told


def test_what_happens_while_the_board_is_read_is_told_by_the_next_look(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at what changed and the look at what stands there now."""
    browser, store = desk.browser_of("facilitator"), desk.app.state.participation
    where = opened(desk, browser)
    number = board(browser, where)["number"]
    meanwhile: list[str] = []
    read = boards.read

    def slower(*given: Any) -> Any:
        if not meanwhile:
            meanwhile.append(idea(store, where, "Pendant ce temps").id)
        return read(*given)

    monkeypatch.setattr(boards, "read", slower)
    seen: list[str] = []
    for _ in range(2):
        told = browser.get(f"sessions/{where.id}/board/diff?since={number}").text
        seen += re.findall(r'data-card="(\w+)"', told)
        number = max(number, int(re.findall(r'data-number="(\d+)"', told)[0]))
    assert seen == meanwhile


@pytest.mark.parametrize("kind", ["map", "page", "dataset", "link", "<script>"])
def test_a_material_is_of_the_lab_or_refused(desk: Desk, kind: str) -> None:
    browser = desk.browser_of("facilitator")
    id = prepare(browser)
    for reference in ("no-such", "https://evil.example/", "../../hub/admin"):
        fields = {"act": "add", "kind": kind, "reference": reference, "receipt": "r"}
        answer = browser.post(f"sessions/{id}/materials", fields)
        assert answer.status_code == 422
    assert browser.get(f"sessions/{id}.json", **JSON).json()["materials"] == []


def test_the_agenda_is_changed_by_buttons(desk: Desk) -> None:
    browser = desk.browser_of("facilitator")
    id = prepare(browser, template="empty")
    path = f"sessions/{id}/agenda"
    for place, title in enumerate(("Un", "Deux")):
        fields = {"act": "add", "title": title, "kind": "diverge", "minutes": "7,5"}
        assert browser.post(path, {**fields, "receipt": f"p{place}"}).status_code == 303

    def titles() -> list[str]:
        told = browser.get(f"sessions/{id}.json", **JSON).json()["agenda"]
        return [phase["title"] for phase in told]

    found = re.findall(r'data-phase="(\w+)"', browser.get(path).text)
    assert browser.post(path, {"act": "up", "phase": found[1]}).status_code == 303
    assert titles() == ["Deux", "Un"]
    wrong = {"act": "edit", "phase": found[0], "title": "", "kind": "diverge", "minutes": "x"}
    assert browser.post(path, wrong).status_code == 422
    assert browser.post(path, {"act": "remove", "phase": found[0]}).status_code == 303
    assert titles() == ["Deux"]


@pytest.mark.parametrize("bad", ["%00", "%F0%9F%98%80", "a" * 500, "..%2f..", "'%3B--"])
def test_an_address_that_is_none_is_answered_as_one(desk: Desk, bad: str) -> None:
    browser = desk.browser_of("facilitator")
    where = opened(desk, browser)
    for path in (f"sessions/{bad}/", f"sessions/{where.id}/board/cards/{bad}"):
        assert browser.get(path).status_code == 404, path
    for field in ("card", "group", "phase", "decision", "into", "lane", "before", "change", "seen"):
        for name in ACTS:
            answer = act(browser, where, name, **{field: "\x00'; DROP TABLE session; --"})
            assert 400 <= answer.status_code < 500, (name, field, answer.status_code)
