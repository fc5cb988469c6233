"""A questionnaire in a real Chromium: on a phone, offline for a while, by keyboard."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe

from datalab.participation import response
from datalab.participation.expression import parse, text_of
from tests.participation.conditions import ANSWERS, CASES, OWN, TODAY
from tests.portal.conftest import PREFIX
from tests.portal.desk import Desk
from tests.portal.patience import until
from tests.portal.test_browser import WCAG, focus
from tests.portal.test_people_pages import House
from tests.portal.test_surveys import HOME, Field

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
PHONE: Any = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "locale": "fr-FR"}


class Village(House):
    """One open survey with answers, on a real port."""

    field: Field


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    desk = Desk(Path(tmp_path_factory.mktemp("village")) / "home")
    server = uvicorn.Server(uvicorn.Config(desk.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    made = Village(desk, server.servers[0].sockets[0].getsockname()[1])
    made.field = Field(desk)
    made.field.fill(30)
    yield made
    server.should_exit = True
    thread.join(10)


def phone(browser: Browser, village: Village, **options: Any) -> Page:
    page = browser.new_context(**{**PHONE, **options}).new_page()
    page.set_default_timeout(60_000)
    page.goto(village.at(village.field.at))
    return page


def newest(village: Village) -> response.Response:
    return max(village.field.responses(), key=lambda one: one.started_at)


def begin(page: Page) -> None:
    page.get_by_label("Je suis d’accord.").check()
    page.get_by_role("button", name="Commencer").click()


def household(page: Page, children: str) -> None:
    page.get_by_label("Dijon", exact=True).check()
    page.get_by_label("Combien d’enfants").fill(children)


def test_conditions_come_to_the_same_in_the_browser(browser: Browser, village: Village) -> None:
    page = phone(browser, village)
    trees = [parse(text).tree for text, _ in CASES]
    found = page.evaluate(
        "([trees, answers, own, today]) => trees.map((tree) => conditions.text("
        "conditions.value(tree, answers, own, today)))",
        [trees, ANSWERS, OWN, TODAY],
    )
    page.context.close()
    server = [text_of(parse(text).value(ANSWERS, OWN, TODAY)) for text, _ in CASES]
    assert dict(zip([text for text, _ in CASES], found, strict=True)) == dict(
        zip([text for text, _ in CASES], server, strict=True)
    )


def test_a_phone_answers_with_live_skips_and_one_response(
    browser: Browser, village: Village
) -> None:
    before = len(village.field.responses())
    page = phone(browser, village)
    page.get_by_role("button", name="Commencer").click()
    assert page.locator("#agreed-wrong").is_visible()
    begin(page)
    expecting = page.get_by_role("group", name="Attendez-vous un enfant")
    assert expecting.is_hidden()
    household(page, "0")
    expecting.wait_for()
    page.get_by_role("button", name="Page suivante").click()
    assert page.locator("#q-expecting-wrong").is_visible()
    assert page.evaluate("document.activeElement.name") == "q-expecting"
    page.get_by_label("Combien d’enfants").fill("2")
    assert expecting.is_hidden()
    page.get_by_role("button", name="Page suivante").click()
    assert page.locator("#progress-said").inner_text() == "Page 2 sur 5"
    page.go_back()
    assert page.locator("#progress-said").inner_text() == "Page 1 sur 5"
    page.get_by_role("button", name="Page suivante").click()
    page.get_by_label("Une crèche ou une micro-crèche").check()
    page.get_by_label("Combien d’heures").fill("30,5")
    for _ in range(3):  # to the place, to the living there, to one's own words
        page.get_by_role("button", name="Page suivante").click()
    page.get_by_label("Qu’est-ce qui vous aiderait").fill("Des places le samedi")
    page.get_by_role("button", name="Page suivante").click()
    review = page.locator("[data-review]").inner_text()
    assert "30,5" in review
    assert "Une crèche" in review
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.wait_for_timeout(1_500)  # nobody is that quick
    page.get_by_role("button", name="Envoyer mes réponses").click()
    page.wait_for_url("**/thanks")
    assert "Merci" in page.locator("h1").inner_text()
    page.context.close()
    assert len(village.field.responses()) == before + 1
    answers = newest(village).answers
    assert answers["hours"] == 30.5
    assert answers["care"] == ["creche"]
    assert "expecting" not in answers


def test_a_phone_that_loses_the_network_keeps_all_and_sends_once(
    browser: Browser, village: Village
) -> None:
    before = len(village.field.responses())
    page = phone(browser, village)
    begin(page)
    household(page, "0")
    page.wait_for_timeout(800)  # the draft is kept a moment after typing
    page.context.set_offline(True)
    page.get_by_role("group", name="Attendez-vous un enfant").get_by_label("Non").check()
    for _ in range(2):
        page.get_by_role("button", name="Page suivante").click()
    page.get_by_role("button", name="Envoyer mes réponses").click()
    page.get_by_role("heading", name="Vos réponses sont en route").wait_for()
    page.get_by_text("Pas de réseau", exact=False).first.wait_for()
    assert len(village.field.responses()) == before
    page.context.set_offline(False)
    page.wait_for_url("**/thanks")
    page.context.close()
    assert len(village.field.responses()) == before + 1
    assert newest(village).answers["expecting"] == "no"


def test_what_was_typed_is_there_after_the_page_was_closed(
    browser: Browser, village: Village
) -> None:
    page = phone(browser, village)
    begin(page)
    household(page, "3")
    page.wait_for_timeout(800)
    page.goto(village.at(village.field.at))
    until(page, "document.querySelector('[name=q-young_children]').value === '3'")
    assert page.get_by_label("Je suis d’accord.").is_checked()
    page.context.close()


def test_what_was_opened_once_opens_again_without_a_network(
    browser: Browser, village: Village
) -> None:
    page = phone(browser, village)
    until(page, "caches.match(location.href).then(Boolean)")
    begin(page)
    household(page, "4")
    page.get_by_role("button", name="Page suivante").click()
    page.wait_for_timeout(800)
    page.context.set_offline(True)
    page.close()
    again = page.context.new_page()
    again.goto(village.at(village.field.at))
    until(again, "document.querySelector('[name=q-young_children]').value === '4'")
    again.locator("[data-progress] p").filter(has_text=re.compile("2")).wait_for()
    again.context.close()


def test_the_keyboard_alone_answers(browser: Browser, village: Village) -> None:
    page = browser.new_context(locale="fr-FR").new_page()
    page.goto(village.at(village.field.at))
    focus(page, "[name=agreed]")
    page.keyboard.press("Space")
    focus(page, "[data-go=next]")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "H2"
    focus(page, "[name=q-commune]")
    page.keyboard.press("Space")
    focus(page, "[name=q-young_children]")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    assert page.locator("#progress-said").inner_text() == "Page 2 sur 5"
    page.context.close()


def test_everything_works_without_scripts(browser: Browser, village: Village) -> None:
    before = len(village.field.responses())
    page = phone(browser, village, java_script_enabled=False)
    begin(page)
    household(page, "0")
    page.get_by_role("button", name="Page suivante").click()
    assert page.get_by_text("Cette question demande une réponse.").count() >= 1
    page.get_by_role("group", name="Attendez-vous un enfant").get_by_label("Oui").check()
    page.get_by_role("button", name="Page suivante").click()
    assert page.get_by_role("heading", name="Vos besoins").is_visible()
    for _ in range(3):
        page.get_by_role("button", name="Page suivante").click()
    page.wait_for_timeout(2_000)
    page.get_by_role("button", name="Envoyer mes réponses").click()
    page.wait_for_url("**/thanks")
    page.context.close()
    assert len(village.field.responses()) == before + 1


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
@pytest.mark.parametrize("language", ["fr-FR", "en-GB"])
def test_axe_finds_nothing(
    browser: Browser, village: Village, width: int, scheme: str, language: str
) -> None:
    campaign = f"{HOME}campaigns/{village.field.campaign.id}"
    size: Any = {"width": width, "height": 800}
    paths = ["surveys/", "surveys/new?template=childcare", HOME, f"{HOME}preview", f"{HOME}edit"]
    paths += [f"{HOME}texts", f"{HOME}results?question=expecting&by=commune", campaign]
    paths += [f"{campaign}/edit", f"{campaign}/sheet", f"{campaign}/paper", village.field.at]
    page = village.page(browser, "agent", viewport=size, color_scheme=scheme, locale=language)
    found = {}
    for path in paths:
        page.goto(village.at(path))
        page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
        # Every page of the form at once.
        page.evaluate(
            "document.querySelectorAll('[data-step-of], .question').forEach(s => s.hidden = false)"
        )
        for violation in Axe().run(page, options=WCAG).response["violations"]:
            found[f"{path}: {violation['id']}"] = [n["target"] for n in violation["nodes"][:3]]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found[f"{path}: sideways"] = [wide]
    page.context.close()
    assert found == {}, json.dumps(found, indent=1)


def test_no_page_breaks_its_own_policy(browser: Browser, village: Village) -> None:
    problems: list[str] = []
    page = browser.new_context(**PHONE).new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.goto(village.at(village.field.at), wait_until="networkidle")
    begin(page)
    page.wait_for_timeout(700)
    page.context.close()
    assert problems == []
    assert PREFIX in village.at("")
