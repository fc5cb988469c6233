"""The pages of the smart territory in Chromium: axe, a phone, the keyboard, without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from datalab.people import accounts
from datalab.people.store import Store
from datalab.people.visits import Visits
from datalab.portal.person import COOKIE, HUB_COOKIE
from datalab.settings import Settings
from tests.portal.conftest import PREFIX
from tests.portal.desk import now
from tests.portal.serving import served
from tests.portal.test_browser import WCAG

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.browser
PAGES = (
    "",
    "grid",
    "communes/21999/",
    "communes/21999/users",
    "library/",
    "library/new",
    "peers/",
    "peers/new?kind=sheet",
    "training/",
    "watch",
    "waiting",
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = Settings(home=tmp_path_factory.mktemp("territory") / "home")
    for folder in ("hub", "secrets", "accounts"):
        (made.home / folder).mkdir(parents=True)
    return made


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[str]:
    with served(settings) as host:
        store = Store(settings.people)
        accounts.add(store, now(), "tests", "steward", ("stewards",), "Steward")
        yield host


def signed_in(browser: Browser, settings: Settings, address: str, **how: object) -> BrowserContext:
    account = accounts.get(Store(settings.people), "steward")
    visits = Visits(Path(settings.people).with_name("visits.sqlite"))
    token = visits.open(account, "hub-session", now())
    context = browser.new_context(locale="fr-FR", **how)  # type: ignore[arg-type]
    host = address.removesuffix(f"{PREFIX}/")
    context.add_cookies(
        [
            {"name": COOKIE, "value": token, "url": f"{host}{PREFIX}/"},
            {"name": HUB_COOKIE, "value": "hub-session", "url": host},
        ]
    )
    return context


@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_fits_a_phone_and_axe_finds_nothing(
    browser: Browser, settings: Settings, address: str, width: int
) -> None:
    context = signed_in(browser, settings, address, viewport={"width": width, "height": 800})
    page = context.new_page()
    begin(page, address)
    for path in PAGES:
        answer = page.goto(f"{address}smart-territory/{path}")
        assert answer is not None
        assert answer.status == 200, path
        found = Axe().run(page, options=WCAG)
        assert found.violations_count == 0, (path, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()


def test_a_theme_is_answered_by_keys_alone_and_without_scripts(
    browser: Browser, settings: Settings, address: str
) -> None:
    context = signed_in(browser, settings, address, java_script_enabled=False)
    page = context.new_page()
    begin(page, address)
    page.goto(f"{address}smart-territory/communes/21999/data")
    for item, level in (("data-inventory", 0), ("data-open", 1)):
        page.locator(f'[name="level-{item}"][value="0"]').focus()
        page.keyboard.press("Space")
        for _ in range(level):
            page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Enregistrer et s’arrêter ici").press("Enter")
    page.get_by_text("La prochaine action visible").wait_for()
    assert "Publier les délibérations" in page.locator(".next").inner_text()
    assert "0,5" in page.locator("table").first.inner_text()
    context.close()


def begin(page: object, address: str) -> None:
    page.goto(f"{address}smart-territory/")  # type: ignore[attr-defined]
    if page.get_by_role("link", name="Ville d’essai").count():  # type: ignore[attr-defined]
        return
    page.get_by_label("Code INSEE").fill("21999")  # type: ignore[attr-defined]
    page.get_by_label("Nom").fill("Ville d’essai")  # type: ignore[attr-defined]
    page.get_by_label("Population municipale").fill("4200")  # type: ignore[attr-defined]
    page.get_by_role("button", name="Commencer").press("Enter")  # type: ignore[attr-defined]
