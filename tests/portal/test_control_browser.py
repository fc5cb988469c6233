"""The control room in a real Chromium: live, by keyboard, two agents, much at once, for all."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe

from datalab.assets import ensure_assets
from datalab.participation import docket, routing
from datalab.participation.docket import Asked
from datalab.people import accounts
from datalab.portal.person import COOKIE, HUB_COOKIE
from tests.portal.conftest import PREFIX
from tests.portal.control_room import case, equipped, record, reported
from tests.portal.desk import Desk, now
from tests.portal.patience import until
from tests.portal.test_browser import WCAG

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.network]
CASES = 500


class Room:
    """One desk on a real port, with the assets of its maps."""

    def __init__(self, desk: Desk, port: int) -> None:
        self.desk, self.host = desk, f"http://127.0.0.1:{port}"

    def page(self, browser: Browser, name: str = "agent", **options: Any) -> Page:
        context = browser.new_context(**{"locale": "fr-FR", **options})
        token = self.desk.visits.open(accounts.get(self.desk.store, name), "session", now())
        for cookie, value in ((COOKIE, token), (HUB_COOKIE, "session")):
            context.add_cookies([{"name": cookie, "value": value, "url": f"{self.host}{PREFIX}/"}])
        return context.new_page()

    def at(self, path: str) -> str:
        return f"{self.host}{PREFIX}/{path}"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    root = tmp_path_factory.mktemp("room")
    home = root / "home"
    shutil.copytree(equipped(root / "things").settings.lake, home / "lake")
    base = tmp_path_factory.getbasetemp()
    run = base.parent if base.name.startswith("popen-") else base
    missing = ensure_assets(home / "assets", Path(run) / "catalog-cache")
    if missing:
        pytest.skip(f"the package index does not answer: {missing[0].error}")
    desk = Desk(home)
    with desk.app.state.participation.writing() as connection:
        for n in range(CASES):
            words = "Appelez le 06 12 34 56 78" if n % 50 == 0 else f"Problème {n}"
            place = {"longitude": 5.001 + n / 3000, "latitude": 47.31 + (n % 80) / 1000}
            record(connection, words, n / 20, **place)
    server = uvicorn.Server(uvicorn.Config(desk.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield Room(desk, server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)


def first_open(room: Room, **asked: Any) -> str:
    with room.desk.app.state.participation.reading() as connection:
        return docket.listed(connection, Asked(**asked), now(), limit=1)[0].id


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
@pytest.mark.parametrize("language", ["fr-FR", "en-GB"])
def test_axe_finds_nothing(
    browser: Browser, room: Room, width: int, scheme: str, language: str
) -> None:
    with room.desk.app.state.participation.writing() as connection:
        if not routing.routes(connection):
            routing.add(connection, "road", None, "Voirie", actor="agent", now=now())
    waiting, ready = first_open(room, show="waiting"), first_open(room, order="newest")
    paths = (
        *("control/", "control/?q=zzzz", f"control/{waiting}?show=waiting", f"control/{ready}"),
        *("control/routes", "control/levels", "control/answers", "control/new?category=lighting"),
        *("control/indicators", "cases/indicators"),
    )
    size: Any = {"width": width, "height": 800}
    page = room.page(browser, viewport=size, color_scheme=scheme, locale=language)
    found = {}
    for path in paths:
        page.goto(room.at(path))
        page.wait_for_load_state("load")
        page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
        for violation in Axe().run(page, options=WCAG).response["violations"]:
            found[f"{path}: {violation['id']}"] = [n["target"] for n in violation["nodes"][:3]]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found[f"{path}: sideways"] = [wide]
    page.context.close()
    assert found == {}


def test_a_report_appears_by_itself_and_what_was_ticked_stays(browser: Browser, room: Room) -> None:
    page = room.page(browser)
    page.goto(room.at("control/?order=newest"))
    page.wait_for_selector("text=En direct")
    page.locator("#list input[type=checkbox]").first.check()
    ticked = page.locator("#list input:checked").get_attribute("id")
    page.locator(".case-open").nth(2).focus()
    held = page.evaluate("document.activeElement.closest('[data-case]').dataset.case")
    id = reported(room.desk, "Tout nouveau", 0)
    page.wait_for_selector(f'[data-case="{id}"]')
    assert page.locator("#list input:checked").get_attribute("id") == ticked
    assert page.evaluate("document.activeElement.closest('[data-case]').dataset.case") == held
    assert page.locator(".case").first.get_attribute("data-case") == id
    page.context.close()


def test_a_press_while_the_list_comes_anew_is_not_lost(browser: Browser, room: Room) -> None:
    page = room.page(browser)
    page.goto(room.at("control/?order=newest"))
    page.wait_for_selector("text=En direct")
    held: list[Route] = []
    page.route("**/control/list?**", lambda route: held.append(route))
    id = reported(room.desk, "Pendant qu’on appuie", 0)
    while not held:
        page.wait_for_timeout(50)
    link = page.locator(".case-open").nth(1)
    wanted = link.get_attribute("href")
    assert wanted
    link.hover()
    page.mouse.down()
    held[0].continue_()
    page.wait_for_timeout(400)
    page.mouse.up()
    page.wait_for_url(f"**{wanted.partition('?')[0]}*")
    page.unroute_all(behavior="ignoreErrors")
    page.go_back()
    page.wait_for_selector(f'[data-case="{id}"]')
    page.context.close()


def test_a_case_is_handled_with_the_keyboard_alone(browser: Browser, room: Room) -> None:
    id = reported(room.desk, "Au clavier", 0)
    page = room.page(browser)
    page.goto(room.at("control/?order=newest&q=clavier"))
    page.wait_for_selector("text=En direct")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("#list input:checked").count() == 1
    page.keyboard.press("a")  # opens the case, at the field of the team
    page.wait_for_url(f"**/control/{id}?**#do-assign")
    assert page.evaluate("document.activeElement.id") == "team"
    page.keyboard.type("jkarm")  # letters of shortcuts are letters in a field
    page.keyboard.press("Enter")
    page.wait_for_selector(".said")
    assert case(room.desk, id).team == "jkarm"
    page.keyboard.press("r")
    page.keyboard.type("Nous passons demain.")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.id") == "remark"
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    for _ in range(2):  # over the state to the button
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".said")
    assert case(room.desk, id).status_notes == "Nous passons demain."
    page.keyboard.press("?")
    assert page.evaluate("document.activeElement.id") == "keys-on"
    page.keyboard.press("Space")  # off
    page.keyboard.press("u")
    assert f"/control/{id}" in page.url
    page.keyboard.press("Space")  # on
    page.keyboard.press("u")
    page.wait_for_url("**/control/?order=newest&q=clavier")
    page.context.close()


def test_the_second_agent_sees_what_changed_and_keeps_what_they_typed(
    browser: Browser, room: Room
) -> None:
    id = reported(room.desk, "Deux à la fois", 0)
    first, second = room.page(browser), room.page(browser, "operator")
    for page in (first, second):
        page.goto(room.at(f"control/{id}"))
    assert "Agent" in second.locator("main").inner_text()
    second.locator("#text").fill("Ma réponse")
    first.locator("#team").fill("Voirie")
    first.locator("#team").press("Enter")
    first.wait_for_selector(".said")
    second.locator("#text").locator("xpath=ancestor::form").locator("button").click()
    problem = second.wait_for_selector(".problem")
    assert problem is not None
    assert "vient de modifier" in problem.inner_text()
    assert second.evaluate("document.activeElement.id") == "problem"
    assert second.locator("#text").input_value() == "Ma réponse"
    assert second.locator("#team").input_value() == "Voirie"
    second.locator("#text").locator("xpath=ancestor::form").locator("button").click()
    second.wait_for_selector(".said")
    found = case(room.desk, id)
    assert (found.team, found.status_notes) == ("Voirie", "Ma réponse")
    first.context.close()
    second.context.close()


def test_five_hundred_cases_and_34000_lights_stay_light(browser: Browser, room: Room) -> None:
    page = room.page(browser, viewport={"width": 1280, "height": 900})
    sizes: dict[str, int] = {}

    def measure(response: Any) -> None:
        if "/control/" in response.url and response.ok and "stream" not in response.url:
            sizes[response.url.split("/control/")[1].partition("?")[0]] = len(response.body())

    page.on("response", measure)
    page.goto(room.at("control/?order=newest"))
    page.wait_for_selector("[data-drawn]")
    assert int(page.locator("[data-drawn]").get_attribute("data-drawn") or 0) >= CASES
    page.locator('[data-layer="street-lights"]').check()
    page.wait_for_selector('[data-total="34000"]')
    assert page.evaluate("document.querySelectorAll('*').length") < 2_000
    assert page.locator(".control-map canvas").count() <= 2
    assert page.locator(".control-map svg path").count() == 0
    drawn = int(page.locator("[data-things]").get_attribute("data-things") or 0)
    assert 0 < drawn < 2_000
    page.locator(".leaflet-control-zoom-in").click(click_count=3)
    until(page, "Number(document.querySelector('[data-total]').dataset.total) < 34000")
    assert page.evaluate("document.querySelectorAll('*').length") < 2_000
    assert sizes.pop("points.json") < 80_000
    assert sizes.pop("equipment/street-lights.json") < 80_000
    assert sizes.pop("", 0) < 150_000  # before it is packed
    page.context.close()


def test_everything_is_done_without_scripts(browser: Browser, room: Room) -> None:
    id = reported(room.desk, "Sans script", 0)
    page = room.page(browser, java_script_enabled=False)
    page.goto(room.at("control/?order=newest"))
    page.locator("main details").first.locator("summary").click()
    page.locator("#q").fill("sans script")
    page.locator(".control-filter button").click()
    page.locator(".case-open").click()
    page.locator("#text").fill("C’est réparé.")
    page.locator("#state").select_option("fixed")
    page.locator("#text").locator("xpath=ancestor::form").locator("button").click()
    assert "publique" in page.locator(".said").inner_text()
    assert case(room.desk, id).state == "fixed"
    page.locator(".said button").click()
    assert case(room.desk, id).state == "received"
    page.context.close()
