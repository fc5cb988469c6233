"""The pages of projects in a real Chromium: on a phone, by keyboard, without scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from datalab.people import accounts
from datalab.portal.language import now
from datalab.portal.person import COOKIE, HUB_COOKIE
from datalab.projects import lifecycle, membership
from datalab.refresh import refresh
from datalab.settings import Settings
from tests.hub.lab import tiny_catalog
from tests.portal.conftest import PREFIX
from tests.portal.desk import Desk
from tests.portal.test_browser import WCAG, focus
from tests.portal.test_projects import DRAFT, made, present

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser
LONG = "Rafraîchissementdescoursdécole" * 3


class Counter:
    """The desk of a portal on a real port."""

    def __init__(self, desk: Desk, port: int) -> None:
        self.desk, self.address = desk, f"http://127.0.0.1:{port}{PREFIX}/"
        self.sessions = 0

    def context(self, browser: Browser, name: str | None, **options: object) -> BrowserContext:
        made = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})  # type: ignore[arg-type]
        if name:
            self.sessions += 1
            session = f"hub-{self.sessions}"
            account = accounts.get(self.desk.store, name)
            token = self.desk.visits.open(account, session, now().timestamp())
            for cookie, value, path in ((COOKIE, token, f"{PREFIX}/"), (HUB_COOKIE, session, "/")):
                made.add_cookies(
                    [{"name": cookie, "value": value, "domain": "127.0.0.1", "path": path}]
                )
        return made


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    folder = tmp_path_factory.mktemp("projects")
    desk = Desk(folder / "home")
    fill(desk, folder)
    yield from served(desk)


def served(desk: Desk) -> Iterator[Counter]:
    """The portal of a desk on a real port, until nobody needs it any more."""
    server = uvicorn.Server(uvicorn.Config(desk.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield Counter(desk, server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)


def fill(desk: Desk, folder: Path) -> None:
    """Projects of every status, with people in one of them and names that are long."""
    catalog = tiny_catalog(folder / "catalog")
    refresh(None, Settings(home=desk.settings.home, catalog=catalog), "tests")
    state, moment = desk.app.state, now().timestamp()
    made(desk, title="Ombre et fraîcheur", purpose="Où manque-t-il de l’ombre ? " * 12)
    state.projects.change(
        "shade",
        lambda m: m.model_copy(update={"datasets": ("tiny-places", "tiny-members", "unknown")}),
    )
    made(desk, "long-words", title=LONG, purpose=LONG)
    made(desk, "costly")
    membership.remove(state.projects, desk.store, moment, "student", "costly", "citizen")
    for slug, turn in (("closed", lifecycle.archive), ("gone", lifecycle.delete)):
        made(desk, slug)
        turn(state.projects, desk.store, moment, "student", slug)
    (state.projects.get("shade").work / f"{LONG}.ipynb").write_text("{}")
    present(desk, "student", "agent")


PAGES = {
    "list": "projects/",
    "nothing-found": "projects/?q=zzzz",
    "project": "projects/shade/",
    "long": "projects/long-words/",
    "archived": "projects/closed/",
    "deleted": "projects/gone/",
    "new": "projects/new",
    "members": "projects/shade/members",
    "settings": "projects/shade/settings",
    "refused": "projects/closed/open",
    "missing": "projects/shadow/",
}
FEW = {name: PAGES[name] for name in ("list", "project", "archived")}
OPEN = "document.querySelectorAll('details').forEach((d) => { d.open = !d.matches('.menu'); })"
SMALL = """() => [...document.querySelectorAll("main button, main select, main summary,"
  + " main .button, main input[type=text], main input[type=search], label.choice-card")]
  .filter((e) => e.offsetParent).map((e) => [e.textContent.trim().slice(0, 30) || e.name,
  e.getBoundingClientRect().height]).filter(([, height]) => height < 44)"""


@pytest.mark.parametrize(
    ("language", "width", "scheme"),
    [
        ("fr-FR", 360, "light"),
        ("fr-FR", 1280, "dark"),
        ("en-GB", 360, "dark"),
        ("en-GB", 1280, "light"),
    ],
)
def test_axe_finds_nothing(
    browser: Browser, counter: Counter, language: str, width: int, scheme: str
) -> None:
    found: dict[str, object] = {}
    for name, paths in (("student", PAGES), ("citizen", FEW), (None, FEW)):
        context = counter.context(
            browser,
            name,
            locale=language,
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
        )
        page = context.new_page()
        for title, path in paths.items():
            page.goto(counter.address + path)
            look(page, width, f"{name} {title}", found)
        if name == "student":
            for title in ("asked", "mistaken"):
                wrong_or_costly(page, counter.address, title)
                look(page, width, title, found)
        context.close()
    assert found == {}


def look(page: Page, width: int, name: str, found: dict[str, object]) -> None:
    page.evaluate(OPEN)
    for violation in Axe().run(page, options=WCAG).response["violations"]:
        found[f"{name}: {violation['id']}"] = [n["target"] for n in violation["nodes"][:3]]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found[f"{name}: sideways"] = page.evaluate("document.documentElement.scrollWidth")
    if small := page.evaluate(SMALL):
        found[f"{name}: small"] = small


def wrong_or_costly(page: Page, address: str, which: str) -> None:
    """The page that asks before somebody is added, or the form with something wrong in it."""
    if which == "asked":
        page.goto(f"{address}projects/costly/members")
        page.locator("#account").fill("citizen")
        page.locator(".form button[type=submit]").click()
        page.locator(".loses").wait_for()
    else:
        page.goto(f"{address}projects/new")
        page.locator("#title").fill("x")
        page.locator("#purpose").fill("y")
        page.locator("#slug").fill("shade")
        page.locator(".form button[type=submit]").click()
        page.locator("#slug-error").wait_for()


def test_a_project_is_started_without_scripts(browser: Browser, counter: Counter) -> None:
    context = counter.context(browser, "agent", java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(f"{counter.address}projects/")
    page.get_by_role("link", name="Commencer un projet").click()
    page.get_by_label("Titre").fill("Toits blancs")
    page.get_by_label("Pour quoi faire ?").fill("Que gagne-t-on à les peindre ?")
    page.get_by_role("radio", name="Indicateur Un indicateur").check()
    page.get_by_role("button", name="Créer et ouvrir le notebook").click()
    assert page.url.endswith("/projects/toits-blancs/")
    project = counter.desk.app.state.projects.get("toits-blancs")
    assert project.manifest.template == "indicator"
    page.get_by_role("link", name="Ajouter ou modifier des membres").click()
    page.get_by_label("Nom du compte").fill("stew")
    page.get_by_role("button", name="Ajouter", exact=True).click()
    page.get_by_role("button", name="Ajouter Steward").click()
    page.get_by_role("button", name="Annuler").click()
    assert counter.desk.app.state.projects.get("toits-blancs").manifest.role_of("steward") is None
    context.close()


def test_two_quick_clicks_make_one_project(browser: Browser, counter: Counter) -> None:
    context = counter.context(browser, "facilitator", locale="fr-FR")
    page = context.new_page()
    posted: list[str] = []
    page.on("request", lambda r: posted.append(r.url) if r.method == "POST" else None)
    page.goto(f"{counter.address}projects/new")
    page.get_by_label("Titre").press_sequentially("Cours d’école")
    assert page.get_by_label("Adresse").input_value() == "cours-d-ecole"
    page.get_by_label("Pour quoi faire ?").fill(DRAFT["purpose"])
    page.get_by_role("button", name="Créer et ouvrir le notebook").dblclick()
    page.wait_for_url("**/projects/cours-d-ecole/")
    assert len(posted) == 1
    assert "cours-d-ecole-2" not in counter.desk.app.state.projects.slugs()
    context.close()


def test_an_address_of_ones_own_is_left_alone(browser: Browser, counter: Counter) -> None:
    context = counter.context(browser, "student", locale="fr-FR")
    page = context.new_page()
    page.goto(f"{counter.address}projects/new")
    page.get_by_label("Adresse").fill("la-mienne")
    page.get_by_label("Titre").press_sequentially("Autre chose")
    assert page.get_by_label("Adresse").input_value() == "la-mienne"
    context.close()


def test_the_keyboard_alone_starts_a_project(browser: Browser, counter: Counter) -> None:
    context = counter.context(browser, "steward", locale="fr-FR")
    page = context.new_page()
    page.goto(f"{counter.address}projects/")
    focus(page, "main a.button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/projects/new")
    focus(page, "#title")
    page.keyboard.type("Au clavier")
    focus(page, "#purpose")
    page.keyboard.type("Sans souris.")
    focus(page, "input[name=template]")
    page.keyboard.press("ArrowDown")
    focus(page, ".form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/projects/au-clavier/")
    assert counter.desk.app.state.projects.get("au-clavier").manifest.template == "map"
    context.close()


def test_names_of_people_are_proposed_while_one_types(browser: Browser, counter: Counter) -> None:
    context = counter.context(browser, "student", locale="fr-FR")
    page = context.new_page()
    page.goto(f"{counter.address}projects/shade/members")
    page.locator("#account").press_sequentially("facil")
    option = page.locator("#account-people option")
    option.wait_for(state="attached")
    assert option.get_attribute("value") == "facilitator"
    context.close()
