"""The forms of publishing in a real Chromium: on a phone, on a desk, and with something wrong."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.portal.press import PIXEL, SLUG, Press
from tests.portal.test_projects_browser import Counter, look, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser
PUBLICATIONS = f"projects/{SLUG}/publications"
PICTURE = (
    "import base64\nfrom IPython.display import Image, display\n"
    f"display(Image(base64.b64decode('{PIXEL}')))"
)


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Press:
    return Press(tmp_path_factory.mktemp("press"))


@pytest.fixture(scope="module")
def counter(press: Press) -> Iterator[Counter]:
    yield from served(press.desk)


def test_axe_finds_nothing(browser: Browser, counter: Counter, press: Press) -> None:
    (press.project.work / "pixel.png").write_bytes(base64.b64decode(PIXEL))
    names = {
        "fine": press.notebook("fine.ipynb", "#! # Fin\n\n![Un point](pixel.png)", PICTURE),
        "broken": press.notebook("broken.ipynb", "#! # Cassé", "1 / 0"),
        "withdrawn": press.notebook("withdrawn.ipynb", "#! # Retirée", "2"),
    }
    owner = press.desk.browser_of("student")
    assert press.publish(owner, names["withdrawn"]).status_code == 303
    drafts = {name: press.prepare(owner, names[name]) for name in ("fine", "broken")}
    found: dict[str, object] = {}
    for width, scheme, language in ((360, "light", "fr-FR"), (1280, "dark", "en-GB")):
        context = counter.context(
            browser,
            "student",
            locale=language,
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
        )
        page = context.new_page()
        paths = [PUBLICATIONS, *drafts.values(), f"{PUBLICATIONS}/withdrawn/withdraw"]
        for path in [*paths, f"projects/{SLUG}/guided/fine.ipynb"]:
            page.goto(counter.address + path)
            look(page, width, f"{path} {width}", found)
        for path in (drafts["fine"], f"{PUBLICATIONS}/withdrawn/withdraw"):
            wrong(page, counter.address + path)
            look(page, width, f"wrong {path} {width}", found)
        context.close()
    assert found == {}


def wrong(page: Page, address: str) -> None:
    """The form as it comes back with everything still to be said."""
    page.goto(address)
    page.evaluate("for (const form of document.forms) form.noValidate = true")
    page.locator("main form.form button[type=submit], main form.form button").first.click()
    page.locator("main .wrong").first.wait_for()


def test_a_picture_beside_the_notebook_is_published(
    browser: Browser, counter: Counter, press: Press
) -> None:
    (press.project.work / "pixel.png").write_bytes(base64.b64decode(PIXEL))
    name = press.notebook("beside.ipynb", "#! # À côté\n\n![Un point](pixel.png)", "1")
    context = counter.context(browser, "student", locale="fr-FR")
    page = context.new_page()
    page.goto(f"{counter.address}projects/{SLUG}/guided/{name}")
    seen = "(image) => image.naturalWidth"
    assert page.get_by_alt_text("Un point").evaluate(seen) == 1
    assert press.publish(press.desk.browser_of("student"), name).status_code == 303
    (press.project.work / "pixel.png").unlink()
    page.goto(f"{counter.address}pages/{SLUG}/beside")
    assert page.get_by_alt_text("Un point").evaluate(seen) == 1
    context.close()


def test_a_comment_typed_while_the_last_one_is_on_its_way_stays_in_its_field(
    browser: Browser, counter: Counter, press: Press
) -> None:
    name = press.notebook("talk.ipynb", "1 + 1")
    context = counter.context(browser, "student", locale="fr-FR")
    page = context.new_page()
    page.goto(f"{counter.address}projects/{SLUG}/guided/{name}")
    page.locator(".talk summary").first.click()
    form = page.locator(".talk > form").first
    field = form.locator("textarea")
    held: list[Route] = []
    page.route("**/comments.json", lambda route: held.append(route), times=1)
    field.fill("Le premier")
    form.locator("button").click()
    form.locator("button").click()
    while not held:
        page.wait_for_timeout(50)
    field.fill("Le second")
    held[0].continue_()
    page.locator(".note", has_text="Le premier").wait_for()
    assert page.locator(".note", has_text="Le premier").count() == len(held) == 1
    assert field.input_value() == "Le second"
    form.locator("button").click()
    page.locator(".note", has_text="Le second").wait_for()
    context.close()
