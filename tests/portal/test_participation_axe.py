"""Every page of participation for everybody: both languages, light and dark, phone and desktop."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from datalab.participation import campaign, decision, survey, vote
from datalab.participation import session as sessions
from datalab.participation.definition import read_yaml
from datalab.people import accounts
from datalab.portal import own
from datalab.portal.person import COOKIE, HUB_COOKIE
from datalab.portal.survey_upload import template_text
from tests.portal.assembly import Assembly, receipt
from tests.portal.conftest import Workshop
from tests.portal.control_room import reported
from tests.portal.desk import Desk, now
from tests.portal.street import picture, report, secret_of
from tests.portal.test_browser import WCAG
from tests.portal.town import Town, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
PHONE, DESKTOP = (360, 740), (1280, 900)
# What the first look (light, on a phone) does not already see: colours, sizes of targets, order.
AGAIN: dict[str, Any] = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "target-size", "landmark-unique"]}
}
ABOUT = {"facilitators": ["facilitator"], "dots": 3}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, workshop: Workshop) -> Iterator[Town]:
    home = Path(tmp_path_factory.mktemp("axe")) / "home"
    shutil.copytree(workshop.settings.lake, home / "lake")
    with served(Desk(home)) as made:
        yield made


@pytest.fixture(scope="module")
def looks(town: Town) -> list[tuple[str, dict[str, str], list[str]]]:
    return list(pages_of(town.desk))


def room_of(desk: Desk) -> tuple[Assembly, str]:
    """A session with an idea that is shown, one that waits, a decision and an open vote."""
    room = Assembly(desk, ABOUT)
    phone = room.phone()
    for words in ("Planter des arbres.", "Un connard se gare là."):
        phone.say(words)
    room.accept(room.said()[0])
    room.change(decision.make, receipt=receipt(), text="Dix tilleuls.", owner="Ville", due=None)
    room.change(vote.open_vote)
    held = phone.browser.client.cookies.get(own.COOKIE)
    assert held
    return room, str(held)


def pages_of(desk: Desk) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """Who looks, the cookies they hold, and what they look at."""
    room, secret = room_of(desk)
    citizen = desk.browser()
    report(citizen, {"alternative": "un mât"}, picture())
    mine, waiting = secret_of(citizen), reported(desk, "Appelez le 06 12 34 56 78")
    shown = reported(desk, "Lampe éteinte")
    done = Assembly(desk, ABOUT)
    done.change(sessions.close)
    with desk.app.state.participation.writing() as connection:
        written = read_yaml(template_text("childcare").encode())
        asked = survey.make(connection, written, "petite-enfance", now(), "agent")
        asked = survey.open_(connection, asked, now(), "agent")
        made = campaign.add(connection, asked, campaign.Draft("Été", "parents"), now(), "agent")
    root = f"sessions/{room.id}"
    here = {own.COOKIE: secret}
    everybody = ["participate/", "cases/", "cases/new", "cases/new?service=lighting", "cases/zzz"]
    everybody += [f"cases/{shown}", "cases/indicators", "sessions/", f"{root}/", "privacy/"]
    everybody += [f"join/{room.session.code}", f"{root}/screen", f"s/{made.code}", "mine/"]
    everybody += [f"sessions/{done.id}/minutes", f"sessions/{done.id}/follow-up", "open311/"]
    yield "", {}, everybody
    yield "", here, [f"{root}/take-part", f"{root}/my-link", f"mine/{secret}/"]
    yield "", {own.COOKIE: mine}, [f"mine/{mine}/", f"mine/{mine}/delete", "cases/"]
    board = [f"{root}/{page}" for page in ("board", "agenda", "settings", "paper", "close")]
    card = f"{root}/board/cards/{room.said()[1].id}"
    yield "facilitator", {}, ["sessions/new", *board, card, f"sessions/{done.id}/minutes"]
    control = ["control/", f"control/{waiting}", f"control/{shown}", "control/new?category=road"]
    control += [f"control/{page}" for page in ("routes", "levels", "answers", "indicators")]
    yield "agent", {}, [*control, "surveys/", f"surveys/{asked.slug}/", "surveys/new"]


def look(page: Page, options: dict[str, Any]) -> dict[str, Any]:
    """Targets by the rule they break; the script is in the page already, only these leave it."""
    found: dict[str, Any] = page.evaluate(
        """async (options) => Object.fromEntries((await axe.run(options)).violations.map(
             (one) => [one.id, one.nodes.slice(0, 3).map((node) => node.target)]))""",
        {**options, "resultTypes": ["violations"]},
    )
    return found


@pytest.mark.parametrize("language", ["fr", "en"])
def test_axe_finds_nothing_on_any_page(
    browser: Browser, town: Town, looks: list[tuple[str, dict[str, str], list[str]]], language: str
) -> None:
    found: dict[str, Any] = {}
    for who, cookies, paths in looks:
        context = browser.new_context(locale=language, color_scheme="light")
        if who:
            account = accounts.get(town.desk.store, who)
            token = town.desk.visits.open(account, "session", now())
            cookies = {COOKIE: token, HUB_COOKIE: "session"}
        for name, value in cookies.items():
            context.add_cookies([{"name": name, "value": value, "url": town.root}])
        page = context.new_page()
        for path in paths:
            page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
            page.emulate_media(color_scheme="light", reduced_motion="reduce")
            answer = page.goto(town.root + path)
            assert answer
            assert answer.status == (404 if path.endswith("zzz") else 200), path
            page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
            page.evaluate(Axe().axe_script)
            for scheme, (width, height) in (
                ("light", PHONE),
                ("dark", PHONE),
                ("dark", DESKTOP),
                ("light", DESKTOP),
            ):
                page.set_viewport_size({"width": width, "height": height})
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                first = (scheme, width) == ("light", PHONE[0])
                for rule, targets in look(page, WCAG if first else AGAIN).items():
                    found[f"{who or 'anybody'} {path} {scheme} {width}: {rule}"] = targets
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    found[f"{who or 'anybody'} {path} {width}: sideways"] = []
            if not re.search("screen$", path):
                page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
                high = page.evaluate("document.querySelector('header.top').offsetHeight")
                if high > 120:
                    found[f"{who or 'anybody'} {path}: the header wraps"] = [high]
        context.close()
    assert found == {}
