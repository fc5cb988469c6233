"""The hub in a real browser: French, accessible, and alone with itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.hub.lab import Lab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.hub, pytest.mark.browser]

SHOTS = os.environ.get("DATALAB_TEST_SHOTS")


class Visitor:
    """A browser of one person that notes every host it is asked to speak to."""

    def __init__(self, context: BrowserContext, lab: Lab) -> None:
        self.context, self.lab = context, lab
        self.hosts: set[str] = set()
        self.errors: list[str] = []
        context.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def go(self, path: str) -> Page:
        self.page.goto(path if path.startswith("http") else self.lab.url + path)
        return self.page

    def strangers(self) -> set[str]:
        return self.hosts - {urlsplit(self.lab.url).netloc, ""}

    def shot(self, name: str) -> None:
        if SHOTS:
            self.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


@pytest.fixture
def visitor(running_lab: Lab, browser: Browser) -> Iterator[Visitor]:
    context = browser.new_context(locale="fr-FR", viewport={"width": 1280, "height": 800})
    yield Visitor(context, running_lab)
    context.close()


def violations(page: Page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found]


@pytest.mark.timeout(240)
def test_a_student_lands_in_a_french_jupyterlab_with_the_welcome_notebook(visitor: Visitor) -> None:
    page = visitor.go(visitor.lab.link("student"))
    page.wait_for_url("**/user/student/lab/tree/bienvenue/**", timeout=60_000)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_selector("text=Fichier", timeout=30_000)
    page.wait_for_timeout(3_000)
    visitor.shot("lab")
    assert "Modifier" in page.inner_text("#jp-MainMenu") or "Édition" in page.inner_text(
        "#jp-MainMenu"
    )
    assert page.locator(".jp-Dialog").count() == 0, page.inner_text(".jp-Dialog")
    assert visitor.strangers() == set()


@pytest.mark.timeout(240)
def test_a_cell_runs_in_the_browser(visitor: Visitor) -> None:
    page = visitor.go(visitor.lab.link("citizen"))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=60_000)
    page.wait_for_selector("#jp-main-statusbar >> text=Inactif", timeout=60_000)
    page.locator(".jp-Notebook").first.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.type("print(6 * 7 * 1000)")
    page.keyboard.press("Control+Enter")
    visitor.shot("cell")
    page.wait_for_selector(".jp-OutputArea-output:has-text('42000')", timeout=60_000)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/hub/login", "lien personnel"),
        ("/hub/signin?token=forged", "Ce lien n’ouvre pas le laboratoire"),
        ("/hub/nowhere", "Cette page n’existe pas"),
    ],
)
@pytest.mark.parametrize("width", [360, 1280])
def test_pages_before_signing_in(visitor: Visitor, path: str, words: str, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 740})
    page = visitor.go(path)
    visitor.shot(path.strip("/").replace("/", "-").partition("?")[0] + f"-{width}")
    assert words in page.inner_text("main")
    assert page.evaluate("document.documentElement.lang") == "fr"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == []
    assert visitor.strangers() == set()
    assert visitor.errors == []


@pytest.mark.parametrize("width", [360, 1280])
def test_pages_of_somebody_signed_in(visitor: Visitor, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 740})
    visitor.go(visitor.lab.link("agent"))
    for path, words in (
        ("/hub/home", "Mes notebooks"),
        ("/user/agent/lab", "Votre serveur de notebooks est arrêté"),
        ("/user/student/lab", "Vous ne pouvez pas ouvrir|Cette page n’existe pas"),
    ):
        page = visitor.go(path)
        visitor.shot(path.strip("/").replace("/", "-") + f"-{width}")
        text = page.inner_text("main")
        assert any(word in text for word in words.split("|")), text
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert visitor.strangers() == set()
    assert visitor.errors == []


def test_the_waiting_page_is_accessible_and_leads_on(visitor: Visitor) -> None:
    page = visitor.page
    link = visitor.lab.link("entrepreneur")
    page.route("**/hub/api/users/*/server/progress*", lambda route: route.abort())
    visitor.go(link)
    if "spawn-pending" in page.url:
        visitor.shot("pending")
        assert "se préparent" in page.inner_text("h1")
        assert violations(page) == []
    page.unroute("**/hub/api/users/*/server/progress*")
    visitor.go("/hub/spawn-pending/entrepreneur?next=%2Fuser%2Fentrepreneur%2Flab")
    page.wait_for_url("**/user/entrepreneur/lab**", timeout=60_000)


def test_the_admin_page_works(visitor: Visitor) -> None:
    visitor.go(visitor.lab.link("operator"))
    page = visitor.go("/hub/admin")
    page.wait_for_selector("text=student", timeout=30_000)
    visitor.shot("admin")
    assert visitor.strangers() == set()
    assert visitor.errors == []


def test_signing_out(visitor: Visitor) -> None:
    visitor.go(visitor.lab.link("steward"))
    page = visitor.go("/hub/home")
    page.click("text=Se déconnecter")
    page.wait_for_selector("h1")
    visitor.go("/hub/home")
    assert "lien personnel" in page.inner_text("main")
