"""Who tries what with the reports of others: forged forms, floods, foreign links, texts as code."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from datalab.participation.tables.request import REQUEST
from datalab.portal.limits import GIVEN
from tests.portal.conftest import Workshop
from tests.portal.desk import Desk
from tests.portal.street import (
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


def test_nobody_sends_the_kept_photo_of_somebody_else(desk: Desk) -> None:
    browser, thief = desk.browser(), desk.browser()
    kept = hidden(report(browser, {"consent": ""}, picture()).text)["photo-kept"]
    answer = report(thief, {"photo-kept": kept})
    with desk.app.state.participation.reading() as connection:
        assert connection.execute(select(REQUEST.c.picture_id)).scalar() is None
    assert answer.status_code == 303
    report(thief, {"photo-kept": "../../etc/passwd.0", "service": "road"})
    assert counted(desk, REQUEST) == 2


def test_nobody_acts_on_the_report_of_somebody_else(desk: Desk) -> None:
    owner, other = desk.browser(), desk.browser()
    number = number_of(report(owner))
    report(other, {"service": "road"})
    closed(desk, number)
    root, token = f"mine/{secret_of(other)}/cases/{number}", token_of(other)
    for act, fields in {"rate": {"score": "1"}, "reopen": {"reason": "x"}}.items():
        assert other.post(f"{root}/{act}", {"_token": token, **fields}).status_code == 404
    assert other.get(f"cases/sent/{number}").status_code == 404
    assert other.get("mine/not-a-secret-that-anybody-has/").status_code == 404
    guessed = f"mine/{'a' * 32}/cases/{number}/reopen"
    assert other.post(guessed, {"_token": token, "reason": "x"}).status_code == 404


def test_a_script_learns_no_private_link(desk: Desk) -> None:
    """Notebooks live at the same origin, and may fetch any page with this browser's cookies."""
    browser = desk.browser()
    number = number_of(report(browser))
    secret = secret_of(browser)
    for path in ("cases/", f"cases/{number}", "participate/", "cases.json", "cases/new"):
        fetched = browser.get(path, **{"Sec-Fetch-Mode": "cors"})
        assert secret not in fetched.text
        assert 'name="_token" value=""' in fetched.text or "_token" not in fetched.text
    assert browser.get(f"cases/sent/{number}", **{"Sec-Fetch-Mode": "cors"}).status_code == 404
    for path in ("cases/", f"cases/{number}", "participate/"):
        assert browser.get(path).headers["cache-control"] == "private, no-store"


def test_forged_forms_are_refused(desk: Desk) -> None:
    browser, other = desk.browser(), desk.browser()
    number = number_of(report(browser))
    theirs = token_of(other)
    paths = ["cases/new", "cases/near", f"cases/{number}/follow", f"cases/{number}/unfollow"]
    paths += ["cases/used", f"mine/{secret_of(browser)}/cases/{number}/rate"]
    for path in paths:
        for fields, headers in (
            ({}, {}),
            ({"_token": theirs}, {}),
            ({"_token": token_of(browser)}, {"Origin": "https://evil.test", "Sec-Fetch-Site": ""}),
            ({"_token": token_of(browser)}, {"Sec-Fetch-Site": "cross-site"}),
            ({"_token": token_of(browser)}, {"Origin": "", "Sec-Fetch-Site": ""}),
        ):
            assert browser.post(path, {**REPORT, **fields}, **headers).status_code == 403, path
    assert counted(desk, REQUEST) == 1


def test_a_flood_from_one_phone_is_told_to_wait(desk: Desk) -> None:
    browser = desk.browser()
    fields = {**hidden(browser.get("cases/new").text), **a_minute_ago(browser), **REPORT}
    answers = [
        send(browser, {**fields, "receipt": f"receipt-number-{n:04}", "different": "yes"})
        for n in range(10)
    ]
    assert [a.status_code for a in answers][:6] == [303] * 6
    assert answers[-1].status_code == 429
    assert counted(desk, REQUEST) == 6


def test_nobody_floods_the_mailbox_of_a_stranger(desk: Desk) -> None:
    more = {"smtp": SecretStr("smtp://127.0.0.1"), "mail_from": "a@b.fr"}
    desk.app.state.settings = desk.settings.model_copy(update=more)
    for number in range(int(GIVEN.burst)):
        wanted = {"email": f"Zoe+{number}@exemple.fr", "different": "yes"}
        assert report(desk.browser(), wanted).status_code == 303
    browser = desk.browser()
    refused = report(browser, {"email": "zoe@exemple.fr", "different": "yes"})
    assert refused.status_code == 400
    assert "given many times today" in refused.text
    again = {"email": "", "different": "yes"}
    assert report(browser, again).status_code == 303
    assert (
        report(desk.browser(), {"email": "ada@exemple.fr", "different": "yes"}).status_code == 303
    )


def test_html_is_text_wherever_it_is_shown(desk: Desk) -> None:
    browser = desk.browser()
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}'
    number = number_of(report(browser, {"description": evil, "place": evil}))
    accept(desk, number)
    secret = secret_of(browser)
    for path in ("cases/", f"cases/{number}", f"mine/{secret}/", "cases/map.geojson"):
        page = browser.get(path).text
        assert "<script>alert" not in page
        assert "onerror=alert(1)>" not in page.replace("&gt;", ">").replace(
            "&lt;img src=x onerror=alert(1)>", ""
        )
        assert "49" not in page or "{{7*7}}" in page
