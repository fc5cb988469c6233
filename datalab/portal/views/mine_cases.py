"""What the holder of a private link does with their reports: open again, rate, be told of news."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import FormExpired, InvalidParameter, PushRefused
from datalab.i18n import Phrase, translate
from datalab.participation import author, case_list, following, push, satisfaction
from datalab.participation import request as reports
from datalab.participation.author import Author
from datalab.participation.contact import Vault
from datalab.participation.push import PushKey
from datalab.participation.tables.request import REQUEST
from datalab.portal import limits
from datalab.portal.case_view import sentence_of, services_of
from datalab.portal.form import body_of, check_origin, fields_of
from datalab.portal.language import language_of, now
from datalab.portal.mine_reporter import mine_reporter
from datalab.portal.notice import onward
from datalab.portal.views.mine import PARTS
from datalab.portal.visitor import open_form_of

router = APIRouter(include_in_schema=False)
PARTS.append(("mine_reporter.html", mine_reporter))
LONGEST = 2_000  # characters of a reason
SMALL = 20_000  # bytes of a form


@router.post("/mine/{secret}/cases/{id}/reopen")
async def reopen(secret: str, id: str, request: Request) -> Response:
    """Open a case again: what the reporter says goes to the control room."""
    limits.allow(request, "follow")
    fields = await open_form_of(request, SMALL)
    moment, reason = now().timestamp(), str(fields.get("reason") or "").strip()
    if not reason:
        why = Phrase("say in a few words why: the team reads it")
        raise InvalidParameter(name="reason", value="", reason=why)

    def work(connection: Connection, me: Author) -> None:
        reports.reopen(connection, id, author_id=me.id, reason=reason[:LONGEST], now=moment)

    await _done(request, secret, work)
    request.app.state.uses.add("reopen")
    said = translate("It is open again: the team is told why.", language_of(request))
    return onward(f"{_root(request, secret)}#case-{id}", said)


@router.post("/mine/{secret}/cases/{id}/rate")
async def rate(secret: str, id: str, request: Request) -> Response:
    """Say how satisfied the reporter is; saying it again changes it."""
    limits.allow(request, "follow")
    fields = await open_form_of(request, SMALL)
    moment, given = now().timestamp(), str(fields.get("score") or "")
    score = int(given) if given.isdecimal() and len(given) < 3 else 0
    words = str(fields.get("words") or "")

    def work(connection: Connection, me: Author) -> None:
        satisfaction.rate(connection, id, author_id=me.id, score=score, words=words, now=moment)

    await _done(request, secret, work)
    request.app.state.uses.add("rating")
    said = translate("Thank you: your opinion is noted. You can change it.", language_of(request))
    return onward(f"{_root(request, secret)}#case-{id}", said)


@router.post("/mine/{secret}/cases/{id}/unfollow")
async def unfollow(secret: str, id: str, request: Request) -> Response:
    await open_form_of(request, SMALL)
    await _done(request, secret, lambda connection, me: following.unfollow(connection, id, me.id))
    return onward(
        _root(request, secret),
        translate("You no longer follow this report.", language_of(request)),
    )


@router.get("/cases/push-key.json")
def push_key(request: Request) -> Response:
    """The key with which a browser subscribes."""
    key = PushKey(request.app.state.settings.secrets).public
    return JSONResponse({"key": key}, headers={"Cache-Control": "no-cache"})


@router.post("/mine/{secret}/push")
async def subscribe(secret: str, request: Request) -> Response:
    """Tell this browser of news, or no more (``off``)."""
    limits.allow(request, "follow")
    fields = await open_form_of(request, SMALL)
    address, moment = str(fields.get("endpoint") or ""), now().timestamp()
    vault = Vault(request.app.state.settings.secrets)

    def work(connection: Connection, me: Author) -> None:
        if fields.get("off"):
            if push.author_of(connection, address) == me.id:
                push.unsubscribe(connection, address)
        else:
            push.subscribe(connection, vault, me.id, address, moment)

    await _done(request, secret, work)
    if not fields.get("off"):
        request.app.state.uses.add("notifications")
    return Response(status_code=204)


@router.post("/cases/news.json")
async def news(request: Request) -> Response:
    """What is new, for the service worker that was told to look: the newest case that moved.

    Who knows the address of a subscription is the browser that holds it; what it is told here
    everybody may read, but that it concerns this browser.
    """
    limits.allow(request, "link")
    check_origin(request)
    fields = await fields_of(request, await body_of(request, SMALL))
    told = await run_in_threadpool(_newest, request, str(fields.get("endpoint") or ""))
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


def _newest(request: Request, address: str) -> dict[str, str]:
    language, prefix = language_of(request), request.app.state.prefix
    with request.app.state.participation.reading() as connection:
        who = push.author_of(connection, address)
        if who is None:
            raise PushRefused(reason=Phrase("it is not told of anything"))
        mine = select(REQUEST.c.id).where(REQUEST.c.author_id == who)
        ids = [*connection.execute(mine).scalars(), *following.followed(connection, who)]
        found = case_list.some(connection, ids)
        services = services_of(connection)
    if not found:
        body = translate("There is news of what you sent.", language)
        return {"title": "", "body": body, "url": f"{prefix}/mine/", "tag": "news"}
    case = max(found, key=lambda one: one.updated_at)
    title = f"{services[case.service_code].name(language)} · {case.id}"
    body = sentence_of(case, language)
    return {"title": title, "body": body, "url": f"{prefix}/cases/{case.id}", "tag": case.id}


async def _done(request: Request, secret: str, work: Callable[[Connection, Author], Any]) -> None:
    """``work`` as the holder of ``secret``, in the next commit."""
    moment = now().timestamp()

    def whole(connection: Connection) -> None:
        me = author.of_secret(connection, secret, moment)
        if me.kind != "reporter":
            raise FormExpired
        work(connection, me)

    await asyncio.wrap_future(request.app.state.participation.submit(whole))


def _root(request: Request, secret: str) -> str:
    return f"{request.app.state.prefix}/mine/{secret}/"
