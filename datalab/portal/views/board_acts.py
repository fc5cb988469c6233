"""Everything that facilitators do on the board: one form each, with or without scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import CannotMove, DatalabError, FieldRefused, InvalidParameter, Stale
from datalab.i18n import Phrase, translate
from datalab.participation import agenda, contribution, decision, grouping, undoing, vote
from datalab.participation import session as sessions
from datalab.participation.session import Session
from datalab.portal.board_view import LOOSE
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.person import Person
from datalab.portal.session_access import session_for
from datalab.portal.views import board
from datalab.portal.views.session_settings import seen_of

router = APIRouter(include_in_schema=False)
Doing = Mapping[str, Any]  # now, actor
Act = Callable[[Connection, Session, FormData, dict[str, Any]], None]


def accept(connection: Connection, session: Session, form: FormData, doing: Doing) -> None:
    one = _card(connection, session, form)
    wording = str(form["wording"]) if "wording" in form else None
    if wording is None and one.concerns:
        raise CannotMove(reason=Phrase("read it before you show it: something in it was marked"))
    contribution.accept(connection, session, one, wording=wording, seen=seen_of(form), **doing)


def reject(connection: Connection, session: Session, form: FormData, doing: Doing) -> None:
    one, reason = _card(connection, session, form), str(form.get("reason", ""))
    contribution.reject(connection, session, one, reason=reason, seen=seen_of(form), **doing)


def reword(connection: Connection, session: Session, form: FormData, doing: Doing) -> None:
    one, wording = _card(connection, session, form), str(form.get("wording", ""))
    contribution.reword(connection, session, one, wording=wording, seen=seen_of(form), **doing)


def move(connection: Connection, session: Session, form: FormData, doing: Doing) -> None:
    """Into a column; what waits is shown by that, where nothing in it was marked."""
    one, seen = _card(connection, session, form), seen_of(form)
    if one.state == "submitted":
        if one.concerns or one.picture_id:
            raise CannotMove(
                reason=Phrase("read it before you show it: something in it was marked")
            )
        one = contribution.accept(connection, session, one, seen=seen, **doing)
        seen = one.version
        if one.kind == "comment":
            return
    lane, before = str(form.get("lane", "")), str(form.get("before", "")) or None
    cluster = None if lane in ("", LOOSE) else lane
    grouping.move(connection, session, one, cluster, before=before, seen=seen, **doing)


def merge(connection: Connection, session: Session, form: FormData, doing: Doing) -> None:
    one = _card(connection, session, form)
    into = contribution.get(connection, session, str(form.get("into", "")))
    grouping.merge(connection, session, one, into, seen=seen_of(form), **doing)


def split(connection: Connection, session: Session, form: FormData, doing: Doing) -> None:
    one = _card(connection, session, form)
    grouping.split(connection, session, one, seen=seen_of(form), **doing)


def group_make(connection: Connection, session: Session, form: FormData, doing: Doing) -> None:
    title, receipt = str(form.get("title", "")), str(form.get("receipt", ""))
    grouping.make(connection, session, title=title, receipt=receipt, **doing)


def group_change(connection: Connection, session: Session, form: FormData, doing: Doing) -> None:
    """Rename, put before or after its neighbour, take away."""
    one = grouping.get(connection, session, str(form.get("group", "")))
    do = str(form.get("do", "rename"))
    if do == "remove":
        grouping.remove(connection, session, one, seen=seen_of(form), **doing)
        return
    if do in ("left", "right"):
        order = [cluster.id for cluster in grouping.clusters(connection, session)]
        to = order.index(one.id) + (1 if do == "right" else -1)
        grouping.place(connection, session, one, to, **doing)
        return
    title = str(form.get("title", ""))
    grouping.rename(connection, session, one, title, seen=seen_of(form), **doing)


def phase(connection: Connection, session: Session, form: FormData, doing: Doing) -> None:
    """Start one, give more time, stop."""
    do = str(form.get("do", ""))
    seen = seen_of(form)
    if do == "stop":
        agenda.stop(connection, session, seen=seen, **doing)
        return
    one = agenda.get(connection, session, str(form.get("phase", "")))
    if do == "start":
        agenda.start(connection, session, one, seen=seen, **doing)
        return
    if do == "extend":
        agenda.extend(connection, session, one, seen=seen, **doing)
        return
    raise _unknown(do)


def vote_switch(connection: Connection, session: Session, form: FormData, doing: Doing) -> None:
    do, seen = str(form.get("do", "")), seen_of(form)
    if do == "close":
        vote.close_vote(connection, session, seen=seen, **doing)
        return
    if do != "open":
        raise _unknown(do)
    typed = str(form.get("dots", ""))
    dots = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else -1
    hidden = str(form.get("counts_hidden", "")) == "yes"
    if (dots, hidden) != (session.dots, session.counts_hidden):
        values = {"dots": dots, "counts_hidden": hidden}
        session = sessions.edit(connection, session, values, seen=seen, **doing)
        seen = session.version
    vote.open_vote(connection, session, seen=seen, **doing)


def decision_keep(connection: Connection, session: Session, form: FormData, doing: Doing) -> None:
    """Write one, change it, take it away."""
    values: dict[str, Any] = {
        "text": str(form.get("text", "")),
        "owner": str(form.get("owner", "")),
        "due": str(form.get("due", "")) or None,
        "answers": [str(id) for id in form.getlist("answers")],
        "objections": str(form.get("objections", "")).splitlines(),
    }
    which = str(form.get("decision", "new"))
    if which == "new":
        receipt = str(form.get("receipt", ""))
        decision.make(connection, session, receipt=receipt, **values, **doing)
        return
    one = decision.get(connection, session, which)
    if str(form.get("do", "")) == "remove":
        decision.remove(connection, session, one, seen=seen_of(form), **doing)
        return
    if "state" in form:
        values["state"] = str(form["state"])
    decision.update(connection, session, one, values, seen=seen_of(form), **doing)


def undo(connection: Connection, session: Session, form: FormData, doing: Doing) -> None:
    typed = str(form.get("change", ""))
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else 0
    undoing.undo(connection, session, number, **doing)


ACTS: Mapping[str, Act] = {
    "accept": accept,
    "reject": reject,
    "reword": reword,
    "move": move,
    "merge": merge,
    "split": split,
    "group-make": group_make,
    "group": group_change,
    "phase": phase,
    "vote": vote_switch,
    "decision": decision_keep,
    "undo": undo,
}


@router.post("/sessions/{id}/board/{act}")
async def post(request: Request, id: str, act: str) -> Response:
    person, session = await run_in_threadpool(session_for, request, id)
    return await run_in_threadpool(_do, request, person, session, act, await form_of(request))


@router.post("/sessions/{id}/undo")
async def post_undo(request: Request, id: str) -> Response:
    return await post(request, id, "undo")


def _do(request: Request, person: Person, session: Session, act: str, form: FormData) -> Response:
    if act not in ACTS:
        raise _unknown(act)
    language, scripted = language_of(request), _scripted(request)
    doing: dict[str, Any] = {"now": now().timestamp(), "actor": person.name}
    try:
        with request.app.state.participation.writing() as connection:
            session = sessions.get(connection, session.id)
            ACTS[act](connection, session, form, doing)
            last = undoing.last(connection, session, 1)
    except DatalabError as problem:
        if scripted or problem.status >= 500:
            raise
        return _again(request, session, act, form, problem)
    if scripted:
        return JSONResponse({"change": last[0].id if last else None})
    address = f"{request.app.state.prefix}/sessions/{session.id}"
    back = str(form.get("back", "board"))
    there = back if back in ("board", "agenda", "materials", "settings") else "board"
    if act == "undo":
        return onward(f"{address}/{there}", translate("Undone.", language))
    return onward(
        f"{address}/{there}",
        translate("Done.", language),
        undo=f"{address}/undo",
        label=translate("Undo", language),
        fields={"change": str(last[0].id) if last else ""},
    )


def _again(
    request: Request, session: Session, act: str, form: FormData, problem: DatalabError
) -> Response:
    """The form again, with what was typed and what is wrong; as it stands now where it changed."""
    name = problem.facts["name"] if isinstance(problem, FieldRefused) else "form"
    wrong = {**{key: str(value) for key, value in form.items()}, "at": act, "name": name}
    wrong["message"] = problem.message(language_of(request))
    if isinstance(problem, Stale):
        wrong["message"] = translate(
            "Somebody else changed this a moment ago. Below it stands as it is now, and what you "
            "typed is kept: send it again if it is still needed.",
            language_of(request),
        )
    if "card" in form:
        return board.card_panel(request, session.id, str(form["card"]), wrong, problem.status)
    if "group" in form:
        return board.group_panel(request, session.id, str(form["group"]), wrong, problem.status)
    if act == "decision":
        which = str(form.get("decision", "new"))
        return board.decision_panel(request, session.id, which, wrong, problem.status)
    raise problem


def _card(connection: Connection, session: Session, form: FormData) -> Any:
    return contribution.get(connection, session, str(form.get("card", "")))


def _scripted(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _unknown(act: str) -> InvalidParameter:
    reason = Phrase("it is too long or not written as expected")
    return InvalidParameter(name="act", value=act[:40], reason=reason)
