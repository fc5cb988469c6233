"""The board in real browsers: two facilitators at once, by pointer, by keyboard, unscripted."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe

from datalab.participation import contribution, grouping, session, vote
from tests.participation.room import idea, joined
from tests.portal.board_room import Room, card, lane
from tests.portal.desk import Desk, now
from tests.portal.patience import until
from tests.portal.test_browser import WCAG
from tests.portal.test_people_pages import House

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

pytestmark = pytest.mark.browser
PHONE = "Appelez-moi au 06 12 34 56 78, c’est urgent"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    desk = Desk(Path(tmp_path_factory.mktemp("room")) / "home")
    desk.add("ana", "facilitators")
    desk.add("ben", "agents")
    server = uvicorn.Server(
        uvicorn.Config(desk.app, port=0, log_level="warning", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield House(desk, server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def room(house: House, request: pytest.FixtureRequest) -> Iterator[Room]:
    made = Room(house, request.node.name)
    yield made
    assert made.errors == []


def test_what_one_facilitator_does_the_other_sees(browser: Browser, room: Room) -> None:
    ana, ben = room.page(browser, "ana"), room.page(browser, "ben")
    who = joined(room.store, room.session, "Merle")
    idea(room.store, room.session, "Un marché le samedi", who, now=now())
    for page in (ana, ben):
        card(page, "Un marché").wait_for()
        assert lane(page, "À lire").locator("[data-count]").inner_text() == "1"
    card(ana, "Un marché").get_by_role("button", name="La montrer").click()
    lane(ben, "Pas encore rangées").locator("[data-card]", has_text="Un marché").wait_for()
    for page in (ana, ben):
        assert lane(page, "À lire").locator("[data-card]").count() == 0
        lane(page, "À lire").get_by_text("Rien n’attend").wait_for()
    ana.get_by_label("Nom", exact=True).fill("Commerces")
    ana.get_by_role("button", name="Créer le groupe").click()
    lane(ben, "Commerces").wait_for()
    card(ben, "Un marché").drag_to(lane(ben, "Commerces"))
    lane(ana, "Commerces").locator("[data-card]", has_text="Un marché").wait_for()
    assert room.lane("Commerces") == ["Un marché le samedi"]
    for page in (ana, ben):
        page.context.close()


def test_a_group_named_while_the_last_one_is_on_its_way_is_made_too(
    browser: Browser, room: Room
) -> None:
    page = room.page(browser, "ana")
    held: list[Route] = []
    page.route("**/group-make", lambda route: held.append(route), times=1)
    name, make = page.get_by_label("Nom", exact=True), page.get_by_role("button", name="Créer le")
    name.fill("Le matin")
    make.click()
    while not held:
        page.wait_for_timeout(50)
    name.fill("Le soir")
    make.click()
    name.fill("La nuit")
    held[0].continue_()
    lane(page, "Le matin").wait_for()
    lane(page, "Le soir").wait_for()
    assert name.input_value() == "La nuit", "typed, and not sent"
    make.click()
    lane(page, "La nuit").wait_for()
    until(page, "document.querySelector('#group-title').value === ''")
    assert room.titles()[-3:] == ["Le matin", "Le soir", "La nuit"]
    # What could not be sent, and left its field for the next one, is told.
    page.route("**/group-make", lambda route: held.append(route), times=1)
    name.fill("À midi")
    make.click()
    while len(held) < 2:
        page.wait_for_timeout(50)
    name.fill("À l’aube")
    held[1].abort()
    page.locator("[data-toast]", has_text="(À midi)").wait_for()
    assert name.input_value() == "À l’aube"
    page.context.close()


def test_a_card_dropped_on_another_is_joined_with_it_and_undone_by_key(
    browser: Browser, room: Room
) -> None:
    room.accepted("Des bancs"), room.accepted("Des sièges")
    page = room.page(browser, "ana")
    card(page, "Des sièges").drag_to(card(page, "Des bancs"))
    page.locator(".note-merged", has_text="Des sièges").wait_for()
    assert page.locator("[data-card]").count() == 1
    page.locator("[data-part=history][data-mine]:not([data-mine=''])").wait_for()
    page.locator("h1").click()
    page.keyboard.press("Control+z")
    page.locator(".note-merged").wait_for(state="detached")
    assert page.locator("[data-card]").count() == 2
    assert "C’est annulé" in page.locator("[data-toast]").inner_text()
    page.context.close()


def test_the_keyboard_picks_a_card_up_moves_it_and_joins_it(browser: Browser, room: Room) -> None:
    for text in ("Des bancs", "Des arbres", "Des sièges"):
        room.accepted(text)
    page = room.page(browser, "ana")
    said = page.locator("[data-say]")
    grip = card(page, "Des arbres").locator(".grip")
    grip.focus()
    page.keyboard.press("Enter")
    page.locator("[data-say]", has_text="est prise").wait_for(state="attached")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.locator("[data-say]", has_text="Verdure").wait_for(state="attached")
    assert "Colonne Verdure, place 1 sur 1" in said.inner_text()
    page.keyboard.press("Enter")
    page.locator(".picked").wait_for(state="detached")
    lane(page, "Verdure").locator("[data-card]", has_text="Des arbres").wait_for()
    card(page, "Des sièges").locator(".grip").focus()
    page.keyboard.press(" ")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    assert lane(page, "Pas encore rangées").locator("[data-card]").count() == 2
    page.keyboard.press("Enter")
    page.keyboard.press("r")
    card(page, "Des bancs").locator(".note-merged", has_text="Des sièges").wait_for()
    assert page.evaluate("document.activeElement.closest('[data-card]').innerText").startswith(
        "Des bancs"
    )
    assert room.lane("Verdure") == ["Des arbres"]
    page.context.close()


def test_two_who_reword_the_same_idea_lose_nothing(browser: Browser, room: Room) -> None:
    room.accepted("Des bancs")
    ana, ben = room.page(browser, "ana"), room.page(browser, "ben")
    for page in (ana, ben):
        card(page, "Des bancs").get_by_role("link", name="Changer").click()
        page.locator("#panel #wording").wait_for()
    ana.locator("#panel #wording").fill("Des bancs à l’ombre")
    ana.get_by_role("button", name="Enregistrer ce texte").click()
    ana.locator("#panel").wait_for(state="hidden")
    card(ben, "Des bancs à l’ombre").wait_for(state="attached")
    ben.locator("#panel #wording").fill("Des bancs avec dossier")
    ben.get_by_role("button", name="Enregistrer ce texte").click()
    told = ben.locator("#panel [role=alert]")
    told.wait_for()
    assert "Quelqu’un d’autre vient de modifier ceci" in told.inner_text()
    assert ben.locator("#panel #wording").input_value() == "Des bancs avec dossier"
    assert card(ana, "Des bancs à l’ombre").count() == 1
    ben.get_by_role("button", name="Enregistrer ce texte").click()
    card(ana, "Des bancs avec dossier").wait_for()
    for page in (ana, ben):
        page.context.close()


def test_what_names_somebody_is_shown_masked(browser: Browser, room: Room) -> None:
    idea(room.store, room.session, PHONE, joined(room.store, room.session, "Pie"), now=now())
    page = room.page(browser, "ana")
    marked = card(page, "Appelez-moi").locator("mark").first.text_content()
    assert (marked or "").startswith("06 12 34")
    assert card(page, "Appelez-moi").get_by_role("button", name="La montrer").count() == 0
    card(page, "Appelez-moi").get_by_role("link", name="Lire et décider").click()
    page.get_by_role("button", name="La montrer à tous").click()
    shown = lane(page, "Pas encore rangées").locator("[data-card]", has_text="Appelez-moi")
    shown.wait_for()
    assert "06 12" not in shown.inner_text()
    page.context.close()


def test_every_screen_counts_down_to_the_same_second(browser: Browser, room: Room) -> None:
    ana, ben = room.page(browser, "ana"), room.page(browser, "ben")
    # The clock of one laptop is wrong by seven minutes.
    ben.add_init_script("{ const real = Date.now; Date.now = () => real() + 420_000; }")
    ben.reload()
    ana.get_by_role("button", name="Lancer : Accueil").click()
    faces = []
    for page in (ana, ben):
        page.locator(".clock", has_text=re.compile(r"^(9:5|10:0)")).wait_for()
        faces.append(page.locator(".clock").inner_text())
    seconds = [60 * int(f.split(":")[0]) + int(f.split(":")[1]) for f in faces]
    assert abs(seconds[0] - seconds[1]) <= 2
    ben.get_by_role("button", name="+1 minute").click()
    ana.locator(".clock", has_text=re.compile(r"^10:")).wait_for()
    ana.get_by_role("button", name="Étape suivante").click()
    ben.locator("#phase-title", has_text="Ce que l’on sait").wait_for()
    assert room.phase() == "Ce que l’on sait"
    for page in (ana, ben):
        page.context.close()


def test_a_board_that_was_cut_off_says_so_and_catches_up(browser: Browser, room: Room) -> None:
    page = room.page(browser, "ana")
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    room.accepted("Pendant la coupure")
    page.context.set_offline(False)
    page.reload()
    card(page, "Pendant la coupure").wait_for()
    room.accepted("Juste après")
    card(page, "Juste après").wait_for()
    assert page.locator("[data-trouble]").is_hidden()
    page.context.close()


def test_a_vote_is_opened_and_its_counts_come_when_it_closes(browser: Browser, room: Room) -> None:
    one = room.accepted("Des bancs")
    who = joined(room.store, room.session, "Merle")
    page = room.page(browser, "ana")
    page.get_by_label("Gommettes par personne").fill("4")
    page.get_by_role("button", name="Ouvrir le vote").click()
    page.get_by_role("button", name="Clore le vote").wait_for()
    with room.store.writing() as connection:
        made = session.get(connection, room.session.id)
        assert made.dots == 4
        vote.cast(connection, made, who, one, 4, now=now())
    page.locator(".vote", has_text="Votants à ce stade : 1.").wait_for()
    assert card(page, "Des bancs").locator(".dots").count() == 0
    page.get_by_role("button", name="Clore le vote").click()
    card(page, "Des bancs").locator(".dots", has_text="Gommettes : 4").wait_for()
    page.context.close()


def test_who_types_on_the_board_keeps_the_field_when_what_is_around_it_changes(
    browser: Browser, room: Room
) -> None:
    page = room.page(browser, "ana")
    with page.expect_response("**/board/diff**"):
        page.evaluate("document.getElementById('vote-dots').mine = 'the same'")
        page.evaluate("void datalabBoard.refresh()")
    page.wait_for_timeout(300)
    same = "document.getElementById('vote-dots').mine"
    assert page.evaluate(same) == "the same", "replaced although nothing had changed"
    page.get_by_label("Gommettes par personne").fill("4")
    page.evaluate("document.getElementById('vote-dots').select()")
    with room.store.writing() as connection:
        values = {"counts_hidden": False}
        session.edit(connection, room.session, values, seen=None, now=now(), actor="ben")
    until(page, "!document.querySelector('[name=counts_hidden]').defaultChecked")
    assert page.evaluate(same) == "the same"
    page.keyboard.type("5")
    assert page.get_by_label("Gommettes par personne").input_value() == "5", "was marked no more"
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Clore le vote").wait_for()
    with room.store.reading() as connection:
        assert session.get(connection, room.session.id).dots == 5
    page.context.close()


def test_everything_on_the_board_works_without_scripts(browser: Browser, room: Room) -> None:
    room.accepted("Des bancs")
    waiting = joined(room.store, room.session, "Merle")
    idea(room.store, room.session, "Des sièges", waiting, now=now())
    page = room.house.page(browser, "ana", java_script_enabled=False)
    page.goto(room.at())
    card(page, "Des sièges").get_by_role("button", name="La montrer").click()
    card(page, "Des bancs").get_by_role("link", name="Changer").click()
    page.locator("#lane").select_option(label="Verdure")
    page.get_by_role("button", name="La ranger là").click()
    assert room.lane("Verdure") == ["Des bancs"]
    page.get_by_role("button", name="Annuler", exact=True).first.click()
    assert room.lane("Verdure") == []
    card(page, "Des sièges").get_by_role("link", name="Changer").click()
    page.locator("#into").select_option(label="Des bancs")
    page.get_by_role("button", name="La réunir à celle-là").click()
    assert card(page, "Des bancs").locator(".note-merged").text_content() == "Des sièges"
    page.get_by_role("link", name="Écrire une décision").click()
    page.locator("#text").fill("Dix bancs")
    page.get_by_role("button", name="Enregistrer").click()
    assert page.locator("#owner-wrong").count() == 1
    assert page.locator("#text").input_value() == "Dix bancs"
    page.locator("#owner").fill("Service voirie")
    page.get_by_role("button", name="Enregistrer").click()
    page.locator(".decisions", has_text="Dix bancs").wait_for()
    page.context.close()


def test_three_hundred_cards_stay_fluid(browser: Browser, room: Room) -> None:
    with room.store.writing() as connection:
        for n in range(300):
            one = contribution.submit(
                connection, room.session, author=None, receipt=f"many-{n}", text=f"Idée {n}", now=n
            )
            if n % 10:
                contribution.accept(connection, room.session, one, now=now(), actor="ana")
    page = room.page(browser, "ana")
    assert page.locator("[data-card]").count() == 300
    page.evaluate("""() => {
      window.changed = new Set();
      new MutationObserver((all) => { for (const m of all) for (const n of m.addedNodes)
        if (n.dataset && n.dataset.card) window.changed.add(n.dataset.card); })
        .observe(document.querySelector("[data-lanes]"), { childList: true, subtree: true });
    }""")
    last = room.accepted("La toute dernière")
    card(page, "La toute dernière").wait_for()
    assert page.evaluate("[...window.changed]") == [last.id], "nothing else was drawn again"
    page.context.close()


@pytest.mark.parametrize("language", ["fr-FR", "en-GB"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing(
    browser: Browser, room: Room, language: str, width: int, scheme: str
) -> None:
    one = room.accepted("Des bancs", joined(room.store, room.session, "Merle"))
    other = room.accepted("Des sièges")
    idea(room.store, room.session, PHONE, now=now())
    with room.store.writing() as connection:
        group = grouping.clusters(connection, room.session)[0]
        grouping.merge(connection, room.session, other, one, now=now(), actor="ben")
    root = f"sessions/{room.session.id}"
    page = room.house.page(
        browser,
        "ana",
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        locale=language,
    )
    found = {}
    for path in (
        "sessions/",
        "sessions/new",
        f"{root}/",
        f"{root}/agenda",
        f"{root}/materials",
        f"{root}/settings",
        f"{root}/board",
        f"{root}/board/cards/{one.id}",
        f"{root}/board/groups/{group.id}",
        f"{root}/board/decisions/new",
        f"{root}/board/code",
    ):
        page.goto(room.house.at(path))
        page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
        for opened in (False, True) if path.endswith("/board") else (False,):
            if opened:
                page.locator(".concerned [data-panel-link]").click()
                page.locator("#panel h1").wait_for()
            for violation in Axe().run(page, options=WCAG).response["violations"]:
                targets = [node["target"] for node in violation["nodes"][:3]]
                found[f"{path} {opened}: {violation['id']}"] = targets
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found[f"{path}: sideways"] = [wide]
    page.context.close()
    assert found == {}
