"""The words that describe a photo: marked for its moderator, who changes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from datalab.participation.tables.author import PICTURE
from datalab.participation.tables.request import REQUEST
from tests.portal.assembly import Assembly, receipt
from tests.portal.conftest import Workshop
from tests.portal.desk import Browser, Desk
from tests.portal.street import number_of, picture, report, street

SHOWS = "Un banc, ce connard de 06 12 34 56 78"


@pytest.fixture
def reports(tmp_path: Path, workshop: Workshop) -> Desk:
    return street(tmp_path / "home", workshop)


def stored(desk: Desk) -> Any:
    with desk.app.state.participation.reading() as connection:
        return connection.execute(select(PICTURE)).mappings().one()


def marked(page: str) -> str:
    return page[page.index("shows-hint") : page.index("</p>", page.index("shows-hint"))]


def change(browser: Browser, id: str, shows: str, was: str) -> Any:
    return browser.post(f"pictures/{id}/describe", {"shows": shows, "was": was})


def test_the_description_of_a_photo_on_the_board_is_read_with_care_and_changed(desk: Desk) -> None:
    room = Assembly(desk, {"facilitators": ["agent"]})
    phone = room.phone()
    sent = {"_token": phone.browser.token, "text": "Un banc.", "receipt": receipt()}
    answer = phone.browser.client.post(
        phone.here,
        data={**sent, "alternative": SHOWS},
        files={"photo": ("p.jpg", picture(), "image/jpeg")},
        headers={"Origin": "http://lab.test", "Sec-Fetch-Site": "same-origin"},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    (one,) = room.said()
    agent = desk.browser_of("agent")
    board = agent.get(f"sessions/{room.id}/board").text
    assert "hurtful word" in board
    page = agent.get(f"sessions/{room.id}/board/cards/{one.id}").text
    assert "<mark>connard</mark>" in marked(page)
    assert "removed]</mark>" in marked(page) or "retiré]</mark>" in marked(page)
    quick = agent.post(
        f"sessions/{room.id}/board/accept", {"card": one.id, "seen": str(one.version)}
    )
    assert "read it before you show it" in quick.text
    row = stored(desk)
    assert "06 12" not in row["alternative"]
    done = change(agent, row["id"], "Un banc vert, 06 12 34 56 78", row["alternative"])
    assert done.headers["location"].endswith(f"/board/cards/{one.id}")
    assert "connard" not in stored(desk)["alternative"]
    assert "06 12" not in stored(desk)["alternative"]
    late = change(agent, row["id"], "Un banc rouge", row["alternative"])
    assert "Somebody else changed this description" in agent.follow(late).text
    assert stored(desk)["alternative"].startswith("Un banc vert")
    for stranger in (desk.browser(), desk.browser_of("student"), phone.browser):
        refused = change(stranger, row["id"], "x", stored(desk)["alternative"])
        assert refused.status_code in (401, 403)
    # What its author writes anew keeps what was marked in the photo.
    rewritten = phone.send("/rewrite", contribution=one.id, text="Un autre banc.")
    assert rewritten.status_code == 200
    assert [c["field"] for c in room.said()[0].concerns] == ["alternative", "alternative"]


def test_the_description_of_a_photo_of_a_report_is_marked_and_changed(reports: Desk) -> None:
    sent = report(reports.browser(), {"alternative": SHOWS}, picture())
    number = number_of(sent)
    agent = reports.browser_of("agent")
    page = agent.get(f"control/{number}").text
    assert "<mark>connard</mark>" in marked(page)
    with reports.app.state.participation.reading() as connection:
        concerns = connection.execute(select(REQUEST.c.concerns)).scalar_one()
    assert {one["field"] for one in concerns} == {"alternative"}
    row = stored(reports)
    assert row["scope"] == f"request:{number}"
    done = change(agent, row["id"], "Un mât sans lampe", row["alternative"])
    assert done.headers["location"].endswith(f"/control/{number}")
    page = agent.follow(done).text
    assert "Un mât sans lampe" in page
    assert "shows-hint" not in page


def test_a_photo_that_was_kept_from_an_earlier_try_gets_the_words_of_the_last(
    reports: Desk,
) -> None:
    from tests.portal.street import REPORT, a_minute_ago, hidden, send

    browser = reports.browser()
    refused = report(browser, {"consent": "", "alternative": "Un mat"}, picture())
    again = {**hidden(refused.text), **a_minute_ago(browser), **REPORT, "alternative": "Un mât"}
    assert send(browser, again).status_code == 303
    assert stored(reports)["alternative"] == "Un mât"
