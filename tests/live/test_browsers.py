"""Real browsers at one live notebook: names, what is safe, runs that outlive a page, a crash."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from datalab.errors import HubUnreachable
from tests.hub.lab import Lab, eventually, hub_of
from tests.live.bare import write_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.hub, pytest.mark.browser]
SLUG = "ecrans"
ACCOUNT = f"proj-{SLUG}"
NOTEBOOK = "notebook.ipynb"
SECONDS = 60_000.0
CODE = ".jp-CodeCell .cm-content >> visible=true"
NOTICE = "[role=status]:has-text('Le serveur ne répond pas') >> text=Le relancer"
# The proxy's answer where a server is gone, from when the notebook is shown: JupyterLab then still
# opens the path of its address (no other of its questions names no provider of contents).
GONE = r"""
const ask = window.fetch;
window.refused = 0;
window.fetch = (asked, ...rest) => {
  const address = asked.url || String(asked);
  const late = document.querySelector(".jp-Notebook .jp-Cell");
  if (!late || !/contents\/[^?]*\?content=0/.test(address) || address.includes("Provider"))
    return ask(asked, ...rest);
  window.refused += 1;
  return Promise.resolve(new Response("", { status: 503, statusText: "Service Unavailable" }));
};
"""
TICKS = "import time; [print('tic', n) or time.sleep(1) for n in range(4)];"


@dataclass
class Atelier:
    """A project of the lab, made from a template by the command."""

    lab: Lab
    said: list[str] = field(default_factory=list)

    def notebook(self) -> str:
        try:
            found = json.loads((self.lab.home / "projects" / SLUG / "work" / NOTEBOOK).read_text())
        except ValueError:
            return ""  # it is being written this moment
        return "\n".join("".join(cell["source"]) for cell in found["cells"])

    @contextmanager
    def page(self, browser: Browser, name: str, notebook: str = NOTEBOOK) -> Iterator[Page]:
        """Somebody who came from the project's page and sees the notebook."""
        context = browser.new_context(locale="fr-FR", viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        page.on("console", lambda m: self.said.append(m.text) if m.type == "error" else None)
        page.goto(self.lab.link(name))
        about = f"services/datalab/projects/{SLUG}/open?notebook={notebook}"
        page.goto(f"{self.lab.url}/{about}")
        # A notebook of an earlier visit may stand hidden behind the one that was asked for.
        page.wait_for_selector(".jp-Notebook .jp-Cell >> visible=true")
        page.wait_for_selector(".jp-Toolbar-kernelName:has-text('ipykernel') >> visible=true")
        # The last thing that an opening does; where that fails, a dialog must say so.
        page.wait_for_selector(".jp-DirListing-item", state="attached")
        yield page
        context.close()

    def kill(self) -> None:
        """``kill -9`` of the project's server."""
        killed = self.lab.server(ACCOUNT).values()
        for process in killed:
            process.signal(signal.SIGKILL)
        eventually(lambda: not any(process.alive for process in killed), "its end")

    def start(self) -> None:
        hub = hub_of(self.lab)

        def there() -> bool:
            try:
                hub.ask("POST", f"/users/{ACCOUNT}/server", done=(400,), seconds=60)
                return self.lab.server(ACCOUNT)["server_process"].alive
            except (HubUnreachable, OSError, KeyError):
                return False

        eventually(there, "the project's server")


@pytest.fixture(scope="module")
def atelier(running_lab: Lab) -> Iterator[Atelier]:
    members = ["--member=student:owner", "--member=citizen:editor"]
    running_lab.command("project", "create", SLUG, "--title", "Écrans", *members)
    work = running_lab.home / "projects" / SLUG / "work"
    write_notebook(work / "nu.ipynb", ["un notebook qui ne nomme aucun noyau"])
    os.chown(work / "nu.ipynb", work.stat().st_uid, work.stat().st_gid)
    yield Atelier(running_lab)
    hub_of(running_lab).ask("DELETE", f"/users/{ACCOUNT}/server", done=(404,), seconds=60)


def sign(page: Page, said: str) -> None:
    """Wait for what the page says of its notebook."""
    page.wait_for_selector(f":is(.datalab-saved, [data-kind=lost]):has-text('{said}')")


def shows(page: Page, text: str, seconds: float = 30.0) -> None:
    """Wait until the notebook shows a text, in its cells or below them."""
    # The layout is the server's: a notebook of an earlier visit may stand behind this one.
    front = page.locator(".jp-Notebook >> visible=true").first
    deadline = time.monotonic() + seconds
    while text not in front.inner_text():
        assert time.monotonic() < deadline, front.inner_text()
        page.wait_for_timeout(100)


def test_no_notebook_asks_for_a_kernel(atelier: Atelier, browser: Browser) -> None:
    """Not even one that names none; that of a template is opened below."""
    with atelier.page(browser, "student", "nu.ipynb") as page:
        sign(page, "Enregistré")
        assert page.locator(".jp-Dialog").count() == 0
        found = Axe().run(page, "#datalab-top").response["violations"]
        assert [violation["id"] for violation in found] == []
    assert [said for said in atelier.said if "datalab" in said] == []


def test_two_people_write_and_a_run_outlives_the_page_of_who_ran_it(
    atelier: Atelier, browser: Browser
) -> None:
    with atelier.page(browser, "citizen") as citizen:
        with atelier.page(browser, "student") as student:
            student.click(CODE)
            student.keyboard.press("Control+A")
            student.keyboard.type(TICKS)
            shows(citizen, "range(4)")
            sign(student, "Enregistré")
            citizen.wait_for_selector("text=Étudiante · propriétaire", state="attached")
            citizen.click(CODE)
            student.wait_for_selector("text=Citoyen · rédaction", state="attached")
            student.click(CODE)
            student.keyboard.press("Control+Enter")
            shows(citizen, "tic 0")
        shows(citizen, "tic 3")
        assert [f"tic {n}" in citizen.inner_text(".jp-OutputArea") for n in range(4)] == [True] * 4


def test_a_page_that_opens_while_its_server_goes_asks_nothing_in_a_dialog(
    atelier: Atelier, browser: Browser
) -> None:
    with atelier.page(browser, "citizen") as citizen:
        citizen.add_init_script(GONE)
        citizen.reload()
        citizen.wait_for_selector(CODE)
        citizen.click(CODE)
        citizen.keyboard.press("Control+End")
        citizen.wait_for_selector(NOTICE)
        citizen.keyboard.type(" # tôt")
        shows(citizen, "# tôt")
        assert citizen.evaluate("window.refused") > 0
        assert citizen.locator(".jp-Dialog").count() == 0
        citizen.wait_for_selector(NOTICE, state="detached")
        sign(citizen, "Enregistré")


def test_what_is_typed_while_the_server_is_dead_is_kept_and_arrives_once(
    atelier: Atelier, browser: Browser
) -> None:
    with (
        atelier.page(browser, "student") as student,
        atelier.page(browser, "citizen") as citizen,
    ):
        sign(citizen, "Enregistré")
        citizen.click(CODE)
        citizen.keyboard.press("Control+End")
        citizen.keyboard.type(" # avant")
        shows(student, "# avant")
        atelier.kill()
        citizen.keyboard.type(" pendant")
        sign(citizen, "Hors ligne")
        assert "Hors ligne" in citizen.inner_text("[role=status].datalab-spoken")
        # JupyterLab misses its server after some seconds: nothing may take the keys then.
        citizen.wait_for_selector(NOTICE)
        citizen.keyboard.type(" et après")
        assert citizen.locator(".jp-Dialog").count() == 0
        found = Axe().run(citizen, ".datalab-gone").response["violations"]
        assert [violation["id"] for violation in found] == []
        shows(citizen, "et après")
        atelier.start()
        sign(citizen, "Enregistré")
        citizen.wait_for_selector(NOTICE, state="detached")
        shows(student, "et après")
        eventually(lambda: "et après" in atelier.notebook(), "the file")
        assert atelier.notebook().count("# avant pendant") == 1
        assert atelier.notebook().count("et après") == 1
        assert atelier.notebook().count("projet se pose") == 1, "no cell twice"
