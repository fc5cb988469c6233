"""The pages in a real Chromium: for everyone, on a phone, by keyboard, without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.portal.patience import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PAGES = {
    "home": "",
    "list": "datasets/",
    "nothing-found": "datasets/?q=zzzzzz",
    "dataset": "datasets/communes?map=density",
    "rows": "datasets/many-rows?limit=200",
    "odd": "datasets/odd-values?sort=-id",
    "kept": "datasets/kept-back",
    "rejects": "datasets/with-rejects",
    "members": "datasets/for-members",
    "refused": "datasets/not-to-pass-on",
    "waiting": "datasets/never-there",
    "missing": "datasets/communez",
}
WCAG = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}


def opened(browser: Browser, **options: object) -> Page:
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})  # type: ignore[arg-type]
    return context.new_page()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = opened(browser, locale="fr-FR")
    yield made
    made.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["fr-FR", "en-GB"])
def test_axe_finds_nothing(
    browser: Browser, address: str, language: str, width: int, scheme: str
) -> None:
    page = opened(
        browser, locale=language, color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    found = {}
    for name, path in PAGES.items():
        page.goto(address + path)
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        result = Axe().run(page, options=WCAG)
        for violation in result.response["violations"]:
            targets = [node["target"] for node in violation["nodes"][:3]]
            found[f"{name}: {violation['id']}"] = targets
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found[f"{name}: sideways"] = [wide]
    page.context.close()
    assert found == {}


def test_two_hundred_rows_on_a_phone(browser: Browser, address: str) -> None:
    page = opened(browser, viewport={"width": 360, "height": 740}, has_touch=True)
    page.goto(address + "datasets/many-rows?limit=200")
    assert page.locator("#preview ~ .scroll tbody tr").count() == 200
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    region = page.locator("#preview ~ .scroll")
    assert region.get_attribute("tabindex") == "0"
    assert region.get_attribute("aria-label")
    page.context.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_targets_are_large_enough(browser: Browser, address: str, width: int) -> None:
    page = opened(browser, viewport={"width": width, "height": 800})
    small = []
    for path in ("", "datasets/", "datasets/communes"):
        page.goto(address + path)
        small += page.evaluate(
            """() => [...document.querySelectorAll("button, select, summary, input[type=search],"
              + " nav a, th a, .files a, .themes a, .apply a, label.choice, .button")]
              .filter((e) => e.offsetParent)
              .map((e) => [e.textContent.trim() || e.name, e.getBoundingClientRect().height])
              .filter(([, height]) => height < 44)"""
        )
    page.context.close()
    assert small == []


def test_no_request_leaves_the_house(page: Page, address: str) -> None:
    asked: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: (
            problems.append(message.text) if "Security Policy" in message.text else None
        ),
    )
    for path in PAGES.values():
        page.goto(address + path, wait_until="networkidle")
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith("data:")}
    assert hosts == {urlsplit(address).netloc}
    assert problems == []


def focus(page: Page, selector: str, key: str = "Tab", most: int = 120) -> None:
    """Press a key until the element has the focus, as a person without a mouse does."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate(f"document.activeElement.matches({selector!r})"):
            shape = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            inside = page.evaluate("!!document.activeElement.closest('.card')")
            assert shape != "none" or inside, "the focus cannot be seen"
            return
    raise AssertionError(f"{selector} cannot be reached")


def test_the_keyboard_alone_finds_sorts_and_downloads(page: Page, address: str) -> None:
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    focus(page, "#q")
    page.keyboard.type("logement")
    page.keyboard.press("Enter")
    page.wait_for_url("**/datasets/?q=logement")
    focus(page, "input[name=access][value=open]")
    page.keyboard.press("Space")
    page.wait_for_url("**access=open**")
    focus(page, ".card a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/datasets/communes")
    focus(page, 'a[href*="sort=population"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**sort=population**")
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("population")
    assert page.locator("#preview ~ .scroll tbody tr").first.inner_text().startswith("21002")
    page.goto(address + "datasets/communes")
    focus(page, 'a[href$="communes.csv"]')
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.startswith("communes-")


def test_results_follow_the_typing(page: Page, address: str) -> None:
    page.goto(address + "datasets/")
    before = page.locator(".card").count()
    page.locator("#q").press_sequentially("logement")
    until(page, "(n) => document.querySelectorAll('.card').length < n", before)
    assert page.locator("#found").inner_text() == "1 jeu de données trouvé"
    assert page.locator("[role=status] #found").count() == 1
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.url.endswith("?q=logement")


def test_everything_works_without_scripts(browser: Browser, address: str) -> None:
    page = opened(browser, java_script_enabled=False, locale="fr-FR")
    page.goto(address)
    page.locator("#q").fill("logement")
    page.locator(".hero button").click()
    assert page.locator(".card").count() == 1
    page.goto(address + "datasets/?access=members")
    assert page.locator(".card").count() == 1
    page.goto(address + "datasets/communes")
    assert page.locator("button[data-copy]").count() > 0
    assert page.locator("button[data-copy]:visible").count() == 0
    page.locator("select[name=map]").select_option("density")
    page.locator(".pick button").click()
    assert "map=density" in page.url
    assert page.locator("svg.kind-areas path.spot").count() == 4
    page.locator("th a", has_text="name").click()
    assert (
        page.locator("#preview ~ .scroll tbody tr").nth(1).locator("td").first.inner_text()
        == "abeille"
    )
    page.locator(".languages a").click()
    assert page.locator("html").get_attribute("lang") == "en"
    page.goto(address)
    assert page.locator("html").get_attribute("lang") == "en"
    page.context.close()


def test_a_printed_page_keeps_its_rows(page: Page, address: str) -> None:
    page.goto(address + "datasets/communes")
    page.emulate_media(media="print")
    assert page.locator(".top nav").first.is_hidden()
    assert page.locator("#preview ~ .scroll tbody tr").count() == 4
