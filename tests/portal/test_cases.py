"""Reports of citizens without scripts: the form, what becomes of them, what is counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from datalab.participation.tables.author import AUTHOR, CONTACT, MESSAGE, PICTURE, PUSH
from datalab.participation.tables.request import FOLLOWER, REQUEST
from tests.portal.conftest import Workshop
from tests.portal.desk import Desk, now
from tests.portal.street import (
    INSIDE,
    REPORT,
    a_minute_ago,
    accept,
    closed,
    counted,
    hidden,
    number_of,
    picture,
    report,
    secret_of,
    send,
    street,
    token_of,
)


@pytest.fixture
def desk(tmp_path: Path, workshop: Workshop) -> Desk:
    return street(tmp_path / "home", workshop)


def test_a_report_goes_from_the_form_to_a_number_and_a_private_link(desk: Desk) -> None:
    browser = desk.browser()
    answer = report(browser)
    assert answer.status_code == 303
    page = browser.follow(answer)
    number = number_of(answer)
    assert number in page.text
    assert "an answer within 24 hours" in page.text
    assert page.headers["cache-control"] == "private, no-store"
    own = browser.get(f"mine/{secret_of(browser)}/")
    assert "Le lampadaire du parc est éteint." in own.text
    public = desk.browser().get(f"cases/{number}")
    assert "Le lampadaire du parc est éteint." in public.text
    assert secret_of(browser) not in public.text
    assert "47.3503" not in public.text
    with desk.app.state.participation.reading() as connection:
        row = connection.execute(select(REQUEST)).mappings().one()
    assert (row["commune"], row["channel"], row["attributes"]) == (
        "21001",
        "web",
        {"failure": "out"},
    )


def test_the_same_form_sent_twice_is_one_report_and_one_link(desk: Desk) -> None:
    browser = desk.browser()
    fields = {**hidden(browser.get("cases/new").text), **a_minute_ago(browser), **REPORT}
    first = send(browser, fields)
    browser.client.cookies.delete("datalab-mine")  # its answer was lost on the way
    again = send(browser, fields)
    assert again.headers["location"] == first.headers["location"]
    assert browser.follow(again).status_code == 200
    assert counted(desk, REQUEST) == counted(desk, AUTHOR) == 1


def test_one_phone_has_one_private_page_for_all_it_reports(desk: Desk) -> None:
    browser = desk.browser()
    report(browser)
    report(browser, {"service": "road", "latitude": "47.3801"})
    assert counted(desk, AUTHOR) == 1
    assert browser.get(f"mine/{secret_of(browser)}/").text.count('class="own-case"') == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"service": "teapots"}, "Choose what it is about."),
        ({"latitude": "", "longitude": ""}, "Say where it is"),
        ({"latitude": "", "longitude": "", "commune": "21001"}, "Write the street"),
        ({"latitude": "", "longitude": "", "place": "rue X"}, "Choose the commune too"),
        ({"latitude": "48.8566", "longitude": "2.3522"}, "outside the communes"),
        ({"latitude": "nan"}, "not a point"),
        ({"latitude": "1e999"}, "not a point"),
        ({"longitude": ""}, "half of the point"),
        ({"description": ""}, "Say in a few words"),
        ({"description": "x" * 4001}, "longer than 4"),
        ({"consent": ""}, "Tick this"),
        ({"email": "nobody"}, "nobody"),
        ({"attribute-failure": "melted"}, "no choice"),
        ({"attribute-failure": ""}, "needs an answer"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    desk: Desk, wrong: dict[str, str], said: str
) -> None:
    answer = report(
        desk.browser(), {"alternative": "un mât", "description": "Rien ne luit", **wrong}
    )
    assert answer.status_code == 400
    assert said in answer.text
    assert 'value="un mât"' in answer.text
    assert "description" in wrong or "Rien ne luit" in answer.text
    assert counted(desk, REQUEST) == 0


def test_a_photo_is_kept_when_something_else_is_wrong_and_shown_to_nobody_first(
    desk: Desk,
) -> None:
    browser = desk.browser()
    refused = report(browser, {"consent": ""}, picture())
    assert "Your photo is kept" in refused.text
    again = {**hidden(refused.text), **a_minute_ago(browser), **REPORT}
    answer = send(browser, again)
    number = number_of(answer)
    assert "An agent looks at it first" in browser.follow(answer).text
    assert desk.browser().get(f"cases/{number}").status_code == 404
    with desk.app.state.participation.reading() as connection:
        id = connection.execute(select(REQUEST.c.picture_id)).scalar()
    assert browser.get(f"pictures/{id}.jpg").status_code == 200
    assert desk.browser().get(f"pictures/{id}.jpg").status_code == 404
    accept(desk, number)
    assert f"/pictures/{id}.jpg" in desk.browser().get(f"cases/{number}").text
    assert counted(desk, PICTURE) == 1


def test_what_is_no_photo_is_said_beside_the_field(desk: Desk) -> None:
    answer = report(desk.browser(), photo=b"<svg onload=alert(1)>")
    assert "no JPEG, PNG, WebP or GIF" in answer.text
    assert "Le lampadaire du parc" in answer.text
    large = report(desk.browser(), photo=b"\xff\xd8" + b"0" * 20_000_001)
    assert "larger than 20 MB" in large.text
    assert "Le lampadaire du parc" in large.text
    assert counted(desk, REQUEST) == 0


def test_near_reports_are_shown_first_and_one_is_followed_instead(desk: Desk) -> None:
    number = number_of(report(desk.browser()))
    browser = desk.browser()
    asked = report(browser, {"latitude": "47.3512"}, picture())
    assert asked.status_code == 200
    # From the place as everybody sees it, rounded: 0.0012 degrees of latitude.
    assert "about 130 m away" in asked.text
    assert f"/cases/{number}/follow" in asked.text
    assert counted(desk, REQUEST) == 1
    fields = {**hidden(asked.text), **a_minute_ago(browser), **REPORT, "latitude": "47.3512"}
    answer = browser.client.post(
        f"cases/{number}/follow",
        data=fields,
        headers={"Origin": "http://lab.test", "Sec-Fetch-Site": "same-origin"},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    assert counted(desk, FOLLOWER) == 1
    page = browser.get(f"cases/{number}")
    assert "You follow this report" in page.text
    different = send(browser, {**fields, "different": "yes"})
    assert different.status_code == 303
    assert counted(desk, REQUEST) == 2


def test_the_script_is_shown_what_is_near_and_gets_json(desk: Desk) -> None:
    number = number_of(report(desk.browser()))
    browser = desk.browser()
    token = token_of(browser)
    place = {"service": "lighting", "latitude": "47.3512", "longitude": "5.0502"}
    near = browser.post("cases/near", {"_token": token, **place})
    assert f"/cases/{number}/follow" in near.text
    assert near.headers["cache-control"] == "private, no-store"
    far = browser.post("cases/near", {"_token": token, **place, "latitude": "47.3612"})
    assert far.text.strip() == ""
    fields = {**hidden(browser.get("cases/new").text), **a_minute_ago(browser), **REPORT}
    answer = send(browser, {**fields, "waited": "yes"}, Accept="application/json")
    assert answer.status_code == 200
    assert answer.json()["receipt"] == fields["receipt"]
    assert answer.json()["next"].startswith("/services/datalab/cases/sent/")
    wrong = send(browser, {**fields, "receipt": "a" * 20, "consent": ""}, Accept="application/json")
    assert wrong.json()["error"]["code"] == "report-refused"
    assert "Tick this" in wrong.json()["error"]["message"]


def test_other_words_sent_with_the_same_form_are_not_taken_for_the_first(desk: Desk) -> None:
    browser = desk.browser()
    fields = {**hidden(browser.get("cases/new").text), **a_minute_ago(browser), **REPORT}
    first = number_of(send(browser, fields))
    assert number_of(send(browser, fields)) == first
    later = {**fields, "description": "Et le banc d’à côté est cassé"}
    told = send(browser, {**later}, Accept="application/json")
    assert told.json()["error"]["code"] == "receipt-reused"
    shown = send(browser, later)
    assert shown.status_code == 409
    assert f"its number is {first}" in shown.text
    assert "Et le banc d’à côté est cassé" in shown.text
    again = {**later, **hidden(shown.text), **a_minute_ago(browser), "different": "yes"}
    second = number_of(send(browser, again))
    assert second != first


def test_a_question_needs_no_place(desk: Desk) -> None:
    browser = desk.browser()
    question = {"service": "information", "latitude": "", "longitude": "", "attribute-failure": ""}
    answer = report(browser, {**question, "description": "Quand ouvre la piscine ?"})
    assert answer.status_code == 303
    assert "an answer within" in browser.follow(answer).text
    assert "a solution" not in browser.follow(answer).text


def test_who_closed_it_hears_if_it_is_not_solved_and_what_people_think(desk: Desk) -> None:
    browser = desk.browser()
    number = number_of(report(browser))
    root, token = f"mine/{secret_of(browser)}/cases/{number}", token_of(browser)
    early = browser.post(f"{root}/rate", {"_token": token, "score": "5"})
    assert early.status_code == 409
    closed(desk, number)
    own = browser.get(f"mine/{secret_of(browser)}/").text
    assert "How satisfied are you?" in own
    assert "It is not solved" in own
    assert browser.post(f"{root}/rate", {"_token": token, "score": "9"}).status_code == 409
    rated = browser.post(f"{root}/rate", {"_token": token, "score": "2", "words": "<b>Lent"})
    assert rated.status_code == 303
    assert 'value="&lt;b&gt;Lent"' in browser.get(f"mine/{secret_of(browser)}/").text
    assert "Lent" not in desk.browser().get(f"cases/{number}").text
    empty = browser.post(f"{root}/reopen", {"_token": token, "reason": " "})
    assert empty.status_code == 400
    again = browser.post(f"{root}/reopen", {"_token": token, "reason": "Toujours noir"})
    assert again.status_code == 303
    public = desk.browser().get(f"cases/{number}").text
    assert "It was opened again." in public
    assert "Toujours noir" not in public


def test_a_case_of_long_ago_is_not_opened_again(desk: Desk) -> None:
    browser = desk.browser()
    number = number_of(report(browser))
    closed(desk, number)
    with desk.app.state.participation.writing() as connection:
        connection.execute(REQUEST.update().values(closed_at=now() - 31 * 86_400))
    root = f"mine/{secret_of(browser)}"
    assert "It is not solved" not in browser.get(f"{root}/").text
    token = token_of(browser)
    answer = browser.post(f"{root}/cases/{number}/reopen", {"_token": token, "reason": "x"})
    assert answer.status_code == 409
    assert "<h1>This did not work</h1>" in answer.text
    assert "still in the form" not in answer.text


def test_following_with_an_address_and_without_letters_it_is_not_asked_for(desk: Desk) -> None:
    browser = desk.browser()
    assert 'name="email"' not in browser.get("cases/new").text
    report(browser, {"email": "ana@example.org"})
    assert counted(desk, CONTACT) == 1
    assert counted(desk, MESSAGE) == 1


def test_a_browser_that_wants_to_be_told_is_told_what_everybody_may_read(desk: Desk) -> None:
    browser = desk.browser()
    number = number_of(report(browser))
    root, token = f"mine/{secret_of(browser)}", token_of(browser)
    address = "https://push.example/send/1234567890"
    inside = browser.post(f"{root}/push", {"_token": token, "endpoint": "http://127.0.0.1/x"})
    assert inside.status_code == 400
    done = browser.post(f"{root}/push", {"_token": token, "endpoint": address})
    assert done.status_code == 204
    told = browser.post("cases/news.json", {"endpoint": address}, Accept="application/json").json()
    assert told["url"] == f"/services/datalab/cases/{number}"
    assert told["title"] == f"Street lighting · {number}"
    assert secret_of(browser) not in str(told)
    other = browser.post("cases/news.json", {"endpoint": address + "1"})
    assert other.status_code == 400
    assert browser.post(f"{root}/push", {"_token": token, "endpoint": address, "off": "1"})
    assert counted(desk, PUSH) == 0


def test_the_list_is_filtered_and_paged_and_says_so_when_it_is_empty(desk: Desk) -> None:
    empty = desk.browser().get("cases/").text
    assert "Nothing was reported yet" in empty
    browser = desk.browser()
    number = number_of(report(browser))
    assert number in browser.get("cases/?service=lighting&commune=21001&status=open").text
    for query in ("service=road", "commune=21002", "status=closed", "service=%00&commune=zz"):
        assert "Nothing was reported that fits" in browser.get(f"cases/?{query}").text
    assert "There are not so many pages" in browser.get("cases/?page=99").text
    assert browser.get("cases/?page=0").status_code == 400
    points = browser.get("cases/map.geojson").json()["features"]
    assert points[0]["geometry"]["coordinates"] == [5.05, 47.35]
    states = browser.get(f"cases/states.json?ids={number},zzz").json()
    assert list(states) == [number]


def test_from_the_first_page_reporting_and_joining_are_one_link_away(desk: Desk) -> None:
    home = desk.browser().get("").text
    for link in ("/cases/new", "/join/", "/participate/"):
        assert f'href="/services/datalab{link}"' in home
    hub = desk.browser().get("participate/").text
    for link in ("/cases/new", "/cases/new?service=information", "/sessions/", "/mine/"):
        assert f'href="/services/datalab{link}"' in hub
    nowhere = desk.browser().get("participate/?code=zzzzzz")
    assert "Nothing here has this code" in nowhere.text


def test_uses_are_counted_for_nobody_in_particular(desk: Desk) -> None:
    browser = desk.browser()
    report(browser)
    token = token_of(browser)
    assert browser.post("cases/used", {"_token": token, "what": "installed"}).status_code == 204
    assert browser.post("cases/used", {"_token": token, "what": "evil"}).status_code == 204
    desk.app.state.uses.close()
    with desk.app.state.participation.reading() as connection:
        from datalab.participation.tables.journal import USE

        found = dict(connection.execute(select(USE.c.what, USE.c.count)).all())
    assert found["report"] == found["installed"] == 1
    assert found["page"] >= 2
    assert "evil" not in found


def test_a_report_outside_of_a_lake_without_communes_still_has_its_street(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    words = {**dict.fromkeys(INSIDE, ""), "place": "12 rue de la Liberté"}
    browser = desk.browser()
    number = number_of(report(browser, words))
    assert "rue de la Liberté" in browser.get(f"cases/{number}").text
    assert "12 rue" not in browser.get(f"cases/{number}").text


def test_a_form_that_a_program_seems_to_have_filled_says_so_and_that_the_words_are_kept(
    desk: Desk,
) -> None:
    answer = report(desk.browser(), {"website": "http://spam.example"})
    assert answer.status_code == 422
    assert "<h1>This was not recorded</h1>" in answer.text
    assert "what you typed is still in the form" in answer.text
    assert counted(desk, REQUEST) == 0
