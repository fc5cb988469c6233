"""Taking a published page back, and showing it again."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import RightMissing
from datalab.i18n import Phrase, translate
from datalab.people import audit
from datalab.people.rights import MEANING
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person, signed_in
from datalab.projects import publication as publications
from datalab.projects.project import Project
from datalab.projects.publication import Publication

router = APIRouter(include_in_schema=False)
LONGEST_REASON = 500


def _may_withdraw(request: Request, slug: str) -> tuple[Person, Project]:
    """Owners and editors of the project, stewards and operators; also of an archived project."""
    person = signed_in(request)
    project: Project = request.app.state.projects.get(slug)
    if project.manifest.role_of(person.name, person.account.created_at) in {"owner", "editor"}:
        return person, project
    if person.may("withdraw:publication"):
        return person, project
    whom = Phrase("an owner of the project")
    raise RightMissing(right=MEANING["withdraw:publication"], whom=whom)


@router.get("/projects/{slug}/publications/{name}/withdraw")
def ask_reason(request: Request, slug: str, name: str) -> Response:
    _, project = _may_withdraw(request, slug)
    return _withdrawing(request, project, publications.find(project, name), "", {})


def _withdrawing(
    request: Request, project: Project, page: Publication, reason: str, errors: Mapping[str, str]
) -> Response:
    context = {
        "page": page,
        "name": project.manifest.title.in_(language_of(request)),
        "reason": reason,
        "errors": errors,
    }
    status = 422 if errors else 200
    return render(request, "publication_withdraw.html", context, status=status)


@router.post("/projects/{slug}/publications/{name}/withdraw")
async def withdraw(request: Request, slug: str, name: str) -> Response:
    fields = await form_of(request)

    def act() -> Response:
        person, project = _may_withdraw(request, slug)
        language, state, moment = language_of(request), request.app.state, now().timestamp()
        reason = " ".join(str(fields.get("reason", "")).split())
        page = publications.find(project, name)
        if not 1 <= len(reason) <= LONGEST_REASON:
            said = translate("Give the reason in a sentence: readers will see it.", language)
            return _withdrawing(request, project, page, reason, {"reason": said})
        publications.withdraw(project, name, reason, person.name, moment)
        subject = f"{slug}/{name}"
        audit.record(state.store, moment, person.name, "publication.withdraw", subject, why=reason)
        return onward(
            _back(request, person, project),
            translate("“{title}” is withdrawn.", language, title=page.title),
            undo=f"{state.prefix}/projects/{slug}/publications/{name}/restore",
            label=translate("Undo", language),
        )

    return await run_in_threadpool(act)


@router.post("/projects/{slug}/publications/{name}/restore")
async def restore(request: Request, slug: str, name: str) -> Response:
    await form_of(request)

    def act() -> Response:
        person, project = _may_withdraw(request, slug)
        state, language = request.app.state, language_of(request)
        page = publications.restore(project, name)
        moment = now().timestamp()
        audit.record(state.store, moment, person.name, "publication.restore", f"{slug}/{name}")
        said = translate("“{title}” can be read again.", language, title=page.title)
        return onward(_back(request, person, project), said)

    return await run_in_threadpool(act)


def _back(request: Request, person: Person, project: Project) -> str:
    """The list of publications for who may see it, the project's page for a steward."""
    mine = project.manifest.role_of(person.name, person.account.created_at) in {"owner", "editor"}
    mine = mine and project.manifest.status == "active"
    root = f"{request.app.state.prefix}/projects/{project.slug}"
    return f"{root}/publications" if mine else f"{root}/"
