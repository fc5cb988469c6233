"""The pages of access and tokens in a real Chromium: on a phone, in the dark, without scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe

from datalab.people import accounts, grants
from datalab.portal.person import COOKIE, HUB_COOKIE
from tests.portal.closed import DAY, Closed
from tests.portal.conftest import PREFIX
from tests.portal.desk import now
from tests.portal.test_browser import WCAG

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


class House:
    """A portal with closed data on a real port."""

    def __init__(self, closed: Closed, port: int) -> None:
        self.closed, self.host = closed, f"http://127.0.0.1:{port}"

    def page(self, browser: Browser, name: str, **options: object) -> Page:
        """A browser in which somebody is signed in."""
        context = browser.new_context(**{"locale": "fr-FR", **options})  # type: ignore[arg-type]
        store = self.closed.desk.store
        token = self.closed.desk.visits.open(accounts.get(store, name), "session", now())
        for cookie, value in ((COOKIE, token), (HUB_COOKIE, "session")):
            context.add_cookies([{"name": cookie, "value": value, "url": f"{self.host}{PREFIX}/"}])
        return context.new_page()

    def at(self, path: str) -> str:
        return f"{self.host}{PREFIX}/{path}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    closed = Closed(Path(tmp_path_factory.mktemp("access")))
    store, desk = closed.desk.store, closed.desk
    purpose = "Mémoire de fin d’études sur la desserte des écoles, avec la mairie de Chenôve."
    grants.ask(store, now(), "citizen", "residents", purpose, now() + 40 * DAY)
    grants.ask(store, now(), "entrepreneur", "sealed", purpose, now() + 40 * DAY)
    closed.grant("facilitator", "residents--students", days=20)
    closed.token("agent")
    for name in ("agent", "student"):
        desk.browser_of(name).get("datasets/residents")
    server = uvicorn.Server(uvicorn.Config(desk.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield House(closed, server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)


PAGES = {
    "steward": ["access/", "access/requests", "datasets/residents/access", "datasets/residents"],
    "student": ["datasets/residents", "datasets/sealed", "datasets/sealed/access", "access/"],
    "entrepreneur": ["access/", "datasets/sealed"],
    "agent": ["me/tokens", "datasets/residents"],
}


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_axe_finds_nothing(browser: Browser, house: House, width: int, scheme: str) -> None:
    for name, paths in PAGES.items():
        size = {"width": width, "height": 800}
        page = house.page(browser, name, viewport=size, color_scheme=scheme)
        for path in paths:
            page.goto(house.at(path))
            found = Axe().run(page, options=WCAG).response["violations"]
            assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], (name, path)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (name, path)
        page.context.close()


def test_somebody_asks_and_is_answered_without_scripts(browser: Browser, house: House) -> None:
    options = {"java_script_enabled": False, "viewport": {"width": 360, "height": 800}}
    asker = house.page(browser, "student", **options)
    asker.goto(house.at("datasets/sealed"))
    asker.get_by_role("link", name="Demander l’accès").click()
    asker.get_by_label("Pour quoi faire").fill("Comparer deux quartiers")
    asker.get_by_role("button", name="Envoyer la demande").click()
    assert "attend une réponse" in asker.content()
    steward = house.page(browser, "steward", **options)
    steward.goto(house.at("access/requests"))
    steward.get_by_role("link", name="Student demande").click()
    steward.get_by_role("article").or_(steward.locator("section.answer")).filter(
        has_text="Comparer deux quartiers"
    ).get_by_role("button", name="Accorder l’accès").click()
    assert "L’accès est accordé" in steward.content()
    asker.goto(house.at("datasets/sealed"))
    assert "CANARIE-NOM" in asker.content()


def test_a_token_is_made_and_copied(browser: Browser, house: House) -> None:
    page = house.page(browser, "agent")
    page.goto(house.at("me/tokens"))
    page.get_by_label("Pour quel programme").fill("Carnet de terrain")
    page.get_by_role("button", name="Créer le jeton").click()
    words = page.locator("#words").inner_text()
    assert words.startswith("dlt_")
    page.get_by_role("link", name="Je l’ai gardée").or_(
        page.locator("a.button.second[href$='me/tokens']")
    ).first.click()
    assert "Carnet de terrain" in page.content()
    assert words not in page.content()
