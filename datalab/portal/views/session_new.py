"""Preparing a session: one form, a template, and its agenda is there to be changed."""

from __future__ import annotations

import secrets
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import FieldRefused, InvalidManifest
from datalab.i18n import Language, translate
from datalab.participation import session as sessions
from datalab.participation.agenda import KINDS
from datalab.participation.template import TEMPLATES, fill
from datalab.portal import session_form
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person, require
from datalab.portal.session_form import DECIMALS, MODERATION, Typed

router = APIRouter(include_in_schema=False)


@router.get("/sessions/new")
def asking(request: Request, project: str = "", template: str = "workshop") -> Response:
    person = require(request, "facilitate:session")
    typed = session_form.begun()
    chosen = TEMPLATES.get(template, TEMPLATES["workshop"])
    values = {
        **typed.values,
        "project": project,
        "template": chosen.name,
        "capacity": str(chosen.capacity),
        "dots": str(chosen.dots),
    }
    return _form(request, person, Typed(values), secrets.token_hex(16))


@router.post("/sessions/new")
async def post(request: Request) -> Response:
    person = require(request, "facilitate:session")
    return await run_in_threadpool(_make, request, person, await form_of(request))


def _make(request: Request, person: Person, form: FormData) -> Response:
    language, moment = language_of(request), now().timestamp()
    typed, values = session_form.read(form, dict(projects_for(request, person, language)), language)
    receipt = str(form.get("receipt", ""))
    # The short form leaves what a template knows to it.
    template = TEMPLATES.get(typed["template"], TEMPLATES["empty"])
    for name, known in (
        ("capacity", template.capacity),
        ("dots", template.dots),
        ("place_decimals", 3),
        ("moderation", "before"),
    ):
        if name not in form:
            values[name] = known
            typed.wrong.pop(name, None)
    if "moderation" not in form:
        values["counts_hidden"] = True
    if typed.wrong:
        return _form(request, person, typed, receipt)
    try:
        with request.app.state.participation.writing() as connection:
            made = sessions.create(
                connection,
                now=moment,
                actor=person.name,
                receipt=f"{person.name} {receipt}",
                template=template.name,
                **values,
            )
            if made.version == 1:
                fill(connection, made, template, language=language, now=moment, actor=person.name)
    except FieldRefused as problem:
        typed.wrong[problem.facts["name"]] = problem.message(language)
        return _form(request, person, typed, secrets.token_hex(16))
    text = translate("The session is prepared. Look through its agenda, then open it.", language)
    return onward(f"{request.app.state.prefix}/sessions/{made.id}/agenda", text)


def _form(request: Request, person: Person, typed: Typed, receipt: str) -> Response:
    language = language_of(request)
    context = {
        "receipt": receipt,
        "templates": list(TEMPLATES.values()),
        "kinds": KINDS,
        **choices(request, person, typed, language),
    }
    return render(request, "session_new.html", context, status=422 if typed.wrong else 200)


def choices(request: Request, person: Person, typed: Typed, language: Language) -> dict[str, Any]:
    """What the fields of the form need."""
    return {
        "typed": typed,
        "projects": projects_for(request, person, language),
        "decimals": [(str(count), said.in_(language)) for count, said in DECIMALS.items()],
        "moderation": [(name, said.in_(language)) for name, said in MODERATION.items()],
        "most_people": sessions.MOST_PEOPLE,
        "most_dots": sessions.MOST_DOTS,
        "longest_title": sessions.LONGEST_TITLE,
        "longest_question": sessions.LONGEST_QUESTION,
        "longest_place": sessions.LONGEST_PLACE,
    }


def projects_for(request: Request, person: Person, language: Language) -> list[tuple[str, str]]:
    """Projects that a session may be of, with their titles: one's own first, then the others."""
    found: list[tuple[bool, str, str]] = []
    for project in request.app.state.projects.all():
        if isinstance(project, InvalidManifest) or project.manifest.status != "active":
            continue
        role = project.manifest.role_of(person.name, person.account.created_at)
        found.append((role is None, project.manifest.title.in_(language), project.slug))
    return [(slug, title) for _, title, slug in sorted(found)]
