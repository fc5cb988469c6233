"""Reports in a real Chromium at 360 px: step by step, without a network, as an app, by keyboard."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from sqlalchemy import select

from datalab.i18n import Phrase
from datalab.participation import request
from datalab.participation.tables.author import AUTHOR
from datalab.participation.tables.journal import USE
from tests.portal.conftest import PREFIX, Workshop
from tests.portal.street import number_of, report, street
from tests.portal.test_browser import WCAG
from tests.portal.town import Town, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser


@pytest.fixture
def town(tmp_path: Path, workshop: Workshop) -> Iterator[Town]:
    with served(street(tmp_path / "home", workshop)) as made:
        yield made


def photo() -> bytes:
    """As a phone takes it: some megapixels, and where it was taken."""
    kept = io.BytesIO()
    made = Image.effect_noise((2000, 1500), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "Secret-Phone"
    made.save(kept, "JPEG", exif=exif)
    return kept.getvalue()


def fill(page: Page, text: str, picture: bytes | None = None, kind: str = "Voirie") -> None:
    """The steps of the form up to the last button."""
    page.locator("label.kind", has_text=kind).click()
    page.locator("[data-step=place]").wait_for()
    page.select_option("#place-commune", "21001")
    page.fill("#place-words", "12 rue de la Liberté")
    page.locator("[data-step=place] .next").click()
    page.fill("#description", text)
    if picture is not None:
        page.set_input_files(
            "#photo", {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": picture}
        )
    page.locator("[data-step=what] .next").click()
    page.locator("[name=consent]").check()


def send(page: Page) -> None:
    shown = page.evaluate("Date.now() - performance.timeOrigin")
    page.wait_for_timeout(max(0, 2300 - shown))  # nobody types faster
    page.click("[data-send]")


def ready(page: Page, town: Town) -> None:
    """The app was opened once with a network, and has what it needs without one."""
    page.goto(town.root + "cases/")
    kept: set[str] = set()
    while not {"cases/", "cases/new", "cases/waiting"} <= kept:
        page.wait_for_timeout(100)
        found = page.evaluate(
            """async () => (await Promise.all((await caches.keys()).map(async (name) =>
              (await (await caches.open(name)).keys()).map((one) => one.url)))).flat()"""
        )
        kept = {url.removeprefix(town.root) for url in found}


def test_a_report_is_made_step_by_step_and_leads_to_its_private_link(
    browser: Browser, town: Town
) -> None:
    page = town.phone(browser)
    page.goto(town.root)
    page.click(".invite a >> nth=0")
    page.wait_for_url("**/cases/new")
    page.locator("[data-step=kind] .next").click()
    assert page.locator("[data-step=kind]").is_visible(), "nothing was chosen yet"
    fill(page, "Un trou devant le 12")
    page.locator("[name=consent]").uncheck()
    page.click("[data-send]")
    assert page.locator("[data-step=contact]").is_visible()
    page.locator("[name=consent]").check()
    send(page)
    page.wait_for_url("**/cases/sent/**")
    (row,) = town.rows()
    assert page.locator(".case-number").inner_text() == row["id"]
    page.click(".answer .button")
    page.locator(f"#case-{row['id']}").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_reports_with_a_photo_wait_without_a_network_and_go_once(
    browser: Browser, town: Town
) -> None:
    page = town.phone(browser)
    ready(page, town)
    page.context.set_offline(True)
    for text, picture in (("Un trou", photo()), ("Une bosse", None), ("Rien", None)):
        page.goto(town.root + "cases/new")
        fill(page, text, picture)
        send(page)
        page.locator("[data-kept-panel]").wait_for()
    page.goto(town.root + "cases/")
    page.locator("[data-queue] a", has_text="3 signalements attendent").click()
    page.wait_for_url("**/cases/waiting")
    page.locator(".outbox li", has_text="Rien").get_by_role("button", name="Jeter").click()
    page.locator("[data-queue]", has_text="2 signalements attendent").wait_for()
    page.locator(".outbox li", has_text="Une bosse").get_by_role("button", name="Modifier").click()
    page.wait_for_url("**/cases/new#*")
    page.locator("[data-step=place] .next").click()
    page.fill("#description", "Une grosse bosse")
    page.locator("[data-step=what] .next").click()
    page.locator("[name=consent]").check()
    send(page)
    page.locator("[data-kept-panel]").wait_for()
    assert town.rows() == []
    page.context.set_offline(False)
    page.goto(town.root + "cases/waiting")
    page.locator("[data-queue]", has_text="Rien n’attend").wait_for()
    page.reload()
    found = town.rows()
    assert [(row["description"], row["picture_id"] is not None) for row in found] == [
        ("Un trou", True),
        ("Une grosse bosse", False),
    ]
    kept = (town.desk.settings.pictures / f"{found[0]['picture_id']}.jpg").read_bytes()
    assert b"Secret-Phone" not in kept
    with town.desk.app.state.participation.reading() as connection:
        assert len(connection.execute(select(AUTHOR.c.id)).all()) == 1
    town.desk.app.state.uses.close()
    with town.desk.app.state.participation.reading() as connection:
        counts = dict(connection.execute(select(USE.c.what, USE.c.count)).all())
    assert counts["report-offline"] == 2


def test_what_lies_in_the_phone_for_offline_use_is_nobodys(browser: Browser, town: Town) -> None:
    page = town.phone(browser)
    ready(page, town)
    page.goto(town.root + "cases/new")
    fill(page, "Un trou")
    send(page)
    page.wait_for_url("**/cases/sent/**")
    secret = page.locator("#link").inner_text().rpartition("/")[2]
    page.goto(town.root + "cases/")
    assert secret in page.content()
    page.goto(town.root + "participate/")
    kept = page.evaluate(
        """async () => {
          let all = "";
          for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const asked of await cache.keys()) all += await (await cache.match(asked)).text();
          }
          const forced = await fetch(location.href, { cache: "force-cache" });
          return all + await forced.text();
        }"""
    )
    assert len(kept) > 1000
    assert secret not in kept


def test_it_can_be_installed(browser: Browser, town: Town) -> None:
    page = town.phone(browser)
    ready(page, town)
    tools = page.context.new_cdp_session(page)
    errors = tools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # A context of a test is a private window, in which nothing is installed.
    assert [e for e in errors if e["errorId"] != "in-incognito"] == []
    manifest = tools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert '"start_url": "/services/datalab/cases/"' in manifest["data"]


def test_near_ones_are_shown_and_followed_instead(browser: Browser, town: Town) -> None:
    number = number_of(report(town.desk.browser()))
    page = town.phone(browser)
    page.goto(town.root + "cases/new?service=lighting")
    page.evaluate(
        """() => {
          document.querySelector("[name=latitude]").value = "47.3509";
          document.querySelector("[name=longitude]").value = "5.0502";
        }"""
    )
    page.locator("[data-step=place] .next").click()
    page.locator("[data-alike]", has_text="à environ 100 m").wait_for()
    page.get_by_role("button", name="Suivre celui-ci").click()
    page.wait_for_url(f"**/cases/{number}#following")
    assert page.get_by_role("heading", name="Vous suivez ce signalement").is_visible()
    assert len(town.rows()) == 1


def test_an_open_page_hears_of_news_by_itself(browser: Browser, town: Town) -> None:
    number = number_of(report(town.desk.browser()))
    page = town.phone(browser)
    held: list[Route] = []
    # As on a phone that is slow to connect.
    page.route("**/stream*", lambda route: held.append(route))
    page.goto(town.root + f"cases/{number}")
    while not held:
        page.wait_for_timeout(100)
    town.change(request.change_state, number, "acknowledged", note="Nous regardons.")
    page.wait_for_timeout(1000)
    assert page.locator("#live", has_text="Nous regardons.").count() == 0
    held[0].continue_()
    page.locator("#live", has_text="Nous regardons.").wait_for()
    assert page.locator(".said", has_text="Cette page vient de changer").is_visible()
    town.change(request.change_state, number, "fixed", note="L’ampoule est changée.")
    page.locator("#live", has_text="L’ampoule est changée.").wait_for()


def test_a_push_wakes_the_app_which_asks_what_is_new(browser: Browser, town: Town) -> None:
    page = town.phone(browser)
    page.context.grant_permissions(["notifications"], origin=town.root.split("/services")[0])
    ready(page, town)
    tools = page.context.new_cdp_session(page)
    registrations: list[Any] = []
    tools.on("ServiceWorker.workerRegistrationUpdated", lambda told: registrations.append(told))
    tools.send("ServiceWorker.enable")
    page.wait_for_timeout(300)
    id = registrations[0]["registrations"][0]["registrationId"]
    origin = town.root.split("/services")[0]
    tools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": origin, "registrationId": id, "data": ""},
    )
    said: list[str] = []
    phrase = Phrase("There is news of what you sent.")
    while not said:
        page.wait_for_timeout(100)
        said = page.evaluate(
            """async () => (await (await navigator.serviceWorker.ready).getNotifications())
              .map((one) => one.body)"""
        )
    # A worker speaks the language of its browser, not that of the window of a test.
    assert said[0] in (phrase.in_("fr"), phrase.in_("en"))


def test_permission_is_asked_for_only_after_a_touch(browser: Browser, town: Town) -> None:
    page = town.phone(browser)
    page.add_init_script(
        "window.asked = 0;"
        "Notification.requestPermission = async () => { asked += 1; return 'denied'; };"
    )
    page.goto(town.root + "cases/new")
    fill(page, "Un trou")
    send(page)
    page.wait_for_url("**/cases/sent/**")
    page.click(".answer .button")
    bell = page.get_by_role("button", name="Me prévenir sur ce téléphone")
    bell.wait_for()
    assert page.evaluate("asked") == 0
    bell.click()
    page.locator("[data-push] [role=status]", has_text="ne le permet pas").wait_for()
    assert page.evaluate("asked") == 1


def test_it_works_without_scripts(browser: Browser, town: Town) -> None:
    page = town.phone(browser, java_script_enabled=False)
    page.goto(town.root + "participate/")
    page.click(".big-ways a >> nth=0")
    page.wait_for_url("**/cases/new")  # with its sheets
    assert not page.locator("form.steps").is_visible()
    page.locator("a.kind", has_text="Éclairage").click()
    assert page.locator("[name=attribute-failure]").count() == 4
    assert not page.locator("[name=attribute-depth_cm]").is_visible()
    page.select_option("#place-commune", "21001")
    page.fill("#place-words", "Place du Marché")
    page.fill("#description", "Tout est noir.")
    page.set_input_files("#photo", {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    page.locator("[name=attribute-failure]").first.check()
    page.wait_for_timeout(2500)  # nobody types faster
    page.get_by_role("button", name="Envoyer").click()
    assert page.locator(".wrong", has_text="Cochez cette case").is_visible()
    assert page.get_by_text("Votre photo est gardée").is_visible()
    page.locator("[name=consent]").check()
    page.wait_for_timeout(2500)
    page.get_by_role("button", name="Envoyer").click()
    page.wait_for_url("**/cases/sent/**")
    (row,) = town.rows()
    assert row["picture_id"]


def test_axe_finds_nothing(browser: Browser, town: Town) -> None:
    for kind in ("lighting", "road"):
        number = number_of(report(town.desk.browser(), {"service": kind}))
    town.change(request.change_state, number, "fixed", note="C’est fait.")
    found: dict[str, Any] = {}
    for locale, width, scheme in (("fr-FR", 360, "light"), ("en-GB", 1280, "dark")):
        size: Any = {"width": width, "height": 800}
        page = town.phone(browser, locale=locale, viewport=size, color_scheme=scheme)
        page.goto(town.root + "cases/new?service=road")
        page.goto(town.root + f"cases/{number}")
        page.click("#following button")
        page.goto(town.root + "cases/")
        link = page.locator(".case h3 a").first.get_attribute("href")
        paths = ["", "cases/", "cases/?status=closed&service=noise", "cases/new", "cases/waiting"]
        paths += ["cases/new?service=lighting", f"cases/{number}", "participate/?code=zz"]
        assert link
        for path in [*paths, link]:
            page.goto(_at(town, path))
            if "new?service" in path:
                page.evaluate("document.querySelectorAll('.step').forEach(s => s.hidden = false)")
            page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
            for violation in Axe().run(page, options=WCAG).response["violations"]:
                targets = [node["target"] for node in violation["nodes"][:3]]
                found[f"{path} {locale}: {violation['id']}"] = targets
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found[f"{path}: sideways"] = [wide]
        page.context.close()
    assert found == {}


def _at(town: Town, path: str) -> str:
    root = town.root
    return root.removesuffix(f"{PREFIX}/") + path if path and path[0] == "/" else f"{root}{path}"
