"""What the workers of a notebook do, in a panel of its JupyterLab."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from datalab.live.workers import FOLDER, clusters
from tests.hub.lab import Lab
from tests.hub.test_labextension import window

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STEPS = """\
import time
cluster = lab.cluster(1)
def work(n):
    time.sleep(2)
    return 1 / (3 - n)
jobs = cluster.client.map(work, range(4), pure=False)
"""
PANEL = "#datalab-workers"
TOLD: dict[str, Any] = {
    "kernel": "k1",
    "where": "here",
    "asked": 2,
    "workers": 2,
    "used": 10,
    "limit": 20,
    "hours": 0.5,
    "tasks": {"waiting": 1, "running": 2, "done": 3, "failed": 0},
    "at": 100.0,
}


@pytest.mark.hub
@pytest.mark.browser
def test_a_panel_follows_the_work_of_workers_and_empties_with_them(
    browser: Browser, running_lab: Lab
) -> None:
    running_lab.command(
        "project", "create", "grappe", "--title", "Grappe", "--member", "student:owner"
    )
    work = running_lab.home / "projects" / "grappe" / "work"
    cell: dict[str, Any] = {"cell_type": "code", "metadata": {}, "execution_count": None}
    cells = [
        {**cell, "id": "lab", "source": "import datalab\nlab = datalab.connect()", "outputs": []},
        {**cell, "id": "go", "source": STEPS, "outputs": []},
        {**cell, "id": "end", "source": "cluster.close()\nprint('fini')", "outputs": []},
    ]
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "cells": cells,
    }
    (work / "foyers.ipynb").write_text(json.dumps(document))
    if os.geteuid() == 0:
        os.chown(work / "foyers.ipynb", work.stat().st_uid, work.stat().st_gid)
    with window(browser, running_lab, "student") as page:
        page.goto(f"{running_lab.url}/services/datalab/projects/grappe/open?notebook=foyers.ipynb")
        page.wait_for_selector(".jp-Toolbar-kernelName:has-text('ipykernel') >> visible=true")
        page.click('.lm-TabBar-tab[data-id="datalab-workers"]')
        page.wait_for_selector(f"{PANEL}:has-text('Aucun notebook de ce serveur')")
        page.click(".jp-CodeCell .cm-content >> visible=true")
        page.keyboard.press("Shift+Enter")
        page.keyboard.press("Shift+Enter")
        page.wait_for_selector(f"{PANEL} h3:has-text('foyers.ipynb')")
        page.wait_for_selector(f"{PANEL} dd:has-text('3 sur 4')")
        failed = page.locator(f"{PANEL} dt:has-text('Tâches en échec') + dd")
        assert failed.inner_text() == "1"
        said = page.inner_text(PANEL)
        assert "Travailleurs\N{NO-BREAK SPACE}: 1 · dans les limites de ce notebook" in said
        found = Axe().run(page, PANEL).response["violations"]
        assert [violation["id"] for violation in found] == []
        page.keyboard.press("Shift+Enter")
        page.wait_for_selector(f"{PANEL}:has-text('Aucun notebook de ce serveur')")


def test_only_what_a_beacon_tells_now_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()

    def put(name: str, **changes: Any) -> None:
        (folder / f"{name}.json").write_text(json.dumps({**TOLD, **changes}))

    put("good")
    put("old", at=10.0)
    put("stranger", kernel="k2")
    put("wrong", tasks={"waiting": "<b>"})
    put("large", where="x" * 20_000)
    (folder / "torn.json").write_text('{"kernel": "k1", "at"')
    (folder / "away.json").symlink_to("/etc/passwd")
    assert clusters(tmp_path, {"k1": "foyers.ipynb"}, now=105.0) == [
        {
            "notebook": "foyers.ipynb",
            **{name: TOLD[name] for name in ("where", "asked", "workers", "used", "limit")},
            **{name: TOLD[name] for name in ("hours", "tasks")},
        }
    ]
    assert clusters(tmp_path / "nowhere", {"k1": ""}, now=time.time()) == []
