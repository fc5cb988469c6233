"""A day of participation, whole: from phones to a notebook of the project, and back to the phones.

Real data of the métropole, a real hub, real browsers, a mail server that takes letters. At the
end every file that the lab publishes is searched for what must never get there.
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from datalab.participation import session
from datalab.participation.store import Store
from datalab.settings import Settings
from tests.hub.fixtures import end
from tests.hub.lab import Lab, bring_downloads, part_of_the_catalog
from tests.participation.datasets import DATASETS
from tests.participation.office import Office, opened

pytestmark = [
    pytest.mark.hub,
    pytest.mark.browser,
    pytest.mark.network,
    pytest.mark.xdist_group("participation-day"),
]
PORTAL = "/services/datalab/"
SLUG = "des-arbres"
SLOW = 60_000
# Where the phone says that it is; nothing that is published may hold these digits.
LATITUDE, LONGITUDE = 47.3224187, 5.0414793
MAIL = "camille.dorothee@exemple-citoyen.org"
CELL = """
import datalab
lab = datalab.connect()
shown = lab.dataset("contributions").map()
frame = lab.dataset("contributions").df()
print("SEEN", frame[["text", "longitude", "latitude", "insee_code"]].to_dict("records"))
assert "tilleuls" in " ".join(frame.text)
shown
"""


@pytest.fixture(scope="module")
def office() -> Iterator[tuple[Office, int]]:
    with opened() as found:
        yield found


@pytest.fixture(scope="module")
def lab(open_folder: Path, office: tuple[Office, int]) -> Iterator[Lab]:
    catalog, home = open_folder / "participation-catalog", open_folder / "participation"
    part_of_the_catalog(catalog, DATASETS)
    bring_downloads(home)
    mail = {
        "DATALAB_SMTP": f"smtp://127.0.0.1:{office[1]}",
        "DATALAB_MAIL_FROM": "labo@lab.example",
    }
    made = Lab(home, catalog, environment=mail)
    made.start()
    yield made
    end(made)


@pytest.fixture(scope="module")
def store(lab: Lab) -> Iterator[Store]:
    made = Store(Settings(home=lab.home).participation)
    yield made
    made.close()


@pytest.fixture(scope="module")
def meeting(lab: Lab, store: Store) -> session.Session:
    """An open session of a project; how one is prepared by hand is tried elsewhere."""
    members = ["--member=student:owner", "--member=facilitator:editor"]
    lab.command("project", "create", SLUG, "--title", "Des arbres", *members)
    with store.writing() as connection:
        made = session.create(
            connection,
            title="Des arbres pour la place",
            question="Où planter, et quoi ?",
            actor="facilitator",
            receipt="a-day-of-participation-0001",
            project=SLUG,
            now=time.time(),
        )
        return session.open(connection, made, now=time.time(), actor="facilitator")


@contextmanager
def phone(browser: Browser, lab: Lab) -> Iterator[Page]:
    context = browser.new_context(
        base_url=lab.url,
        locale="fr-FR",
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        geolocation={"latitude": LATITUDE, "longitude": LONGITUDE},
        permissions=["geolocation"],
    )
    context.set_default_timeout(SLOW)
    yield context.new_page()
    context.close()


@contextmanager
def desk(browser: Browser, lab: Lab, persona: str) -> Iterator[Page]:
    context = browser.new_context(
        base_url=lab.url, locale="fr-FR", viewport={"width": 1280, "height": 900}
    )
    context.set_default_timeout(SLOW)
    context.request.get(lab.link(persona), max_redirects=0)
    page = context.new_page()
    page.goto(f"{PORTAL}signin?next={PORTAL}")
    expect(page.locator(".who")).to_be_visible(timeout=SLOW)
    yield page
    context.close()


def place(page: Page) -> None:
    """Where the phone is, by its own button."""
    page.get_by_role("button", name="Montrer le lieu sur une carte").click()
    page.get_by_role("button", name="Ma position").click()
    expect(page.locator("[data-place-said]")).to_contain_text("Dijon", timeout=SLOW)


def visible(page: Page, text: str) -> Locator:
    return page.get_by_text(text).locator("visible=true").first


def test_an_idea_goes_from_a_phone_to_a_map_in_a_notebook_and_its_answer_comes_back(
    browser: Browser, lab: Lab, meeting: session.Session
) -> None:
    with phone(browser, lab) as citizen, desk(browser, lab, "facilitator") as board:
        citizen.goto(f"{PORTAL}join/{meeting.code.lower()}")
        citizen.get_by_role("button", name="D’accord, je participe").click()
        citizen.locator("#text").fill("Deux tilleuls devant l’école, écrivez-moi : " + MAIL)
        citizen.locator("summary", has_text="photo").click()
        place(citizen)
        citizen.locator("#say button", has_text="Envoyer").click()
        expect(visible(citizen, "Deux tilleuls devant l’école")).to_be_visible(timeout=SLOW)
        citizen.goto(f"{PORTAL}sessions/{meeting.id}/my-link")
        citizen.locator(".ticket a.button").click()
        citizen.locator("#email").fill(MAIL)
        citizen.get_by_role("button", name="Écrivez-moi").click()
        expect(visible(citizen, "Nous écrivons à")).to_be_visible(timeout=SLOW)
        citizen.goto(f"{PORTAL}sessions/{meeting.id}/take-part")

        board.goto(f"{PORTAL}sessions/{meeting.id}/board")
        board.get_by_role("link", name=re.compile("^Lire et décider")).first.click()
        board.get_by_role("button", name="La montrer à tous").click()
        expect(citizen.locator("[data-ideas]")).to_contain_text("Deux tilleuls", timeout=SLOW)
        assert MAIL not in citizen.locator("[data-ideas]").inner_text()

    seen = in_a_notebook(lab)
    assert "tilleuls" in seen
    assert MAIL not in seen
    assert "5.041" in seen
    assert "21231" in seen
    assert str(LONGITUDE) not in seen


def in_a_notebook(lab: Lab) -> str:
    """What a cell of the project printed, at most a minute after what it reads was accepted."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    work = lab.home / "projects" / SLUG / "work"
    name = "carte.ipynb"
    nbformat.write(notebook, work / name)
    until = time.monotonic() + 60
    while True:
        done = lab.command("project", "run", SLUG, "--notebook", name, "--write", check=False)
        if done.returncode == 0:
            return (work / name).read_text()
        assert time.monotonic() < until, done.stdout + done.stderr
        time.sleep(1)


def test_a_report_goes_from_a_phone_to_the_control_room_and_back(
    browser: Browser, lab: Lab, office: tuple[Office, int]
) -> None:
    with phone(browser, lab) as citizen, desk(browser, lab, "agent") as agent:
        agent.goto(f"{PORTAL}control/")
        citizen.goto(f"{PORTAL}cases/new")
        citizen.get_by_role("radio", name=re.compile("^Mobilier urbain")).check()
        # A touch on a kind leads on by itself.
        expect(citizen.locator("[data-step=place]")).to_be_visible(timeout=SLOW)
        place(citizen)
        citizen.get_by_role("button", name="Continuer").click()
        citizen.locator("#description").fill("Le banc devant l’école a perdu une planche.")
        citizen.get_by_role("button", name="Continuer").click()
        citizen.locator("#email").fill(MAIL)
        citizen.get_by_label("Je suis d’accord", exact=True).check()
        citizen.get_by_role("button", name="Envoyer").click()
        expect(visible(citizen, "lien privé")).to_be_visible(timeout=SLOW)

        row = agent.locator("li.case", has_text="Le banc devant l’école")
        expect(row).to_be_visible(timeout=SLOW)
        row.locator(".case-open").click()
        agent.locator("#text").fill("Une équipe passe jeudi.")
        agent.locator("#state").select_option("fixed")
        agent.get_by_role("button", name="Répondre", exact=True).click()
        expect(visible(agent, "Une équipe passe jeudi.")).to_be_visible(timeout=SLOW)
        letter = office[0].wait("Une équipe passe jeudi")
        link = re.search(r"https?://\S+/mine/\S+", letter)
        assert link
        citizen.goto(link[0].rstrip("."))
        expect(visible(citizen, "Une équipe passe jeudi.")).to_be_visible(timeout=SLOW)


def test_neither_the_contact_nor_the_exact_place_is_in_anything_published(
    lab: Lab, store: Store
) -> None:
    """After the tests above: every file of the home, and the database that is not published."""
    hidden = [MAIL.encode(), MAIL.encode("utf-16-le")]
    exact = [str(LATITUDE).encode(), str(LONGITUDE).encode()]
    exact += [struct.pack("<d", value) for value in (LATITUDE, LONGITUDE)]
    private = lab.home / "participation"
    looked_at = 0
    for path in lab.home.rglob("*"):
        if not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        looked_at += 1
        if path.is_relative_to(private):
            # What was typed stays there until it is erased; the contact is nowhere in clear.
            continue
        assert not [word for word in hidden + exact if word in content], path
    assert looked_at > 50
    with store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT cipher FROM contact").scalars().all()
    assert rows
    assert not [row for row in rows if MAIL.encode() in row]
