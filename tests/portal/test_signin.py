"""Who is recognised, for how long, and what nobody else can make their browser do."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from datalab.errors import SignInRefused
from datalab.people import accounts
from datalab.people.visits import LIFETIME, Visits
from datalab.portal.app import create_app
from datalab.portal.notice import COOKIE as NOTICE
from datalab.portal.notice import LARGEST, notice
from datalab.portal.oauth import Client, own_path
from datalab.portal.page import document
from datalab.portal.person import COOKIE, HUB_COOKIE, person_of
from tests.portal.conftest import PREFIX
from tests.portal.desk import ORIGIN, PAGE, Desk, now

HOME = f"{PREFIX}/"


# -- who is recognised ------------------------------------------------------------------------


def test_a_page_says_who_looks_at_it_and_is_kept_by_no_cache(desk: Desk) -> None:
    student = desk.browser_of("student")
    for path in ("", "datasets/", "me/", "nowhere"):
        answer = student.get(path)
        assert "Student" in answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        assert "access-control-allow-origin" not in answer.headers


def test_what_does_not_depend_on_who_asks_stays_open_to_other_sites(desk: Desk) -> None:
    for browser in (desk.browser(), desk.browser_of("student")):
        answer = browser.get("datasets.json")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "no-cache"


def test_an_answer_that_asked_who_it_is_for_is_for_no_other_site(desk: Desk) -> None:
    def who(request: Request) -> Response:
        person = person_of(request)
        return document(request, {"name": person.name if person else None})

    desk.app.add_api_route(f"{PREFIX}/who.json", who)
    for browser, name in ((desk.browser(), None), (desk.browser_of("agent"), "agent")):
        answer = browser.get("who.json")
        assert answer.json() == {"name": name}
        assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cache-control"] == "private, no-store"
    assert "etag" not in answer.headers


def test_only_the_hash_of_a_visit_is_kept_in_a_file_of_the_lab_alone(desk: Desk) -> None:
    token = desk.browser_of("student").client.cookies[COOKIE]
    path = desk.visits.path
    assert path.stat().st_mode & 0o077 == 0
    assert token.encode() not in path.read_bytes()
    assert b"hub-session" not in path.read_bytes()


def test_a_visit_survives_a_restart_of_the_portal(desk: Desk) -> None:
    cookies = desk.browser_of("student").client.cookies
    again = TestClient(create_app(desk.settings), base_url=ORIGIN, cookies=cookies)
    assert "Student" in again.get(f"{HOME}me/", headers=PAGE).text


@pytest.mark.parametrize("planted", ["", "x" * 43, "é" * 10, "x" * 5000, "a; b", "\x00"])
def test_a_cookie_that_the_portal_did_not_give_is_nobody(desk: Desk, planted: str) -> None:
    browser = desk.browser()
    sent = f"{COOKIE}={planted}; {HUB_COOKIE}=hub-session".encode("utf-8", "surrogateescape")
    answer = browser.client.get("me/", headers={b"Cookie": sent, b"Accept": b"text/html"})
    assert answer.status_code == 401


def test_a_visit_ends_with_the_session_of_the_hub(desk: Desk) -> None:
    browser = desk.browser_of("student")
    kept = browser.client.cookies[COOKIE]
    browser.client.cookies.delete(HUB_COOKIE)
    assert browser.get("me/").status_code == 401
    # For good: the same cookies later are those of somebody who copied them.
    browser.client.cookies.set(HUB_COOKIE, "hub-session", path="/")
    assert browser.client.cookies[COOKIE] == kept
    assert browser.get("me/").status_code == 401


def test_a_visit_is_worth_nothing_in_a_browser_with_another_session(desk: Desk) -> None:
    stolen = desk.browser_of("operator").client.cookies[COOKIE]
    thief = desk.browser_of("student", "other-session")
    thief.client.cookies.set(COOKIE, stolen, path=HOME)
    assert thief.get("people/").status_code == 401


def test_cookies_planted_beside_the_real_ones_keep_nobody_out(desk: Desk) -> None:
    """Another server of this host can set cookies for any path, before and after the real ones."""
    browser = desk.browser_of("student")
    token = browser.client.cookies[COOKIE]
    sent = f"{COOKIE}=x; {HUB_COOKIE}=x; {COOKIE}={token}; {HUB_COOKIE}=hub-session; {COOKIE}=y"
    anybody = desk.browser()
    for _ in range(2):
        assert anybody.get("me/", Cookie=f"{sent}; {HUB_COOKIE}=y").status_code == 200


def test_a_closed_account_is_out_at_once(desk: Desk) -> None:
    student, operator = desk.browser_of("student"), desk.browser_of("operator")
    assert student.get("me/").status_code == 200
    operator.post("people/student/disable")
    assert student.get("me/").status_code == 401
    operator.post("people/student/enable")
    assert student.get("me/").status_code == 401, "an old visit must not come back to life"


def test_an_account_that_is_over_is_out(desk: Desk) -> None:
    guest = desk.add("invite-0123456789", "citizens", kind="guest", expires_at=now() + 1000)
    browser = desk.browser_of(guest.name)
    with desk.store.writing() as database:
        database.execute("UPDATE accounts SET expires_at = ? WHERE name = ?", (now(), guest.name))
    assert browser.get("me/").status_code == 401


def test_a_later_account_of_the_same_name_is_somebody_else(desk: Desk) -> None:
    browser = desk.browser_of("student")
    with desk.store.writing() as database:
        database.execute("DELETE FROM accounts WHERE name = 'student'")
    desk.add("student", "operators")
    assert browser.get("people/").status_code == 401


def test_a_visit_is_over_after_two_weeks(tmp_path: Path, desk: Desk) -> None:
    visits = Visits(tmp_path / "visits.sqlite")
    account = accounts.get(desk.store, "student")
    token = visits.open(account, "h", 1000.0)
    assert visits.find(token, ["h"], 1000.0 + LIFETIME - 1)
    assert visits.find(token, ["h"], 1000.0 + LIFETIME) is None
    visits.open(account, "h", 1001.0 + LIFETIME)
    with sqlite3.connect(visits.path) as database:
        assert database.execute("SELECT count(*) FROM visits").fetchone() == (1,)


# -- who may not ----------------------------------------------------------------------------------


def test_somebody_unknown_gets_a_way_in_and_a_machine_gets_a_status(desk: Desk) -> None:
    browser = desk.browser()
    answer = browser.get("people/?q=x")
    assert answer.status_code == 401
    assert 'href="/services/datalab/signin?next=%2Fservices%2Fdatalab%2Fpeople%2F%3Fq%3Dx"' in (
        answer.text
    )
    told = browser.get("people/", Accept="application/json")
    assert told.status_code == 401
    assert told.json()["error"]["code"] == "sign-in-needed"


def test_a_missing_right_says_which_and_whom_to_ask(desk: Desk) -> None:
    answer = desk.browser_of("student").get("people/")
    assert answer.status_code == 403
    assert "add, disable and remove accounts" in answer.text
    assert "an operator of the lab" in answer.text


# -- forms ----------------------------------------------------------------------------------------


def renamed(desk: Desk) -> bool:
    return accounts.get(desk.store, "student").display == "New"


def test_a_form_of_the_portal_is_taken(desk: Desk) -> None:
    answer = desk.browser_of("student").post("me/display", {"display": "New"})
    assert answer.status_code == 303
    assert renamed(desk)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://lab.test.evil.test"},
        {"Origin": "http://lab.test:81"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "", "Sec-Fetch-Site": ""},
    ],
    ids=str,
)
def test_a_form_of_another_site_is_refused(desk: Desk, headers: dict[str, str]) -> None:
    browser = desk.browser_of("student")
    answer = browser.post("me/display", {"display": "New"}, **headers)
    assert answer.status_code == 403
    assert "no longer valid" in answer.text
    assert not renamed(desk)


def test_a_form_without_the_token_of_this_person_is_refused(desk: Desk) -> None:
    browser, other = desk.browser_of("student"), desk.browser_of("agent")
    for token in ("", "0" * 64, other.token, browser.token[:-1], browser.token + "0", "é"):
        answer = browser.post("me/display", {"display": "New", "_token": token})
        assert answer.status_code == 403, token
    assert not renamed(desk)


def test_a_form_that_is_too_large_or_no_form_is_refused(desk: Desk) -> None:
    browser = desk.browser_of("student")
    large = browser.post("me/display", {"display": "x" * 300_000})
    assert large.status_code == 413
    assert "still in the form" in large.text
    fields = {"display": "New", **{f"f{n}": "x" for n in range(1100)}}
    assert browser.post("me/display", fields).status_code == 400
    for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x"):
        answer = browser.post("me/display", {"display": "New"}, **{"Content-Type": kind})
        assert answer.status_code == 403
    assert not renamed(desk)


def test_reading_an_address_of_a_form_changes_nothing(desk: Desk) -> None:
    operator = desk.browser_of("operator")
    for path in ("people/student/disable", "people/student/link", "signout", "me/signout"):
        assert operator.get(path).status_code in {404, 405}
    assert accounts.get(desk.store, "student").disabled_at is None


def test_a_script_of_a_notebook_reads_and_does_nothing_as_its_reader(desk: Desk) -> None:
    """Notebooks share the origin: their scripts send the cookie, and must learn no token."""
    operator = desk.browser_of("operator")
    script = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}
    assert operator.get("people/", **script).status_code == 401
    public = operator.get("", **script)
    assert operator.token not in public.text
    assert "Operator" not in public.text
    sent = operator.post("people/student/disable", {"_token": ""}, **script)
    assert sent.status_code == 401
    assert accounts.get(desk.store, "student").disabled_at is None
    # A script of the portal's own page knows the token that the page holds.
    assert operator.get("people/", **script, **{"X-Datalab-Token": operator.token}).is_success
    assert operator.get(f"people/?_token={operator.token}", **script).is_success


def test_no_page_of_somebody_can_be_framed_or_opened_by_a_notebook(desk: Desk) -> None:
    headers = desk.browser_of("operator").get("people/").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"


# -- what is said once -----------------------------------------------------------------------------


def test_a_notice_is_said_once(desk: Desk) -> None:
    browser = desk.browser_of("student")
    answer = browser.post("me/display", {"display": "New"})
    assert "The name shown is now “New”." in browser.follow(answer).text
    assert "The name shown is now" not in browser.get("me/").text


def test_a_notice_cannot_be_planted_and_cannot_split_a_header(desk: Desk) -> None:
    browser = desk.browser_of("student")
    said = Response()
    notice(said, "a\r\nSet-Cookie: x=y; <b>")
    (cookie,) = said.headers.getlist("set-cookie")
    assert "\r" not in cookie
    value = cookie.partition("=")[2].partition(";")[0]
    browser.client.cookies.set(NOTICE, value, path=HOME)
    assert "Set-Cookie: x=y; &lt;b&gt;" in browser.get("me/").text
    body = value.partition(".")[0]
    for planted in (f"{body}.0", f"{body[:-4]}AAAA.{value.partition('.')[2]}", "x", "."):
        browser.client.cookies.set(NOTICE, planted, path=HOME)
        assert "Set-Cookie" not in browser.get("me/").text
    long = Response()
    notice(long, "x" * LARGEST)
    assert "set-cookie" not in long.headers


# -- leaving for the hub and coming back ----------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test/",
        "\\\\evil.test",
        "/services/datalab//evil.test/x",
        "/services/datalab/../../user/x/",
        "/services/datalab/%2e%2e/%2e%2e/user/x/",
        "/services/datalab/..%2f..%2fuser/x/",
        "/services/datalab/a/..",
        "/services/datalab/\r\nSet-Cookie: a=b",
        "/services/datalab/\tx",
        "/services/datalab/%0d%0aSet-Cookie:a",
        "/services/datalabs/",
        "/services/",
        "/hub/logout",
        "/services/datalab/signout",
        "/services/datalab/signin?next=/services/datalab/",
        "/services/datalab/oauth_callback?code=1",
        "javascript:alert(1)",
        "http://[",
        "",
        f"/services/datalab/{'x' * 2000}",
    ],
)
def test_a_sign_in_leads_to_no_other_place(address: str) -> None:
    assert own_path(PREFIX, address) == HOME


@pytest.mark.parametrize(
    "address",
    [
        HOME,
        f"{HOME}people/?q=a%20b&group=students",
        f"{HOME}projects/des-bancs/guided/carnet%20d%E2%80%99essai.ipynb",
        f"{HOME}datasets/?q=logement&theme=territory",
    ],
)
def test_a_sign_in_leads_back_to_the_page(address: str) -> None:
    assert own_path(PREFIX, address) == address


def client_of_a_hub() -> Client:
    return Client("http://127.0.0.1:9/hub/api", "/a", f"{HOME}oauth_callback", "i", "s", b"key")


def test_a_state_is_good_in_its_own_browser_for_a_while() -> None:
    client = client_of_a_hub()
    address = client.leave("mine", f"{HOME}people/", 1000.0)
    state = unquote(address.partition("state=")[2].partition("&")[0])
    assert client.onward("mine", state, 1001.0) == f"{HOME}people/"
    for browser, shown, at in (
        ("other", state, 1001.0),
        ("", state, 1001.0),
        ("mine", state[:-1], 1001.0),
        ("mine", "", 1001.0),
        ("mine", "x.y", 1001.0),
        ("mine", "W10=" + state[4:], 1001.0),
        ("mine", state, 1000.0 + 1801),
        ("mine", state, 999.0),
    ):
        with pytest.raises(SignInRefused):
            client.onward(browser, shown, at)


def test_each_leaving_has_a_state_and_a_challenge_of_its_own() -> None:
    client = client_of_a_hub()
    first, second = (client.leave("mine", HOME, 1000.0) for _ in range(2))
    for name in ("state=", "code_challenge="):
        values = {a.partition(name)[2].partition("&")[0] for a in (first, second)}
        assert len(values) == 2
    assert "code_challenge_method=S256" in first


def test_the_portal_without_a_hub_says_so(desk: Desk) -> None:
    answer = desk.browser().get("signin")
    assert answer.status_code == 503
    assert "without a hub" in answer.text
