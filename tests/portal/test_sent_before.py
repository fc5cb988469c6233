"""Who goes back to a form that was sent, and sends another thing from it, loses neither."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datalab.participation.tables.request import REQUEST
from datalab.portal.views import cases_new
from tests.portal.assembly import Assembly, receipt
from tests.portal.conftest import Workshop
from tests.portal.control_room import CALL, reported
from tests.portal.desk import Browser, Desk
from tests.portal.street import REPORT, a_minute_ago, counted, hidden, picture, send, street
from tests.portal.test_surveys import ANSWERS, HOME, Field
from tests.portal.test_surveys import hidden as field_of

AGAIN = "This form was sent before with something else in it."


def receipt_in(page: str) -> str:
    return field_of(page, "receipt")


def test_another_idea_without_scripts_stands_in_the_form_with_a_new_receipt(desk: Desk) -> None:
    room = Assembly(desk)
    phone, key = room.phone(), receipt()

    def say(text: str, key: str, **more: str) -> Any:
        return phone.browser.post(phone.here, {"text": text, "receipt": key, **more})

    assert say("Des bancs", key).status_code == 303
    assert say("Des bancs", key).status_code == 303
    refused = say("Des arbres", key)
    assert refused.status_code == 422
    assert AGAIN in refused.text
    assert "Des arbres" in refused.text
    assert say("Des arbres", receipt_in(refused.text)).status_code == 303
    assert sorted(one.text for one in room.said()) == ["Des arbres", "Des bancs"]
    told = phone.say("Encore autre chose", key)
    assert (told.status_code, told.json()["error"]["code"]) == (422, "receipt-reused")


def test_a_photo_added_to_an_idea_that_was_sent_is_not_dropped(desk: Desk) -> None:
    room = Assembly(desk)
    phone, key = room.phone(), receipt()
    assert phone.say("Des bancs", key).status_code == 200
    files = {"photo": ("photo.jpg", picture(), "image/jpeg")}
    fields = {"text": "Des bancs", "receipt": key, "_token": phone.browser.token}
    answer = phone.browser.client.post(
        phone.here,
        data=fields,
        files=files,
        headers={"Accept": "application/json", "Origin": "http://lab.test"},
    )
    assert answer.json()["error"]["code"] == "receipt-reused"
    assert len(room.said()) == 1


def test_the_sheet_that_an_agent_typed_over_stays_in_the_form(desk: Desk) -> None:
    room, agent, key = Assembly(desk), desk.browser_of("agent"), receipt()
    here = f"sessions/{room.id}/paper"
    assert agent.post(here, {"sheet": "1", "text": "Un banc", "receipt": key}).status_code == 303
    for sheet in ("1", "2"):
        fields = {"sheet": sheet, "text": "Une fontaine", "receipt": key}
        refused = agent.post(here, fields)
        assert refused.status_code == 409
        assert AGAIN in refused.text
        assert "Une fontaine" in refused.text
    assert agent.post(here, {**fields, "receipt": receipt_in(refused.text)}).status_code == 303
    assert len(room.said()) == 2


def test_the_paper_of_a_survey_that_was_typed_over_stays_in_the_form(desk: Desk) -> None:
    field, agent = Field(desk), desk.browser_of("agent")
    here = f"{HOME}campaigns/{field.campaign.id}/paper"
    fields = {"receipt": receipt_in(agent.get(here).text), **ANSWERS}
    assert agent.post(here, fields).status_code == 303
    other = {**fields, "q-commune": "first_ring"}
    refused = agent.post(here, other)
    assert refused.status_code == 409
    assert AGAIN in refused.text
    assert agent.post(here, {**other, "receipt": receipt_in(refused.text)}).status_code == 303
    assert [one.answers["commune"] for one in field.responses()] == ["dijon", "first_ring"]


def test_who_answers_otherwise_under_the_same_receipt_is_told_so(desk: Desk) -> None:
    field = Field(desk)
    browser, fields = field.phone()
    whole = {**fields, **ANSWERS, "go": "send"}
    script = {"Accept": "application/json"}
    assert browser.post(field.at, whole, **script).status_code == 200
    told = browser.post(field.at, {**whole, "q-commune": "first_ring"}, **script)
    assert "already" in told.json()["said"]
    assert [one.answers["commune"] for one in field.responses()] == ["dijon"]


def test_an_agent_who_types_the_next_call_over_the_last_loses_none(desk: Desk) -> None:
    reported(desk)
    agent = desk.browser_of("agent")
    before = counted(desk, REQUEST)
    fields = {**CALL, "consent": "yes"}
    assert agent.post("control/new", fields).status_code == 200
    assert agent.post("control/new", fields).status_code == 303
    for other in ({"description": "Un arbre tombé"}, {"place": "14 rue Monge"}):
        refused = agent.post("control/new", {**fields, **other})
        assert refused.status_code == 409
        assert AGAIN in refused.text
        assert next(iter(other.values())) in refused.text
    new = {"receipt": receipt_in(refused.text)}
    assert agent.post("control/new", {**fields, **other, **new}).status_code == 200
    assert counted(desk, REQUEST) == before + 2


@pytest.fixture
def town(tmp_path: Path, workshop: Workshop) -> Desk:
    return street(tmp_path / "home", workshop)


def begun(browser: Browser) -> dict[str, Any]:
    return {**hidden(browser.get("cases/new").text), **a_minute_ago(browser), **REPORT}


def test_a_photo_or_an_address_added_to_a_report_is_not_dropped(town: Desk) -> None:
    browser = town.browser()
    fields = begun(browser)
    assert send(browser, fields).status_code == 303
    for more, photo in (({}, picture()), ({"email": "a@exemple.fr"}, None)):
        refused = send(browser, {**fields, **more}, photo)
        assert refused.status_code == 409
        assert "What it says now is not sent" in refused.text
    photographed = begun(browser)
    first = send(browser, {**photographed, "different": "yes"}, picture())
    assert first.status_code == 303
    again = send(browser, {**photographed, "different": "yes"}, picture())
    assert again.headers["location"] == first.headers["location"]
    assert counted(town, REQUEST) == 2


def test_two_reports_that_came_at_once_under_one_receipt(
    town: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both were looked up before either was recorded."""
    browser = town.browser()
    fields = {**begun(browser), "different": "yes"}
    first = send(browser, fields)
    assert first.status_code == 303
    looks = iter([False, True])
    real = cases_new._already
    monkeypatch.setattr(cases_new, "_already", lambda *told: real(*told) if next(looks) else None)
    refused = send(browser, {**fields, "description": "Autre chose, un banc"})
    assert refused.status_code == 409
    assert "Autre chose, un banc" in refused.text
    assert counted(town, REQUEST) == 1
