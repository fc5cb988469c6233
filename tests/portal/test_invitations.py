"""Invitations: made and withdrawn by who may invite, seen by who made them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from datalab.people import accounts, invitations
from datalab.portal.figures import DIJON
from datalab.portal.language import now as clock
from tests.portal.desk import Desk, now
from tests.portal.test_people import make_project


def day(ahead: int) -> str:
    return (clock().astimezone(DIJON) + timedelta(days=ahead)).date().isoformat()


def fields(**changed: str) -> dict[str, Any]:
    asked = {"group": "citizens", "note": "Atelier", "places": "12", "until": day(1), "stay": "4"}
    return {**asked, "project": "", **changed}


def test_a_code_is_made_shown_and_printed(desk: Desk) -> None:
    facilitator = desk.browser_of("facilitator")
    answer = facilitator.post("invitations/new", fields())
    assert answer.status_code == 303
    (made,) = invitations.invitations(desk.store)
    assert (made.group, made.note, made.places, made.stay) == ("citizens", "Atelier", 12, 4 * 3600)
    assert made.created_by == "facilitator"
    assert timedelta(hours=24).total_seconds() <= made.expires_at - now() + 86_400
    page = facilitator.follow(answer).text
    assert "The invitation is ready" in page
    for path in (f"invitations/{made.id}", f"invitations/{made.id}/print"):
        page = facilitator.get(path).text
        assert made.shown in page
        assert '<svg aria-hidden="true"' in page
        assert "http://lab.test/hub/rejoindre" in page or "lab.test/hub/rejoindre" in page
        assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert made.shown in facilitator.get("invitations/").text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"places": "0"}, "A number from 1"),
        ({"places": "501"}, "A number from 1"),
        ({"places": "1e3"}, "A number from 1"),
        ({"places": "٣"}, "A number from 1"),
        ({"places": ""}, "A number from 1"),
        ({"until": day(-1)}, "A day from today"),
        ({"until": day(200)}, "A day from today"),
        ({"until": "soon"}, "A day from today"),
        ({"until": "9999-99-99"}, "A day from today"),
        ({"group": "operators"}, "Choose one of these groups"),
        ({"stay": "99999"}, "Choose one of these lengths"),
        ({"project": "not-mine"}, "Choose a project that you own"),
    ],
    ids=str,
)
def test_a_mistake_is_said_under_its_field(desk: Desk, changed: dict[str, str], said: str) -> None:
    make_project(desk, "not-mine", agent="owner", facilitator="editor")
    asked = fields(note='A "note" <b>', **changed)
    answer = desk.browser_of("facilitator").post("invitations/new", asked)
    assert answer.status_code == 400
    assert said in answer.text
    assert "A &#34;note&#34; &lt;b&gt;" in answer.text
    assert invitations.invitations(desk.store) == []


def test_an_owner_invites_into_a_project(desk: Desk) -> None:
    make_project(desk, "mine", facilitator="owner")
    facilitator = desk.browser_of("facilitator")
    assert '<option value="mine">' in facilitator.get("invitations/new").text
    facilitator.post("invitations/new", fields(project="mine"))
    assert [made.project for made in invitations.invitations(desk.store)] == ["mine"]


def test_one_sees_ones_own_and_operators_see_all(desk: Desk) -> None:
    desk.browser_of("facilitator").post("invitations/new", fields())
    (made,) = invitations.invitations(desk.store)
    other, operator = desk.browser_of("agent"), desk.browser_of("operator")
    assert made.shown not in other.get("invitations/").text
    for path in (f"invitations/{made.id}", f"invitations/{made.id}/print"):
        assert other.get(path).status_code == 404
        assert operator.get(path).status_code == 200
    assert other.post(f"invitations/{made.id}/withdraw").status_code == 404
    assert invitations.get(desk.store, made.id).withdrawn_at is None
    assert "Facilitator" in operator.get("invitations/").text


def test_withdrawing_lets_nobody_in_and_sends_guests_out(desk: Desk) -> None:
    facilitator = desk.browser_of("facilitator")
    facilitator.post("invitations/new", fields())
    (made,) = invitations.invitations(desk.store)
    guest = invitations.join(desk.store, now(), made.code, "Chouette")
    assert "Chouette" in facilitator.get(f"invitations/{made.id}").text
    assert "1 of 12" in facilitator.get("invitations/").text
    inside = desk.browser_of(guest.name)
    answer = facilitator.post(f"invitations/{made.id}/withdraw")
    assert "is withdrawn" in facilitator.follow(answer).text
    assert inside.get("me/").status_code == 401
    left = accounts.find(desk.store, guest.name)
    assert left is None or not left.may_enter(now())
    assert "lets nobody in any more" in facilitator.get(f"invitations/{made.id}").text


@pytest.mark.parametrize("identifier", ["0" * 8, "x", "%00", "a%2fb", "x" * 500])
def test_an_unknown_invitation_is_said(desk: Desk, identifier: str) -> None:
    answer = desk.browser_of("operator").get(f"invitations/{identifier}")
    assert answer.status_code == 404


def test_no_invitation_yet_is_no_empty_table(desk: Desk) -> None:
    text = desk.browser_of("agent").get("invitations/").text
    assert "No invitation yet" in text
    assert "<table" not in text
