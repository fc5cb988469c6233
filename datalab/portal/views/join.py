"""Joining a session: six letters or a QR code, two sentences, a pseudonym."""

from __future__ import annotations

import random
import secrets
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import SessionFull, SessionNotOpen, UnknownSession
from datalab.i18n import translate
from datalab.isolation.private import secret
from datalab.participation import agenda, consent, demonstration, joining, session
from datalab.participation import code as codes
from datalab.participation.author import Author
from datalab.participation.register import DAYS
from datalab.participation.session import Session
from datalab.portal import own
from datalab.portal.language import language_of, now
from datalab.portal.limits import allow
from datalab.portal.outbox import by_script, new_receipt, receipt_of, taken
from datalab.portal.page import render
from datalab.portal.taking import part_of
from datalab.portal.visitor import open_form_of, visitor_of

router = APIRouter(include_in_schema=False)


@router.get("/join/")
@router.get("/join")
def ask(request: Request, code: str = "") -> Response:
    """Type the six letters; whatever was typed nearly right leads on."""
    if not code.strip():
        return render(request, "join.html", {"typed": "", "wrong": ""})
    allow(request, "link")  # nobody tries all codes
    try:
        with request.app.state.participation.reading() as connection:
            found = session.by_code(connection, codes.meant(code))
    except UnknownSession:
        language = language_of(request)
        wrong = translate("No session has these letters. Check them on the screen.", language)
        context = {"typed": code[:40], "wrong": wrong}
        return render(request, "join.html", context, status=404)
    return RedirectResponse(f"{request.app.state.prefix}/join/{found.code}", status_code=303)


@router.get("/join/{code}")
def look(request: Request, code: str) -> Response:
    """The session, and what happens with what one says there."""
    prefix, typed = request.app.state.prefix, codes.meant(code)
    if typed != code:
        return RedirectResponse(f"{prefix}/join/{typed}", status_code=303)
    try:
        with request.app.state.participation.reading() as connection:
            found = session.by_code(connection, typed)
    except UnknownSession:
        return ask(request, code)
    return _page(request, found)


def _page(request: Request, found: Session, full: bool = False) -> Response:
    language = language_of(request)
    with request.app.state.participation.reading() as connection:
        _, mine = part_of(request, connection, found.id)
        if mine is not None and found.state == "open" and mine.participant.left_at is None:
            address = f"{request.app.state.prefix}/sessions/{found.id}/take-part"
            return RedirectResponse(address, status_code=303)
        people = session.present(connection, found)
        names = joining.offered(connection, found, language, random.SystemRandom())
        running = agenda.running(connection, found)
    context = {
        "session": found,
        "people": people,
        "running": running,
        "full": full or (people >= found.capacity and mine is None),
        "names": names,
        "mine": mine,
        "consent": [sentence.in_(language) for sentence in consent.CONSENT["participant"]],
        "minor": consent.MINOR.in_(language),
        "receipt": new_receipt(),
    }
    return render(request, "join_session.html", context)


@router.post("/join/{code}")
async def enter(request: Request, code: str) -> Response:
    """Take part. The form of one page joins once, however often it comes."""
    fields = await open_form_of(request)
    allow(request, "join")
    state, language, moment = request.app.state, language_of(request), now().timestamp()
    state.trap.check(fields, moment)
    receipt = receipt_of(fields)
    found, known = await run_in_threadpool(_found, request, codes.meant(code))
    try:
        author = await run_in_threadpool(_join, request, found, known, dict(fields), receipt)
    except (SessionFull, SessionNotOpen):
        if by_script(request):
            raise
        return await run_in_threadpool(_page, request, found, True)
    if not known and not found.demonstration:
        state.uses.add("session-joined")
    said = translate("You take part as “{pseudonym}”.", language, pseudonym=author.pseudonym)
    answer = taken(request, receipt, said, f"{state.prefix}/sessions/{found.id}/take-part")
    return own.remember(request, answer, author.secret)


def _found(request: Request, code: str) -> tuple[Session, str]:
    """The session, and the secret of who takes part in it already, from this browser."""
    with request.app.state.participation.reading() as connection:
        found = session.by_code(connection, code)
        _, mine = part_of(request, connection, found.id)
        return found, mine.author.secret if mine else ""


def _join(
    request: Request, found: Session, known: str, fields: dict[str, Any], receipt: str
) -> Author:
    state = request.app.state
    key = secret(state.settings.secrets, "form_key")
    held = known or joining.secret_of(key, found, visitor_of(request).token, receipt)
    options: dict[str, Any] = {
        "secret": held,
        "wished": str(fields.get("pseudonym") or ""),
        "language": language_of(request),
        "minor": bool(fields.get("minor")),
        "now": now().timestamp(),
        "days": demonstration.DAYS if found.demonstration else DAYS["participant"],
    }
    try:
        made = state.participation.write(lambda c: joining.join(c, found, **options))
    except IntegrityError:  # another portal gave the same pseudonym away in this moment
        options["wished"] = secrets.token_hex(4)
        made = state.participation.write(lambda c: joining.join(c, found, **options))
    return _with(made, held)


def _with(author: Author, held: str) -> Author:
    return Author(**{**vars(author), "secret": held})
