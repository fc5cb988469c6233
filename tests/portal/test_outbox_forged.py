"""What a script of a notebook puts into the queue of a phone goes nowhere.

Notebooks share the origin of the portal, and with it the database in which the queue lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.portal.desk import Desk
from tests.portal.patience import until
from tests.portal.town import Town, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
FORGED = (
    "https://evil.test/services/datalab/cases/new",
    "//evil.test/services/datalab/cases/new",
    "/hub/api/users/student/tokens",
    "/services/datalab/people/new",
    "/services/datalab/cases/new/../../people/new",
    "/services/datalab/sessions/x/board/accept",
    "/services/datalabevil/cases/new",
    "/services/datalab/join/%2e%2e/me/tokens",
    "javascript:window.ran=1",
    "data:text/html,<script>window.ran=1</script>",
    "http://[broken",
)
PUT = """async (actions) => {
  const base = await new Promise((done, fail) => {
    const asked = indexedDB.open("datalab-outbox", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("items", { keyPath: "key" });
      asked.result.createObjectStore("drafts", { keyPath: "key" });
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = fail;
  });
  const work = base.transaction("items", "readwrite");
  actions.forEach((action, n) => work.objectStore("items").put({
    key: `forged-${n}`, form: "x", page: action, action, fields: [["group", "operators"]],
    title: "<img src=x onerror='window.ran=1'>", follow: true, at: n, state: "waiting",
    why: "", tries: 0,
  }));
  await new Promise((done) => { work.oncomplete = done; });
  base.close();
}"""
LEFT = """async () => {
  const base = await new Promise((done) => {
    const asked = indexedDB.open("datalab-outbox", 1);
    asked.onsuccess = () => done(asked.result);
  });
  const found = await new Promise((done) => {
    const asked = base.transaction("items").objectStore("items").getAllKeys();
    asked.onsuccess = () => done(asked.result);
  });
  base.close();
  return found.length;
}"""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with served(Desk(Path(tmp_path_factory.mktemp("forged")) / "home")) as made:
        yield made


def test_what_was_forged_is_posted_nowhere_and_thrown_away(browser: Browser, town: Town) -> None:
    page = town.phone(browser, service_workers="block")
    posted: list[str] = []
    page.on("request", lambda one: posted.append(one.url) if one.method == "POST" else None)
    page.goto(town.root + "cases/new")
    page.evaluate(PUT, list(FORGED))
    page.reload()
    until(page, f"async () => (await ({LEFT})()) === 0")
    assert posted == []
    assert page.evaluate("window.ran") is None


def test_the_button_of_what_was_forged_leads_nowhere_else(browser: Browser, town: Town) -> None:
    page = town.phone(browser, service_workers="block")
    page.goto(town.root + "cases/new")
    page.context.set_offline(True)
    page.evaluate(PUT, ["https://evil.test/", "javascript:window.ran=1"])
    page.evaluate("dispatchEvent(new Event('online'))")
    buttons = page.locator("[data-outbox-status] li button", has_text="Modifier")
    buttons.first.wait_for()
    here = page.url
    buttons.first.click()
    assert page.url == here
    assert page.evaluate("window.ran") is None
