"""Many cases at once: each is tried by itself, and each has its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import ControlRefused, DatalabError
from datalab.i18n import Language, Phrase, translate
from datalab.participation import handling
from datalab.participation.journal import Change
from datalab.participation.store import Store
from datalab.portal.control import agents_of
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.page import render
from datalab.portal.person import require
from datalab.portal.views.control_case import ACTS, Fields

router = APIRouter(include_in_schema=False)
MOST = 200  # cases at once
BULK = ("assign", "answer", "accept", "reject", "merge")
Work = Callable[[Connection], Change]


@dataclass(frozen=True)
class Result:
    """``change`` is 0 where nothing was done; ``said`` tells what was, or why not."""

    id: str
    done: bool
    said: str
    change: int


@router.post("/control/bulk")
async def bulk(request: Request) -> Response:
    person = require(request, "handle:requests")
    form, language = await form_of(request), language_of(request)
    fields: Fields = {key: str(value) for key, value in form.items()}
    act, moment = fields.get("act", ""), now().timestamp()
    cases = list(dict.fromkeys(str(value) for value in form.getlist("case")))
    if act not in BULK:
        raise ControlRefused(reason=Phrase("there is no such act"))
    if len(cases) > MOST:
        raise ControlRefused(reason=Phrase("{count} cases at once are the most", count=MOST))
    if fields.get("assignee") and fields["assignee"] not in agents_of(request):
        raise ControlRefused(reason=Phrase("this person does not work in the control room"))
    fields["reason"] = fields.get("text", "")

    def work_on(id: str, seen: str) -> Work:
        # A moderator's text is that of each case: what the machine masked stands.
        own = {key: value for key, value in fields.items() if key not in ("said", "address")}
        return lambda connection: ACTS[act](connection, id, {**own, "seen": seen}, person, moment)[
            0
        ]

    tried = [(id, work_on(id, seen)) for id, _, seen in (one.partition(":") for one in cases)]
    return await _shown(request, tried, fields.get("query", ""), language)


@router.post("/control/bulk/undo")
async def undo(request: Request) -> Response:
    """Take back what was done to many cases."""
    person = require(request, "handle:requests")
    form, language, moment = await form_of(request), language_of(request), now().timestamp()

    def work_on(id: str, change: str) -> Work:
        number = int(change) if change.isdecimal() and len(change) < 16 else 0
        return lambda connection: handling.undo(
            connection, id, number, actor=person.name, now=moment
        )

    changes = [str(value) for value in form.getlist("change")][:MOST]
    tried = [(id, work_on(id, change)) for id, _, change in (c.partition(":") for c in changes)]
    return await _shown(request, tried, str(form.get("query", "")), language, undone=True)


async def _shown(
    request: Request,
    tried: Iterable[tuple[str, Work]],
    query: str,
    language: Language,
    undone: bool = False,
) -> Response:
    store: Store = request.app.state.participation

    def run() -> list[Result]:
        return [_result(store, id, work, language) for id, work in tried]

    results = await run_in_threadpool(run)
    context = {"results": results, "query": query, "undone": undone}
    return render(request, "control_bulk.html", context)


def _result(store: Store, id: str, work: Work, language: Language) -> Result:
    try:
        with store.writing() as connection:
            change = work(connection)
    except DatalabError as error:
        return Result(id, False, error.message(language), 0)
    return Result(id, True, translate("done", language), change.id)
