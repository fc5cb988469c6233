"""The lab's part of JupyterLab in a real Chromium: readers heard live, idle servers ended."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

import datalab
from tests.hub.lab import Lab, eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.hub, pytest.mark.browser]
FOLDER = Path(datalab.__file__).with_name("labextension") / "datalab"
SECONDS = 60_000.0  # ms that a page may take on a busy machine
CELLS = {
    "ctl": "import datalab\nlab = datalab.connect()\n"
    'town = lab.choice("Commune", ["Ahuy", "Daix"], "Ahuy")\n'
    'times = lab.slider("Facteur", 1, 10, 2)',
    "res": "row = lab.sql(f\"SELECT people FROM tiny_places WHERE name = '{town}'\").df()\n"
    'print(f"{town} : {row.iloc[0, 0] * times}")',
}


def test_the_address_of_the_extension_changes_with_its_files() -> None:
    """Browsers keep what has a version in its address; ``package.json`` names it."""
    digest = hashlib.sha256()
    for path in sorted((FOLDER / "static").iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    built = json.loads((FOLDER / "package.json").read_text())["jupyterlab"]["_build"]
    assert built["load"] == f"static/container.js?v={digest.hexdigest()[:10]}"


@contextmanager
def window(browser: Browser, lab: Lab, name: str, width: int = 1280) -> Iterator[Page]:
    """A browser of somebody who just used a sign-in link."""
    context = browser.new_context(locale="fr-FR", viewport={"width": width, "height": 800})
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    page.goto(lab.link(name))
    yield page
    context.close()


def a_project(lab: Lab, slug: str) -> None:
    """A student's project with a citizen as its reader, and one notebook with controls."""
    lab.command("user", "add", f"{slug}-claire", "--group", "citizens", "--display", "Claire")
    lab.command("user", "add", f"{slug}-samir", "--group", "students", "--display", "Samir")
    owner = ["--member", f"{slug}-samir:owner", "--title", "À vélo"]
    lab.command("project", "create", slug, *owner)
    lab.command("project", "add", slug, f"{slug}-claire", "viewer")
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": identifier,
            "metadata": {},
            "source": source,
            "execution_count": None,
            "outputs": [],
        }
        for identifier, source in CELLS.items()
    ]
    work = lab.home / "projects" / slug / "work"
    path = work / "compte.ipynb"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    about = {"kernelspec": kernel}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": about, "cells": cells}
    path.write_text(json.dumps(document))
    os.chmod(path, 0o644)
    if os.geteuid() == 0:
        os.chown(path, work.stat().st_uid, work.stat().st_gid)


def recomputed(page: Page, said: str) -> str:
    """What the last cell shows once a run is over."""
    page.wait_for_selector(f"#cell-res .shown pre:has-text('{said}')")
    page.wait_for_selector("#progress-words:has-text('Calcul terminé')")
    return page.inner_text("#cell-res .shown")


def test_who_types_no_code_asks_and_is_answered_live(browser: Browser, running_lab: Lab) -> None:
    a_project(running_lab, "velo")
    portal = f"{running_lab.url}/services/datalab/projects/velo"
    with (
        window(browser, running_lab, "velo-samir") as student,
        window(browser, running_lab, "velo-claire", 360) as citizen,
    ):
        student.goto(f"{portal}/open?notebook=compte.ipynb")
        student.wait_for_selector("#datalab-top:has-text('Projet : À vélo')")
        student.wait_for_selector(".datalab-memory:has-text('Mémoire : ')")
        student.wait_for_selector(
            "#datalab-comments:has-text('Personne n’a encore commenté')", state="attached"
        )
        assert "datalab-pass" not in student.url

        citizen.goto(f"{portal}/guided/compte.ipynb")
        citizen.click("#guided button")
        assert recomputed(citizen, "Ahuy") == "Ahuy : 2622"
        citizen.select_option("select", "Daix")
        citizen.locator("input[type=range]").fill("5")
        citizen.click("#cell-ctl fieldset button")
        assert recomputed(citizen, "Daix") == "Daix : 6970"
        citizen.click("#talk-res > summary")
        citizen.fill("#say-res", "Pourquoi <b>cinq</b> ?")
        citizen.click("#talk-res form button")

        student.wait_for_selector(".lm-TabBar-tab.datalab-badge:has-text('1')")
        student.click('.lm-TabBar-tab[data-id="datalab-comments"]')
        panel = student.locator("#datalab-comments")
        assert panel.locator(".datalab-who b").inner_text() == "Claire"
        assert panel.locator(".datalab-words").inner_text() == "Pourquoi <b>cinq</b> ?"
        panel.locator(".datalab-where button").click()
        student.wait_for_selector(".jp-Cell.datalab-pointed.jp-mod-active:has-text('people')")
        panel.locator(".datalab-thread textarea").fill("Parce que le curseur est sur 5.")
        panel.locator(".datalab-thread form button").click()

        answer = citizen.wait_for_selector("#talk-res .note.answer")
        assert answer is not None
        assert "Samir" in answer.inner_text()
        assert "Parce que le curseur est sur 5." in answer.inner_text()
        assert citizen.inner_text("#news") in {"", "Il y a un nouveau commentaire."}
        assert citizen.evaluate("document.documentElement.scrollWidth") <= 360
        found = Axe().run(citizen).response["violations"]
        assert [violation["id"] for violation in found] == []


def test_a_server_that_nobody_uses_warns_stays_when_asked_and_ends(
    browser: Browser, new_lab: Callable[..., Lab]
) -> None:
    told = {"DATALAB_IDLE_MINUTES": "0.4", "DATALAB_IDLE_WARNING_MINUTES": "0.3"}
    lab = new_lab(environment=told)
    lab.start()
    with window(browser, lab, "student") as page:
        page.goto(f"{lab.url}/hub/spawn/student")
        warning = ".Toastify__toast:has-text('Personne ne semble travailler ici')"
        page.wait_for_selector(warning)
        server = lab.server("student")["server_process"]
        page.click(".Toastify__toast button:has-text('Je travaille encore')")
        page.wait_for_selector(warning, state="detached")
        assert server.alive
        # The page stays open: what it asks by itself is no use of the server.
        page.wait_for_selector(warning)
        eventually(lambda: not server.alive, "the server to end by itself")
    assert "Nobody has used this server" in lab.log_text()
