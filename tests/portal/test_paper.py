"""Sheets of paper: printed with a slip, typed in by an agent, answered by the same private link."""

from __future__ import annotations

import re

import pytest

from tests.portal.assembly import Assembly, receipt
from tests.portal.conftest import PREFIX
from tests.portal.desk import Browser, Desk

LINK = re.compile(rf"{PREFIX}/(mine/[\w-]+)<")


@pytest.fixture
def room(desk: Desk) -> Assembly:
    return Assembly(desk)


def typed(agent: Browser, room: Assembly, sheet: str, text: str, **more: str) -> object:
    fields = {"sheet": sheet, "text": text, "receipt": receipt(), **more}
    return agent.post(f"sessions/{room.id}/paper", fields)


def test_an_agent_types_sheets_in_a_row_and_each_is_one_person(room: Assembly) -> None:
    agent = room.desk.browser_of("agent")
    for sheet, text in (("1", "Un banc"), ("1", "Une fontaine"), ("2", "Des arbres")):
        answer = typed(agent, room, sheet, text, then="next")
        assert answer.headers["location"].endswith(f"paper?sheet={int(sheet) + 1}")  # type: ignore[attr-defined]
    said = room.said()
    assert {(one.way, one.entered_by, one.state) for one in said} == {
        ("paper", "agent", "submitted")
    }
    assert len({one.author_id for one in said}) == 2
    page = agent.get(f"sessions/{room.id}/paper?sheet=1").text
    assert "This sheet belongs to" in page
    assert "People on paper: 2." in page


def test_the_slip_of_a_sheet_leads_to_what_became_of_it(room: Assembly) -> None:
    agent, citizen = room.desk.browser_of("facilitator"), room.desk.browser()
    printed = agent.get(f"sessions/{room.id}/paper/sheets?first=3&count=2")
    assert "no-store" in printed.headers["cache-control"]
    third, fourth = LINK.findall(printed.text)
    assert third != fourth
    assert citizen.get(f"{third}/").status_code == 404  # not typed so far
    typed(agent, room, "3", "Un banc à l’ombre")
    assert "Un banc à l’ombre" in citizen.get(f"{third}/").text
    assert citizen.get(f"{fourth}/").status_code == 404


def test_a_sheet_speaks_of_what_is_on_it_and_of_no_pseudonym_to_choose(room: Assembly) -> None:
    agent = room.desk.browser_of("facilitator")
    printed = agent.get(f"sessions/{room.id}/paper/sheets?count=1").text
    assert "under a pseudonym that the lab gives you" in printed
    assert "by the code of the slip below" in printed
    assert "you chose" not in printed
    assert '<p class="small ticked"><span class="tick"></span> I am under 15' in printed


def test_a_slip_of_the_keyboard_is_taken_back_and_a_form_counts_once(room: Assembly) -> None:
    agent, other = room.desk.browser_of("agent"), room.desk.browser_of("steward")
    key = receipt()
    for _ in range(2):
        typed(agent, room, "1", "Un bnac", receipt=key)
    (one,) = room.said()
    base = f"sessions/{room.id}/paper/take-back"
    assert other.post(base, {"contribution": one.id}).status_code == 404
    assert agent.post(base, {"contribution": one.id, "sheet": "1"}).status_code == 303
    assert room.said()[0].state == "withdrawn"


def test_what_is_wrong_stands_at_its_field(room: Assembly) -> None:
    agent = room.desk.browser_of("agent")
    for sheet in ("0", "abc", "9999"):
        answer = typed(agent, room, sheet, "À garder")
        assert answer.status_code == 422  # type: ignore[attr-defined]
        assert "À garder" in answer.text  # type: ignore[attr-defined]
    assert room.said() == []


def test_only_those_who_run_sessions_type_for_others(room: Assembly) -> None:
    for name in ("student", "citizen", "entrepreneur"):
        somebody = room.desk.browser_of(name)
        assert somebody.get(f"sessions/{room.id}/paper").status_code == 403
        assert somebody.get(f"sessions/{room.id}/paper/sheets").status_code == 403
        assert typed(somebody, room, "1", "x").status_code == 403  # type: ignore[attr-defined]
    assert room.desk.browser().get(f"sessions/{room.id}/paper").status_code in (303, 401)
    assert room.said() == []
