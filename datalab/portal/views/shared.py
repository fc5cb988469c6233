"""The library of shared documents: looked through, sent, sent again, taken away safely."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from datalab.errors import (
    FieldRefused,
    SharedWithdrawn,
    UnknownShared,
    UploadRefused,
)
from datalab.i18n import Phrase, translate
from datalab.participation import shared
from datalab.participation import shared_withdrawal as withdrawal
from datalab.participation.origin import origin_of
from datalab.participation.shared import KIND_NAMES, LICENSES, Described
from datalab.participation.upload import KINDS, LARGEST, Upload, look
from datalab.portal.figures import day
from datalab.portal.form import upload_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person, person_of, require
from datalab.portal.views.smart_territory import RIGHT, root, sentence

router = APIRouter(include_in_schema=False)
FORM = LARGEST + 200_000  # bytes of a form with a file
FIELDS = ("kind", "title", "summary", "tags", "license", "origin", "note")
STATE_NAMES: dict[str, Phrase] = {
    "waiting": Phrase("waits to be read"),
    "published": Phrase("published"),
    "refused": Phrase("refused"),
    "withdrawn": Phrase("withdrawn"),
}


@router.get("/smart-territory/library/")
def library(request: Request, q: str = "", tag: str = "", kind: str = "") -> Response:
    name, language = _account(request), language_of(request)
    with request.app.state.participation.reading() as connection:
        everything = shared.listed(connection, name)
    context = {
        "documents": shared.found(everything, q[:200], tag[:60], kind[:60]),
        "q": q[:200],
        "tag": tag[:60],
        "kind": kind if kind in KIND_NAMES else "",
        "kinds": {one: phrase.in_(language) for one, phrase in KIND_NAMES.items()},
        "tags": sorted({tag for one in everything if one.published for tag in one.tags}),
        "licenses": LICENSES,
        "states": STATE_NAMES,
        "allowed": _may(request),
        "moderator": moderates(request),
    }
    return render(request, "smart_territory_library.html", context)


@router.get("/smart-territory/library/new")
def new(request: Request) -> Response:
    return _form(request, None, {"origin": known_origin(request, require(request, RIGHT))}, {})


@router.post("/smart-territory/library/new")
async def send(request: Request) -> Response:
    person = require(request, RIGHT)
    fields = await upload_of(request, FORM)
    return await _sent(request, person, None, fields)


@router.get("/smart-territory/library/{id}/new")
def again(request: Request, id: str) -> Response:
    """The form of the next edition: of whoever sent the document."""
    person = require(request, RIGHT)
    return _form(request, _own(request, person, id), {}, {})


@router.post("/smart-territory/library/{id}/new")
async def send_again(request: Request, id: str) -> Response:
    person = require(request, RIGHT)
    fields = await upload_of(request, FORM)
    return await _sent(request, person, id, fields)


@router.get("/smart-territory/library/{id}/{number}")
def content(request: Request, id: str, number: int) -> Response:
    """The file of an edition, to be kept and never opened here."""
    with request.app.state.participation.reading() as connection:
        document = _seen(request, connection, id, number)
        edition = next(one for one in document.editions if one.number == number)
        body = shared.content(connection, edition)
    name = f"{edition.filename.rpartition('.')[0]}-v{edition.number}.{edition.form}"
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    return Response(body, media_type=KINDS[edition.form], headers=headers)


@router.get("/smart-territory/library/{id}")
def without_slash(request: Request, id: str) -> Response:
    return RedirectResponse(f"{root(request)}/library/{quote(id)}/", status_code=308)


@router.get("/smart-territory/library/{id}/")
def one(request: Request, id: str) -> Response:
    return shown(request, id, {}, {})


def _seen(
    request: Request, connection: Connection, id: str, number: int | None = None
) -> shared.Document:
    """A document that the reader may see, with that version.

    Raises
    ------
    UnknownShared, SharedWithdrawn
    """
    all_of, language = moderates(request), language_of(request)
    try:
        found = shared.get(connection, id, _account(request), all_of=all_of)
        if number is None or any(one.number == number for one in found.editions):
            return found
        raise UnknownShared()
    except UnknownShared:
        gone = withdrawal.gone(connection, id, number)
        if gone is None:
            raise
        on = day(datetime.fromtimestamp(gone.read_at or gone.sent_at, UTC), language)
        raise SharedWithdrawn(day=on, reason=_ended(gone.reason)) from None


def _ended(words: str) -> str:
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def shown(
    request: Request, id: str, typed: dict[str, str], wrong: dict[str, str], status: int = 200
) -> Response:
    name, language = _account(request), language_of(request)
    with request.app.state.participation.reading() as connection:
        found = _seen(request, connection, id)
        own = bool(name) and found.account == name
        holds = own or moderates(request)
        withdrawn = withdrawal.standing(connection, found) if holds else []
    context = {
        "document": found,
        "kind": KIND_NAMES[found.kind].in_(language),
        "license": LICENSES[found.license],
        "states": STATE_NAMES,
        "own": own,
        "withdrawn": withdrawn,
        "restorable": {one.change for one in withdrawn if one.by == name or moderates(request)},
        "withdrawable": [one for one in found.editions if one.state not in withdrawal.GONE]
        if holds
        else [],
        "typed": typed,
        "wrong": wrong,
    }
    return render(request, "smart_territory_document.html", context, status=status)


def known_origin(request: Request, person: Person) -> str:
    """What a form proposes as the municipality of whoever fills it in."""
    with request.app.state.participation.reading() as connection:
        return origin_of(connection, person.name)


async def _sent(request: Request, person: Person, id: str | None, fields: FormData) -> Response:
    language = language_of(request)
    typed = {name: str(fields.get(name) or "") for name in FIELDS}
    wrong: dict[str, str] = {}
    document = await run_in_threadpool(_own, request, person, id) if id else None
    upload = await _upload(fields, wrong, language)
    if fields.get("mine") != "yes":
        wrong["mine"] = translate(
            "Tick this: only what you have the right to share may be shared.", language
        )

    def work() -> Response:
        try:
            described = Described(**{name: typed[name] for name in FIELDS if name != "note"})
            if document is None:
                described.values()
            if wrong or upload is None:
                return _form(request, document, typed, wrong, 422)
            with request.app.state.participation.writing() as connection:
                moment = now().timestamp()
                if document is None:
                    made = shared.add(connection, described, upload, actor=person.name, now=moment)
                else:
                    made = document.id
                    note = typed["note"]
                    shared.add_edition(
                        connection, made, note, upload, actor=person.name, now=moment
                    )
        except FieldRefused as error:
            wrong[str(error.facts["name"])] = sentence(error, language)
            return _form(request, document, typed, wrong, 422)
        text = translate("Thank you. It is published once somebody has read it.", language)
        return onward(f"{root(request)}/library/{made}/", text)

    return await run_in_threadpool(work)


async def _upload(fields: FormData, wrong: dict[str, str], language: Any) -> Upload | None:
    file = fields.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        wrong["file"] = translate("Choose a file.", language)
        return None
    data = await file.read(LARGEST + 1)
    try:
        return await run_in_threadpool(look, file.filename, data)
    except UploadRefused as error:
        wrong["file"] = error.message(language)
        return None


def _own(request: Request, person: Person, id: str) -> shared.Document:
    with request.app.state.participation.reading() as connection:
        found = shared.get(connection, id, person.name)
    if found.account != person.name:
        raise UnknownShared()
    return found


def _form(
    request: Request,
    document: shared.Document | None,
    typed: dict[str, str],
    wrong: dict[str, str],
    status: int = 200,
) -> Response:
    language = language_of(request)
    context = {
        "document": document,
        "typed": typed,
        "wrong": wrong,
        "kinds": {one: phrase.in_(language) for one, phrase in KIND_NAMES.items()},
        "licenses": LICENSES,
        "endings": ",".join(f".{kind}" for kind in KINDS),
    }
    return render(request, "smart_territory_send.html", context, status=status)


def _account(request: Request) -> str:
    person = person_of(request)
    return person.name if person is not None else ""


def _may(request: Request) -> bool:
    person = person_of(request)
    return person is not None and person.may(RIGHT)


def moderates(request: Request) -> bool:
    person = person_of(request)
    return person is not None and person.may("moderate:exchange")
