"""A day of a project, whole: people meet in one live notebook, one has to leave, a guest comes by.

Everything is done in real browsers, through the pages of the lab; no command is typed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocket, expect

from datalab.isolation.homes import Homes
from tests.hub.fixtures import end
from tests.hub.lab import Lab, eventually

pytestmark = [pytest.mark.hub, pytest.mark.browser, pytest.mark.xdist_group("project-day")]

SLUG = "des-bancs-a-l-ombre"
PORTAL = "/services/datalab/"
SHARED = f"/user/proj-{SLUG}/"
SLOW = 90_000  # ms for what takes as long as the machine is busy
OUT = 10  # seconds in which somebody who was removed is out
CONNECT = """(address) => new Promise((done) => {
  const socket = new WebSocket(address);
  socket.onopen = () => { socket.close(); done(true); };
  socket.onerror = socket.onclose = () => done(false);
})"""
MARK = "trace-4711"
QUESTION = "Où manque-t-il un banc à l’ombre ?"


@pytest.fixture(scope="module")
def lab(open_folder: Path, small_catalog: Path) -> Iterator[Lab]:
    """A lab on its first day."""
    made = Lab(open_folder / "day", small_catalog)
    made.start()
    yield made
    end(made)


@pytest.fixture
def links(lab: Lab) -> Callable[[str], str]:
    """The sign-in link of a persona: that of the first start."""
    return lambda persona: lab.links[persona]


@pytest.fixture
def beginning() -> str:
    """What leads to a new project, for who has none."""
    return "Commencer mon premier projet"


class Visitor:
    """Somebody with a browser of their own, who signs in with one of ``links``."""

    def __init__(self, browser: Browser, lab: Lab, links: Callable[[str], str]) -> None:
        self.links = links
        self.context = browser.new_context(
            base_url=lab.url, locale="fr-FR", viewport={"width": 1280, "height": 900}
        )
        self.context.set_default_timeout(SLOW)
        self.page: Page = self.context.new_page()
        self.sockets: list[WebSocket] = []
        self.page.on("websocket", lambda socket: self.sockets.append(socket))

    def sign_in(self, persona: str) -> None:
        """With the link, and on to the projects."""
        self.context.request.get(self.links(persona), max_redirects=0)
        self.page.goto(f"{PORTAL}signin?next={PORTAL}projects/")
        expect(self.page.get_by_role("heading", name="Mes projets")).to_be_visible()

    def go_in(self) -> None:
        """From the project's page into its notebook."""
        self.page.goto(f"{PORTAL}projects/{SLUG}/")
        self.page.get_by_role("link", name="Ouvrir le notebook partagé").click()
        self.in_notebook()

    def in_notebook(self) -> None:
        expect(self.page.locator(".jp-NotebookPanel")).to_be_visible(timeout=SLOW)
        ready = self.page.get_by_text(re.compile(r"Python 3 \(ipykernel\) \| Inactif"))
        question = self.page.get_by_role("button", name="Sélectionner", exact=True)
        expect(ready.or_(question).first).to_be_visible(timeout=SLOW)
        if question.is_visible():
            question.click()
        expect(ready).to_be_visible(timeout=SLOW)

    @property
    def cells(self) -> Locator:
        """Code cells."""
        return self.page.locator(".jp-Notebook .jp-CodeCell")

    def write(self, cell: int, text: str) -> None:
        self.cells.nth(cell).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def run(self) -> None:
        self.page.keyboard.press("Control+Enter")

    def sees(self, cell: int, source: str) -> None:
        expect(self.cells.nth(cell).locator(".cm-content")).to_contain_text(source, timeout=SLOW)

    def reads(self, cell: int, output: str) -> None:
        area = self.cells.nth(cell).locator(".jp-OutputArea")
        expect(area).to_contain_text(output, timeout=SLOW)

    def open_sockets(self) -> list[str]:
        """Connections to the shared server that are open now."""
        self.page.wait_for_timeout(50)  # lets the browser tell what happened meanwhile
        return [s.url for s in self.sockets if SHARED in s.url and not s.is_closed()]

    def connects(self, address: str) -> bool:
        """Whether a websocket of this browser's own opens."""
        return bool(self.page.evaluate(CONNECT, address))

    def status(self, address: str) -> int:
        """What the server answers to a request of this browser."""
        return self.context.request.get(address, max_redirects=0).status


@pytest.fixture
def arrive(
    browser: Browser, lab: Lab, links: Callable[[str], str]
) -> Iterator[Callable[[], Visitor]]:
    """Opens browsers, and closes them after the test."""
    made: list[Visitor] = []

    def come() -> Visitor:
        made.append(Visitor(browser, lab, links))
        return made[-1]

    yield come
    for one in made:
        with suppress(Exception):
            one.context.close()


def add(owner: Visitor, account: str, role: str) -> None:
    """On the page of the members, where nothing is taken away."""
    page = owner.page
    page.goto(f"{PORTAL}projects/{SLUG}/members")
    page.get_by_label("Nom du compte").fill(account)
    page.get_by_role("radio", name=re.compile(f"^{role} ")).check()
    page.get_by_role("button", name="Ajouter", exact=True).click()
    expect(page.locator(".said")).to_contain_text("fait maintenant partie du projet")


def test_two_people_write_and_run_one_notebook_and_a_third_who_is_removed_is_out(
    arrive: Callable[[], Visitor], lab: Lab, beginning: str
) -> None:
    student, citizen, agent = arrive(), arrive(), arrive()
    student.sign_in("student")
    student.page.get_by_role("link", name=beginning).click()
    student.page.get_by_label("Titre").fill("Des bancs à l’ombre")
    student.page.get_by_label("Pour quoi faire ?").fill(QUESTION)
    expect(student.page.get_by_label("Adresse")).to_have_value(SLUG)
    student.page.get_by_role("button", name="Créer et ouvrir le notebook").click()
    student.page.wait_for_url(f"**{SHARED}lab/tree/**")

    # A citizen does not read what is for members of the lab: the page says so before.
    page = student.page
    page.goto(f"{PORTAL}projects/{SLUG}/members")
    page.get_by_label("Nom du compte").fill("citizen")
    page.get_by_role("button", name="Ajouter", exact=True).click()
    expect(page.get_by_role("heading", name="Avant d’ajouter Citoyen")).to_be_visible()
    expect(page.locator(".loses")).to_contain_text("Petits lieux")
    page.get_by_role("button", name="Ajouter Citoyen quand même").click()
    expect(page.locator(".said")).to_contain_text("Citoyen fait maintenant partie du projet")
    add(student, "agent", "rédaction")

    student.go_in()
    for visitor, persona in ((citizen, "citizen"), (agent, "agent")):
        visitor.sign_in(persona)
        visitor.go_in()

    student.write(0, "places = ['quai', 'parc']")
    citizen.sees(0, "places = ['quai', 'parc']")
    citizen.page.keyboard.press("Escape")
    citizen.write(0, "print('ensemble', 6 * 7)")
    student.sees(0, "print('ensemble', 6 * 7)")
    citizen.run()
    for visitor in (student, citizen, agent):
        visitor.reads(0, "ensemble 42")

    page = student.context.new_page()
    page.goto(f"{PORTAL}projects/{SLUG}/")
    expect(page.locator("#live")).to_contain_text("Citoyen")
    expect(page.locator("#live")).to_contain_text("Notebook en marche")

    contents = f"{SHARED}api/contents/"
    assert agent.status(contents) == 200
    assert agent.open_sockets()
    page.goto(f"{PORTAL}projects/{SLUG}/members")
    page.get_by_role("button", name="Retirer Agente").click()
    expect(page.locator(".said")).to_contain_text("ne fait plus partie du projet")
    expect(page.locator(".said").get_by_role("button", name="Annuler")).to_be_visible()
    eventually(lambda: agent.status(contents) in {302, 403}, "the files to close", OUT)
    eventually(lambda: agent.status(f"{SHARED}lab") in {302, 403}, "Lab to close", OUT)
    # What was open is closed too, and does not open again: nothing that is written now arrives.
    eventually(lambda: not agent.open_sockets(), "the connections to close", OUT)
    assert not agent.connects(f"{SHARED}api/events/subscribe")
    assert citizen.connects(f"{SHARED}api/events/subscribe")
    student.write(0, "print('entre nous')")
    citizen.sees(0, "print('entre nous')")
    expect(agent.cells.nth(0)).not_to_contain_text("entre nous")
    agent.page.goto(f"{PORTAL}projects/{SLUG}/open")
    expect(agent.page.get_by_role("heading", level=1)).to_contain_text("ne s’ouvre pas pour vous")
    expect(agent.page.get_by_role("link", name="Aller à la page du projet")).to_be_visible()


def test_a_guest_with_a_code_works_in_a_notebook_and_leaves_nothing_behind(
    arrive: Callable[[], Visitor], lab: Lab
) -> None:
    facilitator, guest = arrive(), arrive()
    facilitator.sign_in("facilitator")
    facilitator.page.goto(f"{PORTAL}invitations/new")
    facilitator.page.get_by_role("button", name="Créer le code").click()
    code = facilitator.page.locator(".big-code").inner_text()
    page = guest.page
    page.goto(f"/hub/rejoindre/{code}")
    page.get_by_label("Comment les autres").fill("Camille")
    page.get_by_role("button", name="Entrer").click()
    page.wait_for_url("**/user/invite-*/lab/**")
    guest.in_notebook()
    account = re.search(r"/user/(invite-[^/]+)/", page.url)
    assert account is not None  # the address that was just waited for
    home = Homes(lab.home / "accounts", os.geteuid() == 0).home(account.group(1))
    guest.write(0, f"open('{MARK}', 'w').write('{MARK}'); print('écrit', 6 * 7)")
    guest.run()
    guest.reads(0, "écrit 42")
    assert left_of(MARK, home) != []

    page.goto("/hub/quitter")
    page.get_by_role("button", name="Partir et tout effacer").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("parti")
    eventually(lambda: not home.exists(), "the home to be deleted")
    with suppress(AssertionError):
        eventually(lambda: not left_of(account.group(1), lab.home), "nothing to be left")
    assert left_of(account.group(1), lab.home) == left_of(MARK, lab.home) == []
    assert guest.status(f"/user/{account.group(1)}/lab") in {302, 403, 404}


def left_of(text: str, folder: Path) -> list[str]:
    """Names and files that hold ``text``, but for the logs and the databases with the audit log,
    which tell what happened."""
    told, found = {"logs", ".sqlite", ".sqlite-wal"}, []
    for path in folder.rglob("*"):
        regular = path.is_file() and not path.is_symlink()
        telling = told & {*path.parts, path.suffix}
        holds = regular and text.encode() in path.read_bytes()
        if not telling and (text in path.name or holds):
            found.append(str(path))
    return found
