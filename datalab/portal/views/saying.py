"""What participants send: ideas and comments, dots, second thoughts; each counts once."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from datalab.errors import (
    DatalabError,
    FieldRefused,
    PictureRefused,
    PlaceRefused,
    ReceiptReused,
    UnknownItem,
    UnknownLink,
)
from datalab.i18n import Phrase, translate
from datalab.participation import contribution, joining, material, picture, rewriting, vote
from datalab.participation import session as sessions
from datalab.participation.batch import Ahead
from datalab.participation.contribution import Contribution
from datalab.participation.screening import screen
from datalab.participation.session import Session
from datalab.participation.wording import said
from datalab.portal.evidence import evidence_of
from datalab.portal.language import language_of, now
from datalab.portal.limits import allow
from datalab.portal.outbox import SENT_BEFORE, by_script, receipt_of, taken
from datalab.portal.place import Place, place_of
from datalab.portal.taking import Part, part_of
from datalab.portal.views.taking_part import page
from datalab.portal.visitor import open_form_of

router = APIRouter(include_in_schema=False)
LARGEST = picture.LARGEST + 100_000  # bytes of a form with a photo
SMALL = 100_000
WHERE_OR_WHAT = ("latitude", "longitude", "commune", "place", "evidence")  # fields
Fields = dict[str, str]


@router.post("/sessions/{id}/take-part")
async def say(request: Request, id: str) -> Response:
    """An idea, or a comment on one."""
    if large(request):
        allow(request, "picture")  # before it is read: nobody fills the memory with many at once
    fields = await open_form_of(request, LARGEST)
    receipt = receipt_of(fields)
    part, known = await run_in_threadpool(_part_and_known, request, id, receipt)
    if part is None:
        return await _lost(request, id)
    typed = {name: str(value) for name, value in fields.items() if isinstance(value, str)}
    if known is None:
        allow(request, "contribution")
    try:
        one = await _keep(request, part, fields, typed, receipt, known)
    except (FieldRefused, PlaceRefused, PictureRefused, ReceiptReused, UnknownItem) as error:
        if by_script(request):
            raise
        return await run_in_threadpool(_again, request, part, typed, error)
    language = language_of(request)
    told = (
        translate("Sent, and shown to everybody.", language)
        if one.state == "accepted"
        else translate("Sent. Somebody reads it before everybody sees it.", language)
    )
    return taken(request, receipt, told, _home(request, id, "#mine"))


async def _keep(
    request: Request,
    part: Part,
    fields: FormData,
    typed: Fields,
    receipt: str,
    known: Contribution | None,
) -> Contribution:
    """Keep the photo, then what was said; a photo without it goes again.

    Raises
    ------
    SessionNotOpen, FieldRefused, PlaceRefused, PictureRefused, ReceiptReused, UnknownItem, TooFast
    """
    state, language, moment = request.app.state, language_of(request), now().timestamp()
    if known is None:
        sessions.require_open(part.session)
    elif known.session_id != part.session.id or known.author_id != part.author.id:
        raise UnknownItem(what=Phrase("contribution"))
    place, evidence = Place(), None
    if any(typed.get(name) for name in WHERE_OR_WHAT):
        place, evidence = await run_in_threadpool(_with, request, part.session, typed)
    options: dict[str, Any] = {
        "author": part.author.id,
        "receipt": receipt,
        "text": typed.get("text", ""),
        "kind": "comment" if typed.get("parent") else "idea",
        "parent": typed.get("parent") or None,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "commune": place.commune,
        "place": place.words,
        "evidence": evidence,
        "now": moment,
        "language": language,
    }
    sent = {
        "text": said("text", options["text"], contribution.LONGEST),
        "parent_id": options["parent"],
        **{name: options[name] for name in ("latitude", "longitude", "commune", "place")},
    }
    photo = fields.get("photo")
    pictured = isinstance(photo, UploadFile) and bool(photo.filename)
    if known is not None:
        return await run_in_threadpool(_repeated, request, part.session, known, sent, pictured)
    if isinstance(photo, UploadFile) and photo.filename:
        if not large(request):
            allow(request, "picture")
        options["shows"] = typed.get("alternative", "")[: picture.LONGEST_DESCRIPTION]
        shows = screen(options["shows"], language).said
        options["picture"] = await picture.keep(
            state.participation,
            state.settings,
            await photo.read(),
            part.author.id,
            part.session.scope,
            shows,
            moment,
        )

    def work(connection: Any) -> Contribution:
        found = sessions.get(connection, part.session.id)
        made = contribution.submit(connection, found, **options)
        rewriting.require_same(connection, found, made, sent)
        if part.participant.left_at is not None:
            joining.come_back(connection, part.author.id)
        return made

    ahead = Ahead(contribution.of_receipts, receipt)
    try:
        made: Contribution = await asyncio.wrap_future(state.participation.submit(work, ahead))
    except BaseException:
        await run_in_threadpool(_erase, request, options.get("picture"))
        raise
    if made.picture_id != options.get("picture"):  # the same receipt came twice at once
        await run_in_threadpool(_erase, request, options.get("picture"))
    return made


@router.post("/sessions/{id}/take-part/vote")
async def give(request: Request, id: str) -> Response:
    """Give an idea a number of dots, in place of what it had of this participant."""
    fields = await open_form_of(request)
    receipt = receipt_of(fields)
    allow(request, "vote")
    part = await run_in_threadpool(_part, request, id)
    if part is None:
        return await _lost(request, id)
    # A button sends both at once: "<idea> <dots>".
    idea, _, dots = str(fields.get("give") or "").partition(" ")
    if not dots.isdecimal() or len(dots) > 3:
        raise FieldRefused("give", Phrase("Choose one of these."))

    def work(connection: Any) -> int:
        found = sessions.get(connection, id)
        one = contribution.get(connection, found, idea)
        moment = now().timestamp()
        return vote.cast(connection, found, part.author.id, one, int(dots), now=moment)

    left = await asyncio.wrap_future(request.app.state.participation.submit(work))
    language = language_of(request)
    said = translate(
        "You have {left} of {dots} dots left.", language, left=left, dots=part.session.dots
    )
    return taken(request, receipt, said, _home(request, id, "#vote"))


@router.post("/sessions/{id}/take-part/rewrite")
async def rewrite(request: Request, id: str) -> Response:
    """Write anew what nobody has read so far."""
    fields = await open_form_of(request)
    receipt = receipt_of(fields)
    allow(request, "contribution")
    part = await run_in_threadpool(_part, request, id)
    if part is None:
        return await _lost(request, id)
    text, language = str(fields.get("text") or ""), language_of(request)

    def work(connection: Any) -> None:
        found = sessions.get(connection, id)
        one = contribution.get(connection, found, str(fields.get("contribution") or ""))
        if one.author_id == part.author.id and one.text == text.replace("\r\n", "\n").strip():
            return  # it came before
        rewriting.rewrite(
            connection,
            found,
            one,
            text=text,
            author=part.author.id,
            now=now().timestamp(),
            seen=None,
            language=language,
        )

    await asyncio.wrap_future(request.app.state.participation.submit(work))
    return taken(request, receipt, translate("Changed.", language), _home(request, id, "#mine"))


@router.post("/sessions/{id}/take-part/withdraw")
async def withdraw(request: Request, id: str) -> Response:
    """Take back what one said: nobody reads it any more."""
    fields = await open_form_of(request)
    receipt = receipt_of(fields)
    part = await run_in_threadpool(_part, request, id)
    if part is None:
        return await _lost(request, id)

    def work(connection: Any) -> None:
        found = sessions.get(connection, id)
        one = contribution.get(connection, found, str(fields.get("contribution") or ""))
        if one.state != "withdrawn" or one.author_id != part.author.id:
            moment = now().timestamp()
            contribution.withdraw(connection, found, one, now=moment, author=part.author.id)

    await asyncio.wrap_future(request.app.state.participation.submit(work))
    told = translate("Withdrawn: nobody else reads it any more.", language_of(request))
    return taken(request, receipt, told, _home(request, id, "#mine"))


@router.post("/sessions/{id}/take-part/leave")
async def leave(request: Request, id: str) -> Response:
    """Make room; what was said stays, and the private link still leads there."""
    await open_form_of(request)
    part = await run_in_threadpool(_part, request, id)
    if part is not None:
        moment = now().timestamp()

        def work(connection: Any) -> None:
            joining.leave(connection, part.session, part.author.id, moment)

        await asyncio.wrap_future(request.app.state.participation.submit(work))
    return RedirectResponse(f"{request.app.state.prefix}/sessions/{id}/", status_code=303)


def large(request: Request) -> bool:
    """Whether a form is larger than text is, or does not say."""
    length = request.headers.get("content-length", "")
    return not length.isdecimal() or int(length[:12]) > SMALL


def _part(request: Request, id: str) -> Part | None:
    with request.app.state.participation.reading() as connection:
        return part_of(request, connection, id)[1]


def _part_and_known(
    request: Request, id: str, receipt: str
) -> tuple[Part | None, Contribution | None]:
    """Who sends, and what came with this receipt before, in one look."""
    with request.app.state.participation.reading() as connection:
        part = part_of(request, connection, id)[1]
        return part, contribution.of_receipt(connection, receipt)


def _with(request: Request, found: Session, typed: Fields) -> tuple[Place, dict[str, Any] | None]:
    """The place and the evidence that came along."""
    state = request.app.state
    place = place_of(request, typed)
    if not typed.get("evidence"):
        return place, None
    with state.participation.reading() as connection:
        materials = material.materials(connection, found)
    shelf = state.library.shelf()
    return place, evidence_of(shelf, state.projects, materials, typed["evidence"])


def _repeated(
    request: Request,
    session: Session,
    known: Contribution,
    sent: dict[str, Any],
    pictured: bool,
) -> Contribution:
    """``known``, where what comes once more is that.

    Raises
    ------
    ReceiptReused
    """
    with request.app.state.participation.reading() as connection:
        one = rewriting.require_same(connection, session, known, sent)
    if pictured and one.text and one.picture_id is None:
        raise ReceiptReused
    return one


def _erase(request: Request, id: str | None) -> None:
    if id is not None:
        state = request.app.state
        with state.participation.writing() as connection:
            picture.erase(connection, state.settings.pictures, id)


def _again(request: Request, part: Part, typed: Fields, error: DatalabError) -> Response:
    """The page with what was typed, and what is wrong beside its field."""
    names: dict[type[DatalabError], str] = {
        PlaceRefused: "place",
        PictureRefused: "photo",
        UnknownItem: "parent",
    }
    name = names.get(type(error)) or str(error.facts.get("name", "text"))
    language = language_of(request)
    again = SENT_BEFORE.in_(language) if isinstance(error, ReceiptReused) else ""
    wrong = {name: again or error.message(language)}
    return page(request, part, typed=typed, wrong=wrong, status=error.status)


async def _lost(request: Request, id: str) -> Response:
    """This browser takes no part (any more): the way in is the same as ever."""
    if by_script(request):
        raise UnknownLink
    found = await run_in_threadpool(_session, request, id)
    return RedirectResponse(f"{request.app.state.prefix}/join/{found.code}", status_code=303)


def _session(request: Request, id: str) -> Session:
    with request.app.state.participation.reading() as connection:
        return sessions.get(connection, id)


def _home(request: Request, id: str, part: str) -> str:
    return f"{request.app.state.prefix}/sessions/{id}/take-part{part}"
