"""From a dropped file to a dataset with its map, by clicks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe

from datalab.people import accounts
from datalab.portal.person import COOKIE, HUB_COOKIE
from datalab.refresh import refresh
from tests.portal.conftest import PREFIX
from tests.portal.desk import Desk, now
from tests.portal.test_browser import WCAG
from tests.portal.test_proposals import FILLED, PEOPLE, POINTS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
LONG = 60_000  # milliseconds


class House:
    """A portal on a real port."""

    def __init__(self, desk: Desk, port: int) -> None:
        self.desk, self.host = desk, f"http://127.0.0.1:{port}"

    def page(self, browser: Browser, name: str, **options: object) -> Page:
        context = browser.new_context(**{"locale": "fr-FR", **options})  # type: ignore[arg-type]
        token = self.desk.visits.open(accounts.get(self.desk.store, name), "session", now())
        for cookie, value in ((COOKIE, token), (HUB_COOKIE, "session")):
            context.add_cookies([{"name": cookie, "value": value, "url": f"{self.host}{PREFIX}/"}])
        return context.new_page()

    def at(self, path: str) -> str:
        return f"{self.host}{PREFIX}/{path}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    desk = Desk(tmp_path_factory.mktemp("proposing") / "home")
    server = uvicorn.Server(uvicorn.Config(desk.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield House(desk, server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)


def check(page: Page, width: int) -> None:
    found = Axe().run(page, options=WCAG).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def fill(page: Page, **more: str) -> None:
    for name, value in {**FILLED, **more}.items():
        field = page.locator(f'.proposal [name="{name}"]')
        if field.evaluate("node => node.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def test_a_steward_goes_from_a_file_to_a_map_by_clicks(
    browser: Browser, house: House, tmp_path: Path
) -> None:
    file = tmp_path / "arbres.csv"
    file.write_text(POINTS, encoding="utf-8")
    page = house.page(browser, "steward", viewport={"width": 1280, "height": 900})
    page.goto(house.at("datasets/"))
    page.get_by_role("link", name="Ajouter un jeu de données").click()
    check(page, 1280)
    page.get_by_label("Un fichier", exact=True).set_input_files(str(file))
    page.get_by_role("button", name="Lire ces données").click()
    page.get_by_role("heading", name="Ce qui a été lu").wait_for(timeout=LONG)
    fill(page, id="arbres-clics")
    page.get_by_role("button", name="Essayer").click()
    page.get_by_text("Publication possible.").wait_for(timeout=LONG)
    check(page, 1280)
    page.get_by_role("button", name="Publier", exact=True).first.click()  # beside what was found
    page.get_by_text("Publication en cours").first.wait_for(timeout=LONG)
    check(page, 1280)
    refresh(["arbres-clics"], house.desk.settings, "tests")  # what the refresher does by itself
    page.get_by_role("link", name="Voir le jeu").wait_for(timeout=LONG)
    assert "open?dataset=arbres-clics" in str(
        page.get_by_role("link", name="Ouvrir dans un notebook").get_attribute("href")
    )
    page.get_by_role("link", name="Voir le jeu").click()
    assert page.locator(".map, #map").count() > 0
    page.context.close()


def test_a_student_decides_on_a_phone_without_scripts(
    browser: Browser, house: House, tmp_path: Path
) -> None:
    file = tmp_path / "agents.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    size = {"width": 360, "height": 740}
    page = house.page(browser, "student", viewport=size, java_script_enabled=False)
    page.goto(house.at("datasets/new"))
    page.get_by_label("Un fichier", exact=True).set_input_files(str(file))
    page.get_by_role("button", name="Lire ces données").click()
    page.get_by_role("heading", name="Ce qui a été lu").wait_for(timeout=LONG)
    page.locator('[name="title_fr"]').wait_for(timeout=LONG)  # its rows are tried by then
    fill(page, id="agents-envoi", access="open")
    page.get_by_role("button", name="Envoyer pour approbation").last.click()
    page.get_by_text("Décidez ce que devient cette colonne.").first.wait_for(timeout=LONG)
    assert page.locator('[name="title_fr"]').input_value() == FILLED["title_fr"]
    address = page.url
    page.context.close()
    page = house.page(browser, "student", viewport=size)
    page.goto(address)
    check(page, 360)
    for group in page.get_by_role("group").filter(has=page.get_by_role("radio")).all():
        if group.get_by_role("radio").count() == 3:
            group.get_by_label("Écarter la colonne").first.check()
    page.get_by_role("button", name="Essayer").click()
    page.get_by_text("Publication possible.").wait_for(timeout=LONG)
    page.get_by_role("button", name="Envoyer pour approbation").first.click()
    page.get_by_text("Attend un responsable").first.wait_for(timeout=LONG)
    check(page, 360)
    page.context.close()
    page = house.page(browser, "steward", viewport=size)
    page.goto(house.at("datasets/proposals"))
    check(page, 360)
    page.get_by_role("link", name=FILLED["title_fr"]).first.click()
    check(page, 360)
    page.context.close()


def test_keys_lead_from_a_mistake_to_its_field_and_open_a_column(
    browser: Browser, house: House, tmp_path: Path
) -> None:
    file = tmp_path / "chenes.csv"
    file.write_text(POINTS, encoding="utf-8")
    page = house.page(browser, "steward", viewport={"width": 1280, "height": 900})
    page.goto(house.at("datasets/new"))
    page.get_by_label("Un fichier", exact=True).set_input_files(str(file))
    page.get_by_role("button", name="Lire ces données").press("Enter")
    page.get_by_text("Publication possible.").wait_for(timeout=LONG)
    page.get_by_role("button", name="Publier", exact=True).press("Enter")
    alert = page.get_by_role("alert")
    alert.wait_for(timeout=LONG)
    assert alert.evaluate("node => node === document.activeElement"), "read out at once"
    alert.get_by_role("link", name="Titre en français").press("Enter")
    assert page.evaluate("document.activeElement.id") == "title_fr"
    column = page.locator("details.column").filter(has_text="Hauteur").first
    column.locator("summary").press("Enter")
    unit = column.get_by_label("Unité")
    assert unit.is_visible()
    unit.fill("m")
    check(page, 1280)
    page.context.close()
