"""The list of projects: mine and everybody's, with what goes on in them now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.errors import InvalidManifest
from datalab.i18n import Language
from datalab.people import accounts
from datalab.portal.language import language_of, now
from datalab.portal.page import PAGE_ONLY, document, page
from datalab.portal.person import Person, person_of
from datalab.portal.presence import UNKNOWN
from datalab.portal.project_card import ProjectCard, Sight, card_of
from datalab.portal.published import Published, recent
from datalab.projects.project import Project, Projects

router = APIRouter()
LONGEST_QUERY = 100
NEWEST = 3  # published pages


@dataclass(frozen=True)
class Deleted:
    """A project that its owners may still take back, until ``until`` (ISO 8601)."""

    slug: str
    title: str
    until: str
    href: str


@dataclass(frozen=True)
class ProjectsView:
    language: Language
    query: str
    known: bool = field(metadata=PAGE_ONLY)
    may_create: bool = field(metadata=PAGE_ONLY)
    mine: list[ProjectCard]
    others: list[ProjectCard]
    examples: list[ProjectCard]
    archived: list[ProjectCard]
    deleted: list[Deleted]
    unreadable: int
    published: list[Published]


def names_of(request: Request) -> dict[str, str]:
    """What people are called, by account."""
    return {account.name: account.display for account in accounts.accounts(request.app.state.store)}


def view_of(request: Request, person: Person | None, query: str) -> ProjectsView:
    """Fill the page for one reader."""
    language, moment = language_of(request), now()
    state = request.app.state
    projects: Projects = state.projects
    query = " ".join(query.split())[:LONGEST_QUERY]
    everything = list(projects.all())
    readable = [p for p in everything if isinstance(p, Project) and _fits(p, query, language)]
    presences = state.presences.of(readable) if person else {}
    names = names_of(request) if person else {}
    shelf = state.library.shelf()
    cards: dict[str, list[ProjectCard]] = {"mine": [], "others": [], "examples": [], "archived": []}
    deleted = []
    for project in readable:
        sight = Sight.of(person, project)
        if project.manifest.status == "deleted":
            if sight.may("project:delete"):
                deleted.append(
                    deleted_of(project, language, state.prefix, state.settings.grace_days)
                )
            continue
        presence = presences.get(project.slug, UNKNOWN)
        card = card_of(project, sight, shelf, presence, names, language, moment, state.prefix)
        cards[_group(project, sight)].append(card)
    for group in cards.values():
        group.sort(key=lambda card: card.changed_at or "", reverse=True)
        group.sort(key=lambda card: -len(card.inside))
    return ProjectsView(
        language=language,
        query=query,
        known=person is not None,
        may_create=person is not None and person.may("create:project"),
        deleted=deleted,
        unreadable=sum(isinstance(found, InvalidManifest) for found in everything),
        published=[] if query else recent(request.app.state, NEWEST),
        **cards,
    )


def deleted_of(project: Project, language: Language, prefix: str, days: float) -> Deleted:
    """A deleted project with the day of its end."""
    at = project.manifest.status_at
    until = (at + timedelta(days=days)).isoformat() if at else ""
    title = project.manifest.title.in_(language)
    return Deleted(project.slug, title, until, f"{prefix}/projects/{project.slug}/")


def _group(project: Project, sight: Sight) -> str:
    if project.reference:
        return "examples"
    if project.manifest.status == "archived":
        return "archived"
    return "mine" if sight.role else "others"


def _fits(project: Project, query: str, language: Language) -> bool:
    manifest = project.manifest
    text = f"{project.slug} {manifest.title.in_(language)} {manifest.purpose.in_(language)}"
    return all(word in text.casefold() for word in query.casefold().split())


@router.get("/projects", include_in_schema=False)
def without_slash(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.app.state.prefix}/projects/{query}", status_code=308)


@router.get("/projects/", include_in_schema=False)
def html(request: Request, q: str = "") -> Response:
    return page(request, "projects.html", view_of(request, person_of(request), q))


@router.get("/projects.json", summary="Projects, as far as you may see them", tags=["projects"])
def json(request: Request, q: str = "") -> Response:
    return document(request, view_of(request, person_of(request), q))
