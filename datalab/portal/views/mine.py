"""The page behind a private link: what I sent, what became of it, and every way to take it back.

Whoever holds the link is its author: there is no account to ask. The page tells no other where it
was (Referrer-Policy), no cache keeps it, and no script that fetches ``mine/`` learns a link.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, RedirectResponse, Response
from sqlalchemy import Connection, delete
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import ContactRefused, UnknownPage
from datalab.i18n import Language, Phrase, translate
from datalab.participation import author, erasure, picture, register
from datalab.participation.author import Author
from datalab.participation.contact import Vault, email_of
from datalab.participation.tables.author import MESSAGE
from datalab.portal import limits, own
from datalab.portal.form import LARGEST, body_of, check_origin, fields_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import FIELD
from datalab.portal.views.pictures import HEADERS as PICTURE_HEADERS
from datalab.portal.views.pictures import NAME
from datalab.portal.visitor import check_visitor, open_form_of

router = APIRouter(include_in_schema=False)
# With "no-referrer" browsers would send no Origin with a form, which is how ours is known.
HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "strict-origin",
    "X-Robots-Tag": "noindex",
}
KINDS = {
    "participant": Phrase("Co-design session"),
    "respondent": Phrase("Questionnaire"),
    "reporter": Phrase("Reports to the city"),
}
ONE_CLICK = b"List-Unsubscribe=One-Click"  # RFC 8058, section 3.1
# What each kind of participation shows of an author: template, and view or None.
PARTS: list[tuple[str, Callable[[Connection, Author, float, Language], Any]]] = []


@dataclass(frozen=True)
class Link:
    """A private link that this browser holds."""

    href: str
    kind: str
    pseudonym: str
    created_at: float


@router.get("/mine")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/mine/")
def index(request: Request) -> Response:
    """The links of this browser."""
    state, language, moment = request.app.state, language_of(request), now().timestamp()
    with state.participation.reading() as connection:
        authors = own.authors_of(request, connection, moment)
    links = [
        Link(
            f"{state.prefix}/mine/{one.secret}/",
            KINDS[one.kind].in_(language),
            one.pseudonym,
            one.created_at,
        )
        for one in authors
    ]
    return render(request, "mine_links.html", {"links": links}, headers=HEADERS)


@router.get("/mine/{secret}")
def with_slash(secret: str, request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308, headers=HEADERS)


@router.get("/mine/{secret}/")
def show(secret: str, request: Request) -> Response:
    return _page(request, secret)


def _page(request: Request, secret: str, problem: str = "", typed: str = "") -> Response:
    state, language, moment = request.app.state, language_of(request), now().timestamp()
    with state.participation.reading() as connection:
        me = _author(request, connection, secret)
        parts = [(name, view_of(connection, me, moment, language)) for name, view_of in PARTS]
        email = Vault(state.settings.secrets).reveal(connection, me.id)
    context = {
        "me": me,
        "root": f"{state.prefix}/mine/{secret}",
        "link": own.link_of(request, secret),
        "here_known": secret in own.secrets_of(request),
        "kind": KINDS[me.kind].in_(language),
        "parts": [(name, view) for name, view in parts if view is not None],
        "email": masked(email) if email else "",
        "contact_days": register.DAYS["contact"],
        "problem": problem,
        "typed": typed,
    }
    status = 422 if problem else 200
    return render(request, "mine.html", context, status=status, headers=HEADERS)


@router.get("/mine/{secret}/export.json")
def export(secret: str, request: Request) -> Response:
    """Everything that is held about the author, pictures included."""
    state = request.app.state
    with state.participation.reading() as connection:
        me = _author(request, connection, secret)
        held = erasure.held(connection, Vault(state.settings.secrets), me)
    for row in held.get("picture", ()):
        path = state.settings.pictures / picture.file_names(row["id"])[0]
        if path.is_file():
            row["jpeg_base64"] = base64.b64encode(path.read_bytes()).decode()
    about = {
        "made_at": now().isoformat(timespec="seconds"),
        "register": f"{own.root_of(request)}{state.prefix}/privacy/",
        "times": "seconds since 1970-01-01 UTC",
    }
    body = json.dumps({"about": about, "held": held}, ensure_ascii=False, indent=1)
    name = "mes-donnees.json" if language_of(request) == "fr" else "my-data.json"
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type="application/json", headers=headers)


@router.get("/mine/{secret}/pictures/{name}")
def own_picture(secret: str, name: str, request: Request) -> Response:
    """A picture of the author, accepted or not."""
    match, state = NAME.fullmatch(name), request.app.state
    with state.participation.reading() as connection:
        me = _author(request, connection, secret)
        row = picture.get(connection, match["id"]) if match else None
    path = state.settings.pictures / name
    if row is None or row["author_id"] != me.id or not path.is_file():
        raise UnknownPage(path=request.url.path[:20])
    return FileResponse(path, media_type="image/jpeg", headers={**PICTURE_HEADERS, **HEADERS})


@router.post("/mine/{secret}/email")
async def keep_email(secret: str, request: Request) -> Response:
    """Remember where to write."""
    limits.allow(request, "link")
    fields = await open_form_of(request, LARGEST)
    state, language, moment = request.app.state, language_of(request), now().timestamp()
    typed = str(fields.get("email", ""))
    try:
        email = email_of(typed)
        limits.allow_email(request, email)
    except ContactRefused as refused:
        return await run_in_threadpool(_page, request, secret, refused.message(language), typed)

    def work() -> None:
        with state.participation.writing() as connection:
            me = _author(request, connection, secret)
            days = min(register.DAYS["contact"], (me.expires_at - moment) / 86_400)
            Vault(state.settings.secrets).keep(connection, me.id, email, moment, days, secret)

    await run_in_threadpool(work)
    said = translate("We will write to you at this address.", language)
    return onward(f"{state.prefix}/mine/{secret}/", said)


@router.get("/mine/{secret}/stop")
def ask_to_stop(secret: str, request: Request) -> Response:
    """One button: mail programs open links by themselves, and no opening may change anything."""
    with request.app.state.participation.reading() as connection:
        _author(request, connection, secret)
    root = f"{request.app.state.prefix}/mine/{secret}"
    return render(request, "mine_stop.html", {"root": root}, headers=HEADERS)


@router.post("/mine/{secret}/stop")
async def stop(secret: str, request: Request) -> Response:
    """No more letters, and the address is forgotten.

    The button of a mail program posts without any token: to know the link is enough for this.
    """
    limits.allow(request, "link")
    body = await body_of(request, LARGEST)
    if body[:100].strip() != ONE_CLICK:
        check_origin(request)
        check_visitor(request, {"token": (await fields_of(request, body)).get(FIELD)})
    state = request.app.state

    def work() -> None:
        with state.participation.writing() as connection:
            me = _author(request, connection, secret)
            Vault(state.settings.secrets).forget(connection, me.id)
            connection.execute(
                delete(MESSAGE).where(MESSAGE.c.author_id == me.id, MESSAGE.c.sent_at.is_(None))
            )

    await run_in_threadpool(work)
    said = translate("Your address is forgotten: you get no more letters.", language_of(request))
    return onward(f"{state.prefix}/mine/{secret}/", said)


@router.post("/mine/{secret}/leave")
async def leave_browser(secret: str, request: Request) -> Response:
    """Take the link from this browser, for a phone that others use too; nothing is deleted."""
    await open_form_of(request, LARGEST)
    state = request.app.state
    said = translate(
        "This browser no longer holds that link. Who has it can still open it.",
        language_of(request),
    )
    return own.forget(request, onward(f"{state.prefix}/mine/", said), secret)


@router.get("/mine/{secret}/delete")
def ask_to_delete(secret: str, request: Request) -> Response:
    return _delete_page(request, secret)


def _delete_page(request: Request, secret: str, problem: str = "") -> Response:
    with request.app.state.participation.reading() as connection:
        me = _author(request, connection, secret)
    root = f"{request.app.state.prefix}/mine/{secret}"
    context = {"root": root, "kind": me.kind, "problem": problem}
    status = 422 if problem else 200
    return render(request, "mine_delete.html", context, status=status, headers=HEADERS)


@router.post("/mine/{secret}/delete")
async def delete_everything(secret: str, request: Request) -> Response:
    limits.allow(request, "link")
    fields = await open_form_of(request, LARGEST)
    state, language = request.app.state, language_of(request)
    choice = str(fields.get("what", ""))
    if choice not in {"all", "unsigned"}:
        problem = translate("Choose one of the two.", language)
        return await run_in_threadpool(_delete_page, request, secret, problem)

    def work() -> erasure.Erased:
        with state.participation.writing() as connection:
            me = _author(request, connection, secret)
            done = erasure.erase(connection, me, now().timestamp(), keep=choice == "unsigned")
        for id in done.pictures:
            picture.erase_files(state.settings.pictures, id)
        return done

    done = await run_in_threadpool(work)
    if done.kept:
        said = translate(
            "It is done: {erased} deleted, {kept} kept without you. This link no longer opens.",
            language,
            erased=done.erased,
            kept=done.kept,
        )
    else:
        said = translate("It is done: all of it is deleted. This link no longer opens.", language)
    answer = own.forget(request, onward(f"{state.prefix}/mine/", said), secret)
    # The log of SQLite still holds what was deleted; the answer need not wait for that.
    answer.background = BackgroundTask(state.participation.settle)
    return answer


def masked(email: str) -> str:
    """An address that its owner recognises, and somebody who looks over a shoulder does not."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}•••@{domain}"


def _author(request: Request, connection: Connection, secret: str) -> Author:
    """
    Raises
    ------
    UnknownLink
    """
    me = author.of_secret(connection, secret, now().timestamp())
    return replace(me, secret=secret)
