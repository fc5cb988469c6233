"""The projects that come with the lab, with every page and tool of theirs that anybody may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from datalab.errors import InvalidManifest
from datalab.i18n import Language
from datalab.portal.publishing import closed
from datalab.projects import publication
from datalab.projects.project import Project


@dataclass(frozen=True)
class Link:
    """A tool of the portal or a published page."""

    href: str
    title: str
    summary: str
    language: str


@dataclass(frozen=True)
class Showcase:
    """One project: what it asks, and where its answers stand."""

    slug: str
    href: str
    title: str
    purpose: str
    links: list[Link]


def showcases(state: Any, language: Language) -> list[Showcase]:
    """Projects that came with the lab and have something to show; ``state`` of the application."""
    found = []
    for project in state.projects.all():
        if isinstance(project, InvalidManifest) or not project.reference:
            continue
        links = [*tools_of(project, state.prefix, language), *_pages(project, state)]
        if links:
            manifest = project.manifest
            found.append(
                Showcase(
                    project.slug,
                    f"{state.prefix}/projects/{project.slug}/",
                    manifest.title.in_(language),
                    manifest.purpose.in_(language),
                    links,
                )
            )
    return found


def tools_of(project: Project, prefix: str, language: Language) -> list[Link]:
    """Pages of the portal that belong to a project that came with the lab."""
    if not project.reference:
        return []
    return [
        Link(
            f"{prefix}/{tool.address}", tool.title.in_(language), tool.summary.in_(language),
            language,
        )
        for tool in project.manifest.tools
    ]  # fmt: skip


def _pages(project: Project, state: Any) -> list[Link]:
    shelf = state.library.shelf()
    order = [note.notebook for note in project.manifest.pages]
    standing = [
        page
        for page in publication.of_project(project)
        if page.withdrawal is None and page.notebook in order and not closed(shelf, page)
    ]
    standing.sort(key=lambda page: order.index(page.notebook))
    return [
        Link(
            f"{state.prefix}/pages/{page.slug}/{page.name}", page.title, page.summary, page.language
        )
        for page in standing
    ]
