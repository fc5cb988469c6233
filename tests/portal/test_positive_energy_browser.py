"""The sliders of the positive-energy blocks in Chromium: keyboard, phone, without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from datalab.settings import Settings
from tests.portal.serving import served
from tests.portal.test_browser import WCAG

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(Settings(home=tmp_path_factory.mktemp("blocks") / "home")) as host:
        yield f"{host}positive-energy/"


@pytest.mark.parametrize("width", [360, 1280])
def test_sliders_follow_the_keyboard_and_axe_finds_nothing(
    browser: Browser, address: str, width: int
) -> None:
    context = browser.new_context(locale="fr-FR", viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(address)
    page.locator("[data-plain]").wait_for(state="hidden")
    before = page.locator('[data-value="production_mwh"]').inner_text()
    page.focus("#panels")
    page.keyboard.press("ArrowLeft")

    assert page.locator("#panels-said").inner_text() == "75\u00a0%"
    assert page.locator('[data-value="production_mwh"]').inner_text() != before
    page.locator("[data-news]", has_text="MWh").wait_for(state="attached")
    assert "panels=75" in page.url
    assert Axe().run(page, options=WCAG).violations_count == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_without_scripts_a_button_shows_the_case_and_a_table_the_main_ones(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(locale="fr-FR", java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_label("rénovation poussée").check()
    page.get_by_role("button", name="Voir ce cas").click()

    assert "works=deep" in page.url
    assert page.get_by_label("rénovation poussée").is_checked()
    assert page.locator("table").nth(2).locator("tbody tr").count() == 9
    context.close()
