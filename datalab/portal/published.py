"""What a project has published, for its page and for the lists."""

from __future__ import annotations

from dataclasses import dataclass

from datalab.projects.project import Project


@dataclass(frozen=True)
class Published:
    """One page that stands published now."""

    name: str
    title: str
    at: str
    href: str


def published_by(project: Project, prefix: str) -> list[Published]:
    """Pages of a project that stand published, the newest first."""
    return []


def count_of(project: Project) -> int:
    """How many of them there are."""
    return len(published_by(project, ""))
