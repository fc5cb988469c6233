"""One case in the control room: all that is known of it, and what an agent does with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import cast

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import CannotUndo, ControlRefused, RequestClosed, Stale, UnknownRequest
from datalab.i18n import Phrase, translate
from datalab.participation import canned_answer, handling, picture, request
from datalab.participation.journal import Change
from datalab.participation.request_state import STATES, State
from datalab.participation.screening import left_in
from datalab.participation.store import Store
from datalab.portal import control, equipment
from datalab.portal.case_page import CasePage, page_of
from datalab.portal.control import Room, agents_of, asked_of, room_of
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person, require
from datalab.portal.place import streets_of

router = APIRouter(include_in_schema=False)
Fields = dict[str, str]


@router.get("/control/{id}")
def show(asked: Request, id: str) -> Response:
    require(asked, "handle:requests")
    return _page(asked, id)


def _page(
    asked: Request, id: str, *, problem: str = "", typed: Fields | None = None, status: int = 200
) -> Response:
    """The case as it is now; ``typed`` stays in the fields of a form that was refused."""
    store: Store = asked.app.state.participation
    with store.reading() as connection:
        room = room_of(asked, connection)
        found = page_of(connection, asked.app.state.library.shelf(), room, id)
        wanted = asked_of(asked, room.person.name)
        before, after = control.neighbours(connection, wanted, id, room.now)
        answers = _answers(connection, room, found)
        described = picture.description(connection, found.case.picture_id)
    looking = _looking(asked, id, room)
    context = {
        "room": room,
        "view": found,
        "before": before,
        "after": after,
        "answers": answers,
        "described": described,
        "left": left_in(described, room.language),
        "looking": looking,
        "streets": streets_of(asked.app.state.library.shelf()) is not None,
        "problem": problem,
        "typed": defaultdict(str, _prefilled(asked, typed, answers)),
    }
    return render(asked, "control_case.html", context, status=status)


def _prefilled(asked: Request, typed: Fields | None, answers: list[dict[str, str]]) -> Fields:
    if typed is not None:
        return typed
    chosen = asked.query_params.get("ready", "")
    return {"text": next((a["text"] for a in answers if a["id"] == chosen), ""), "ready": chosen}


def _answers(connection: Connection, room: Room, found: CasePage) -> list[dict[str, str]]:
    """Ready answers with their places filled in."""
    facts = {
        "id": found.case.id,
        "category": found.row.service,
        "address": found.case.address or found.row.commune,
        "date": found.day,
        "team": found.case.team or translate("the services of Dijon Métropole"),
    }
    return [
        {"id": one.id, "title": one.title, "text": canned_answer.filled(one.text, facts)}
        for one in canned_answer.answers(connection, found.case.service_code)
    ]


LOOKED_FOR = 90.0  # seconds that somebody counts as looking after their page was loaded


def _looking(asked: Request, id: str, room: Room) -> list[str]:
    """Who else opened this case a moment ago; kept in memory only."""
    looks: dict[str, dict[str, float]] = asked.app.state.control_looks
    for other, seen in list(looks.items()):
        if max(seen.values(), default=0) < room.now - LOOKED_FOR:
            looks.pop(other, None)
    seen = looks.setdefault(id, {})
    seen[room.person.name] = room.now
    recent = [name for name, at in list(seen.items()) if at > room.now - LOOKED_FOR]
    return [room.agents.get(name, name) for name in recent if name != room.person.name]


Act = Callable[[Connection, str, Fields, Person, float], tuple[Change, str]]


def _seen(fields: Fields) -> int | None:
    text = fields.get("seen", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _accept(c: Connection, id: str, f: Fields, who: Person, at: float) -> tuple[Change, str]:
    said = f["said"].strip()[: handling.LONGEST_ANSWER] if "said" in f else None
    done = request.moderate(
        c, id, True, actor=who.name, seen=_seen(f), now=at, said=said, address=f.get("address")
    )
    return done, "The report is public now."


def _reject(c: Connection, id: str, f: Fields, who: Person, at: float) -> tuple[Change, str]:
    reason = f.get("reason", "").strip()
    if not reason:
        raise ControlRefused(reason=Phrase("whoever reported it needs the reason"))
    done = request.moderate(
        c, id, False, actor=who.name, seen=_seen(f), now=at, reason=reason[:2_000]
    )
    return done, "The report was refused. Only who sent it sees it, with the reason."


def _assign(c: Connection, id: str, f: Fields, who: Person, at: float) -> tuple[Change, str]:
    team = " ".join(f.get("team", "").split())
    done = handling.assign(
        c, id, team, f.get("assignee") or None, actor=who.name, seen=_seen(f), now=at
    )
    return done, "The case was given to somebody." if team or f.get("assignee") else "It is free."


def _answer(c: Connection, id: str, f: Fields, who: Person, at: float) -> tuple[Change, str]:
    state = _state(f.get("state", ""))
    done = handling.answer(c, id, f.get("text", ""), state, actor=who.name, seen=_seen(f), now=at)
    return done, "The answer is public; whoever reported it is told in a moment."


def _state(word: str) -> State | None:
    return cast(State, word) if word in STATES else None


def _remark(c: Connection, id: str, f: Fields, who: Person, at: float) -> tuple[Change, str]:
    done = handling.remark(c, id, f.get("remark", ""), actor=who.name, now=at)
    return done, "The note stays in the control room."


def _correct(c: Connection, id: str, f: Fields, who: Person, at: float) -> tuple[Change, str]:
    done = handling.put_right(
        c,
        id,
        f.get("category", ""),
        f.get("commune") or None,
        actor=who.name,
        seen=_seen(f),
        now=at,
    )
    return done, "Put right; the delay and the team follow."


def _merge(c: Connection, id: str, f: Fields, who: Person, at: float) -> tuple[Change, str]:
    first = f.get("first", "").strip().lower()
    try:
        request.get(c, first)
    except UnknownRequest:
        raise ControlRefused(reason=Phrase("there is no case {id}", id=first[:40])) from None
    done = handling.merge(c, id, first, actor=who.name, seen=_seen(f), now=at)
    return done.change, "Merged: who reported or followed it follows the other case now."


def _equip(c: Connection, id: str, f: Fields, who: Person, at: float) -> tuple[Change, str]:
    done = handling.equip(
        c, id, f.get("dataset", ""), f.get("thing", ""), actor=who.name, seen=_seen(f), now=at
    )
    return done, "The case is about this piece of equipment."


ACTS: dict[str, Act] = {
    "accept": _accept,
    "reject": _reject,
    "assign": _assign,
    "answer": _answer,
    "note": _remark,
    "correct": _correct,
    "merge": _merge,
    "equipment": _equip,
}


@router.post("/control/{id}/undo")
async def undo(asked: Request, id: str) -> Response:
    person = require(asked, "handle:requests")
    fields = {key: str(value) for key, value in (await form_of(asked)).items()}
    number, language = fields.get("change", ""), language_of(asked)

    def work(connection: Connection) -> Change:
        change = int(number) if number.isdecimal() and len(number) < 16 else 0
        return handling.undo(connection, id, change, actor=person.name, now=now().timestamp())

    return await _done(
        asked, id, fields, lambda: _written(asked, work), translate("It was taken back.", language)
    )


@router.post("/control/{id}/{act}")
async def post(asked: Request, id: str, act: str) -> Response:
    person = require(asked, "handle:requests")
    fields = {key: str(value) for key, value in (await form_of(asked)).items()}
    language, moment = language_of(asked), now().timestamp()
    if act not in ACTS:
        raise ControlRefused(reason=Phrase("there is no such act"))
    if act == "assign" and fields.get("assignee") and fields["assignee"] not in agents_of(asked):
        raise ControlRefused(reason=Phrase("this person does not work in the control room"))
    if act == "equipment":
        shelf = asked.app.state.library.shelf()
        known = equipment.exists(
            shelf, fields.get("dataset", ""), fields.get("thing", "")[:200], language
        )
        if not known:
            raise ControlRefused(reason=Phrase("there is no such piece of equipment"))
    said = ""

    def work(connection: Connection) -> Change:
        nonlocal said
        change, said = ACTS[act](connection, id, fields, person, moment)
        return change

    def written() -> Change:
        return _written(asked, work)

    return await _done(asked, id, fields, written, lambda: translate(said, language))


def _written(asked: Request, work: Callable[[Connection], Change]) -> Change:
    store: Store = asked.app.state.participation
    with store.writing() as connection:
        return work(connection)


async def _done(
    asked: Request,
    id: str,
    fields: Fields,
    written: Callable[[], Change],
    said: str | Callable[[], str],
) -> Response:
    """Back to the case with an undo; or the case as it is now, with what was typed."""
    language, prefix = language_of(asked), asked.app.state.prefix
    query = f"?{fields['query']}" if fields.get("query") else ""
    try:
        change = await run_in_threadpool(written)
    except (Stale, ControlRefused, RequestClosed, CannotUndo) as error:
        told = error.message(language)
        if isinstance(error, Stale):
            told = translate(
                "Somebody else changed this case a moment ago. You see it as it is now, with what "
                "you typed: look at it, and send it again if it is still right.",
                language,
            )
        status = error.status
        return await run_in_threadpool(
            lambda: _page(asked, id, problem=told, typed=fields, status=status)
        )
    return onward(
        f"{prefix}/control/{id}{query}",
        said if isinstance(said, str) else said(),
        undo=f"{prefix}/control/{id}/undo",
        label=translate("Undo", language),
        fields={"change": str(change.id), "query": fields.get("query", "")},
    )
