"""The versions of a project: who changed what and when, readable, and how to take one back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import UnknownPage
from datalab.i18n import Language, translate
from datalab.people import audit
from datalab.people.accounts import accounts
from datalab.people.rights import may_in_project
from datalab.portal import figures
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import notice
from datalab.portal.page import PAGE_ONLY, document, page
from datalab.portal.project_access import project_for
from datalab.projects import history
from datalab.projects.difference import Difference, difference
from datalab.projects.history import Author, Version
from datalab.projects.project import Project
from datalab.projects.restore import restore

router = APIRouter()
A_PAGE = 30
COMPARED = 8  # notebooks compared on one page


@dataclass(frozen=True)
class VersionLine:
    """One version in a list; ``at`` is ISO 8601."""

    id: str
    at: str
    authors: tuple[str, ...]
    message: str
    changed: tuple[str, ...]
    href: str = field(metadata=PAGE_ONLY)


@dataclass(frozen=True)
class VersionsView:
    language: Language
    slug: str
    title: str
    path: str | None
    versions: list[VersionLine]
    older: str | None = field(metadata=PAGE_ONLY)


@dataclass(frozen=True)
class FileChange:
    """A file that a version changed. ``difference`` is None for what is no notebook."""

    path: str
    state: str
    difference: Difference | None = field(metadata=PAGE_ONLY)
    download: str | None


@dataclass(frozen=True)
class VersionView:
    language: Language
    slug: str
    title: str
    version: VersionLine
    files: list[FileChange]
    more: int
    may_restore: bool = field(metadata=PAGE_ONLY)


@router.get("/projects/{slug}/versions", include_in_schema=False)
@router.get("/projects/{slug}/versions.json", include_in_schema=False)
def versions(
    request: Request, slug: str, path: str | None = None, before: str | None = None
) -> Response:
    """The list, newest first."""
    _, project = project_for(request, slug, "project:view")
    found = history.versions(project, path=path, limit=A_PAGE + 1, before=before)
    shown = found[:A_PAGE]
    older = None
    if len(found) > A_PAGE:
        chosen = f"&path={quote(path)}" if path else ""
        older = f"?before={shown[-1].id}{chosen}"
    view = VersionsView(
        language=language_of(request),
        slug=slug,
        title=project.manifest.title.in_(language_of(request)),
        path=path,
        versions=[_line(request, project, version) for version in shown],
        older=older,
    )
    if request.url.path.endswith(".json"):
        return document(request, view)
    return page(request, "versions.html", view)


@router.get("/projects/{slug}/versions/{version_id}", include_in_schema=False)
def version(request: Request, slug: str, version_id: str) -> Response:
    """One version: each notebook that it changed, cell by cell."""
    person, project = project_for(request, slug, "project:view")
    found = history.version(project, version_id)
    role = project.manifest.role_of(person.name, person.account.created_at)
    view = VersionView(
        language=language_of(request),
        slug=slug,
        title=project.manifest.title.in_(language_of(request)),
        version=_line(request, project, found),
        files=[
            _file(request, project, found, path, compared=number < COMPARED)
            for number, path in enumerate(found.changed[:200])
        ],
        more=max(0, len(found.changed) - 200),
        may_restore=project.manifest.status == "active"
        and may_in_project(role, "project:restore-version"),
    )
    return page(request, "version.html", view)


@router.get("/projects/{slug}/versions/{version_id}/file", include_in_schema=False)
def file(request: Request, slug: str, version_id: str, path: str) -> Response:
    """A file as it was, to keep: never shown by the browser as a page of the lab."""
    _, project = project_for(request, slug, "project:view")
    content = history.read(project, version_id, path)
    if content is None:
        raise UnknownPage(path=request.url.path)
    name = quote(path.rpartition("/")[2])
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Cache-Control": "private, no-store",
        },
    )


@router.post("/projects/{slug}/versions/{version_id}/restore", include_in_schema=False)
async def take_back(request: Request, slug: str, version_id: str) -> Response:
    """Put a file back as it was; the state that it replaces stays in the list."""
    fields = await form_of(request)
    path = str(fields.get("path", ""))
    return await run_in_threadpool(_take_back, request, slug, version_id, path)


def _take_back(request: Request, slug: str, version_id: str, path: str) -> Response:
    person, project = project_for(request, slug, "project:restore-version")
    state = request.app.state
    moment = now().timestamp()
    names = {account.name: account.display for account in accounts(state.store)}
    author = Author(person.name, person.display)
    found = history.version(project, version_id)
    language = language_of(request)
    live = restore(
        project,
        found.id,
        path,
        servers=state.servers(),
        owner=state.homes.uid(project.account) if state.homes.separate else None,
        now=moment,
        author=author,
        displays=names,
        message=translate(
            "{path} as on {day}",
            project.manifest.language,
            path=path,
            day=figures.instant(_instant(found.at), project.manifest.language),
        ),
    )
    audit.record(
        state.store, moment, person.name, "version.restore", slug, path=path, version=found.id
    )
    answer = RedirectResponse(f"{state.prefix}/projects/{slug}/versions", status_code=303)
    if live:
        said = translate(
            "“{path}” is back as it was. Those who have it open see it now; the state before is "
            "the next version in this list.",
            language,
            path=path,
        )
    else:
        said = translate(
            "“{path}” is back as it was. The state before is the next version in this list.",
            language,
            path=path,
        )
    notice(answer, said)
    return answer


def _line(request: Request, project: Project, version: Version) -> VersionLine:
    prefix = request.app.state.prefix
    return VersionLine(
        id=version.id,
        at=_instant(version.at),
        authors=version.authors,
        message=version.message,
        changed=version.changed,
        href=f"{prefix}/projects/{project.slug}/versions/{version.id[:12]}",
    )


def _file(
    request: Request, project: Project, version: Version, path: str, *, compared: bool
) -> FileChange:
    new = history.read(project, version.id, path)
    old = history.read(project, version.id, path, parent=True)
    state = "added" if old is None else "removed" if new is None else "changed"
    shown = compared and path.endswith(".ipynb")
    prefix = request.app.state.prefix
    address = f"{prefix}/projects/{project.slug}/versions/{version.id[:12]}/file"
    return FileChange(
        path=path,
        state=state,
        difference=difference(old, new) if shown else None,
        download=f"{address}?path={quote(path)}" if new is not None else None,
    )


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
