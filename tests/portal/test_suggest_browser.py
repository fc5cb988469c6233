"""Suggestions in a browser: by keys alone, on a phone, read out, and without scripts."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.portal.test_browser import WCAG, opened


def test_suggestions_are_chosen_by_keys_alone(browser: Browser, address: str) -> None:
    page = opened(browser, locale="fr-FR", viewport={"width": 360, "height": 800})
    page.goto(address + "datasets/")
    field, shown = page.locator("#q"), page.locator("#suggestions [role=option]")
    field.press_sequentially("logem")
    expect(shown.first).to_be_visible()
    expect(page.locator("#suggestions-said")).to_contain_text("suggestion")
    assert field.get_attribute("aria-expanded") == "true"
    field.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") == "suggestions-0"
    # The list lies over what stands below it, which is then no target.
    assert Axe().run(page, context=".combo", options=WCAG).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    field.press("Escape")
    expect(page.locator("#suggestions")).to_be_hidden()
    field.press("ArrowDown")
    expect(shown.first).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    page.wait_for_url("**/datasets/?q=logement")
    field.fill("jeu commune-b")
    expect(shown.first).to_contain_text("commune-boundaries")
    expect(shown.first).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    page.wait_for_url("**/datasets/commune-boundaries")
    page.context.close()


def test_without_scripts_the_browser_suggests_words(browser: Browser, address: str) -> None:
    page = opened(browser, locale="fr-FR", java_script_enabled=False)
    page.goto(address + "datasets/")
    assert page.locator("#q").get_attribute("list") == "words"
    words = page.locator("#words option").evaluate_all("all => all.map((one) => one.value)")
    assert {"logement", "Émilienne"} <= set(words)
    page.context.close()
