"""The notebooks of a project, by name and date only: none is opened to list them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from datalab.i18n import Language
from datalab.projects.files import walk
from datalab.projects.project import Project

ENTRIES = 2_000  # files looked at: a project that is full of them slows nobody
MOST = 200  # notebooks listed


@dataclass(frozen=True)
class Notebook:
    """``path`` is relative to the work folder; ``changed_at`` is ISO 8601."""

    path: str
    title: str
    changed_at: str


def notebooks_of(project: Project, language: Language) -> list[Notebook]:
    """The notebooks, the last changed first. Links, hidden folders and the rest are left out."""
    titles = {n.file: n.title.in_(language) for n in project.manifest.notebooks if n.title}
    found = [
        Notebook(path, titles.get(path) or path.removesuffix(".ipynb"), _instant(stamp[2]))
        for path, stamp, _ in islice(walk(project.work), ENTRIES)
        if path.endswith(".ipynb")
    ]
    found.sort(key=lambda notebook: notebook.changed_at, reverse=True)
    return found[:MOST]


def first_of(project: Project, language: Language) -> str | None:
    """The notebook to open first: one that the manifest names, else the last changed."""
    paths = [notebook.path for notebook in notebooks_of(project, language)]
    named = [note for note in project.manifest.notebooks if note.file in paths]
    same = [note for note in named if note.language == language]
    return next(iter([note.file for note in same or named] or paths), None)


def changed_at(project: Project, notebooks: list[Notebook]) -> str | None:
    """When something last changed: a notebook, or what the project is."""
    moments = [notebook.changed_at for notebook in notebooks[:1]]
    at = project.manifest.status_at or project.manifest.created_at
    if at:
        moments.append(at.astimezone(UTC).isoformat())
    return max(moments, default=None)


def _instant(nanoseconds: int) -> str:
    try:
        return datetime.fromtimestamp(nanoseconds // 10**9, UTC).isoformat()
    except (OverflowError, ValueError, OSError):  # a date that its owner made up
        return datetime.fromtimestamp(0, UTC).isoformat()
