"""The settings of a session, its facilitators, and whether it is open."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import DatalabError, FieldRefused, Stale
from datalab.i18n import translate
from datalab.participation import session as sessions
from datalab.participation.session import Session
from datalab.people import accounts
from datalab.portal import session_form
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person
from datalab.portal.session_access import session_for
from datalab.portal.session_form import Typed
from datalab.portal.views.session_new import choices, projects_for

router = APIRouter(include_in_schema=False)


@router.get("/sessions/{id}/settings")
def html(request: Request, id: str) -> Response:
    person, session = session_for(request, id)
    return _page(request, person, session, session_form.of_session(session))


@router.post("/sessions/{id}/settings")
async def save(request: Request, id: str) -> Response:
    person, session = session_for(request, id)
    return await run_in_threadpool(_save, request, person, session, await form_of(request))


def _save(request: Request, person: Person, session: Session, form: FormData) -> Response:
    language, moment = language_of(request), now().timestamp()
    known = dict(projects_for(request, person, language))
    known |= {session.project: session.project} if session.project else {}
    typed, values = session_form.read(form, known, language)
    if typed.wrong:
        return _page(request, person, session, typed)
    try:
        with request.app.state.participation.writing() as connection:
            seen = seen_of(form)
            sessions.edit(connection, session, values, seen=seen, now=moment, actor=person.name)
    except Stale as problem:
        typed.wrong["form"] = problem.message(language)
        return _page(request, person, session_for(request, session.id)[1], typed)
    except FieldRefused as problem:
        typed.wrong[problem.facts["name"]] = problem.message(language)
        return _page(request, person, session, typed)
    return _onward(request, session, "settings", translate("Saved.", language))


@router.post("/sessions/{id}/facilitators")
async def facilitators(request: Request, id: str) -> Response:
    person, session = session_for(request, id)
    return await run_in_threadpool(_name, request, person, session, await form_of(request))


def _name(request: Request, person: Person, session: Session, form: FormData) -> Response:
    """Add or remove a facilitator, by the name of the account."""
    language, state = language_of(request), request.app.state
    add = str(form.get("add", "")).strip().lower()
    remove = str(form.get("remove", ""))
    typed = session_form.of_session(session)
    if add:
        account = accounts.find(state.store, add) if add.isprintable() else None
        if account is None or not account.may_enter(now().timestamp()):
            typed.wrong["add"] = translate("There is no account of this name.", language)
            return _page(request, person, session, typed, add)
        named = [*session.facilitators, account.name]
        text = translate("{name} runs this session too.", language, name=account.display)
    else:
        named = [name for name in session.facilitators if name != remove]
        text = translate("{name} no longer runs this session.", language, name=remove)
    values = {"facilitators": list(dict.fromkeys(named))}
    try:
        with state.participation.writing() as connection:
            sessions.edit(
                connection,
                session,
                values,
                seen=session.version,
                now=now().timestamp(),
                actor=person.name,
            )
    except DatalabError as problem:
        typed.wrong["add"] = problem.message(language)
        return _page(request, person, session_for(request, session.id)[1], typed, add)
    if remove == person.name:
        return onward(f"{state.prefix}/sessions/{session.id}/", text)
    return _onward(request, session, "settings", text)


@router.post("/sessions/{id}/open")
async def open_session(request: Request, id: str) -> Response:
    return await run_in_threadpool(_open, request, id, await form_of(request))


def _open(request: Request, id: str, form: FormData) -> Response:
    person, session = session_for(request, id)
    with request.app.state.participation.writing() as connection:
        sessions.open(
            connection, session, now=now().timestamp(), actor=person.name, seen=seen_of(form)
        )
    text = translate("The session is open: people join with its code.", language_of(request))
    return _onward(request, session, "board", text)


def seen_of(form: FormData) -> int | None:
    """The version that the page of this form showed."""
    seen = str(form.get("seen", ""))
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None


def _onward(request: Request, session: Session, place: str, text: str) -> Response:
    return onward(f"{request.app.state.prefix}/sessions/{session.id}/{place}", text)


def _page(
    request: Request, person: Person, session: Session, typed: Typed, add: str = ""
) -> Response:
    language = language_of(request)
    context: dict[str, Any] = {
        "session": session,
        "state_label": sessions.STATES[session.state].in_(language),
        "add": add,
        "named": [
            (name, found.display if (found := accounts.find(request.app.state.store, name)) else "")
            for name in session.facilitators
        ],
        **choices(request, person, typed, language),
    }
    if session.project and session.project not in dict(context["projects"]):
        context["projects"].append((session.project, session.project))
    return render(request, "session_settings.html", context, status=422 if typed.wrong else 200)
