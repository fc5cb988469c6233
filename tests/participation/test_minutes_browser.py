"""Minutes, closing and follow-up in a real browser: on a phone, for everybody, without scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe

from datalab.participation import demonstration, session
from tests.participation.meeting import Meeting, begun, held
from tests.portal.desk import Desk, now
from tests.portal.test_browser import WCAG
from tests.portal.test_people_pages import House

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    desk = Desk(Path(tmp_path_factory.mktemp("minutes")) / "home")
    desk.add("ana", "facilitators")
    server = uvicorn.Server(uvicorn.Config(desk.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield House(desk, server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def meeting(house: House) -> Meeting:
    store = house.desk.app.state.participation
    made = held(store)
    made.decide(
        "Déjà dû, avec un mot très long : " + "anticonstitutionnellement" * 4, due="2020-01-01"
    )
    made.close()
    demonstration.ensure(store, house.desk.settings, now())
    return made


@pytest.mark.parametrize(
    ("width", "scheme", "language"), [(360, "light", "fr-FR"), (1280, "dark", "en-GB")]
)
def test_axe_finds_nothing(
    browser: Browser, house: House, meeting: Meeting, width: int, scheme: str, language: str
) -> None:
    store = house.desk.app.state.participation
    with store.reading() as connection:
        demo = demonstration.find(connection)
    assert demo is not None
    done, tried = f"sessions/{meeting.session.id}", f"sessions/{demo.id}"
    paths = [f"{done}/minutes", f"{done}/follow-up"]
    paths += [f"{tried}/", f"{tried}/close", f"{tried}/minutes"]
    size: Any = {"width": width, "height": 800}
    page = house.page(browser, "ana", viewport=size, color_scheme=scheme, locale=language)
    found = {}
    for path in paths:
        page.goto(house.at(path))
        page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
        for violation in Axe().run(page, options=WCAG).response["violations"]:
            targets = [node["target"] for node in violation["nodes"][:3]]
            found[f"{path}: {violation['id']}"] = targets
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found[f"{path}: sideways"] = [wide]
    page.context.close()
    assert found == {}


def test_closing_and_following_work_without_scripts(browser: Browser, house: House) -> None:
    store = house.desk.app.state.participation
    made = begun(store, receipt="another", title="Sans script")
    made.decide("Poser un banc")
    root = f"sessions/{made.session.id}"
    page = house.page(browser, "ana", java_script_enabled=False)
    page.goto(house.at(f"{root}/minutes"))
    page.locator(f"a[href$='{root}/close']").click()
    page.locator("main form button").click()
    page.wait_for_url("**/minutes")
    with store.reading() as connection:
        assert session.get(connection, made.session.id).state == "closed"
    page.goto(house.at(f"{root}/follow-up"))
    page.locator(".decision summary").last.click()
    page.locator("input[value=done]").check()
    page.locator("textarea").fill("Posé ce matin.")
    page.locator(".decision form button").click()
    page.wait_for_load_state()
    assert "Posé ce matin." in page.locator(".decision .told").inner_text()
    page.locator(".said button").click()
    page.wait_for_load_state()
    assert page.locator(".decision .told").count() == 0
    page.context.close()
