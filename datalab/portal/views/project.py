"""The page of one project: what it is for, who is in it, what it reads, and the ways in."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.catalog.vocabulary import LICENSES
from datalab.errors import UnknownProject
from datalab.i18n import Language
from datalab.people.rights import ProjectRight
from datalab.portal.language import language_of, now
from datalab.portal.notebooks import changed_at, first_of, notebooks_of
from datalab.portal.page import PAGE_ONLY, document, page
from datalab.portal.person import person_of
from datalab.portal.presence import UNKNOWN
from datalab.portal.project_card import (
    Inside,
    Sight,
    Used,
    people_of,
    role_label,
    server_label,
    used_by,
)
from datalab.portal.project_facts import (
    Limit,
    MemberLine,
    NotebookLine,
    ReadingLine,
    Recent,
    limits,
    members_of,
    notebook_lines,
    readable,
    recent_changes,
)
from datalab.portal.published import Published, published_by
from datalab.portal.showcase import Link, tools_of
from datalab.portal.uses import ReadLine, reads_of
from datalab.portal.views.projects import names_of
from datalab.projects.lifecycle import gone_at
from datalab.projects.project import Project
from datalab.projects.reading import Reading

router = APIRouter()


@dataclass(frozen=True)
class ProjectView:
    """What a reader may not see is empty, or None."""

    language: Language
    slug: str
    title: str
    purpose: str
    status: str
    reference: bool
    license: str
    license_title: str
    created_at: str | None
    changed_at: str | None
    gone_at: str | None
    role: str | None
    role_label: str = field(metadata=PAGE_ONLY)
    may: dict[str, bool] = field(metadata=PAGE_ONLY)
    sees_people: bool = field(metadata=PAGE_ONLY)
    server: str | None
    server_label: str = field(metadata=PAGE_ONLY)
    inside: list[Inside]
    members: list[MemberLine]
    notebooks: list[NotebookLine]
    first: str | None = field(metadata=PAGE_ONLY)
    datasets: list[Used]
    reads: list[ReadingLine]
    uses: list[ReadLine]
    limits: list[Limit]
    recent: list[Recent]
    published: list[Published]
    tools: list[Link]


RIGHTS: tuple[ProjectRight, ...] = (
    "project:view",
    "project:edit",
    "project:comment",
    "project:publish",
    "project:members",
    "project:settings",
)


def visible(request: Request, slug: str) -> tuple[Project, Sight]:
    """The project, for who may know that it is there.

    Raises
    ------
    UnknownProject, InvalidManifest
    """
    person = person_of(request)
    project: Project = request.app.state.projects.get(slug)
    sight = Sight.of(person, project)
    if project.manifest.status == "deleted" and sight.role is None:
        raise UnknownProject(slug, ())
    return project, sight


def view_of(request: Request, project: Project, sight: Sight) -> ProjectView:
    """Fill the page for one reader."""
    state, language, moment = request.app.state, language_of(request), now()
    manifest = project.manifest
    member = sight.role is not None
    open_ = manifest.status == "active" and not project.reference
    names = names_of(request) if sight.sees_people else {}
    reading = Reading(state.store, state.settings.lake, moment.timestamp())
    presence = UNKNOWN
    if sight.sees_people and open_:
        presence = state.presences.of([project])[project.slug]
    there = notebooks_of(project, language)
    license_ = LICENSES.get(manifest.license)
    gone = gone_at(manifest, state.settings.grace_days)
    server = presence.state if sight.sees_people and open_ else None
    return ProjectView(
        language=language,
        slug=project.slug,
        title=manifest.title.in_(language),
        purpose=manifest.purpose.in_(language),
        status=manifest.status,
        reference=project.reference,
        license=manifest.license,
        license_title=license_.title if license_ else manifest.license,
        created_at=manifest.created_at.isoformat() if manifest.created_at else None,
        changed_at=changed_at(project, there) if sight.person else None,
        gone_at=gone.isoformat() if gone else None,
        role=sight.role,
        role_label=role_label(sight.role, language),
        may={right.removeprefix("project:"): sight.may(right) for right in RIGHTS},
        sees_people=sight.sees_people,
        server=server,
        server_label=server_label(server or "unknown", language),
        inside=people_of(project, presence, names, sight),
        members=members_of(project, reading, names, sight, language) if names else [],
        notebooks=notebook_lines(project, there, state.prefix, open_ and sight.may("project:edit"))
        if member
        else [],
        first=first_of(project, language) if member else None,
        datasets=used_by(project, state.library.shelf(), language, moment, state.prefix)
        if sight.person or project.reference
        else [],
        reads=readable(project, reading, language) if member else [],
        uses=reads_of(request, project, language) if sight.person else [],
        limits=limits(project, reading, names, language) if member else [],
        recent=recent_changes(project, names, state.prefix) if member else [],
        published=published_by(project, state.prefix),
        tools=tools_of(project, state.prefix, language),
    )


@router.get(
    "/projects/{slug}.json", summary="One project, as far as you may see it", tags=["projects"]
)
def json(request: Request, slug: str) -> Response:
    return document(request, view_of(request, *visible(request, slug)))


@router.get("/projects/{slug}", include_in_schema=False)
def without_slash(request: Request, slug: str) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    project, _ = visible(request, slug)
    address = f"{request.app.state.prefix}/projects/{project.slug}/{query}"
    return RedirectResponse(address, status_code=308)


@router.get("/projects/{slug}/", include_in_schema=False)
def html(request: Request, slug: str) -> Response:
    return page(request, "project.html", view_of(request, *visible(request, slug)))
