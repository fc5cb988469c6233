"""What the control room works by: teams, delays and ready answers, all of which agents change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import CannotUndo, ControlRefused, RouteTaken, Stale
from datalab.i18n import Phrase, translate
from datalab.participation import canned_answer, docket, journal, routing, service
from datalab.participation.journal import Change
from datalab.participation.store import Store
from datalab.portal.control import Room, room_of
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person, require

router = APIRouter(include_in_schema=False)
LONGEST_HOURS = 24 * 365
Fields = dict[str, str]
Read = Callable[[Connection, Room], dict[str, Any]]


def _routes(connection: Connection, room: Room) -> dict[str, Any]:
    return {"routes": routing.routes(connection), "teams": docket.teams(connection)}


def _levels(connection: Connection, room: Room) -> dict[str, Any]:
    return {"services": list(room.services.values())}


def _answers(connection: Connection, room: Room) -> dict[str, Any]:
    return {"answers": canned_answer.answers(connection), "places": canned_answer.PLACES}


PAGES: dict[str, Read] = {"routes": _routes, "levels": _levels, "answers": _answers}


@router.get("/control/routes")
@router.get("/control/levels")
@router.get("/control/answers")
def show(request: Request) -> Response:
    return _page(request, request.url.path.rpartition("/")[2])


def _page(
    request: Request, name: str, problem: str = "", typed: Fields | None = None, status: int = 200
) -> Response:
    store: Store = request.app.state.participation
    with store.reading() as connection:
        room = room_of(request, connection)
        found = PAGES[name](connection, room)
    context = {"room": room, "problem": problem, "typed": defaultdict(str, typed or {}), **found}
    return render(request, f"control_{name}.html", context, status=status)


def _route(c: Connection, f: Fields, who: Person, at: float) -> Change:
    team = " ".join(f.get("team", "").split())
    if f.get("act") == "remove":
        return routing.remove(c, f.get("id", ""), actor=who.name, seen=_seen(f), now=at)
    if not team or len(team) > routing.LONGEST_TEAM:
        raise ControlRefused(
            reason=Phrase("a team has a name of 1 to {limit} letters", limit=routing.LONGEST_TEAM)
        )
    if f.get("act") == "change":
        return routing.change(c, f.get("id", ""), team, actor=who.name, seen=_seen(f), now=at)
    category, commune = f.get("category") or None, f.get("commune") or None
    if category is not None:
        service.get(c, category)
    return routing.add(c, category, commune, team, actor=who.name, now=at)


def _level(c: Connection, f: Fields, who: Person, at: float) -> Change:
    hours = {name: _hours(f, name) for name in ("answer_hours", "closure_hours")}
    if hours["closure_hours"] < hours["answer_hours"]:
        reason = Phrase("a case cannot be closed before it is answered: the second delay is longer")
        raise ControlRefused(reason=reason)
    return service.change(c, f.get("code", ""), hours, actor=who.name, seen=_seen(f), now=at)


def _hours(f: Fields, name: str) -> float:
    try:
        value = float(f.get(name, "").replace(",", ".")[:12])
    except ValueError:
        value = 0
    if not 1 <= value <= LONGEST_HOURS:
        raise ControlRefused(
            reason=Phrase("a delay is a number of hours from 1 to {limit}", limit=LONGEST_HOURS)
        )
    return value


def _ready(c: Connection, f: Fields, who: Person, at: float) -> Change:
    if f.get("act") == "remove":
        return canned_answer.remove(c, f.get("id", ""), actor=who.name, seen=_seen(f), now=at)
    title, text = " ".join(f.get("title", "").split()), f.get("text", "").strip()
    if not (title and text):
        raise ControlRefused(reason=Phrase("a ready answer needs a title and a text"))
    if len(title) > canned_answer.LONGEST_TITLE or len(text) > canned_answer.LONGEST:
        raise ControlRefused(
            reason=Phrase("it is longer than {limit} characters", limit=canned_answer.LONGEST)
        )
    category = f.get("category") or None
    if category is not None:
        service.get(c, category)
    id = f.get("id") or None
    seen = _seen(f) if id else None
    return canned_answer.save(c, id, category, title, text, actor=who.name, seen=seen, now=at)


SAVES = {"routes": _route, "levels": _level, "answers": _ready}


def _seen(f: Fields) -> int:
    text = f.get("seen", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


@router.post("/control/settings/undo")
async def undo(request: Request) -> Response:
    person = require(request, "handle:requests")
    fields = {key: str(value) for key, value in (await form_of(request)).items()}
    name, number = fields.get("page", ""), fields.get("change", "")
    if name not in PAGES:
        raise ControlRefused(reason=Phrase("there is no such act"))

    def work(connection: Connection) -> Change:
        found = journal.find(
            connection, int(number) if number.isdecimal() and len(number) < 16 else 0
        )
        if found is None or found.scope not in (routing.SCOPE, service.SCOPE):
            raise ControlRefused(reason=Phrase("there is no such change"))
        return journal.undo(connection, found.id, at=now().timestamp(), actor=person.name)

    return await _done(request, name, fields, work, "It was taken back.")


@router.post("/control/routes")
@router.post("/control/levels")
@router.post("/control/answers")
async def save(request: Request) -> Response:
    person, name = require(request, "handle:requests"), request.url.path.rpartition("/")[2]
    fields = {key: str(value) for key, value in (await form_of(request)).items()}

    def work(connection: Connection) -> Change:
        return SAVES[name](connection, fields, person, now().timestamp())

    return await _done(request, name, fields, work, "It was changed.")


async def _done(
    request: Request, name: str, fields: Fields, work: Callable[[Connection], Change], said: str
) -> Response:
    store: Store = request.app.state.participation
    language, prefix = language_of(request), request.app.state.prefix

    def written() -> Change:
        with store.writing() as connection:
            return work(connection)

    try:
        change = await run_in_threadpool(written)
    except (ControlRefused, RouteTaken, Stale, CannotUndo) as error:
        told, status = error.message(language), error.status
        return await run_in_threadpool(_page, request, name, told, fields, status)
    return onward(
        f"{prefix}/control/{name}",
        translate(said, language),
        undo=f"{prefix}/control/settings/undo",
        label=translate("Undo", language),
        fields={"change": str(change.id), "page": name},
    )
