"""One case as everybody sees it: how far it is, what was answered, and a way to follow it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import UnknownRequest
from datalab.i18n import Phrase, translate
from datalab.participation import case_list, following
from datalab.participation import request as reports
from datalab.participation.author import Author
from datalab.portal import case_form, limits, own, streams
from datalab.portal.boundaries import boundaries
from datalab.portal.case_form import Typed
from datalab.portal.case_view import CaseView, case_view
from datalab.portal.language import language_of, now
from datalab.portal.notice import notice
from datalab.portal.outbox import new_receipt
from datalab.portal.page import render
from datalab.portal.person import is_navigation
from datalab.portal.visitor import open_form_of, visitor_of

router = APIRouter(include_in_schema=False)
LARGEST = 25_000_000  # bytes: the button "follow this one" stands in the form of a report


@router.get("/cases/{id}")
def html(request: Request, id: str) -> Response:
    """The page; what concerns this browser alone stands apart in it (see static/worker.js)."""
    moment = now().timestamp()
    with request.app.state.participation.reading() as connection:
        authors = own.authors_of(request, connection, moment) if is_navigation(request) else []
        try:
            case = case_list.get(connection, id)
        except UnknownRequest:
            # It waits, or was refused: who sent it sees it on their private page, nobody else here.
            secret = next((a.secret for a in authors if _is_own(connection, id, a)), None)
            if secret is None:
                raise
            address = f"{request.app.state.prefix}/mine/{secret}/#case-{id}"
            headers = {"Cache-Control": "private, no-store"}
            return RedirectResponse(address, 303, headers=headers)
        reporter = next((a for a in authors if _is_own(connection, id, a)), None)
        follower = next((a for a in authors if following.follows(connection, id, a.id)), None)
    request.app.state.uses.add("page")
    visitor_of(request)  # a private link is on the page: no cache keeps it
    context = {
        "view": _view(request, id, moment),
        "reporter": reporter,
        "follower": follower,
        "receipt": new_receipt(),
        "state": case.state,
    }
    return render(request, "case.html", context)


@router.post("/cases/{id}/follow")
async def follow(request: Request, id: str) -> Response:
    """Follow a case of somebody else, with an address for news or without."""
    limits.allow(request, "follow")
    fields = await open_form_of(request, LARGEST)
    moment, language = now().timestamp(), language_of(request)
    typed = Typed(None, fields)
    receipt = new_receipt()
    if email := typed.value("email").strip():
        limits.allow_email(request, email)

    def work(connection: Any) -> Author:
        case_list.get(connection, id)  # nothing that is not public is followed
        who = case_form.author_for(request, connection, typed, receipt, moment, language)
        if not _is_own(connection, id, who):
            following.follow(connection, id, who.id, moment)
        return who

    who = await asyncio.wrap_future(request.app.state.participation.submit(work))
    request.app.state.uses.add("follow")
    prefix = request.app.state.prefix
    response = RedirectResponse(f"{prefix}/cases/{id}#following", 303)
    said = Phrase("You follow this report: its news come to your private link.")
    notice(response, said.in_(language), path=f"{prefix}/")
    return own.remember(request, response, who.secret)


@router.post("/cases/{id}/unfollow")
async def unfollow(request: Request, id: str) -> Response:
    await open_form_of(request)
    moment = now().timestamp()

    def work(connection: Any) -> None:
        for who in own.authors_of(request, connection, moment):
            following.unfollow(connection, id, who.id)

    await asyncio.wrap_future(request.app.state.participation.submit(work))
    prefix = request.app.state.prefix
    response = RedirectResponse(f"{prefix}/cases/{id}", 303)
    said = translate("You no longer follow this report.", language_of(request))
    notice(response, said, path=f"{prefix}/")
    return response


@router.get("/cases/{id}/stream")
async def stream(request: Request, id: str) -> Response:
    """``changed`` each time something happens to a public case, with the number of the change."""
    await run_in_threadpool(_public, request, id)
    sent = request.headers.get("last-event-id") or ""
    after = int(sent) if sent.isdecimal() and len(sent) < 16 else None
    visitor = visitor_of(request)
    address = limits.address_of(request)
    who = address if visitor.new else visitor.token

    async def events() -> AsyncIterator[str]:
        yield "retry: 5000\n\n"
        async for change in request.app.state.feed.changes(f"request:{id}", after):
            if change is None:
                yield ": \n\n"
            else:
                yield streams.event("changed", {}, change.id)

    answer: Response = request.app.state.streams.answer(f"visitor {who}", events, address)
    return answer


def _public(request: Request, id: str) -> None:
    with request.app.state.participation.reading() as connection:
        case_list.get(connection, id)


def _is_own(connection: Any, id: str, author: Author) -> bool:
    found = reports.find(connection, id)
    return found is not None and found.author_id == author.id


def _view(request: Request, id: str, moment: float) -> CaseView:
    known = boundaries(request.app.state.library.shelf())
    with request.app.state.participation.reading() as connection:
        return case_view(
            connection,
            case_list.get(connection, id),
            known.names if known else {},
            language_of(request),
            moment,
            following.count(connection, id),
        )
