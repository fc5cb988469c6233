"""What somebody types in a real Chromium is there again, however the page was left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.portal.patience import until
from tests.portal.test_cases_browser import town
from tests.portal.test_taking_part_browser import Hall, hall, sent, texts
from tests.portal.town import Town

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["hall", "town"]
pytestmark = pytest.mark.browser
# How many drafts lie in the browser.
DRAFTS = """async () => {
  for (const { name } of await indexedDB.databases()) {
    const base = await new Promise((done) => {
      const asked = indexedDB.open(name);
      asked.onsuccess = () => done(asked.result);
    });
    if (!base.objectStoreNames.contains("drafts")) { base.close(); continue; }
    const count = await new Promise((done) => {
      const asked = base.transaction("drafts").objectStore("drafts").count();
      asked.onsuccess = () => done(asked.result);
    });
    base.close();
    return count;
  }
  return 0;
}"""


@pytest.mark.parametrize("away", ["location.href = 'about:blank'", "location.reload()"])
def test_what_is_typed_just_before_the_page_is_left_is_there_again(
    browser: Browser, town: Town, away: str
) -> None:
    page = town.phone(browser)
    page.goto(town.root + "cases/new")
    page.locator("label.kind", has_text="Voirie").click()
    page.locator("[data-step=place]").wait_for()
    until(page, DRAFTS)
    with page.expect_navigation():
        page.evaluate(f"""() => {{
          const field = document.querySelector("#description");
          field.value = "Un banc cassé";
          field.dispatchEvent(new Event("input", {{ bubbles: true }}));
          {away};
        }}""")
    page.goto(town.root + "cases/new")
    until(page, "document.querySelector('#description').value === 'Un banc cassé'")


def test_what_is_typed_while_the_last_one_is_still_being_kept_is_sent_or_left_in_its_field(
    browser: Browser, hall: Hall
) -> None:
    """A phone that is slow to write: all in one turn, before anything can have been kept."""
    page = hall.joined(browser)
    page.evaluate("""() => {
      const field = document.querySelector("#text"), form = field.form;
      const type = (text) => {
        field.value = text;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      };
      type("Coup sur coup 0"); form.requestSubmit(); form.requestSubmit();
      type("Coup sur coup 1"); form.requestSubmit();
      type("Coup sur coup 2");
    }""")
    sent(page, "Coup sur coup 1")
    sent(page, "Coup sur coup 0")
    assert sorted(text for text in texts(hall) if "Coup" in text) == [
        "Coup sur coup 0",
        "Coup sur coup 1",
    ]
    assert page.input_value("#text") == "Coup sur coup 2"
    page.reload()
    page.locator("#text").wait_for()
    until(page, "document.querySelector('#text').value === 'Coup sur coup 2'")
    page.context.close()
