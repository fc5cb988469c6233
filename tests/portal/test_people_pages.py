"""The pages of people in a real Chromium: on a phone, by keyboard, without scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe

from datalab.people import accounts, invitations
from datalab.portal.person import COOKIE, HUB_COOKIE
from tests.portal.conftest import PREFIX
from tests.portal.desk import Desk, now
from tests.portal.test_browser import WCAG, focus

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
GUEST = "invite-0123456789"


class House:
    """One desk on a real port, for all tests here; each changes accounts of its own."""

    def __init__(self, desk: Desk, port: int) -> None:
        self.desk, self.host = desk, f"http://127.0.0.1:{port}"

    def page(self, browser: Browser, name: str, **options: Any) -> Page:
        """A browser in which somebody is signed in."""
        context = browser.new_context(**{"locale": "fr-FR", **options})
        token = self.desk.visits.open(accounts.get(self.desk.store, name), "session", now())
        for cookie, value in ((COOKIE, token), (HUB_COOKIE, "session")):
            context.add_cookies([{"name": cookie, "value": value, "url": f"{self.host}{PREFIX}/"}])
        return context.new_page()

    def at(self, path: str) -> str:
        return f"{self.host}{PREFIX}/{path}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    desk = Desk(Path(tmp_path_factory.mktemp("house")) / "home")
    desk.add("closed", "students", "agents")
    accounts.disable(desk.store, now(), "operator", "closed")
    desk.add("idle")
    desk.add(GUEST, "citizens", kind="guest", expires_at=now() + 9000)
    invitations.issue(desk.store, now(), "operator", "citizens", note="Atelier du 12 mars")
    server = uvicorn.Server(uvicorn.Config(desk.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield House(desk, server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_axe_finds_nothing(browser: Browser, house: House, width: int, scheme: str) -> None:
    (made,) = invitations.invitations(house.desk.store)
    pages = {
        "operator": [
            "people/",
            "people/?q=zzz",
            "people/new",
            "people/student",
            "people/closed",
            "people/idle",
            "people/student/remove",
            "invitations/",
            "invitations/new",
            f"invitations/{made.id}",
            f"invitations/{made.id}/print",
            "audit/",
            "machine/",
            "me/",
        ],
        GUEST: ["me/", "people/"],
    }
    found = {}
    for name, paths in pages.items():
        size: Any = {"width": width, "height": 800}
        page = house.page(browser, name, viewport=size, color_scheme=scheme)
        for path in paths:
            page.goto(house.at(path))
            page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
            for menu in (False, True) if path == "me/" else (False,):
                page.evaluate(f"document.querySelector('.menu').open = {str(menu).lower()}")
                for violation in Axe().run(page, options=WCAG).response["violations"]:
                    targets = [node["target"] for node in violation["nodes"][:3]]
                    found[f"{path}: {violation['id']}"] = targets
                wide = page.evaluate("document.documentElement.scrollWidth")
                if wide > width:
                    found[f"{path}: sideways"] = [wide]
        page.context.close()
    assert found == {}


def test_the_keyboard_alone_opens_the_menu_and_adds_somebody(
    browser: Browser, house: House
) -> None:
    page = house.page(browser, "operator")
    page.goto(house.at(""))
    focus(page, ".menu summary")
    page.keyboard.press("Enter")
    focus(page, '.menu a[href$="/people/"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/people/")
    focus(page, 'a[href$="/people/new"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/people/new")
    focus(page, "#display")
    page.keyboard.type("Zoé Clavier")
    focus(page, "#name")
    page.keyboard.type("zoe-clavier")
    page.keyboard.press("Enter")
    page.wait_for_selector("#link")
    assert accounts.get(house.desk.store, "zoe-clavier").groups == ("students",)
    page.context.close()


def test_everything_works_without_scripts(browser: Browser, house: House) -> None:
    house.desk.add("sans-script", "students")
    page = house.page(browser, "operator", java_script_enabled=False)
    page.goto(house.at("people/"))
    page.locator(".menu summary").click()
    page.locator(".menu a", has_text="Personnes").click()
    page.locator("#q").fill("sans-script")
    page.locator(".filter button").click()
    page.locator("tbody a").click()
    page.locator("text=Fermer le compte").click()
    assert "est fermé" in page.locator(".said").inner_text()
    page.locator(".said button").click()
    assert accounts.get(house.desk.store, "sans-script").disabled_at is None
    page.locator("text=Supprimer pour toujours").click()
    page.locator("#confirmed").fill("sans-script")
    page.locator(".form button").click()
    page.wait_for_url("**/people/")
    assert accounts.find(house.desk.store, "sans-script") is None
    page.goto(house.at("invitations/new"))
    page.locator("#note").fill("Sans script")
    page.locator(".form button").click()
    page.wait_for_selector("svg.qr")
    page.context.close()


def test_a_script_beside_the_portal_cannot_read_or_act(browser: Browser, house: House) -> None:
    """A page of the same host that is none of the portal's, as those of notebook servers are."""
    page = house.page(browser, "operator")
    page.route(
        "**/user/evil/",
        lambda route: route.fulfill(body="<p>evil", content_type="text/html"),
    )
    page.goto(f"{house.host}/user/evil/")
    people = house.at("people/")
    told = page.evaluate("async (a) => (await fetch(a)).status", people)
    assert told == 401
    text = page.evaluate("async (a) => (await fetch(a)).text()", house.at(""))
    assert "Operator" not in text
    assert 'name="_token"' not in text
    posted = page.evaluate(
        "async (a) => (await fetch(a, {method: 'POST', body: new URLSearchParams()})).status",
        house.at("people/student/disable"),
    )
    assert posted == 401
    # A window that it opens is not its own, and a frame stays empty.
    with page.context.expect_page() as opened:
        page.evaluate("(a) => { window.seen = window.open(a) }", people)
    opened.value.wait_for_load_state()
    assert "Personnes" in opened.value.inner_text("h1")
    assert page.evaluate("window.seen.closed || !window.seen.document?.querySelector('h1')")
    page.evaluate(
        "(a) => { const f = document.createElement('iframe'); f.src = a; document.body.append(f) }",
        people,
    )
    page.wait_for_timeout(500)
    assert (
        page.evaluate(
            "(() => { try { return frames[0].document.querySelector('h1') } "
            "catch { return null } })()"
        )
        is None
    )
    assert accounts.get(house.desk.store, "student").disabled_at is None
    page.context.close()
