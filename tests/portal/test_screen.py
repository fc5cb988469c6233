"""The screen of the room, and the app on the phone: what they show, and what they never hold."""

from __future__ import annotations

import json
import re

import pytest

from datalab.participation import session, vote
from tests.portal.assembly import Assembly
from tests.portal.conftest import PREFIX
from tests.portal.desk import Desk


@pytest.fixture
def room(desk: Desk) -> Assembly:
    return Assembly(desk)


def test_anybody_sees_the_question_the_code_and_the_ideas(room: Assembly) -> None:
    phone = room.phone()
    phone.say("Des arbres")
    phone.say("Pas encore lu")
    room.accept(next(one for one in room.said() if one.text == "Des arbres"))
    page = room.desk.browser().get(f"sessions/{room.id}/screen")
    code = room.session.code
    assert f"{code[:3]} {code[3:]}" in page.text
    assert room.session.question in page.text
    assert "Des arbres" in page.text
    assert "Pas encore lu" not in page.text
    assert "unsafe" not in page.headers["content-security-policy"]


def test_it_holds_nothing_of_anybody(room: Assembly) -> None:
    phone = room.phone()
    phone.say("Des arbres", place="12 rue Secrète", latitude="", longitude="")
    room.accept(room.said()[0])
    secret = phone.browser.client.cookies["datalab-mine"]
    screen = room.desk.browser().get(f"sessions/{room.id}/screen").text
    live = room.desk.browser().get(f"sessions/{room.id}/screen/now").text
    own = room.desk.browser().get(f"{phone.here}/now").text
    for text in (screen, live, own):
        assert secret not in text
        assert "rue Secrète" not in text
        assert (room.said()[0].author_id or "?") not in text


def test_counts_of_dots_are_hidden_while_people_vote(room: Assembly) -> None:
    phone = room.phone()
    phone.say("Des arbres")
    room.accept(room.said()[0])
    room.change(vote.open_vote)
    phone.give(room.said()[0].id, 3)
    look = room.desk.browser()
    assert "3 dots" not in look.get(f"sessions/{room.id}/screen").text
    room.change(vote.close_vote)
    assert "3 dots" in look.get(f"sessions/{room.id}/screen").text


def test_a_draft_shows_nothing_and_an_end_shows_no_code(desk: Desk) -> None:
    draft = Assembly(desk, {"state": "draft"})
    for path in ("screen", "screen/now", "screen/events"):
        assert desk.browser().get(f"sessions/{draft.id}/{path}").status_code == 404
    events = desk.browser().get(f"sessions/{draft.id}/take-part/events")
    assert events.status_code == 404
    over = Assembly(desk)
    over.change(session.close)
    page = desk.browser().get(f"sessions/{over.id}/screen").text
    assert "This session is over" in page
    assert over.session.shown_code not in page


def test_what_did_not_change_is_not_sent_again(room: Assembly) -> None:
    look = room.desk.browser()
    first = look.get(f"sessions/{room.id}/screen/now")
    again = look.get(f"sessions/{room.id}/screen/now", **{"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    room.phone()
    assert (
        look.get(
            f"sessions/{room.id}/screen/now", **{"If-None-Match": first.headers["etag"]}
        ).status_code
        == 200
    )


def test_the_app_can_be_installed(desk: Desk) -> None:
    look = desk.browser()
    document = json.loads(look.get("manifest.webmanifest", **{"Accept-Language": "fr"}).text)
    assert document["start_url"] == f"{PREFIX}/cases/"
    assert document["scope"] == f"{PREFIX}/"
    assert {icon["sizes"] for icon in document["icons"]} == {"192x192", "512x512"}
    for icon in document["icons"]:
        assert look.get(icon["src"]).headers["content-type"] == "image/png"
    assert 'rel="manifest"' in look.get("join/").text


def test_the_worker_keeps_what_everybody_sees_and_says_so_in_two_languages(desk: Desk) -> None:
    look = desk.browser()
    french = look.get("worker.js", **{"Accept-Language": "fr"})
    assert french.headers["cache-control"] == "no-cache"
    assert french.headers["service-worker-allowed"] == f"{PREFIX}/"
    assert "Pas de réseau" in json.loads(f'"{_constant(french.text, "OFFLINE")}"')
    english = look.get("worker.js")
    assert _constant(french.text, "VERSION") != _constant(english.text, "VERSION")


def _constant(script: str, name: str) -> str:
    found = re.search(rf'^const {name} = "((?:[^"\\]|\\.)*)";$', script, re.M)
    assert found
    return found[1]
