"""The agenda and the materials of a session: added, changed, put in order, taken away."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import DatalabError, FieldRefused, UnknownItem
from datalab.i18n import Phrase, translate
from datalab.participation import agenda, material, undoing
from datalab.participation.session import STATES, Session
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person
from datalab.portal.session_access import session_for
from datalab.portal.session_materials import offered
from datalab.portal.session_view import href_of
from datalab.portal.views.session_settings import seen_of

router = APIRouter(include_in_schema=False)
Act = Callable[[Connection, Session, FormData, dict[str, Any]], None]


@router.get("/sessions/{id}/agenda")
def agenda_page(request: Request, id: str) -> Response:
    return _agenda(request, session_for(request, id)[1])


@router.get("/sessions/{id}/materials")
def materials_page(request: Request, id: str) -> Response:
    return _materials(request, session_for(request, id)[1])


@router.post("/sessions/{id}/agenda")
async def change_agenda(request: Request, id: str) -> Response:
    person, session = session_for(request, id)
    form = await form_of(request)
    return await run_in_threadpool(_change, request, person, session, form, "agenda")


@router.post("/sessions/{id}/materials")
async def change_materials(request: Request, id: str) -> Response:
    person, session = session_for(request, id)
    form = await form_of(request)
    return await run_in_threadpool(_change, request, person, session, form, "materials")


def _change(
    request: Request, person: Person, session: Session, form: FormData, place: str
) -> Response:
    """One act; a script that moved something hears of it as JSON."""
    language = language_of(request)
    doing = {"now": now().timestamp(), "actor": person.name}
    try:
        with request.app.state.participation.writing() as connection:
            if place == "agenda":
                _on_agenda(connection, session, form, doing)
            else:
                _on_materials(request, connection, session, form, doing)
            done = undoing.last(connection, session, 1)
    except DatalabError as problem:
        if problem.status >= 500 or "application/json" in request.headers.get("accept", ""):
            raise
        name = problem.facts["name"] if isinstance(problem, FieldRefused) else "form"
        at = str(form.get("phase", "")) or "new"
        wrong = {"at": at, "name": name, "text": problem.message(language)}
        show = _agenda if place == "agenda" else _materials
        return show(request, session_for(request, session.id)[1], wrong, form, problem.status)
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"change": done[0].id if done else None})
    address = f"{request.app.state.prefix}/sessions/{session.id}"
    return onward(
        f"{address}/{place}",
        translate("Saved.", language),
        undo=f"{address}/undo",
        label=translate("Undo", language),
        fields={"change": str(done[0].id) if done else "", "back": place},
    )


def _on_agenda(
    connection: Connection, session: Session, form: FormData, doing: dict[str, Any]
) -> None:
    act = str(form.get("act", ""))
    if act == "add":
        receipt = str(form.get("receipt", ""))
        agenda.add(connection, session, **_phase(form), receipt=f"{session.id} {receipt}", **doing)
        return
    phase = agenda.get(connection, session, str(form.get("phase", "")))
    if act == "edit":
        agenda.edit(connection, session, phase, _phase(form), seen=seen_of(form), **doing)
    elif act == "remove":
        agenda.remove(connection, session, phase, seen=seen_of(form), **doing)
    else:
        order = [p.id for p in agenda.phases(connection, session)]
        to = _to(act, order.index(phase.id), form)
        agenda.place(connection, session, phase, to, **doing)


def _on_materials(
    request: Request,
    connection: Connection,
    session: Session,
    form: FormData,
    doing: dict[str, Any],
) -> None:
    act = str(form.get("act", ""))
    if act == "add":
        kind = str(form.get("kind", ""))
        reference = str(form.get("reference", ""))
        known = dict(offered(request.app.state, language_of(request)).get(kind, ()))
        if reference not in known:
            reason = Phrase("Choose something of the lab, from these lists.")
            raise FieldRefused(f"reference-{kind}", reason)
        receipt = str(form.get("receipt", ""))
        told = {"kind": kind, "title": known[reference], "reference": reference, **doing}
        material.add(connection, session, receipt=receipt, **told)
        return
    one = material.get(connection, session, str(form.get("material", "")))
    if act == "remove":
        material.remove(connection, session, one, **doing)
    else:
        order = [m.id for m in material.materials(connection, session)]
        material.place(connection, session, one, _to(act, order.index(one.id), form), **doing)


def _to(act: str, at: int, form: FormData) -> int:
    """Where something goes: one up, one down, or the place that a script says."""
    if act in ("up", "down"):
        return at - 1 if act == "up" else at + 1
    to = str(form.get("to", ""))
    if act != "to" or not (to.isascii() and to.isdigit() and len(to) < 4):
        raise UnknownItem(what=Phrase("phase"))
    return int(to)


def _phase(form: FormData) -> dict[str, Any]:
    minutes = str(form.get("minutes", "")).replace(",", ".").strip()
    try:
        seconds = round(60 * float(minutes)) if len(minutes) < 8 else -1
    except (ValueError, OverflowError):
        seconds = -1
    return {
        "kind": str(form.get("kind", "")),
        "title": str(form.get("title", "")),
        "instruction": str(form.get("instruction", "")),
        "seconds": seconds,
    }


def _agenda(
    request: Request,
    session: Session,
    wrong: dict[str, str] | None = None,
    form: FormData | None = None,
    status: int = 200,
) -> Response:
    language = language_of(request)
    with request.app.state.participation.reading() as connection:
        phases = agenda.phases(connection, session)
    context = {
        "session": session,
        "state_label": STATES[session.state].in_(language),
        "phases": phases,
        "minutes": round(sum(p.seconds for p in phases) / 60),
        "kinds": [(name, said.in_(language)) for name, said in agenda.KINDS.items()],
        "receipt": secrets.token_hex(16),
        "wrong": wrong or {"at": "", "name": "", "text": ""},
        "typed": {name: str(value) for name, value in form.items()} if form else {},
        "longest_title": agenda.LONGEST_TITLE,
        "longest_instruction": agenda.LONGEST_INSTRUCTION,
    }
    return render(request, "session_agenda.html", context, status=status)


def _materials(
    request: Request,
    session: Session,
    wrong: dict[str, str] | None = None,
    form: FormData | None = None,
    status: int = 200,
) -> Response:
    language, prefix = language_of(request), request.app.state.prefix
    with request.app.state.participation.reading() as connection:
        chosen = material.materials(connection, session)
    context = {
        "session": session,
        "state_label": STATES[session.state].in_(language),
        "chosen": [(one, href_of(prefix, one.kind, one.reference)) for one in chosen],
        "offered": offered(request.app.state, language),
        "receipt": secrets.token_hex(16),
        "wrong": wrong or {"at": "", "name": "", "text": ""},
    }
    return render(request, "session_materials.html", context, status=status)
