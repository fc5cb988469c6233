"""Keys of the programs that send reports by Open311: made, shown once, disabled by agents."""

from __future__ import annotations

import re

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request

from datalab.errors import ApiKeyRefused
from datalab.i18n import translate
from datalab.participation import api_key
from datalab.participation.api_key import ApiKey
from datalab.participation.author import LETTERS, short_id
from datalab.people import accounts
from datalab.people.rights import Right
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.own import root_of
from datalab.portal.page import render
from datalab.portal.person import require

router = APIRouter(include_in_schema=False)
RIGHT: Right = "handle:requests"
RECEIPT = re.compile(f"[{LETTERS}]{{10}}")


@router.get("/control/keys/")
def with_slash(request: Request) -> Response:
    return RedirectResponse(request.url.path.removesuffix("/"), status_code=308)


@router.get("/control/keys")
def listing(request: Request) -> Response:
    require(request, RIGHT)
    return _page(request, {"name": "", "contact": ""}, "")


@router.post("/control/keys")
async def issue(request: Request) -> Response:
    """A new key; its words are on this answer alone."""
    person = require(request, RIGHT)
    fields = await form_of(request)
    typed = {name: str(fields.get(name, "")).strip() for name in ("name", "contact")}
    receipt = str(fields.get("receipt", ""))
    receipt = receipt if RECEIPT.fullmatch(receipt) else short_id()
    language, moment = language_of(request), now().timestamp()
    try:
        with request.app.state.participation.writing() as connection:
            made, words = api_key.issue(
                connection, **typed, actor=person.name, now=moment, id=receipt
            )
    except IntegrityError:
        text = translate("This key was made already. Its words were shown once.", language)
        return onward(f"{request.app.state.prefix}/control/keys", text)
    except ApiKeyRefused as problem:
        return _page(request, typed, problem.message(language))
    context = {"key": made, "words": words, "root": _root(request)}
    headers = {"Cache-Control": "private, no-store"}
    return render(request, "api_key_new.html", context, headers=headers)


@router.post("/control/keys/{id}/disable")
async def disable(request: Request, id: str) -> Response:
    person = require(request, RIGHT)
    await form_of(request)
    language, prefix = language_of(request), request.app.state.prefix
    with request.app.state.participation.writing() as connection:
        name = api_key.get(connection, id).name
        api_key.disable(connection, id, actor=person.name, now=now().timestamp())
    text = translate("The key “{name}” is refused from now on.", language, name=name)
    undo, label = f"{prefix}/control/keys/{id}/enable", translate("Undo", language)
    return onward(f"{prefix}/control/keys", text, undo=undo, label=label)


@router.post("/control/keys/{id}/enable")
async def enable(request: Request, id: str) -> Response:
    person = require(request, RIGHT)
    await form_of(request)
    with request.app.state.participation.writing() as connection:
        name = api_key.get(connection, id).name
        api_key.enable(connection, id, actor=person.name, now=now().timestamp())
    text = translate("The key “{name}” is good again.", language_of(request), name=name)
    return onward(f"{request.app.state.prefix}/control/keys", text)


def _root(request: Request) -> str:
    return f"{root_of(request)}{request.app.state.prefix}/open311/v2"


def _page(request: Request, typed: dict[str, str], problem: str) -> Response:
    with request.app.state.participation.reading() as connection:
        sent = api_key.reports(connection)
        rows = [(one, _by(request, one), sent.get(one.id, 0)) for one in api_key.keys(connection)]
    context = {
        "rows": rows,
        "typed": typed,
        "problem": problem,
        "receipt": short_id(),
        "root": _root(request),
        "longest_name": api_key.LONGEST_NAME,
        "longest_contact": api_key.LONGEST_CONTACT,
    }
    return render(request, "api_keys.html", context, status=400 if problem else 200)


def _by(request: Request, key: ApiKey) -> str:
    account = accounts.find(request.app.state.store, key.created_by)
    return account.display if account else key.created_by
