"""Pages of projects that come with the lab: which are due, and what came of the last turn.

An *Edition* is a notebook of a reference that its manifest names under ``pages``. This lab runs it
with its own data, publishes it like any other page, and does so again when the notebook, its words
or the data of the project changed. ``records/editions.json`` says what was tried last.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from datalab.errors import InvalidManifest
from datalab.projects.manifest import PageNote
from datalab.projects.project import Project, Projects, locked
from datalab.settings import Settings

DAY = 24 * 3600.0
FILE = "editions.json"


@dataclass(frozen=True)
class Turn:
    """What came of a notebook's last turn. ``at`` in seconds since the epoch; ``error`` is empty
    where the page stands; ``words`` and ``data`` tell what it was made from."""

    words: str
    data: str
    at: float
    error: str = ""


@dataclass(frozen=True)
class Edition:
    """A page of a reference: ``words`` changes with its notebook and what is said of it,
    ``data`` with the datasets that its project names."""

    project: Project
    note: PageNote
    words: str
    data: str
    before: Turn | None

    def due(self, now: float) -> bool:
        """Whether it is to be made now. What is written shows at once; data that change by the
        hour make one page a day, and what failed is tried again the next."""
        before = self.before
        if before is None or before.words != self.words:
            return True
        return (before.data != self.data or bool(before.error)) and now - before.at >= DAY


def editions(projects: Projects, data: Mapping[str, str], code: str) -> Iterator[Edition]:
    """Every page that this lab owes.

    Parameters
    ----------
    data
        What tells apart the published content of a dataset, by its id. A page waits until all
        datasets that its project names are there.
    code
        The version of the lab: its methods are part of what a page says.
    """
    for project in projects.all():
        if isinstance(project, InvalidManifest) or not project.reference:
            continue
        manifest = project.manifest
        if not set(manifest.datasets) <= set(data):
            continue
        turns = _turns(project)
        found = _digest({name: data[name] for name in manifest.datasets})
        for note in manifest.pages:
            written = [code, note.model_dump(mode="json"), _content(project, note.notebook)]
            yield Edition(project, note, _digest(written), found, turns.get(note.notebook))


def remember(edition: Edition, error: str, now: float) -> None:
    """Write down what came of a turn."""
    project = edition.project
    project.records.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(project.kept):
        turns = _turns(project)
        turns[edition.note.notebook] = Turn(edition.words, edition.data, now, error)
        path = project.records / FILE
        temporary = path.with_name(f".{FILE}.{os.getpid()}")
        document = {notebook: asdict(turn) for notebook, turn in turns.items()}
        temporary.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(temporary, path)


class Apart:
    """Makes what is due in a process of its own, as often as there may be something.

    A notebook and its pictures take memory that the housekeeping would never give back.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seen: tuple[int, int] | None = None

    def work(self, now: float) -> None:
        """Look whether anything was published since the last turn, or a day has passed."""
        if not self.settings.shipped_pages:
            return
        try:
            index = self.settings.lake / "open" / "index.json"
            stamp = (index.stat().st_mtime_ns, int(now // DAY))
        except OSError:
            return
        if stamp != self.seen:
            command = [sys.executable, "-m", "datalab.cli", "project", "pages", "--beside"]
            subprocess.run([*command, "--home", str(self.settings.home)], check=False)
            self.seen = stamp


def _turns(project: Project) -> dict[str, Turn]:
    try:
        document: dict[str, Any] = json.loads((project.records / FILE).read_bytes())
        return {notebook: Turn(**turn) for notebook, turn in document.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _digest(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _content(project: Project, notebook: str) -> str:
    try:
        return hashlib.sha256((project.work / notebook).read_bytes()).hexdigest()
    except OSError:
        return ""
