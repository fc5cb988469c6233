"""A shared document, or one version of it, is withdrawn with a reason, and put back."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import CannotUndo, FieldRefused, RightMissing, Stale
from datalab.i18n import Phrase, translate
from datalab.participation import shared
from datalab.participation import shared_withdrawal as withdrawal
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.person import Person, require
from datalab.portal.views.shared import moderates, shown
from datalab.portal.views.smart_territory import RIGHT, root, sentence

router = APIRouter(include_in_schema=False)


@router.post("/smart-territory/library/{id}/withdraw")
async def withdraw(request: Request, id: str) -> Response:
    """Take a version or all of them back: who sent it, and who reads over."""
    person = require(request, RIGHT)
    fields = await form_of(request)
    typed = {name: str(fields.get(name) or "") for name in ("number", "reason")}
    language, own = language_of(request), f"{root(request)}/library/{quote(id)}/"

    def work() -> Response:
        try:
            with request.app.state.participation.writing() as connection:
                change = withdrawal.withdraw(
                    connection,
                    _held(request, connection, person, id),
                    number=_number(typed["number"]),
                    reason=typed["reason"],
                    actor=person.name,
                    now=now().timestamp(),
                )
        except FieldRefused as error:
            wrong = {str(error.facts["name"]): sentence(error, language)}
            return shown(request, id, typed, wrong, error.status)
        except Stale as error:
            return shown(request, id, typed, {"all": error.message(language)}, error.status)
        text = translate("Withdrawn: nobody else reads it any more.", language)
        again = translate("Undo", language)
        number = {"change": str(change)}
        return onward(own, text, undo=f"{own}restore", label=again, fields=number)

    return await run_in_threadpool(work)


@router.post("/smart-territory/library/{id}/restore")
async def restore(request: Request, id: str) -> Response:
    person = require(request, RIGHT)
    change = _number(str((await form_of(request)).get("change") or ""))
    language, own = language_of(request), f"{root(request)}/library/{quote(id)}/"

    def work() -> Response:
        try:
            with request.app.state.participation.writing() as connection:
                withdrawal.restore(
                    connection,
                    _held(request, connection, person, id),
                    change or 0,
                    actor=person.name,
                    moderator=moderates(request),
                    now=now().timestamp(),
                )
        except CannotUndo as error:
            return shown(request, id, {}, {"all": error.message(language)}, error.status)
        return onward(own, translate("It is as it was before.", language))

    return await run_in_threadpool(work)


def _number(text: str) -> int | None:
    """None: all versions; a number that no version has where it is none."""
    if not text:
        return None
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else 0


def _held(request: Request, connection: Connection, person: Person, id: str) -> shared.Document:
    """A document that somebody may withdraw."""
    found = shared.get(connection, id, person.name, all_of=moderates(request))
    if found.account != person.name and not moderates(request):
        right = Phrase("withdraw what somebody else shared")
        raise RightMissing(right=right, whom=Phrase("whoever sent it, or a moderator"))
    return found
