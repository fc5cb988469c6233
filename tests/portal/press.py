"""A portal with a project that has notebooks to publish, over a lake of every kind of dataset."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from datalab.projects import draft as drafts
from datalab.projects.create import create
from datalab.projects.project import Project
from tests.portal.conftest import PREFIX, Workshop, fill
from tests.portal.desk import Browser, Desk, now

SLUG = "velos-dijon"
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJ"
    "RU5ErkJggg=="
)
SURE = {"title": "Les communes", "summary": "Combien nous sommes.", "sure": "yes"}


class Press:
    """The project ``velos-dijon``: ``student`` owns it, ``citizen`` looks on."""

    def __init__(self, root: Path) -> None:
        workshop = Workshop(root)
        fill(workshop)
        workshop.refresh()
        self.workshop = workshop
        self.desk = Desk(workshop.settings.home)
        state = self.desk.app.state
        self.project: Project = create(
            state.projects,
            state.homes,
            self.desk.store,
            now(),
            "student",
            SLUG,
            "Vélos à Dijon",
            "Compter les vélos.",
            "empty",
            members={"student": "owner", "citizen": "viewer"},
        )
        for path in self.project.work.glob("*.ipynb"):
            path.unlink()

    def notebook(self, name: str, *cells: str, **metadata: Any) -> str:
        """Write a notebook; a cell that starts with ``#!`` is Markdown."""
        made = [
            new_markdown_cell(text[2:].strip()) if text.startswith("#!") else new_code_cell(text)
            for text in cells
        ]
        text = writes(new_notebook(cells=made, metadata=metadata))
        (self.project.work / name).write_text(text, encoding="utf-8")
        return name

    def prepare(self, browser: Browser, notebook: str) -> str:
        """Start a draft and wait until it was run; the address of its page."""
        begun = browser.post(f"projects/{SLUG}/publications", {"notebook": notebook})
        assert begun.status_code == 303, begun.text
        address = str(begun.headers["location"]).removeprefix(f"{PREFIX}/")
        draft = drafts.find(self.project, address.rpartition("/")[2])
        deadline = time.monotonic() + 120
        while draft.state == "running" and time.monotonic() < deadline:
            time.sleep(0.1)
            draft = drafts.find(self.project, draft.id)
        return address

    def publish(self, browser: Browser, notebook: str, **fields: str) -> Any:
        """Run and publish; the answer to the last form."""
        address = self.prepare(browser, notebook)
        return browser.post(address, {**SURE, **fields})


def document(answer: Any) -> dict[str, Any]:
    return dict(json.loads(answer.text))
