"""A session from its preparation to the answer to an idea, in real browsers, all at once.

A facilitator on a laptop, the big screen of the room, and five citizens with phones: one is offline
for a while, of one the accessibility tree is read, one sends a picture.
"""

from __future__ import annotations

import io
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pypdf
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import func, select

from datalab.i18n import translate
from datalab.participation.tables.contribution import CONTRIBUTION, VOTE
from tests.portal.desk import Desk
from tests.portal.test_browser import WCAG
from tests.portal.test_people_pages import House

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
QUESTION = "Comment rafraîchir la place en été ?"
SHADE = "Planter des arbres côté sud"
WATER = "Une fontaine à boire"
SOURCE = "Un point d’eau potable"
OFFLINE = "Des bancs, écrits sans réseau"
PATIENCE = 20_000  # ms, on a machine that does other things too
NEWS = "Les six arbres sont plantés, merci !"


def fr(message: str) -> str:
    return translate(message, "fr")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    expect.set_options(timeout=PATIENCE)
    desk = Desk(Path(tmp_path_factory.mktemp("day")) / "home")
    server = uvicorn.Server(uvicorn.Config(desk.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield House(desk, server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)
    expect.set_options(timeout=5_000)


@dataclass
class Day:
    """One browser per person; ``root`` is the address of the session."""

    house: House
    browser: Browser
    laptop: Page
    code: str = ""
    root: str = ""

    def phone(self) -> Page:
        """Somebody who scanned the code, read what happens with their words, and agreed."""
        context = self.browser.new_context(
            viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True, locale="fr-FR"
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(self.house.at(f"join/{self.code}"))
        page.get_by_role("button", name=fr("I agree and take part")).click()
        page.wait_for_url("**/take-part")
        return page

    def screen(self) -> Page:
        context = self.browser.new_context(viewport={"width": 1920, "height": 1080}, locale="fr-FR")
        page = context.new_page()
        page.goto(f"{self.root}/screen")
        return page

    def count(self, table: Any) -> int:
        with self.house.desk.app.state.participation.reading() as connection:
            found: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
            return found


def prepared(house: House, browser: Browser) -> Day:
    """The facilitator prepares the session with forms alone, and opens it."""
    page = house.page(browser, "facilitator", viewport={"width": 1280, "height": 800})
    page.context.set_default_timeout(PATIENCE)
    page.goto(house.at("sessions/new"))
    page.locator("#title").fill("Place fraîche")
    page.locator("#question").fill(QUESTION)
    page.locator("input[name=template][value=class]").check()
    page.locator("main form button").first.click()
    page.wait_for_url(re.compile(r"/sessions/[a-z0-9]{10}/"))
    root = re.sub(r"(/sessions/[a-z0-9]{10})/.*", r"\1", page.url)
    page.goto(f"{root}/settings")
    page.get_by_role("button", name=fr("Open the session")).click()
    page.wait_for_url("**/board")
    code = re.sub(r"\s", "", page.locator(".code-word").inner_text())
    return Day(house, browser, page, code, root)


def say(phone: Page, text: str) -> None:
    if not phone.locator("#text").is_visible():
        phone.locator("#say summary").first.click()
    phone.locator("#text").fill(text)
    phone.locator("#say form button.large").click()


def show(day: Day, text: str) -> None:
    """The facilitator reads what came, and shows it."""
    waiting = day.laptop.locator('[data-lane-id="waiting"] .note', has_text=text)
    expect(waiting).to_be_visible()
    waiting.get_by_role("button", name=fr("Show it")).click()
    expect(day.laptop.locator('[data-lane-id="none"] .note', has_text=text)).to_be_visible()


def test_a_session_from_its_preparation_to_the_answer(browser: Browser, house: House) -> None:
    day = prepared(house, browser)
    screen = day.screen()
    expect(screen.locator("body")).to_contain_text(f"{day.code[:3]} {day.code[3:]}")
    zoe, ali, eva, max_, lea = phones = [day.phone() for _ in range(5)]
    expect(screen.locator(".counts")).to_contain_text("5")
    start(day, "diverge")
    for page in (*phones, screen):
        expect(page.locator("[data-piece=phase] .phase-name")).to_have_attribute(
            "data-kind", "diverge"
        )

    ideas_are_said_and_shown(day, screen, zoe, ali, lea)
    one_writes_without_a_network(day, max_)
    one_is_read_by_a_screen_reader(eva)
    the_room_sorts_and_votes(day, phones)
    it_is_decided_and_closed(day, screen)
    expect(eva.locator("#say")).to_be_hidden()
    the_minutes_are_in_hand(day)
    the_answer_comes_back(day, zoe, ali)
    shots(day, screen, *phones)
    for page in (day.laptop, screen, *phones):
        page.context.close()


def shots(day: Day, *pages: Page) -> None:
    """Pictures of how it ended, where somebody asks for them."""
    folder = os.environ.get("DATALAB_SHOTS")
    for number, page in enumerate((day.laptop, *pages) if folder else ()):
        page.screenshot(path=f"{folder}/day-{number}.png", full_page=True)


def start(day: Day, kind: str) -> None:
    """Run the phase of this kind."""
    details = day.laptop.locator('[data-part="phase"] details')
    if not details.evaluate("d => d.open"):
        details.locator("summary").click()
    title = {"diverge": 1, "cluster": 2, "converge": 3, "decide": 4}[kind]
    day.laptop.locator(".phases li").nth(title).get_by_role("button").click()
    expect(day.laptop.locator(".phases li").nth(title)).to_have_attribute("aria-current", "step")


def ideas_are_said_and_shown(day: Day, screen: Page, zoe: Page, ali: Page, lea: Page) -> None:
    say(zoe, SHADE)
    expect(zoe.locator("#mine")).to_contain_text(SHADE)
    expect(screen.locator("[data-ideas]")).not_to_contain_text(SHADE)
    show(day, SHADE)
    for page in (screen, ali, lea):
        expect(page.locator("[data-ideas]")).to_contain_text(SHADE)
    say(ali, WATER)
    show(day, WATER)
    say(lea, SOURCE)
    show(day, SOURCE)
    # A comment and a picture: where the picture was taken goes nowhere.
    comment = lea.locator("[data-piece^=idea-]", has_text=SHADE).locator("[data-about]")
    comment.click()
    say(lea, "Et des grimpantes sur la façade")
    waiting = day.laptop.locator('[data-lane-id="waiting"] .note', has_text="grimpantes")
    expect(waiting).to_be_visible()
    waiting.get_by_role("button", name=fr("Show it")).click()
    expect(zoe.locator("[data-ideas] .comments")).to_contain_text("grimpantes")


def one_writes_without_a_network(day: Day, phone: Page) -> None:
    phone.context.set_offline(True)
    before = day.count(CONTRIBUTION)
    say(phone, OFFLINE)
    expect(phone.locator("[data-outbox-status]").first).to_contain_text(OFFLINE)
    phone.reload()  # from what the phone keeps
    expect(phone.locator("h1")).to_contain_text(QUESTION)
    assert day.count(CONTRIBUTION) == before
    phone.context.set_offline(False)
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    expect(day.laptop.locator('[data-lane-id="waiting"]')).to_contain_text(OFFLINE)
    assert day.count(CONTRIBUTION) == before + 1, "sent once"
    show(day, OFFLINE)


def one_is_read_by_a_screen_reader(phone: Page) -> None:
    if not phone.locator("#text").is_visible():
        phone.locator("#say summary").first.click()
    tree = phone.locator("body").aria_snapshot()
    assert f'heading "{QUESTION}" [level=1]' in tree
    assert f'textbox "{fr("My idea, my comment")}"' in tree
    assert f'button "{fr("Send")}"' in tree
    assert SHADE in tree
    names = re.findall(r"- (?:button|link|textbox|checkbox|combobox)(.*)", tree)
    assert all(name.strip(": ") for name in names), "each has a name"
    phone.emulate_media(reduced_motion="reduce")  # what still fades in has no contrast yet
    phone.wait_for_timeout(1500)
    assert Axe().run(phone, options=WCAG).response["violations"] == []


def the_room_sorts_and_votes(day: Day, phones: list[Page]) -> None:
    start(day, "cluster")
    # Two that say the same become one, by keyboard: pick up, put under the other, join.
    day.laptop.locator('[data-lane-id="none"] .note', has_text=SOURCE).locator(
        "[data-panel-link]"
    ).click()
    panel = day.laptop.locator("#panel")
    panel.locator("#into").select_option(label=WATER)
    panel.get_by_role("button", name=fr("Join it with that one")).click()
    note = day.laptop.locator('[data-lane-id="none"] .note', has_text=WATER)
    expect(note.locator(".note-merged")).to_contain_text(SOURCE)
    day.laptop.locator("#group-title").fill("Fraîcheur")
    day.laptop.get_by_role("button", name=fr("Make the group")).click()
    group = day.laptop.locator(".lane-group", has_text="Fraîcheur")
    expect(group).to_be_visible()
    grip = day.laptop.locator(".note", has_text=SHADE).locator(".grip")
    grip.focus()
    for key in ("Enter", "ArrowRight", "Enter"):
        day.laptop.keyboard.press(key)
    expect(group.locator(".note")).to_contain_text(SHADE)
    start(day, "converge")
    day.laptop.get_by_role("button", name=fr("Open the vote")).click()
    for phone in phones:
        ballot = phone.locator("#vote li", has_text=SHADE)
        ballot.get_by_role("button", name=fr("One dot more")).click()
        expect(ballot.locator(".given .unseen")).to_contain_text("1")
    second = phones[0].locator("#vote li", has_text=WATER)
    second.get_by_role("button", name=fr("One dot more")).click()
    expect(second.locator(".given .unseen")).to_contain_text("1")
    assert day.count(VOTE) == 6
    day.laptop.get_by_role("button", name=fr("Close the vote")).click()
    expect(phones[0].locator("#vote")).to_have_count(0)


def it_is_decided_and_closed(day: Day, screen: Page) -> None:
    start(day, "decide")
    day.laptop.get_by_role("link", name=fr("Write a decision")).click()
    panel = day.laptop.locator("#panel")
    panel.locator("#text").fill("Planter six arbres sur la place")
    panel.locator("#owner").fill("Service des espaces verts")
    panel.locator("#due").fill("2030-03-01")
    panel.get_by_label(SHADE).check()
    panel.get_by_role("button", name=fr("Save")).click()
    expect(screen.locator(".decisions")).to_contain_text("Planter six arbres")
    day.laptop.goto(f"{day.root}/close")
    day.laptop.get_by_role("button", name=fr("Close the session")).click()
    day.laptop.wait_for_url("**/minutes")
    expect(screen.locator("body")).to_have_attribute("data-kind", "over")


def the_minutes_are_in_hand(day: Day) -> None:
    for link, ending in (("PDF", "pdf"), ("Word (DOCX)", "docx"), ("OpenDocument (ODT)", "odt")):
        with day.laptop.expect_download() as taken:
            day.laptop.get_by_role("link", name=link).click()
        assert taken.value.suggested_filename.endswith(f".{ending}")
        held = Path(taken.value.path()).read_bytes()
        if ending == "pdf":
            text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(held)).pages)
            text = " ".join(text.split())
            for said in (SHADE, WATER, SOURCE, OFFLINE, "grimpantes", "Planter six arbres"):
                assert said in text
            assert "PROVISOIRE" not in text


def the_answer_comes_back(day: Day, zoe: Page, ali: Page) -> None:
    """The project says what it did; the phone that sent the idea reads it."""
    agent = day.house.page(day.browser, "agent", viewport={"width": 1280, "height": 800})
    agent.goto(f"{day.root}/follow-up")
    agent.locator(".decision summary", has_text=fr("Say where this stands")).click()
    agent.get_by_label(fr("done"), exact=True).check()
    agent.locator("textarea[name=news]").fill(NEWS)
    agent.get_by_role("button", name=fr("Publish")).click()
    expect(agent.locator(".decision")).to_contain_text(NEWS)
    for phone, told in ((zoe, True), (ali, False)):
        phone.goto(day.house.at("mine/"))
        phone.locator("main a[href*='/mine/']").first.click()
        expect(phone.locator("h2", has_text=QUESTION)).to_be_visible()
        found = phone.locator("main").inner_text()
        assert (NEWS in found) == told
    agent.context.close()
