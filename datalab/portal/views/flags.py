"""Flags on datasets: anybody says what looks wrong, the steward answers in a queue.

A steward sees the flags of the datasets they answer for; anybody else who is signed in, their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import FlagRefused, ReceiptReused, RightMissing
from datalab.i18n import Phrase, translate
from datalab.participation import flag
from datalab.participation.consent import CONSENT, MINOR
from datalab.participation.flag import STATE_NAMES, STATES, Flag, Raised
from datalab.portal import flag_form, limits, own
from datalab.portal.admission import may_grant, steward_of
from datalab.portal.case_form import Typed
from datalab.portal.flag_form import Sent
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.library import Holding
from datalab.portal.mine_flags import mine_flags
from datalab.portal.notice import onward
from datalab.portal.outbox import SENT_BEFORE, by_script, new_receipt, receipt_of, taken
from datalab.portal.page import render
from datalab.portal.passed_on import account_of, document_of
from datalab.portal.person import Person, person_of, signed_in
from datalab.portal.views.mine import PARTS
from datalab.portal.visitor import open_form_of

router = APIRouter(include_in_schema=False)
PARTS.append(("mine_flags.html", mine_flags))
LARGEST = 20_000  # bytes of a form
PRIVATE = {"Cache-Control": "private, no-store"}


@router.get("/datasets/{dataset}/flag")
def new(request: Request, dataset: str, column: str = "", row: str = "") -> Response:
    """The form; ``column`` and ``row`` are filled in where a link said so."""
    holding = _holding(request, dataset)
    values: dict[str, Any] = {"column": column, "row": row[:12]}
    for name in holding.dataset.key:
        values[f"key-{name}"] = request.query_params.get(f"key-{name}", "")[: flag.LONGEST_VALUE]
    return _form(request, holding, Typed(None, values), new_receipt())


@router.post("/datasets/{dataset}/flag")
async def send(request: Request, dataset: str) -> Response:
    """Record it; what is wrong is said beside each field, and nothing typed is lost."""
    limits.allow(request, "report")
    fields = await open_form_of(request, LARGEST)
    request.app.state.trap.check(fields, now().timestamp())
    holding = await run_in_threadpool(_holding, request, dataset)
    receipt, person, language = receipt_of(fields), person_of(request), language_of(request)
    typed = Typed(None, fields)
    try:
        raised = flag_form.raised_of(fields, holding, receipt)
    except FlagRefused as error:
        raised = None
        typed.wrong[str(error.facts["field"])] = _reason(error, language)
    await run_in_threadpool(flag_form.check, request, typed, person)
    if raised is None or typed.wrong:
        return await run_in_threadpool(_form, request, holding, typed, receipt, 422)
    try:
        sent: Sent = await asyncio.wrap_future(
            request.app.state.participation.submit(
                lambda connection: flag_form.record(
                    request, connection, typed, raised, person, language
                )
            )
        )
    except ReceiptReused:
        if by_script(request):
            raise
        typed.wrong["text"] = SENT_BEFORE.in_(language)
        return await run_in_threadpool(_form, request, holding, typed, new_receipt(), 409)
    request.app.state.uses.add("flag")
    said = translate("Thank you. The steward of this dataset reads it and answers.", language)
    prefix = request.app.state.prefix
    if not sent.secret:
        return onward(f"{prefix}/datasets/{holding.id}#flags", said)
    next = f"{prefix}/mine/{sent.secret}/"
    response = taken(request, receipt, said, next) if by_script(request) else onward(next, said)
    return own.remember(request, response, sent.secret)


@router.post("/api/v1/datasets/{dataset}/flags")
async def from_notebook(request: Request, dataset: str) -> Response:
    """A flag of somebody whose account is known: by a personal token, or passed on by the hub."""
    limits.allow(request, "report")
    document = await document_of(request)
    account = await run_in_threadpool(account_of, request, document)
    holding = await run_in_threadpool(_holding, request, dataset)
    raised = _told(document, holding, account)
    flag.check(raised, holding.dataset.columns)
    language = language_of(request)
    made: Flag = await asyncio.wrap_future(
        request.app.state.participation.submit(
            lambda connection: flag.submit(connection, raised, now().timestamp(), language)
        )
    )
    said = translate("Thank you. The steward of this dataset reads it and answers.", language)
    page = f"{request.app.state.prefix}/datasets/{holding.id}#flags"
    answer = {
        "id": made.id,
        "dataset": made.dataset,
        "state": made.state,
        "page": page,
        "said": said,
    }
    return JSONResponse(answer, status_code=201, headers=PRIVATE)


@router.get("/flags")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/flags/")
def queue(request: Request, show: str = "open") -> Response:
    """The queue of a steward; the own flags of anybody else."""
    person, shelf = signed_in(request), request.app.state.library.shelf()
    answers = {name: h for name, h in shelf.holdings.items() if may_grant(person, h.dataset)}
    states = [show] if show in STATES else list(STATES)
    with request.app.state.participation.reading() as connection:
        found = flag.listed(connection, datasets=answers, states=states) if answers else []
        mine = flag.of(connection, account=person.name)
    context = {
        "flags": found,
        "mine": mine,
        "steward": bool(answers),
        "show": show if show in STATES else "all",
        **_names(request),
    }
    return render(request, "flags.html", context, headers=PRIVATE)


@router.get("/flags/{id}")
def one(request: Request, id: str) -> Response:
    from datalab.portal.views.flag_answers import page_of

    person, found, holding = steward_for(request, id)
    return page_of(request, person, found, holding)


@router.post("/flags/{id}")
async def answer(request: Request, id: str) -> Response:
    """Answer it, or make a test of it: what the button said."""
    from datalab.portal.views.flag_answers import answered

    fields = await form_of(request, LARGEST)
    person, found, holding = await run_in_threadpool(steward_for, request, id)
    return await run_in_threadpool(answered, request, person, found, holding, fields)


def steward_for(request: Request, id: str) -> tuple[Person, Flag, Holding]:
    """Who asks, the flag and its dataset, where they answer for it.

    Raises
    ------
    SignInNeeded, UnknownFlag, UnknownDataset, RightMissing
    """
    person = signed_in(request)
    with request.app.state.participation.reading() as connection:
        found = flag.get(connection, id)
    holding = _holding(request, found.dataset)
    if not may_grant(person, holding.dataset):
        whom = steward_of(request.app.state.store, holding.dataset, language_of(request))
        raise RightMissing(right=Phrase("answer what readers flag in a dataset"), whom=whom)
    return person, found, holding


def _holding(request: Request, dataset: str) -> Holding:
    found: Holding = request.app.state.library.shelf().get(dataset)
    return found


def _names(request: Request) -> dict[str, Any]:
    """What templates need to speak of flags."""
    language, shelf = language_of(request), request.app.state.library.shelf()
    return {
        "states": {state: STATE_NAMES[state].in_(language) for state in STATES},
        "titles": {name: h.dataset.title.in_(language) for name, h in shelf.holdings.items()},
    }


def _told(document: Mapping[str, Any], holding: Holding, account: str) -> Raised:
    row = document.get("row")
    if isinstance(row, int) and not isinstance(row, bool):
        row = {"row": row}
    elif row is not None and not isinstance(row, dict):
        row = {holding.dataset.key[0]: row} if len(holding.dataset.key) == 1 else {"?": ""}
    snapshot = document.get("snapshot")
    return Raised(
        receipt=receipt_of({"receipt": document.get("receipt") or new_receipt()}),
        dataset=holding.id,
        text=str(document.get("text") or ""),
        column=str(document.get("column") or ""),
        row={str(name): value for name, value in (row or {}).items()},
        snapshot=snapshot if isinstance(snapshot, int) and 0 <= snapshot < 2**31 else None,
        account=account,
        way="notebook",
    )


def _reason(error: FlagRefused, language: Any) -> str:
    reason = error.facts["reason"]
    said = reason.in_(language) if isinstance(reason, Phrase) else str(reason)
    return said[:1].upper() + said[1:] + "."


def _form(
    request: Request, holding: Holding, typed: Typed, receipt: str, status: int = 200
) -> Response:
    language = language_of(request)
    person = person_of(request)
    context = {
        "dataset": holding.dataset,
        "title": holding.dataset.title.in_(language),
        "keys": holding.dataset.key,
        "columns": {n: c.description.in_(language) for n, c in holding.dataset.columns.items()},
        "typed": typed,
        "receipt": receipt,
        "consents": [phrase.in_(language) for phrase in CONSENT["reporter"]],
        "minor": MINOR.in_(language),
        "anonymous": person is None,
        "steward": steward_of(request.app.state.store, holding.dataset, language),
        "longest": flag.LONGEST,
    }
    return render(request, "flag_new.html", context, status=status)
