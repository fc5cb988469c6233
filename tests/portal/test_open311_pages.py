"""The pages about Open311 in a real Chromium: keys for agents, the guide for everybody."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from datalab.participation import api_key
from tests.portal.test_browser import WCAG, focus
from tests.portal.test_people_pages import House, house

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["house"]  # the fixture
pytestmark = pytest.mark.browser


def issue(house: House, name: str) -> None:
    with house.desk.app.state.participation.writing() as connection:
        made, _ = api_key.issue(connection, name, "DSI", actor="agent", now=time.time())
        if "old" in name:
            api_key.disable(connection, made.id, actor="agent", now=time.time())


@pytest.mark.parametrize("locale", ["fr-FR", "en-GB"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_axe_finds_nothing(
    browser: Browser, house: House, width: int, scheme: str, locale: str
) -> None:
    for name in ("Appli de Chenôve", "An old one with a name that is rather long for a phone"):
        issue(house, f"{name} {locale} {width}")
    size: Any = {"width": width, "height": 800}
    page = house.page(browser, "agent", viewport=size, color_scheme=scheme, locale=locale)
    found = {}
    for path in ("open311/", "control/keys", "made"):
        if path == "made":
            page.fill("#name", "Appli")
            page.click("form.form button")
            page.wait_for_selector("#words")
        else:
            page.goto(house.at(path))
        for violation in Axe().run(page, options=WCAG).response["violations"]:
            targets = [node["target"] for node in violation["nodes"][:3]]
            found[f"{path}: {violation['id']}"] = targets
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found[f"{path}: sideways"] = [wide]
    page.context.close()
    assert found == {}


def test_the_keyboard_alone_makes_a_key_and_disables_it(browser: Browser, house: House) -> None:
    page = house.page(browser, "agent", locale="en-GB")
    page.goto(house.at("control/keys"))
    focus(page, "#name")
    page.keyboard.type("Keyboard App")
    page.keyboard.press("Enter")
    page.wait_for_selector("#words")
    assert page.inner_text("#words").startswith("o311_")
    focus(page, 'a.button[href$="/control/keys"]')
    page.keyboard.press("Enter")
    page.wait_for_selector('button[aria-label="Disable Keyboard App"]')
    focus(page, 'button[aria-label="Disable Keyboard App"]')
    page.keyboard.press("Enter")
    page.wait_for_selector('button[aria-label="Enable Keyboard App"]')
    page.context.close()
