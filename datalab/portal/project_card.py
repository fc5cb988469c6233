"""A project in short, as far as the person who asks may see it.

Everybody sees title, purpose and published results. Who is a member and who is in now is for
people with an account; guests see it only in the projects that they were invited to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from datalab.i18n import Language, Phrase, translate
from datalab.people.rights import ProjectRight, may_in_project
from datalab.portal.library import Shelf
from datalab.portal.notebooks import changed_at, notebooks_of
from datalab.portal.page import PAGE_ONLY
from datalab.portal.person import Person
from datalab.portal.presence import Presence
from datalab.portal.published import count_of
from datalab.portal.state import label, marks_of, name_of
from datalab.projects.project import Project

TROUBLE = ("failed", "kept")  # states of a dataset that a project should know of


@dataclass(frozen=True)
class Sight:
    """What ``person`` (None is anybody) sees and may do in one project."""

    person: Person | None
    role: str | None

    @classmethod
    def of(cls, person: Person | None, project: Project) -> Sight:
        return cls(
            person,
            project.manifest.role_of(person.name, person.account.created_at) if person else None,
        )

    @property
    def sees_people(self) -> bool:
        known = self.person is not None and self.person.account.kind != "guest"
        return known or self.role is not None

    def may(self, right: ProjectRight) -> bool:
        return may_in_project(self.role, right)


@dataclass(frozen=True)
class Used:
    """A dataset that a project uses, and how it does. ``state`` is None where it is unknown."""

    id: str
    title: str
    state: str | None
    label: str
    warning: bool
    stale: bool
    href: str | None

    @property
    def troubled(self) -> bool:
        return self.state is None or self.state in TROUBLE or self.warning or self.stale


@dataclass(frozen=True)
class Inside:
    """Somebody who is in now, by the name that people read."""

    display: str
    role: str
    notebook: str | None


@dataclass(frozen=True)
class ProjectCard:
    slug: str
    title: str
    purpose: str
    status: str
    reference: bool
    role: str | None
    role_label: str = field(metadata=PAGE_ONLY)
    server: str | None
    server_label: str = field(metadata=PAGE_ONLY)
    inside: list[Inside]
    changed_at: str | None
    published: int
    trouble: list[Used]
    href: str


def card_of(
    project: Project,
    sight: Sight,
    shelf: Shelf,
    presence: Presence,
    names: Mapping[str, str],
    language: Language,
    moment: datetime,
    prefix: str,
) -> ProjectCard:
    """The card of one project; ``names`` gives what people are called by account."""
    manifest = project.manifest
    live = sight.sees_people and manifest.status == "active" and not project.reference
    running = presence.state if live else None
    used = used_by(project, shelf, language, moment, prefix)
    return ProjectCard(
        slug=project.slug,
        title=manifest.title.in_(language),
        purpose=manifest.purpose.in_(language),
        status=manifest.status,
        reference=project.reference,
        role=sight.role,
        role_label=role_label(sight.role, language),
        server=running,
        server_label=server_label(running or "unknown", language),
        inside=people_of(project, presence, names, sight) if live else [],
        changed_at=changed_at(project, notebooks_of(project, language)) if sight.person else None,
        published=count_of(project),
        trouble=[u for u in used if u.troubled] if sight.person else [],
        href=f"{prefix}/projects/{project.slug}/",
    )


def people_of(
    project: Project, presence: Presence, names: Mapping[str, str], sight: Sight
) -> list[Inside]:
    """Members among those whom the server names; anybody else was made up by its code."""
    sees_files = sight.may("project:view")
    return [
        Inside(names.get(visitor.name, ""), role, visitor.notebook if sees_files else None)
        for visitor in presence.visitors
        if (role := project.manifest.role_of(visitor.name))
    ]


def used_by(
    project: Project, shelf: Shelf, language: Language, moment: datetime, prefix: str
) -> list[Used]:
    """The datasets of the manifest, with their state in the published index."""
    found = []
    for name in project.manifest.datasets:
        holding = shelf.holdings.get(name)
        if holding is None:
            said = translate("Not in the catalog", language)
            found.append(Used(name, name, None, said, False, False, None))
            continue
        marks, state = marks_of(holding, moment), name_of(holding)
        found.append(
            Used(
                id=name,
                title=holding.dataset.title.in_(language),
                state=state,
                label=label(state, language),
                warning="warning" in marks,
                stale="stale" in marks,
                href=f"{prefix}/datasets/{name}",
            )
        )
    return found


def role_label(role: str | None, language: Language) -> str:
    """A role as people read it; empty for who has none."""
    said = {
        "owner": Phrase("owner"),
        "editor": Phrase("editor"),
        "viewer": Phrase("viewer"),
    }.get(role or "")
    return said.in_(language) if said else ""


def server_label(state: str, language: Language) -> str:
    """The shared server's state, as a badge says it."""
    said = {
        "running": Phrase("Notebook awake"),
        "starting": Phrase("Notebook waking up"),
        "stopping": Phrase("Notebook falling asleep"),
        "asleep": Phrase("Notebook asleep"),
    }.get(state, Phrase("State unknown for now"))
    return said.in_(language)
