"""The operator's page in a real browser: both languages, phone and desktop, no violation of axe."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from datalab.logline import Failures
from datalab.people import accounts
from datalab.portal.person import COOKIE, HUB_COOKIE
from tests.portal.conftest import Workshop
from tests.portal.desk import now
from tests.portal.street import street
from tests.portal.test_browser import WCAG
from tests.portal.town import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


def test_a_page_with_everything_on_it_is_clean(
    browser: Browser, tmp_path: Path, workshop: Workshop
) -> None:
    desk = street(tmp_path / "home", workshop)
    desk.settings.logs.mkdir()
    log = logging.Logger("datalab.keeper")
    log.addHandler(Failures(desk.settings.logs, "keeper"))
    log.error("task letters failed; it is tried again at its next turn, of which %s", "x" * 300)
    found = {}
    with served(desk) as town:
        token = desk.visits.open(accounts.get(desk.store, "operator"), "session", now())
        for language in ("fr", "en"):
            for scheme in ("light", "dark"):
                context = browser.new_context(locale=language, color_scheme=scheme)  # type: ignore[arg-type]
                for name, value in {COOKIE: token, HUB_COOKIE: "session"}.items():
                    context.add_cookies([{"name": name, "value": value, "url": town.root}])
                page = context.new_page()
                for width in (360, 1280):
                    page.set_viewport_size({"width": width, "height": 800})
                    page.goto(f"{town.root}operations/")
                    assert page.locator("#failures").count() == 1
                    name = f"{language} {scheme} {width}"
                    result = Axe().run(page, options=WCAG)
                    found |= {f"{name}: {one['id']}": 1 for one in result.response["violations"]}
                    if page.evaluate("document.documentElement.scrollWidth") > width:
                        found[f"{name}: too wide"] = 1
                context.close()
    assert found == {}
