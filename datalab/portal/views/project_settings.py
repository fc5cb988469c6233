"""What a project is called and for, whether it is open, and its end: each with a way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.catalog.dataset import Text
from datalab.catalog.vocabulary import LICENSES
from datalab.errors import InvalidDescription
from datalab.i18n import Language, translate
from datalab.people.rights import ProjectRight
from datalab.portal.following import follow_project
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import notice
from datalab.portal.page import render
from datalab.portal.person import Person
from datalab.portal.project_access import project_for
from datalab.portal.views.new_project import OFFERED
from datalab.projects import lifecycle
from datalab.projects.create import LONGEST_PURPOSE, LONGEST_TITLE, described_text
from datalab.projects.project import Project

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class SettingsView:
    language: Language
    slug: str
    name: str
    status: str
    title: str
    purpose: str
    license: str
    licenses: list[tuple[str, str]]
    grace_days: float
    typed: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


@router.get("/projects/{slug}/settings")
def html(request: Request, slug: str) -> Response:
    _, project = project_for(request, slug, "project:settings")
    return _page(request, project)


@router.post("/projects/{slug}/settings")
async def describe(request: Request, slug: str) -> Response:
    return await _posted(request, slug, "project:settings", _describe)


@router.post("/projects/{slug}/archive")
async def archive(request: Request, slug: str) -> Response:
    return await _posted(request, slug, "project:settings", _archive)


@router.post("/projects/{slug}/restore")
async def restore(request: Request, slug: str) -> Response:
    return await _posted(request, slug, "project:settings", _restore)


@router.post("/projects/{slug}/delete")
async def delete(request: Request, slug: str) -> Response:
    return await _posted(request, slug, "project:delete", _delete)


Deed = Callable[[Request, Person, Project, FormData], Response]


async def _posted(request: Request, slug: str, right: ProjectRight, deed: Deed) -> Response:
    fields = await form_of(request)

    def act() -> Response:
        person, project = project_for(request, slug, right)
        return deed(request, person, project, fields)

    return await run_in_threadpool(act)


def _describe(request: Request, person: Person, project: Project, fields: FormData) -> Response:
    state, language = request.app.state, language_of(request)
    old = project.manifest
    typed = {name: " ".join(str(fields.get(name, "")).split()) for name in ("title", "purpose")}
    license_ = str(fields.get("license", old.license))
    errors = {}
    if license_ not in LICENSES and license_ != old.license:
        errors["license"] = translate("Choose one of the licences of the list.", language)
    for name in ("title", "purpose"):
        try:
            # One at a time, so that each field gets its own sentence.
            described_text(typed[name], name, _longest(name))
        except InvalidDescription:
            errors[name] = translate(
                "At most {longest} characters, without line breaks or control characters.",
                language,
                longest=_longest(name),
            )
            if not typed[name]:
                errors[name] = translate("Write something here.", language)
    if errors:
        return _page(request, project, {**typed, "license": license_}, errors)
    lifecycle.describe(
        state.projects,
        state.store,
        now().timestamp(),
        person.name,
        project.slug,
        title=_in_both(old.title, typed["title"], language),
        purpose=_in_both(old.purpose, typed["purpose"], language),
        license=license_,
    )
    before = {
        "title": old.title.in_(language),
        "purpose": old.purpose.in_(language),
        "license": old.license,
    }
    said = translate("The description is saved.", language)
    return _done(request, project.slug, said, "settings", before)


def _archive(request: Request, person: Person, project: Project, _: FormData) -> Response:
    state, language = request.app.state, language_of(request)
    moment = now().timestamp()
    lifecycle.archive(state.projects, state.store, moment, person.name, project.slug)
    said = translate("The project is archived: its notebook is closed, its pages stay.", language)
    return _done(request, project.slug, said, "restore", {})


def _restore(request: Request, person: Person, project: Project, _: FormData) -> Response:
    state, language = request.app.state, language_of(request)
    moment = now().timestamp()
    lifecycle.restore(state.projects, state.store, moment, person.name, project.slug)
    return _done(request, project.slug, translate("The project is open again.", language))


def _delete(request: Request, person: Person, project: Project, fields: FormData) -> Response:
    state, language = request.app.state, language_of(request)
    typed = str(fields.get("slug", "")).strip()
    if typed != project.slug:
        said = translate("Write “{slug}” to say that you mean it.", language, slug=project.slug)
        return _page(request, project, {"slug": typed}, {"slug": said})
    moment = now().timestamp()
    lifecycle.delete(state.projects, state.store, moment, person.name, project.slug)
    said = translate(
        "“{title}” is deleted. You can take it back for {days} days, from this list too.",
        language,
        title=project.manifest.title.in_(language),
        days=f"{state.settings.grace_days:g}",
    )
    return _done(request, project.slug, said, "restore", {}, onward=f"{state.prefix}/projects/")


def _done(
    request: Request,
    slug: str,
    said: str,
    undo: str = "",
    fields: Mapping[str, str] | None = None,
    onward: str = "",
) -> Response:
    prefix, language = request.app.state.prefix, language_of(request)
    if not follow_project(request, slug):
        said += " " + translate("The hub follows as soon as it answers.", language)
    response = RedirectResponse(onward or f"{prefix}/projects/{slug}/", status_code=303)
    address = f"{prefix}/projects/{slug}/{undo}" if undo else ""
    label = translate("Undo", language)
    notice(response, said, undo=address, label=label, fields=fields, path=f"{prefix}/")
    return response


def _in_both(old: Text, typed: str, language: Language) -> str | Text:
    """A text that was the same in both languages stays so; else only the page's own changes."""
    if old.fr == old.en:
        return typed
    return old.model_copy(update={language: typed})


def _longest(name: str) -> int:
    return LONGEST_TITLE if name == "title" else LONGEST_PURPOSE


def _page(
    request: Request,
    project: Project,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    language, about = language_of(request), project.manifest
    values = {
        "title": about.title.in_(language),
        "purpose": about.purpose.in_(language),
        "license": about.license,
        "slug": "",
        **(typed or {}),
    }
    names = dict.fromkeys((*OFFERED, about.license))
    view = SettingsView(
        language=language,
        slug=project.slug,
        name=about.title.in_(language),
        status=about.status,
        title=values["title"],
        purpose=values["purpose"],
        license=values["license"],
        licenses=[(name, LICENSES[name].title if name in LICENSES else name) for name in names],
        grace_days=request.app.state.settings.grace_days,
        typed=values["slug"],
        errors=errors or {},
    )
    status = 422 if errors else 200
    return render(request, "project_settings.html", {"view": view}, status=status)
