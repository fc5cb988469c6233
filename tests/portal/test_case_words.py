"""What pages of reports say: of a state, of the same street, of what is not public."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from datalab.participation import request
from tests.portal.conftest import Workshop
from tests.portal.desk import Desk, now
from tests.portal.street import (
    accept,
    closed,
    number_of,
    picture,
    report,
    secret_of,
    street,
    token_of,
)


@pytest.fixture
def desk(tmp_path: Path, workshop: Workshop) -> Desk:
    return street(tmp_path / "home", workshop)


def test_what_is_said_of_a_case_is_true_in_each_state(desk: Desk) -> None:
    """What is new waits to be read; what was accepted, answered or opened again does not."""
    browser, store = desk.browser(), desk.app.state.participation
    number = number_of(report(browser, {"alternative": "un mât"}, picture()))
    secret = secret_of(browser)

    def said() -> list[str]:
        told = browser.get(f"cases/states.json?ids={number}").json()[number]["said"]
        pages = (f"cases/{number}", f"mine/{secret}/")
        leads = [browser.get(page).text.split('class="lead"', 1)[1] for page in pages]
        return [told, *(html.unescape(lead.split("</p>")[0]) for lead in leads)]

    accept(desk, number)
    assert all("has read it and published it" in one for one in said())
    with store.writing() as connection:
        request.note(connection, number, "Vu.", public=True, actor="agent", now=now())
    assert all("An agent has answered" in one for one in said())
    closed(desk, number, "Ampoule changée.")
    assert all("It is repaired" in one for one in said())
    fields = {"_token": token_of(browser), "reason": "Toujours noir"}
    assert browser.post(f"mine/{secret}/cases/{number}/reopen", fields).status_code == 303
    assert all("look at it once more" in one for one in said())
    own = browser.get(f"mine/{secret}/").text
    assert "What was answered before it was opened again:" in own
    assert "An agent is going to read it" not in own
    with store.writing() as connection:
        request.note(connection, number, "On y va.", public=True, actor="agent", now=now())
    assert all("An agent has answered" in one for one in said()[1:])
    assert "before it was opened again:" not in browser.get(f"mine/{secret}/").text


def test_without_a_point_the_street_that_was_typed_finds_what_is_reported_there(
    desk: Desk,
) -> None:
    typed = {"latitude": "", "longitude": "", "commune": "21001", "service": "road"}
    number = number_of(report(desk.browser(), {**typed, "place": "12, av. de la Liberté"}))
    browser = desk.browser()
    asked = report(browser, {**typed, "place": "AVENUE de la liberte 3 bis, devant le square"})
    assert asked.status_code == 200
    assert "same street" in asked.text
    assert " m away" not in asked.text
    assert f"/cases/{number}/follow" in asked.text
    token = token_of(browser)

    def shown(**other: str) -> str:
        words = {**typed, "place": "avenue de la liberte", **other}
        return str(browser.post("cases/near", {"_token": token, **words}).text)

    assert f"/cases/{number}/follow" in shown()
    on_the_map = shown(latitude="47.3503", longitude="5.0502")
    assert "same street" in on_the_map
    for other in ({"commune": "21002"}, {"service": "graffiti"}, {"place": "rue de la Liberté"}):
        assert number not in shown(**other)
    closed(desk, number)
    assert number not in shown()
    coarse = {**typed, "service": "noise"}
    number = number_of(report(desk.browser(), {**coarse, "place": "12 rue Basse"}))
    accept(desk, number)
    assert number not in shown(service="noise", place="12 rue Basse")


def test_a_report_that_waits_is_shown_at_its_address_to_who_sent_it_alone(desk: Desk) -> None:
    browser = desk.browser()
    number = number_of(report(browser, {"description": "Le 06 12 34 56 78 fait du bruit."}))
    onward = browser.get(f"cases/{number}")
    assert onward.status_code == 303
    assert onward.headers["location"].endswith(f"/mine/{secret_of(browser)}/#case-{number}")
    assert onward.headers["cache-control"] == "private, no-store"
    assert "Le 06 12 34 56 78" in browser.follow(onward).text
    script = browser.get(f"cases/{number}", **{"Sec-Fetch-Mode": "cors"})
    assert script.status_code == 404

    def told(asked: str) -> tuple[int, str]:
        """What a stranger is answered, but for the number that they asked for themselves."""
        answer = desk.browser().get(f"cases/{asked}")
        assert "Did you send it?" in answer.text
        assert "mine/" in answer.text
        return answer.status_code, answer.text.replace(asked, "…")

    nowhere = told("zzzzzzzzzz")
    assert nowhere[0] == 404
    assert told(number)[1][:200] == nowhere[1][:200]
    assert re.sub(r'value="[^"]*"', "", told(number)[1]) == re.sub(r'value="[^"]*"', "", nowhere[1])
    with desk.app.state.participation.writing() as connection:
        request.moderate(
            connection, number, False, actor="agent", seen=None, now=now(), reason="Trop vague."
        )
    assert told(number)[0] == 404
    assert "Trop vague." in browser.follow(browser.get(f"cases/{number}")).text
