"""Joining a session: six letters, two sentences, a pseudonym, and a kind word where it is shut."""

from __future__ import annotations

import re

import pytest

from datalab.participation import session
from datalab.participation.consent import VERSION
from datalab.participation.tables.author import AUTHOR
from datalab.participation.tables.session import PARTICIPANT
from tests.portal.assembly import Assembly, Phone, receipt
from tests.portal.conftest import PREFIX
from tests.portal.desk import Desk

NAMES = re.compile(r'name="pseudonym" value="([^"]+)"')


@pytest.fixture
def room(desk: Desk) -> Assembly:
    return Assembly(desk)


def people(room: Assembly) -> list[str]:
    return [row.pseudonym for row in room.do(lambda c: c.execute(PARTICIPANT.select()).all())]


def test_letters_are_read_however_they_are_typed(room: Assembly) -> None:
    code = room.session.code
    for typed in (code.lower(), f" {code[:3]} {code[3:]} ", "-".join(code), code.replace("Q", "0")):
        answer = room.desk.browser().get(f"join/?code={typed}")
        assert answer.headers["location"] == f"{PREFIX}/join/{code}"
    wrong = room.desk.browser().get("join/?code=QQQQQQ")
    assert wrong.status_code == 404
    assert 'value="QQQQQQ"' in wrong.text
    assert "No session has these letters" in wrong.text
    hostile = room.desk.browser().get("join/?code=<script>alert(1)</script>")
    assert "<script>alert" not in hostile.text


def test_the_way_in_says_what_happens_and_asks_for_no_name(room: Assembly) -> None:
    text = room.phone(joined=False).browser.get(f"join/{room.session.code}").text
    assert "read by a moderator" in text
    assert "private link" in text
    assert "Under 15" in text
    assert len(set(NAMES.findall(text))) == 4
    assert 'type="email"' not in text
    assert 'name="name"' not in text


def test_who_joins_takes_part_under_the_pseudonym_they_chose(room: Assembly) -> None:
    phone = room.phone(joined=False)
    wished = NAMES.findall(phone.browser.get(f"join/{room.session.code}").text)[2]
    answer = phone.join(wished, minor="yes")
    assert answer.headers["location"] == f"{PREFIX}/{phone.here}"
    assert wished in phone.page()
    assert people(room) == [wished]
    (row,) = room.do(lambda c: c.execute(AUTHOR.select()).all())
    assert row.consent == VERSION
    assert row.minor
    assert row.account is None
    # Whoever comes back is led on, not asked again.
    again = phone.browser.get(f"join/{room.session.code}")
    assert again.headers["location"] == f"{PREFIX}/{phone.here}"


def test_one_form_joins_once_and_leads_to_the_same_link(room: Assembly) -> None:
    phone, key = room.phone(joined=False), receipt()
    first = phone.join(receipt=key)
    held = first.cookies["datalab-mine"]
    phone.browser.client.cookies.delete("datalab-mine")  # the first answer was lost on its way
    second = phone.join(receipt=key)
    assert second.cookies["datalab-mine"] == held
    assert len(people(room)) == 1


def test_nobody_takes_a_name_or_the_pseudonym_of_another(room: Assembly) -> None:
    first, second = room.phone(joined=False), room.phone(joined=False)
    first.join("Loutre agile")
    second.join("Loutre agile")
    third = room.phone(joined=False)
    third.join("Jeanne Martin <b>21000</b>")
    there = people(room)
    assert len(set(there)) == 3
    assert "Loutre agile" in there
    assert not any("Jeanne" in name for name in there)


def test_a_full_room_is_said_kindly_and_a_place_that_is_left_is_free(desk: Desk) -> None:
    room = Assembly(desk, {"capacity": 1})
    outside = room.phone(joined=False)
    outside.browser.get(f"join/{room.session.code}")  # while there was room
    inside = room.phone()
    page = outside.browser.get(f"join/{room.session.code}").text
    assert "All 1 places are taken: sorry!" in page
    assert f"{room.id}/screen" in page
    assert outside.join().status_code in (200, 403)
    assert len(people(room)) == 1
    left = inside.send("/leave")
    assert left.headers["location"].endswith(f"sessions/{room.id}/")
    assert outside.join().status_code == 303
    assert len(people(room)) == 2


def test_before_and_after_nobody_joins(desk: Desk) -> None:
    draft = Assembly(desk, {"state": "draft"})
    assert (
        "has not begun" in draft.phone(joined=False).browser.get(f"join/{draft.session.code}").text
    )
    over = Assembly(desk)
    phone = over.phone(joined=False)
    token_page = phone.browser.get(f"join/{over.session.code}").text
    over.change(session.close)
    assert "This session is over" in phone.browser.get(f"join/{over.session.code}").text
    assert "Draw others" in token_page
    phone.join()
    assert people(over) == []


def test_programs_are_caught_and_strangers_forms_refused(room: Assembly) -> None:
    robot = room.phone(joined=False)
    robot.shown = ""
    assert robot.join().status_code == 422
    filled = room.phone(joined=False)
    assert filled.join(website="http://spam.example").status_code == 422
    stranger = room.phone(joined=False)
    stranger.browser.get(f"join/{room.session.code}")
    stranger.browser.token = "0" * 64
    fields = {"receipt": receipt(), "_shown": stranger.shown}
    assert stranger.browser.post(f"join/{room.session.code}", fields).status_code == 403
    elsewhere = room.phone(joined=False)
    elsewhere.join()
    crossed = elsewhere.browser.post(elsewhere.here, {"text": "x"}, Origin="http://other.test")
    assert crossed.status_code == 403
    assert len(people(room)) == 1


def test_the_private_link_finds_its_owner_on_another_device(room: Assembly) -> None:
    phone = room.phone()
    phone.say("Une fontaine place Wilson.")
    page = phone.browser.get(f"sessions/{room.id}/my-link")
    assert "no-store" in page.headers["cache-control"]
    found = re.search(rf"{PREFIX}/(mine/[\w-]+)", page.text)
    assert found
    other = Phone(room.desk.browser(), room.session, "")
    mine = other.browser.get(f"{found[1]}/")
    assert "Une fontaine place Wilson." in mine.text
    token = re.search(r'name="_token" value="([0-9a-f]+)"', mine.text)
    assert token
    other.browser.token = token[1]
    back = other.browser.post(f"{found[1]}/take-part")
    assert back.headers["location"] == f"{PREFIX}/{phone.here}"
    assert "Une fontaine place Wilson." in other.page()
