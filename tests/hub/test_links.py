"""Sign-in links: once, for a while, for nobody else, and in no log."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from datalab.people import audit
from datalab.people.links import Links
from datalab.people.store import Store
from tests.hub.lab import Lab

HOUR = 3600.0


@pytest.fixture
def links(tmp_path: Path) -> Links:
    return Links(Store(tmp_path / "people.sqlite"))


def test_a_link_opens_its_account_once(links: Links) -> None:
    token = links.issue("student", now=0, lifetime=HOUR)
    assert links.consume(token, now=1).account == "student"
    assert links.consume(token, now=2).refused == "used"


def test_a_link_expires(links: Links) -> None:
    token = links.issue("student", now=0, lifetime=HOUR)
    assert links.consume(token, now=HOUR + 1).refused == "expired"


@pytest.mark.parametrize("token", ["", "x", "%00", "\x00", "é\ud800", "0" * 64, "' OR 1=1 --"])
def test_a_forged_link_opens_nothing(links: Links, token: str) -> None:
    links.issue("student", now=0, lifetime=HOUR)
    assert links.consume(token, now=1).refused == "unknown"


def test_only_hashes_are_kept_in_a_private_file(links: Links) -> None:
    token = links.issue("student", now=0, lifetime=HOUR)
    for path in links.store.path.parent.iterdir():
        assert token.encode() not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_of_many_simultaneous_uses_exactly_one_wins(links: Links) -> None:
    for _ in range(5):
        token = links.issue("student", now=0, lifetime=HOUR)
        with ThreadPoolExecutor(16) as pool:
            outcomes = list(pool.map(lambda _, t=token: links.consume(t, 1), range(32)))
        assert sum(outcome.account == "student" for outcome in outcomes) == 1
        assert sum(outcome.refused == "used" for outcome in outcomes) == 31


def test_old_links_are_forgotten(links: Links) -> None:
    links.issue("student", now=0, lifetime=1)
    links.issue("student", now=30 * 24 * HOUR, lifetime=1)
    with sqlite3.connect(links.store.path) as database:
        assert database.execute("SELECT count(*) FROM links").fetchone() == (1,)


@pytest.mark.hub
@pytest.mark.parametrize("persona", ["steward", "facilitator", "agent"])
def test_some_land_on_the_portal(running_lab: Lab, persona: str) -> None:
    with running_lab.person(persona) as person:
        answer = person.client.get(running_lab.link(persona), follow_redirects=False)
        assert answer.headers["Location"] == "/services/datalab/signin"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.hub
@pytest.mark.parametrize("persona", ["student", "citizen", "entrepreneur"])
def test_others_land_in_their_notebooks(running_lab: Lab, persona: str) -> None:
    with running_lab.person(persona) as person:
        answer = person.client.get(running_lab.link(persona), follow_redirects=False)
        assert answer.headers["Location"].startswith(f"/hub/spawn/{persona}?next=")
        assert f"%2Fuser%2F{persona}%2Flab%2Ftree" in answer.headers["Location"]


@pytest.mark.hub
def test_the_operator_lands_on_the_page_of_the_machine(running_lab: Lab) -> None:
    with running_lab.person("operator") as person:
        person.client.headers["Accept"] = "text/html"  # as a browser asks for a page
        answer = person.sign_in()
        assert answer.status_code == 200
        assert answer.url.path == "/services/datalab/machine/"


@pytest.mark.hub
def test_others_may_not_open_the_admin_page(running_lab: Lab) -> None:
    with running_lab.person("steward") as person:
        person.sign_in()
        assert person.client.get("/hub/admin").status_code in {403, 404}


@pytest.mark.hub
@pytest.mark.parametrize(
    ("language", "words"), [("fr", "Ce lien n’ouvre pas"), ("en", "does not open")]
)
def test_a_used_link_is_refused_in_plain_words(running_lab: Lab, language: str, words: str) -> None:
    link = running_lab.link("steward")
    with running_lab.person("steward") as person:
        assert person.client.get(link, follow_redirects=False).status_code == 302
    headers = {"Accept-Language": language}
    answer = httpx.get(link, headers=headers)
    assert answer.status_code == 403
    assert words in answer.text
    assert "datalab signin" in answer.text
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.hub
@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=forged", "?token=" + "a" * 5000, "?token=%FF"]
)
def test_a_forged_link_signs_nobody_in(running_lab: Lab, query: str) -> None:
    answer = httpx.get(f"{running_lab.url}/hub/signin{query}")
    assert answer.status_code in {400, 403}
    assert not any("jupyterhub" in name for name in answer.cookies)


@pytest.mark.hub
def test_guessing_links_opens_nothing_fills_no_log_and_locks_nobody_out(running_lab: Lab) -> None:
    store = Store(running_lab.home / "hub" / "people.sqlite")

    def refused() -> int:
        found = audit.entries(store, noun="signin", limit=100_000)
        return sum(entry.action == "signin.refused" for entry in found)

    before = refused()
    with httpx.Client(base_url=running_lab.url) as client:
        for number in range(120):
            answer = client.get(f"/hub/signin?token={number:043d}")
            assert answer.status_code == 403
            assert not any("jupyterhub-hub" in name for name in answer.cookies)
    assert refused() - before < 100
    assert httpx.get(running_lab.link("steward")).status_code == 302


@pytest.mark.hub
def test_two_browsers_with_one_link_and_one_enters(running_lab: Lab) -> None:
    link = running_lab.link("agent")
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: httpx.get(link).status_code, range(8)))
    assert sorted(codes) == [302, *[403] * 7]


def test_a_link_to_set_a_password_does_not_sign_in_and_the_other_way_round(links: Links) -> None:
    signin = links.issue("student", now=0, lifetime=HOUR)
    password = links.issue("student", now=0, lifetime=HOUR, purpose="password")
    assert links.consume(password, now=1).refused == "unknown"
    assert links.consume(signin, now=1, purpose="password").refused == "unknown"
    assert links.look(password, now=1, purpose="password").account == "student"
    assert links.consume(password, now=1, purpose="password").account == "student"
    assert links.look(password, now=1, purpose="password").refused == "used"


@pytest.mark.hub
def test_a_link_leads_to_nothing_of_itself(running_lab: Lab) -> None:
    """The next address holds neither the token nor an address elsewhere."""
    for extra in ("", "&next=https://evil.example/", "&next=//evil.example", "&next=/hub/home"):
        with running_lab.person("agent") as person:
            link = running_lab.link("agent")
            answer = person.client.get(link + extra, follow_redirects=False)
            assert "token" not in answer.headers["Location"]
            assert "evil" not in answer.headers["Location"]


@pytest.mark.hub
def test_links_tried_without_end_are_written_down_only_so_often(running_lab: Lab) -> None:
    for number in range(60):
        answer = httpx.get(f"{running_lab.url}/hub/signin?token=forged-{number}")
        assert answer.status_code == 403
    written = running_lab.command("audit", "--json", "--limit", "1000").stdout
    assert 0 < written.count('"way": "link"') < 150
    assert "forged" not in written


@pytest.mark.hub
def test_a_second_person_in_the_same_browser_replaces_the_first(running_lab: Lab) -> None:
    with running_lab.person("steward") as person:
        person.sign_in()
        person.sign_in(running_lab.link("agent"))
        assert "agent" in person.client.get("/hub/home").text


@pytest.mark.hub
def test_no_link_is_ever_in_a_log(running_lab: Lab) -> None:
    used, unused = running_lab.link("steward"), running_lab.link("agent")
    for link in (
        used,
        used,
        used.replace("/hub/signin", "/hub/nowhere"),
        used.replace("/hub/signin", "/services/datalab/nowhere"),
        used.replace("/hub/signin", "/user/student/nowhere"),
    ):
        httpx.get(link, headers={"Referer": unused})
    written = running_lab.log_text()
    for link in (used, unused, *running_lab.links.values()):
        assert link.rpartition("=")[2] not in written


@pytest.mark.hub
def test_an_unknown_account_is_named_with_the_nearest(running_lab: Lab) -> None:
    done = running_lab.command("signin", "facilitater", check=False)
    assert done.returncode == 1
    assert "facilitater" in done.stderr
    assert "facilitator" in done.stderr
    assert "Traceback" not in done.stderr
