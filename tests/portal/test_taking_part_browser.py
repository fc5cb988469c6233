"""Taking part with a real phone: offline, on a slow network, with a server that dies, by ear."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import Connection

from datalab.participation import joining, vote
from datalab.portal import own
from tests.portal.assembly import Assembly
from tests.portal.conftest import PREFIX
from tests.portal.desk import Desk, now
from tests.portal.test_browser import WCAG

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "locale": "fr-FR"}
# A portal in a process of its own, so that it can be killed while it answers.
SERVER = """
import sys, uvicorn
from pathlib import Path
from datalab.portal.app import create_app
from datalab.settings import Settings
home = Path(sys.argv[1])
app = create_app(Settings(home=home, projects=home / "shipped"))
uvicorn.run(app, port=int(sys.argv[2]), log_level="error")
"""


class Hall:
    """A room whose portal runs in a process that can be killed and started anew."""

    def __init__(self, room: Assembly) -> None:
        self.room = room
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert self.process is None or self.process.poll() is not None, "one runs already"
        home = self.room.desk.settings.home
        command = [sys.executable, "-c", SERVER, str(home), str(self.port)]
        self.process = subprocess.Popen(command)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None
                time.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}/{path}"

    def joined(self, browser: Browser, **options: Any) -> Page:
        """A phone on the page of its participant, with the worker in charge."""
        secret, session = uuid4().hex, self.room.session

        def work(connection: Connection) -> None:
            about: dict[str, Any] = {
                "wished": "",
                "language": "fr",
                "minor": False,
                "now": now(),
                "days": 1,
            }
            joining.join(connection, session, secret=secret, **about)

        self.room.do(work)
        context = browser.new_context(**{**PHONE, **options})
        context.add_cookies([{"name": own.COOKIE, "value": secret, "url": self.at("")}])
        page = context.new_page()
        page.goto(self.at(f"join/{session.code}"))
        if options.get("service_workers") != "block":
            page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        return page


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    room = Assembly(Desk(Path(tmp_path_factory.mktemp("hall")) / "home"), {"capacity": 200})
    made = Hall(room)
    made.start()
    yield made
    made.kill()


def say(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.locator("#say form > .actions button").click()


def texts(hall: Hall) -> list[str]:
    return [one.text for one in hall.room.said()]


def sent(page: Page, text: str) -> None:
    page.locator("#mine li", has_text=text).wait_for()


def test_what_is_typed_offline_is_kept_shown_and_sent_once(browser: Browser, hall: Hall) -> None:
    page = hall.joined(browser)
    page.reload()  # from now on the worker has the page
    page.context.set_offline(True)
    say(page, "Hors connexion : une fontaine")
    state = page.locator("#say [data-outbox-status]")
    state.locator("li", has_text="une fontaine").wait_for()
    assert "Pas de réseau" in state.inner_text()
    page.fill("#text", "Un brouillon")
    page.wait_for_timeout(400)
    page.reload()  # the page itself opens without a network
    assert page.locator("h1").inner_text() == hall.room.session.question
    state.locator("li", has_text="une fontaine").wait_for()
    assert page.input_value("#text") == "Un brouillon"
    assert "Hors connexion : une fontaine" not in texts(hall)
    page.context.set_offline(False)
    sent(page, "une fontaine")
    page.reload()
    page.wait_for_timeout(500)
    assert texts(hall).count("Hors connexion : une fontaine") == 1
    assert page.locator("#say .outbox li").count() == 0
    page.context.close()


def test_a_server_that_dies_after_it_wrote_gets_the_same_post_again_and_counts_it_once(
    browser: Browser, hall: Hall
) -> None:
    page = hall.joined(browser)
    arrived: list[str] = []

    def answer_is_lost(route: Any) -> None:
        if not arrived:
            route.fetch()  # it is on disk,
            hall.kill()  # and nobody says so
            arrived.append("once")
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/take-part", answer_is_lost)
    say(page, "Le serveur tombe")
    page.locator("#say .outbox li", has_text="Le serveur tombe").wait_for()
    while not arrived:
        page.wait_for_timeout(20)
    hall.start()
    sent(page, "Le serveur tombe")
    page.locator("#say .outbox li").wait_for(state="detached")
    assert texts(hall).count("Le serveur tombe") == 1
    page.context.close()


def test_a_refusal_is_said_and_what_was_typed_comes_back(browser: Browser, hall: Hall) -> None:
    page = hall.joined(browser)
    # What no form lets through by itself: the server has the last word.
    page.evaluate("document.querySelector('#text').removeAttribute('maxlength')")
    say(page, "x" * 1001)
    row = page.locator("#say .outbox li[data-state=refused]")
    row.wait_for()
    assert "1000" in row.inner_text()
    row.get_by_role("button", name="Modifier").click()
    assert page.input_value("#text") == "x" * 1001
    page.context.close()


def test_a_slow_network_loses_nothing_and_the_page_is_light(browser: Browser, hall: Hall) -> None:
    page = hall.joined(browser)
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    slow = {"latency": 600, "downloadThroughput": 30_000, "uploadThroughput": 12_000}
    line.send("Network.emulateNetworkConditions", {"offline": False, **slow})
    weight = page.evaluate(
        "performance.getEntries().filter(e => e.transferSize && !/leaflet/.test(e.name))"
        ".reduce((sum, e) => sum + e.transferSize, 0)"
    )
    assert weight < 200_000
    for number in range(3):
        say(page, f"Lentement {number}")
    sent(page, "Lentement 2")
    assert [text for text in texts(hall) if "Lentement" in text] == [
        "Lentement 0",
        "Lentement 1",
        "Lentement 2",
    ]
    page.context.close()


def test_what_is_accepted_appears_without_loading_and_typing_goes_on(
    browser: Browser, hall: Hall
) -> None:
    author, other = hall.joined(browser), hall.joined(browser)
    say(author, "Vu de tous")
    sent(author, "Vu de tous")
    line = author.locator("#say [data-outbox-status] > p")
    line.get_by_text("Quelqu’un le relit").wait_for()
    other.fill("#text", "Je suis en train d’écr")
    other.evaluate("window.same = true")
    hall.room.accept(next(one for one in hall.room.said() if one.text == "Vu de tous"))
    other.locator(".ideas li", has_text="Vu de tous").wait_for()
    author.locator("#mine .fate-accepted").wait_for()
    line.get_by_text("Quelqu’un le relit").wait_for(state="detached")
    assert other.evaluate("window.same === true")
    assert other.input_value("#text") == "Je suis en train d’écr"
    assert "Vu de tous" in other.locator("[data-told]").inner_text()
    for page in (author, other):
        page.context.close()


def test_where_no_stream_gets_through_the_page_looks_by_itself(
    browser: Browser, hall: Hall
) -> None:
    page = hall.joined(browser, service_workers="block")
    page.route("**/take-part/events*", lambda route: route.abort())
    page.reload()
    text = "Vu sans flux"
    hall.room.phone().say(text)
    hall.room.accept(next(one for one in hall.room.said() if one.text == text))
    page.locator(".ideas li", has_text=text).wait_for()
    assert "connexion est faible" in page.locator("[data-poll]").inner_text()
    page.context.close()


def test_the_vote_is_heard_and_given_by_keyboard(browser: Browser, hall: Hall) -> None:
    page = hall.joined(browser)
    say(page, "À voter")
    sent(page, "À voter")
    one = next(one for one in hall.room.said() if one.text == "À voter")
    hall.room.accept(one)
    hall.room.change(vote.open_vote)
    try:
        more = page.locator(f"#more-{one.id}")
        more.focus()
        page.keyboard.press("Enter")
        page.locator("#vote b", has_text="Gommettes restantes\u00a0: 2 sur 3.").wait_for()
        assert page.evaluate("document.activeElement.id") == f"more-{one.id}"
        tree = page.locator("main").aria_snapshot()
        assert 'button "Une gommette de plus"' in tree
        # White space of any kind is one blank in this tree.
        assert "Gommettes restantes : 2 sur 3." in tree
    finally:
        hall.room.change(vote.close_vote)
    page.context.close()


def test_the_page_reads_in_order_by_ear(browser: Browser, hall: Hall) -> None:
    page = hall.joined(browser)
    tree = page.locator("main").aria_snapshot()
    wanted = [
        f'heading "{hall.room.session.question}" [level=1]',
        'region "Ce qui se passe maintenant"',
        'heading "Dire quelque chose"',
        'textbox "Mon idée, mon commentaire"',
        'button "Envoyer"',
        'heading "Les idées de la salle"',
        'heading "Ce que j’ai dit, et ce que c’est devenu"',
    ]
    places = [tree.index(words) for words in wanted]
    assert places == sorted(places)
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_with_and_without_scripts_six_letters_lead_to_an_idea(
    browser: Browser, hall: Hall, scripts: bool
) -> None:
    page = browser.new_context(**PHONE, java_script_enabled=scripts).new_page()
    page.goto(hall.at(f"join/?code={hall.room.session.code.lower()}"))
    page.wait_for_timeout(2100)  # nobody reads it faster than the trap thinks
    page.locator("form[data-outbox=join] button").click()
    page.wait_for_url("**/take-part")
    text = f"Avec scripts : {scripts}"
    say(page, text)
    sent(page, text)
    assert texts(hall).count(text) == 1
    page.context.close()


def test_copies_for_offline_use_hold_no_token_and_nothing_of_the_signed_in(
    browser: Browser, hall: Hall
) -> None:
    page = hall.joined(browser)
    page.reload()
    page.goto(hall.at(f"sessions/{hall.room.id}/my-link"))
    page.goto(hall.at("datasets/"))
    page.wait_for_timeout(500)
    kept = page.evaluate(
        "(async () => { const found = {}; for (const name of await caches.keys()) {"
        " const cache = await caches.open(name); for (const request of await cache.keys())"
        " found[request.url] = await (await cache.match(request)).text(); } return found; })()"
    )
    pages = {url.partition(PREFIX)[2]: text for url, text in kept.items() if "/static/" not in url}
    assert f"/sessions/{hall.room.id}/take-part" in pages
    assert not any("my-link" in path or "datasets" in path for path in pages)
    secrets = [cookie["value"] for cookie in page.context.cookies()]
    for text in pages.values():
        assert 'name="_token" value=""' in text or 'name="_token"' not in text
        assert not any(secret in text for secret in secrets)
    page.context.close()


@pytest.mark.parametrize(
    ("width", "scheme", "language"), [(360, "light", "fr-FR"), (1280, "dark", "en-GB")]
)
def test_axe_finds_nothing(
    browser: Browser, hall: Hall, width: int, scheme: str, language: str
) -> None:
    options: dict[str, Any] = {
        "viewport": {"width": width, "height": 800},
        "color_scheme": scheme,
    }
    page = hall.joined(browser, locale=language, **options)
    found: dict[str, Any] = {}
    for path in (
        f"sessions/{hall.room.id}/take-part",
        f"sessions/{hall.room.id}/my-link",
        f"sessions/{hall.room.id}/screen",
        "join/",
        "join/?code=QQQQQQ",
    ):
        page.goto(hall.at(path))
        for one in page.locator("details.extras > summary, .fates summary").all():
            one.click()
        found[path] = Axe().run(page, options=WCAG).response["violations"]
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    page.context.close()
    fresh = browser.new_context(locale=language, **options).new_page()
    fresh.goto(hall.at(f"join/{hall.room.session.code}"))
    found["join"] = Axe().run(fresh, options=WCAG).response["violations"]
    fresh.context.close()
    assert {
        k: [(v["id"], v["nodes"][0]["html"]) for v in vs] for k, vs in found.items() if vs
    } == {}
