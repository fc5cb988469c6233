"""Who is in a project: the page where its owners add people and change what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request

from datalab.i18n import Language, Phrase
from datalab.people.identity import GROUP_NAMES
from datalab.people.invitations import GUEST_GROUPS, invitations
from datalab.people.rights import PROJECT_ROLES, ProjectRole, lakes
from datalab.portal.language import language_of, now
from datalab.portal.page import PAGE_ONLY, render
from datalab.portal.person import Person
from datalab.portal.project_access import project_for
from datalab.portal.project_card import Sight, role_label
from datalab.portal.project_facts import MemberLine, members_of
from datalab.portal.search_people import Found, may_search, people_like
from datalab.portal.views.projects import names_of
from datalab.projects.project import Project
from datalab.projects.reading import Reading

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class RoleChoice:
    role: str
    label: str
    meaning: str


@dataclass(frozen=True)
class Ticket:
    """An invitation into this project that still lets people in."""

    id: str
    code: str
    used: int
    places: int
    until: str


@dataclass(frozen=True)
class GuestCost:
    """What the project stops reading as soon as one guest of a group is in."""

    group: str
    lost: list[str]


@dataclass(frozen=True)
class MembersView:
    """``typed`` is what stands in the field, ``found`` who it may mean."""

    language: Language
    slug: str
    title: str
    status: str
    members: list[MemberLine]
    roles: list[RoleChoice]
    may_search: bool = field(metadata=PAGE_ONLY)
    tickets: list[Ticket]
    costs: list[GuestCost]
    typed: str = ""
    role: str = "editor"
    found: list[Found] = field(default_factory=list)
    errors: Mapping[str, str] = field(default_factory=dict)


@router.get("/projects/{slug}/members")
def html(request: Request, slug: str) -> Response:
    person, project = project_for(request, slug, "project:members")
    return members_page(request, person, project)


@router.get("/projects/{slug}/members/people.json")
def suggestions(request: Request, slug: str, q: str = "") -> Response:
    """Names for the field, while one types."""
    person, project = project_for(request, slug, "project:members")
    found = search(request, person, project, q)
    return JSONResponse([{"name": one.name, "display": one.display} for one in found])


def members_page(
    request: Request,
    person: Person,
    project: Project,
    typed: str = "",
    role: str = "editor",
    errors: Mapping[str, str] | None = None,
    found: list[Found] | None = None,
) -> Response:
    state, language = request.app.state, language_of(request)
    reading = Reading(state.store, state.settings.lake, now().timestamp())
    project = state.projects.get(project.slug)
    sight = Sight.of(person, project)
    view = MembersView(
        language=language,
        slug=project.slug,
        title=project.manifest.title.in_(language),
        status=project.manifest.status,
        members=members_of(project, reading, names_of(request), sight, language),
        roles=[role_choice(one, language) for one in PROJECT_ROLES],
        may_search=may_search(person),
        tickets=tickets_of(request, project) if person.may("invite:guests") else [],
        costs=costs_of(project, reading, language) if person.may("invite:guests") else [],
        typed=typed,
        role=role,
        found=found or [],
        errors=errors or {},
    )
    status = 422 if errors else 200
    return render(request, "project_members.html", {"view": view}, status=status)


def role_choice(role: ProjectRole, language: Language) -> RoleChoice:
    """A role with what it allows; the table of rights says it line by line."""
    said = {
        "owner": Phrase("Does all that an editor does, and decides: members, settings, its end."),
        "editor": Phrase("Writes and runs the shared notebook with the others, publishes results."),
        "viewer": Phrase(
            "Reads the guided view, tries its settings, comments. Does not write in the notebook."
        ),
    }[role]
    return RoleChoice(role, role_label(role, language), said.in_(language))


def search(request: Request, person: Person, project: Project, text: str) -> list[Found]:
    if not may_search(person):
        return []
    members = [member.account for member in project.manifest.members]
    return people_like(request.app.state.store, text, now().timestamp(), members)


def tickets_of(request: Request, project: Project) -> list[Ticket]:
    moment = now().timestamp()
    return [
        Ticket(one.id, one.shown, one.used, one.places, instant_of(one.expires_at))
        for one in invitations(request.app.state.store)
        if one.project == project.slug and one.closed(moment) is None
    ]


def costs_of(project: Project, reading: Reading, language: Language) -> list[GuestCost]:
    """What guests of each group would take away, for the groups that would."""
    now_read = reading.of_project(project.manifest)
    found = []
    for group in GUEST_GROUPS:
        lost = reading.named(now_read - set(lakes((group,), reading.audiences)))
        if lost:
            titles = [dataset.title.get(language) or dataset.id for dataset in lost]
            found.append(GuestCost(GROUP_NAMES[group].in_(language), titles))
    return found


def instant_of(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
