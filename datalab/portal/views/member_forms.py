"""Changing who is in a project: adding after being told what it takes away, roles, removing.

Each change can be undone from the message that tells it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import DatalabError, LastOwner, MemberCannotEnter, UnknownRole
from datalab.i18n import Language, translate
from datalab.people import accounts
from datalab.people.rights import PROJECT_ROLES, ProjectRole
from datalab.portal.following import follow_project
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import notice
from datalab.portal.page import render
from datalab.portal.person import Person, person_of
from datalab.portal.project_access import project_for
from datalab.portal.project_card import Sight, role_label
from datalab.portal.views.members import members_page, search
from datalab.projects import membership
from datalab.projects.membership import Effect
from datalab.projects.project import Project
from datalab.projects.reading import Readable, Reading

router = APIRouter(include_in_schema=False)
LONGEST_NAME = 80


@dataclass(frozen=True)
class ConfirmView:
    """What adding somebody would take away."""

    language: Language
    slug: str
    title: str
    account: str
    display: str
    role: str
    role_label: str
    used: list[str]
    lost: list[str]
    running: bool
    agreed: str


@router.post("/projects/{slug}/members/add")
async def add(request: Request, slug: str) -> Response:
    return await _posted(request, slug, _add)


@router.post("/projects/{slug}/members/role")
async def change_role(request: Request, slug: str) -> Response:
    return await _posted(request, slug, _change_role)


@router.post("/projects/{slug}/members/remove")
async def remove(request: Request, slug: str) -> Response:
    return await _posted(request, slug, _remove)


@router.post("/projects/{slug}/leave")
async def leave(request: Request, slug: str) -> Response:
    await form_of(request)
    return await run_in_threadpool(_leave, request, slug)


Deed = Callable[[Request, Person, Project, FormData], Response]


async def _posted(request: Request, slug: str, deed: Deed) -> Response:
    fields = await form_of(request)

    def act() -> Response:
        person, project = project_for(request, slug, "project:members")
        return deed(request, person, project, fields)

    return await run_in_threadpool(act)


def _add(request: Request, person: Person, project: Project, fields: FormData) -> Response:
    state, language = request.app.state, language_of(request)
    moment = now().timestamp()
    typed = " ".join(str(fields.get("account", "")).split())[:LONGEST_NAME]
    role = str(fields.get("role", "editor"))
    account = accounts.find(state.store, typed.lower())
    if role not in PROJECT_ROLES:
        error = UnknownRole(role=role[:40], known=", ".join(PROJECT_ROLES))
        return members_page(
            request, person, project, typed, errors={"role": error.message(language)}
        )
    if account is None:
        found = search(request, person, project, typed)
        if not typed:
            said = translate("Write something here.", language)
        elif found:
            said = translate(
                "No account is called exactly that. Do you mean one of these?", language
            )
        else:
            said = translate(
                "No account is called “{name}”. Ask the person for the name of their account: it "
                "stands in their menu, under “My account”.",
                language,
                name=typed,
            )
        return members_page(request, person, project, typed, role, {"account": said}, found)
    try:
        reading = Reading(state.store, state.settings.lake, moment)
        # Asked again after the confirmation: what would be lost may have changed meanwhile.
        if not account.may_enter(moment):
            raise MemberCannotEnter(account=account.name)
        effect = membership.effect_of_adding(project, account.name, reading)
        held = project.manifest.role_of(account.name)
        if held is None and effect.lost and fields.get("agreed") != agreement(effect):
            return _confirm(request, project, account.name, account.display, role, effect)
        membership.invite(
            state.projects, state.store, moment, person.name, project.slug, account.name, role
        )
    except DatalabError as error:
        if error.status >= 500:
            raise
        errors = {"account": error.message(language)}
        return members_page(request, person, project, typed, role, errors)
    said = translate(
        "{name} is in the project now, as {role}.",
        language,
        name=account.display,
        role=role_label(role, language),
    )
    return _done(request, project.slug, said, "remove", {"account": account.name})


def _change_role(request: Request, person: Person, project: Project, fields: FormData) -> Response:
    state, language = request.app.state, language_of(request)
    name, role = str(fields.get("account", "")), str(fields.get("role", ""))
    before = project.manifest.role_of(name) or ""
    try:
        membership.change_role(
            state.projects,
            state.store,
            now().timestamp(),
            person.name,
            project.slug,
            name,
            _checked(role),
        )
    except DatalabError as error:
        if error.status >= 500:
            raise
        return members_page(request, person, project, errors={"members": error.message(language)})
    said = translate(
        "{name} is {role} now.",
        language,
        name=_display(request, name),
        role=role_label(role, language),
    )
    return _done(request, project.slug, said, "role", {"account": name, "role": before})


def _remove(request: Request, person: Person, project: Project, fields: FormData) -> Response:
    state, language = request.app.state, language_of(request)
    moment, name = now().timestamp(), str(fields.get("account", ""))
    before = project.manifest.role_of(name) or ""
    try:
        left = membership.remove(
            state.projects, state.store, moment, person.name, project.slug, name
        )
    except DatalabError as error:
        if error.status >= 500:
            raise
        return members_page(request, person, project, errors={"members": error.message(language)})
    said = translate(
        "{name} is no longer in the project, and the shared notebook is closed to them.",
        language,
        name=_display(request, name),
    )
    again = {"account": name, "role": before}
    if accounts.find(state.store, name) is None:
        return _done(request, project.slug, said)
    reading = Reading(state.store, state.settings.lake, moment)
    again["agreed"] = agreement(membership.effect_of_adding(left, name, reading))
    return _done(request, project.slug, said, "add", again)


def _leave(request: Request, slug: str) -> Response:
    state, language = request.app.state, language_of(request)
    person, project = project_for(request, slug, "project:view")
    prefix = state.prefix
    response = RedirectResponse(f"{prefix}/projects/", status_code=303)
    try:
        membership.remove(
            state.projects, state.store, now().timestamp(), person.name, slug, person.name
        )
    except LastOwner as error:
        response = RedirectResponse(f"{prefix}/projects/{slug}/", status_code=303)
        notice(response, error.message(language), path=f"{prefix}/")
        return response
    follow_project(request, slug)
    said = translate(
        "You left “{title}”. To come back, ask one of its owners.",
        language,
        title=project.manifest.title.in_(language),
    )
    notice(response, said, path=f"{prefix}/")
    return response


def _done(
    request: Request,
    slug: str,
    said: str,
    undo: str = "",
    fields: Mapping[str, str] | None = None,
) -> Response:
    """Back to the members, with what was done and a way back."""
    prefix, language = request.app.state.prefix, language_of(request)
    if not follow_project(request, slug):
        said += " " + translate("The hub follows as soon as it answers.", language)
    project: Project = request.app.state.projects.get(slug)
    still = Sight.of(person_of(request), project).may("project:members")
    root = f"{prefix}/projects/{slug}/"
    response = RedirectResponse(f"{root}members" if still else root, status_code=303)
    if undo and still:
        label = translate("Undo", language)
        notice(
            response,
            said,
            undo=f"{root}members/{undo}",
            label=label,
            fields=fields,
            path=f"{prefix}/",
        )
    else:
        notice(response, said, path=f"{prefix}/")
    return response


def _confirm(
    request: Request, project: Project, account: str, display: str, role: str, effect: Effect
) -> Response:
    language = language_of(request)
    presence = request.app.state.presences.of([project])[project.slug]
    used = {dataset.id for dataset in effect.used}
    view = ConfirmView(
        language=language,
        slug=project.slug,
        title=project.manifest.title.in_(language),
        account=account,
        display=display,
        role=role,
        role_label=role_label(role, language),
        used=_titles(effect.used, language),
        lost=_titles([d for d in effect.lost if d.id not in used], language),
        running=presence.state in {"running", "starting"},
        agreed=agreement(effect),
    )
    return render(request, "project_member_confirm.html", {"view": view})


def agreement(effect: Effect) -> str:
    """What a person agrees to lose, in a few letters: another loss has others."""
    names = sorted(f"{dataset.lake}/{dataset.id}" for dataset in effect.lost)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def _titles(datasets: list[Readable] | tuple[Readable, ...], language: Language) -> list[str]:
    return [dataset.title.get(language) or dataset.id for dataset in datasets]


def _display(request: Request, name: str) -> str:
    account = accounts.find(request.app.state.store, name)
    return account.display if account else name


def _checked(role: str) -> ProjectRole:
    for known in PROJECT_ROLES:
        if role == known:
            return known
    raise UnknownRole(role=role[:40], known=", ".join(PROJECT_ROLES))
