"""What has been published, for the page of a project and for the lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from datalab.projects import publication
from datalab.projects.project import Project
from datalab.projects.publication import Publication


@dataclass(frozen=True)
class Published:
    """One page that stands published now; ``at`` is ISO 8601."""

    name: str
    title: str
    at: str
    href: str
    project: str = ""
    summary: str = ""
    version: int = 1
    language: str = "fr"


def published_by(project: Project, prefix: str) -> list[Published]:
    """Pages of a project that stand published, the newest first."""
    return [
        _line(one, prefix)
        for one in publication.of_project(project)
        if one.withdrawal is None and project.manifest.status != "deleted"
    ]


def count_of(project: Project) -> int:
    """How many of them there are."""
    return len(published_by(project, ""))


def recent(state: Any, most: int, *, shipped: bool = True) -> list[Published]:
    """The newest pages of all projects, or of those made in this lab; ``state`` is that of the
    application."""
    from datalab.portal.publishing import closed

    shelf = state.library.shelf()
    found = (
        one
        for one in publication.standing(state.projects, shipped=shipped)
        if not closed(shelf, one)
    )
    return [_line(one, state.prefix) for one in islice(found, most)]


def _line(one: Publication, prefix: str) -> Published:
    return Published(
        name=one.name,
        title=one.title,
        at=datetime.fromtimestamp(one.at, UTC).isoformat(),
        href=f"{prefix}/pages/{one.slug}/{one.name}",
        project=one.slug,
        summary=one.summary,
        version=one.version,
        language=one.language,
    )
