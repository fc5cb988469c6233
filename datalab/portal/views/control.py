"""The control room: the list of cases and its map, as they are now."""

from __future__ import annotations

import asyncio
import csv
import io
import math
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import DatalabError, InvalidParameter
from datalab.i18n import Phrase
from datalab.participation import docket, sample_cases
from datalab.participation.cell import cell
from datalab.participation.store import Store
from datalab.portal import control, equipment, streams
from datalab.portal.control import Room, asked_of, page_of, room_of
from datalab.portal.feed import EVERY
from datalab.portal.language import language_of
from datalab.portal.page import render
from datalab.portal.person import require

router = APIRouter(include_in_schema=False)
MOST_EXPORTED = 20_000
PAUSE = 1.0  # seconds in which many changes are told as one


@router.get("/control")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/control/")
def show(request: Request) -> Response:
    """The page; its part ``list`` is what a script asks for again when something changed."""
    return render(request, "control.html", _context(request))


@router.get("/control/list")
def part(request: Request) -> Response:
    return render(request, "control_list.html", _context(request))


def _context(request: Request) -> dict[str, Any]:
    store: Store = request.app.state.participation
    with store.reading() as connection:
        room = room_of(request, connection)
        asked, page = asked_of(request, room.person.name), page_of(request)
        total = docket.count(connection, asked, room.now)
        pages = max(1, math.ceil(total / docket.PAGE))
        page = min(page, pages)
        offset = (page - 1) * docket.PAGE
        lines = docket.listed(connection, asked, room.now, offset=offset)
        totals = docket.totals(connection, room.person.name, room.now)
        teams = docket.teams(connection)
        samples = sample_cases.present(connection)
    shelf = request.app.state.library.shelf()
    return {
        "room": room,
        "rows": [room.row(line) for line in lines],
        "total": total,
        "totals": totals,
        "page": page,
        "pages": pages,
        "samples": samples,
        "layers": equipment.layers(shelf, room.language),
        **control.filters(room, asked, teams),
    }


@router.get("/control/points.json")
def points(request: Request) -> Response:
    store: Store = request.app.state.participation
    with store.reading() as connection:
        room = room_of(request, connection)
        found = docket.points(connection, asked_of(request, room.person.name), room.now)
    names = {code: one.name(room.language) for code, one in room.services.items()}
    return JSONResponse({"points": found, "names": names})


@router.get("/control/equipment/{dataset}.json")
def things(
    request: Request,
    dataset: str,
    west: float,
    south: float,
    east: float,
    north: float,
    zoom: float,
) -> Response:
    """What a map of equipment shows inside a box."""
    require(request, "handle:requests")
    box = (west, south, east, north)
    if not (all(map(math.isfinite, (*box, zoom))) and west < east and south < north):
        raise InvalidParameter(name="box", value="", reason=Phrase("a box on the map is needed"))
    shelf = request.app.state.library.shelf()
    return JSONResponse(equipment.view(shelf, dataset, box, zoom, language_of(request)))


@router.get("/control/stream")
def stream(request: Request) -> Response:
    """``changed`` with the numbers of the cases that changed, at most once a second."""
    person = require(request, "handle:requests")
    sent = request.headers.get("last-event-id") or request.query_params.get("after") or ""
    after = int(sent) if sent.isdecimal() and len(sent) < 16 else None

    async def events() -> AsyncIterator[str]:
        yield "retry: 3000\n\n"
        changes = request.app.state.feed.changes(f"request{EVERY}", after)
        async for ids, last in _gathered(changes):
            if ids:
                told = {"ids": sorted(ids)[:200], "count": len(ids)}
                yield streams.event("changed", told, last)
                continue
            yield ": \n\n"
            if not await run_in_threadpool(_still, request):
                yield streams.event("gone", {})
                return

    answer: Response = request.app.state.streams.answer(person.name, events)
    return answer


async def _gathered(changes: Any) -> AsyncIterator[tuple[set[str], int]]:
    """Numbers of cases that changed within a second, and of the last change; none after a while."""
    clock, ids, last, due = asyncio.get_running_loop().time, set[str](), 0, 0.0
    pending = asyncio.ensure_future(anext(changes))
    try:
        while True:
            done, _ = await asyncio.wait({pending}, timeout=max(0, due - clock()) if ids else None)
            if done:
                try:
                    change = pending.result()
                except StopAsyncIteration:
                    return
                pending = asyncio.ensure_future(anext(changes))
                if change is not None:
                    due = due if ids else clock() + PAUSE
                    ids.add(change.scope.partition(":")[2])
                    last = change.id
                    if clock() < due:
                        continue
            yield ids, last
            ids = set()
    finally:
        pending.cancel()
        with suppress(BaseException):
            await changes.aclose()


def _still(request: Request) -> bool:
    """Whether the person may still work here."""
    request.scope["state"].pop("person", None)
    try:
        require(request, "handle:requests")
    except DatalabError:
        return False
    return True


@router.get("/control/export.csv")
def export(request: Request) -> Response:
    """The cases that the filters let pass, for a spreadsheet that runs none of their words."""
    store: Store = request.app.state.participation
    with store.reading() as connection:
        room = room_of(request, connection)
        asked = asked_of(request, room.person.name)
        lines = docket.listed(connection, asked, room.now, limit=MOST_EXPORTED)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(_HEADER)
    for line in lines:
        writer.writerow([cell(value) for value in _values(room, line)])
    # A spreadsheet knows UTF-8 by its mark.
    return Response(
        "\ufeff" + written.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="control-room.csv"'},
    )


_HEADER = (
    *("id", "category", "state", "moderation", "text", "address", "insee_code", "commune"),
    *("latitude", "longitude", "team", "assignee", "channel", "requested_at", "answer_due"),
    *("expected_at", "closed_at", "overdue", "reopened", "followers"),
)


def _values(room: Room, line: docket.Line) -> tuple[Any, ...]:
    return (
        *(line.id, line.service_code, line.state, line.moderation, line.text, line.address),
        *(line.commune, room.communes.get(line.commune or "", ""), line.latitude, line.longitude),
        *(line.team, line.assignee, line.channel, _moment(line.requested_at)),
        *(_moment(line.answer_due), _moment(line.expected_at), _moment(line.closed_at)),
        *(line.overdue, line.reopened, line.followers),
    )


def _moment(at: float | None) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else ""
