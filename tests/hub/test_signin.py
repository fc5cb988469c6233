"""Signing in to the portal of a running lab: through the real proxy and the real hub."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from datalab.people.store import Store
from datalab.people.visits import Visits
from tests.hub.lab import Lab, eventually
from tests.hub.portal import LINK, PORTAL, guest, signed_in

pytestmark = pytest.mark.hub
PERSON, BROWSER, SESSION = "datalab-person", "datalab-signin", "jupyterhub-session-id"


def test_who_signed_in_at_the_hub_is_known_at_the_portal_without_a_click(running_lab: Lab) -> None:
    with signed_in(running_lab, "agent") as agent:
        answer = agent.get("datasets/?q=lieux")
        assert answer.url.path == f"{PORTAL}datasets/"
        assert answer.url.params["q"] == "lieux"
        assert "Agente" in answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        steps = [urlsplit(str(step.url)).path for step in answer.history]
        assert "/hub/api/oauth2/authorize" in steps
        # Asked once: the next page comes at once.
        assert agent.get("datasets/").history == []


def test_a_protected_page_leads_through_the_sign_in_and_back(running_lab: Lab) -> None:
    with guest(running_lab) as somebody:
        asked = somebody.get("me/")
        assert asked.url.path == "/hub/login"
        somebody.sign_in("agent")
        arrived = somebody.get(f"/hub/login?next={quote(asked.url.params['next'], safe='')}")
        assert arrived.url.path == f"{PORTAL}me/"
        assert "Agente" in arrived.text


def test_the_cookie_of_a_visit_is_for_the_portal_alone(running_lab: Lab) -> None:
    with signed_in(running_lab, "agent") as agent:
        agent.get("me/")
        cookie = next(c for c in agent.client.cookies.jar if c.name == PERSON)
        assert cookie.path == PORTAL
        assert cookie.expires is None
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert str(cookie.get_nonstandard_attr("SameSite")).lower() == "lax"


def test_a_planted_cookie_is_never_made_a_visit(running_lab: Lab) -> None:
    with signed_in(running_lab, "agent") as agent:
        # As the answer of a server beside it sets it: of this host, like the portal's own.
        planted = {"name": PERSON, "value": "planted-by-somebody-else", "path": PORTAL}
        agent.client.cookies.set(**planted, domain="127.0.0.1")
        agent.get("me/")
        held = [c.value for c in agent.client.cookies.jar if c.name == PERSON]
        assert "planted-by-somebody-else" not in held


def test_a_second_sign_in_ends_the_first_visit(running_lab: Lab) -> None:
    with signed_in(running_lab, "agent") as agent:
        agent.get("me/")
        first = agent.client.cookies[PERSON]
        agent.sign_in("steward")
        assert "Responsable de données" in agent.get("me/").text
        assert agent.client.cookies[PERSON] != first
        agent.client.cookies.set(PERSON, first, path=PORTAL)
        assert "Agente" not in agent.get("").text


def test_signing_out_at_the_hub_signs_out_of_the_portal(running_lab: Lab) -> None:
    with signed_in(running_lab, "agent") as agent:
        agent.get("me/")
        kept = agent.client.cookies[PERSON]
        agent.get("/hub/logout")
        assert agent.client.cookies.get(PERSON) == kept, "the hub cannot take this cookie away"
        assert agent.get("me/").url.path == "/hub/login"


def test_signing_out_of_the_portal_signs_out_of_the_hub(running_lab: Lab) -> None:
    with signed_in(running_lab, "agent") as agent:
        kept = agent.get("me/") and agent.client.cookies[PERSON]
        answer = agent.send("signout")
        assert answer.headers["location"] == "/hub/logout"
        agent.get(answer.headers["location"])
        assert agent.get("/hub/home").url.path == "/hub/login"
        agent.client.cookies.set(PERSON, kept, path=PORTAL)
        assert agent.get("me/").url.path == "/hub/login"


def test_out_everywhere_is_out_of_every_browser(running_lab: Lab) -> None:
    with signed_in(running_lab, "steward") as here, signed_in(running_lab, "steward") as there:
        for browser in (here, there):
            assert browser.get("me/").url.path == f"{PORTAL}me/"
        assert here.send("me/signout").status_code == 303
        for browser in (here, there):
            assert browser.get("me/").url.path == "/hub/login"
            assert browser.get("/hub/home").url.path == "/hub/login"


def test_an_answer_of_the_hub_is_good_once_and_in_one_browser(running_lab: Lab) -> None:
    with signed_in(running_lab, "agent") as agent, signed_in(running_lab, "steward") as thief:
        left = agent.client.get(f"{PORTAL}signin", headers=LINK, follow_redirects=False)
        asked = agent.client.get(left.headers["location"], headers=LINK, follow_redirects=False)
        back = asked.headers["location"]
        assert set(parse_qs(urlsplit(back).query)) == {"code", "state"}
        # Login CSRF: the address of one browser opened in another one.
        thief.get("me/")
        stolen = thief.get(back)
        assert stolen.status_code == 403
        assert "does not belong to a sign-in" in stolen.text
        assert "Responsable" in thief.get("me/").text
        assert agent.get(back).url.path == PORTAL
        assert agent.get(back).status_code == 403, "a code is good once"


def test_a_code_stolen_with_its_browser_cookie_is_not_taken_under_another_session(
    running_lab: Lab,
) -> None:
    with signed_in(running_lab, "agent") as agent, signed_in(running_lab, "steward") as thief:
        left = agent.client.get(f"{PORTAL}signin", headers=LINK, follow_redirects=False)
        asked = agent.client.get(left.headers["location"], headers=LINK, follow_redirects=False)
        thief.client.cookies.set(BROWSER, agent.client.cookies[BROWSER], path=PORTAL)
        assert thief.get(asked.headers["location"]).status_code == 403
        assert thief.client.cookies.get(PERSON) is None


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?state=x", "?code=x&state=y.z", "?error=access_denied", "?state=%00"]
)
def test_a_forged_answer_opens_nothing_and_says_so(running_lab: Lab, query: str) -> None:
    with signed_in(running_lab, "agent") as agent:
        answer = agent.get(f"oauth_callback{query}")
        assert answer.status_code == 403
        assert "Signing in did not work" in answer.text
        assert agent.client.cookies.get(PERSON) is None


def test_the_portal_keeps_no_token_of_the_hub(running_lab: Lab) -> None:
    with signed_in(running_lab, "agent") as agent:
        agent.get("me/")
        database = Store(running_lab.home / "hub" / "people.sqlite").path
        visits = Visits(database.with_name("visits.sqlite")).path.read_bytes()
        for cookie in agent.client.cookies.jar:
            assert (cookie.value or "").encode() not in visits, cookie.name
        columns = b"account TEXT NOT NULL,\n    born REAL NOT NULL,\n    hub BLOB NOT NULL"
        assert columns in visits


def test_a_disabled_account_is_out_of_portal_and_hub(running_lab: Lab) -> None:
    running_lab.command("user", "add", "soon-closed", "--group", "students")
    with signed_in(running_lab, "soon-closed") as person:
        assert person.get("me/").url.path == f"{PORTAL}me/"
        running_lab.command("user", "disable", "soon-closed")
        assert person.get("me/").url.path != f"{PORTAL}me/"
        eventually(lambda: person.get("/hub/home").url.path == "/hub/login", "the hub to follow")


@pytest.mark.timeout(240)
def test_a_visit_survives_a_killed_portal(new_lab: Callable[..., Lab]) -> None:
    lab = new_lab()
    lab.start()
    with signed_in(lab, "agent") as agent:
        agent.get("me/")
        before = agent.client.cookies[PERSON]
        portal = lab.processes()["portal"]
        portal.signal(9)
        eventually(lambda: not portal.alive, "the portal to end")
        eventually(lambda: agent.get("health").status_code == 200, "the portal to come back")
        answer = agent.get("me/")
        assert answer.history == []
        assert "Agente" in answer.text
        assert agent.client.cookies[PERSON] == before
