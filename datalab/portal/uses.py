"""Who uses a dataset, as one reader may know it: what they may see by name, the rest counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from starlette.requests import Request

from datalab.errors import DatalabError
from datalab.i18n import Language
from datalab.lake import notice as notices
from datalab.lake.layout import folder
from datalab.lineage.store import Lineage, Use, Users
from datalab.portal.language import now
from datalab.portal.library import Holding
from datalab.portal.page import PAGE_ONLY
from datalab.portal.person import Person, person_of
from datalab.portal.publishing import closed
from datalab.projects import publication
from datalab.projects.project import Project
from datalab.projects.publication import Publication


@dataclass(frozen=True)
class ProjectUse:
    """A project that this reader may see, and the newest snapshot that it read."""

    slug: str
    title: str
    snapshots: list[int]
    last_at: str
    behind: bool
    href: str = field(metadata=PAGE_ONLY)


@dataclass(frozen=True)
class PageUse:
    """A published page, which anybody may read, and what it was made from."""

    project: str
    name: str
    title: str
    version: int
    snapshots: list[int]
    at: str
    behind: bool
    href: str = field(metadata=PAGE_ONLY)


@dataclass(frozen=True)
class UsedBy:
    """``other_projects``: how many more there are; ``token_holders`` are only ever counted."""

    projects: list[ProjectUse]
    other_projects: int
    pages: list[PageUse]
    token_holders: int

    @property
    def any(self) -> bool:
        return bool(self.projects or self.other_projects or self.pages or self.token_holders)


def used_by(request: Request, holding: Holding, language: Language) -> UsedBy:
    """Projects and pages that use a dataset."""
    state = request.app.state
    users = Lineage(state.settings.lineage).users_of(holding.id, now().timestamp())
    if not users:
        return UsedBy([], 0, [], 0)
    person = person_of(request)
    projects: list[ProjectUse] = []
    others = 0
    for slug in dict.fromkeys(use.project for use in users.uses):
        found = _project(request, slug)
        if found is None or found.manifest.status == "deleted":
            continue
        if sees(found, person):
            projects.append(_project_use(request, found, users, holding, language))
        else:
            others += 1
    return UsedBy(projects, others, _pages(request, users, holding), len(users.holders))


def sees(project: Project, person: Person | None) -> bool:
    """Whether somebody sees what a project reads: its page tells who is signed in."""
    return person is not None and project.manifest.status != "deleted"


@dataclass(frozen=True)
class ReadLine:
    """A dataset that the notebooks of a project really read, at which snapshot and when; ``newer``
    says that there is a later one, ``held`` that a breaking change of it is announced."""

    dataset: str
    title: str
    snapshot: int
    notebooks: list[str]
    last_at: str
    newer: bool
    held: Held | None
    href: str = field(metadata=PAGE_ONLY)


def reads_of(request: Request, project: Project, language: Language) -> list[ReadLine]:
    """What the notebooks of a project read, by dataset."""
    state = request.app.state
    shelf = state.library.shelf()
    by_dataset: dict[str, list[Use]] = {}
    for use in Lineage(state.settings.lineage).reads_of(project.slug):
        by_dataset.setdefault(use.dataset, []).append(use)
    found = []
    for name, uses in by_dataset.items():
        holding = shelf.holdings.get(name)
        if holding is None:
            continue
        newest = max(uses, key=lambda use: use.last_at)
        found.append(
            ReadLine(
                name,
                holding.dataset.title.in_(language),
                newest.snapshot,
                sorted({use.notebook for use in uses}),
                _iso(newest.last_at),
                newer=newest.snapshot != holding.snapshot,
                held=held_of(state.settings.lake, holding, language),
                href=f"{state.prefix}/datasets/{name}",
            )
        )
    return found


@dataclass(frozen=True)
class Held:
    """A breaking change that waits. ``rows_of`` is when the rows that stand were published: from
    ``since`` to ``until`` none newer are. All are ISO 8601."""

    until: str
    since: str
    rows_of: str | None
    changes: list[str]
    projects: int
    pages: int
    token_holders: int
    released: bool


def held_of(lake: Path, holding: Holding, language: Language) -> Held | None:
    """The change of a dataset that is announced, None where none is."""
    found = notices.read_notices(folder(lake, holding.entry.lake)).get(holding.id)
    if found is None:
        return None
    return Held(
        found.until,
        found.since,
        str(holding.entry.snapshots[0]["at"]) if holding.entry.snapshots else None,
        [change.sentence.in_(language) for change in found.schema_changes],
        found.projects,
        found.pages,
        found.holders,
        found.is_over(now()),
    )


def _project(request: Request, slug: str) -> Project | None:
    try:
        found: Project = request.app.state.projects.get(slug)
    except DatalabError:  # gone, or its manifest is broken
        return None
    return None if found.reference else found


def _project_use(
    request: Request, project: Project, users: Users, holding: Holding, language: Language
) -> ProjectUse:
    own = [use for use in users.uses if use.project == project.slug]
    snapshots = sorted({use.snapshot for use in own}, reverse=True)
    return ProjectUse(
        project.slug,
        project.manifest.title.in_(language),
        snapshots,
        _iso(max(use.last_at for use in own)),
        behind=snapshots[0] != holding.snapshot,
        href=f"{request.app.state.prefix}/projects/{project.slug}",
    )


def _pages(request: Request, users: Users, holding: Holding) -> list[PageUse]:
    """The newest version of each page that stands and was made from this dataset."""
    state = request.app.state
    shelf = state.library.shelf()
    found = []
    for slug, name in dict.fromkeys((use.project, use.page) for use in users.pages):
        project = _project(request, slug)
        if project is None or project.manifest.status == "deleted":
            continue
        try:
            page: Publication = publication.find(project, name)
        except DatalabError:
            continue
        snapshots = [s.snapshot for s in page.sources if s.dataset == holding.id]
        if page.withdrawal is not None or not snapshots or closed(shelf, page):
            continue
        found.append(
            PageUse(
                slug,
                name,
                page.title,
                page.version,
                sorted(snapshots, reverse=True),
                _iso(page.at),
                behind=max(snapshots) != holding.snapshot,
                href=f"{state.prefix}/pages/{slug}/{name}",
            )
        )
    return found


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
