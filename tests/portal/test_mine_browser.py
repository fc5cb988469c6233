"""One's own data in a real Chromium: on a phone, by keyboard, without scripts, under attack."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from pydantic import SecretStr
from sqlalchemy import update

from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.participation.tables.request import NOTE, REQUEST
from datalab.participation.tables.session import PARTICIPANT, SESSION
from datalab.people import accounts
from datalab.portal.own import COOKIE as OWN_COOKIE
from datalab.portal.person import COOKIE, HUB_COOKIE
from tests.participation.payloads import MARK, PAYLOADS, dangers
from tests.participation.people import NOW, contribution
from tests.portal.conftest import PREFIX
from tests.portal.desk import Desk, now
from tests.portal.test_browser import WCAG
from tests.portal.test_mine import Own

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


class House:
    """One desk on a real port, at which Zoé took part."""

    def __init__(self, own: Own, port: int) -> None:
        self.own, self.host = own, f"http://127.0.0.1:{port}"

    def at(self, path: str = "") -> str:
        return f"{self.host}{PREFIX}/{path}"

    def page(self, browser: Browser, name: str = "", *, holds: bool = False, **more: Any) -> Page:
        context = browser.new_context(**{"locale": "fr-FR", **more})
        url = f"{self.host}{PREFIX}/"
        if name:
            desk = self.own.desk
            token = desk.visits.open(accounts.get(desk.store, name), "session", now())
            for cookie, value in ((COOKIE, token), (HUB_COOKIE, "session")):
                context.add_cookies([{"name": cookie, "value": value, "url": url}])
        if holds:
            secret = self.own.zoe.secret
            context.add_cookies([{"name": OWN_COOKIE, "value": secret, "url": url}])
        return context.new_page()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    own = Own(Desk(Path(tmp_path_factory.mktemp("own")) / "home"))
    more = {"smtp": SecretStr("smtp://127.0.0.1"), "mail_from": "a@b.fr"}
    own.desk.app.state.settings = own.desk.settings.model_copy(update=more)
    with own.store.writing() as connection:
        connection.execute(update(SESSION).values(facilitators=["facilitator"]))
    server = uvicorn.Server(uvicorn.Config(own.desk.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield House(own, server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize(
    ("width", "scheme", "language"), [(360, "light", "fr"), (1280, "dark", "en")]
)
def test_axe_finds_nothing(
    browser: Browser, house: House, width: int, scheme: str, language: str
) -> None:
    size: Any = {"width": width, "height": 800}
    look: Any = {"viewport": size, "color_scheme": scheme, "locale": language}
    root, found = house.own.root, {}
    own = house.page(browser, holds=True, **look)
    moderator = house.page(browser, "facilitator", **look)
    for page, path in (
        (own, "mine/"),
        (own, f"{root}/"),
        (own, f"{root}/delete"),
        (own, f"{root}/stop"),
        (own, "privacy/"),
        (moderator, "pictures/waiting/black-out"),
    ):
        answer = page.goto(house.at(path))
        assert answer is not None
        assert answer.status == 200, path
        for violation in Axe().run(page, options=WCAG).response["violations"]:
            targets = [node["target"] for node in violation["nodes"][:3]]
            found[f"{path[:5]}…{path[-12:]}: {violation['id']}"] = targets
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found[f"{path}: sideways"] = [wide]
    own.context.close()
    moderator.context.close()
    assert found == {}


def test_an_address_is_left_and_taken_back_without_scripts(browser: Browser, house: House) -> None:
    page = house.page(browser, holds=True, java_script_enabled=False)
    page.goto(house.at(f"{house.own.root}/"))
    page.get_by_role("button", name="Ne plus m’écrire, oublier mon adresse").click()
    assert "Votre adresse est oubliée" in page.locator("main").inner_text()
    page.get_by_label("Mon adresse électronique").fill("zoe@exemple.fr")
    page.get_by_role("button", name="Écrivez-moi").click()
    assert "Nous vous écrirons" in page.locator("main").inner_text()
    assert "z•••@exemple.fr" in page.locator("main").inner_text()
    page.context.close()


def test_the_link_is_told_to_no_other_page(browser: Browser, house: House) -> None:
    page = house.page(browser, holds=True)
    page.goto(house.at(f"{house.own.root}/"))
    with page.expect_request(lambda asked: asked.url.endswith("/privacy/")) as asked:
        page.locator("main").get_by_role("link", name="Ce que le laboratoire garde").click()
    assert asked.value.all_headers().get("referer") == f"{house.host}/"
    page.context.close()


def test_a_script_of_a_notebook_reads_no_link(browser: Browser, house: House) -> None:
    """Run at the same origin, as the page of a notebook server is."""
    page = house.page(browser, holds=True)
    page.goto(house.at("privacy/"))
    said = page.evaluate("address => fetch(address).then(a => a.text())", house.at("mine/"))
    assert house.own.zoe.secret not in said
    page.context.close()


def test_boxes_are_ticked_by_keyboard_and_painted_without_scripts(
    browser: Browser, house: House
) -> None:
    page = house.page(browser, "facilitator", java_script_enabled=False)
    page.goto(house.at("pictures/waiting/black-out"))
    page.get_by_label("colonne 1, ligne 1", exact=True).focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Noircir les cases cochées").click()
    assert "C’est noirci" in page.locator("main").inner_text()
    page.context.close()


def test_no_text_that_anybody_types_runs_anywhere(browser: Browser, house: House) -> None:
    """Every payload in every text of one's own page, of the session and of a case."""
    own = house.own
    with own.store.writing() as connection:
        for number, text in enumerate(PAYLOADS):
            clean = text.replace("\x00", "")
            contribution(
                connection, own.zoe, f"x{number}", text=clean, state="accepted", said=clean
            )
        all_of_them = " ".join(PAYLOADS)
        connection.execute(update(CONTRIBUTION).values(reason=all_of_them, place=all_of_them))
        connection.execute(update(PARTICIPANT).values(pseudonym=all_of_them))
        connection.execute(update(NOTE).values(text=all_of_them, public=True))
        values = {"title": all_of_them, "question": all_of_them, "place": all_of_them}
        connection.execute(update(SESSION).values(**values))
        connection.execute(
            update(REQUEST).values(
                description=all_of_them,
                said=all_of_them,
                status_notes=all_of_them,
                address=all_of_them,
                requested_at=NOW,
            )
        )
    ran: list[str] = []
    page = house.page(browser, "facilitator", holds=True)
    page.on("dialog", lambda dialog: ran.append(dialog.message))
    page.on("request", lambda asked: ran.append(asked.url) if "evil.test" in asked.url else None)
    seen = 0
    for path in (
        f"{own.root}/",
        "mine/",
        "sessions/",
        "sessions/s/",
        "sessions/s/board",
        "sessions/s/screen",
        "sessions/s/take-part",
        "sessions/s/minutes",
        "sessions/s/minutes.html",
        "sessions/s/paper",
        "cases/",
        "cases/case",
        "control/",
        "control/case",
    ):
        answer = page.goto(house.at(path))
        assert answer is not None
        assert answer.status < 500, path
        if "text/html" in answer.headers.get("content-type", ""):
            seen += MARK in page.content()
            assert dangers(answer.text()) == [], path
        assert page.evaluate(f"window.{MARK}") is None, path
        page.mouse.move(200, 300)
        page.keyboard.press("Tab")
        assert page.evaluate(f"window.{MARK}") is None, path
    assert ran == []
    assert seen >= 5
    page.context.close()
