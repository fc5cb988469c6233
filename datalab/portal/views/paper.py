"""For those without a phone: sheets to print, and to type in quickly afterwards."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import FieldRefused, ReceiptReused, ReceiptTaken, RightMissing
from datalab.i18n import Phrase, translate
from datalab.isolation.private import secret
from datalab.participation import consent, paper
from datalab.participation import session as sessions
from datalab.participation.paper import Typed
from datalab.participation.register import DAYS
from datalab.participation.session import Session
from datalab.people.rights import MEANING
from datalab.portal import own
from datalab.portal.boundaries import boundaries
from datalab.portal.code import svg_of
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.outbox import SENT_BEFORE, new_receipt, receipt_of
from datalab.portal.page import render
from datalab.portal.person import Person, signed_in
from datalab.portal.session_access import may_run, session_seen

router = APIRouter(include_in_schema=False)
MOST_PRINTED = 60


def for_paper(request: Request, id: str) -> tuple[Person, Session]:
    """Who asks, where they may type for others: who runs it, or has the right to run sessions.

    Raises
    ------
    SignInNeeded, UnknownSession, RightMissing
    """
    person = signed_in(request)
    found = session_seen(request, id)
    if not (may_run(request, found, person) or person.may("facilitate:session")):
        whom = Phrase("an operator of the lab")
        raise RightMissing(right=MEANING["facilitate:session"], whom=whom)
    return person, found


def key_of(request: Request) -> str:
    return secret(request.app.state.settings.secrets, "form_key")


@router.get("/sessions/{id}/paper")
def look(request: Request, id: str, sheet: str = "1") -> Response:
    _, found = for_paper(request, id)
    return _page(request, found, {"sheet": sheet[:5]}, {})


def _page(
    request: Request,
    found: Session,
    typed: dict[str, str],
    wrong: dict[str, str],
    status: int = 200,
) -> Response:
    known = boundaries(request.app.state.library.shelf())
    with request.app.state.participation.reading() as connection:
        there = paper.typed(connection, found)
        people = paper.sheets(connection, found)
        try:
            number = paper.checked(typed.get("sheet", "1"))
            moment = now().timestamp()
            who = paper.pseudonym_of(connection, found, key_of(request), number, moment)
        except FieldRefused:
            who = None
    context: dict[str, Any] = {
        "session": found,
        "typed": typed,
        "wrong": wrong,
        "there": there,
        "people": people,
        "who": who,
        "communes": known.names if known else {},
        "receipt": new_receipt(),
    }
    return render(request, "paper.html", context, status=status)


@router.post("/sessions/{id}/paper")
async def enter(request: Request, id: str) -> Response:
    """One idea of one sheet; the next page is ready for the next."""
    fields = await form_of(request)
    person, found = await run_in_threadpool(for_paper, request, id)
    typed = {name: str(value) for name, value in fields.items()}
    receipt, language = receipt_of(fields), language_of(request)

    def work(connection: Connection) -> Typed:
        known = boundaries(request.app.state.library.shelf())
        chosen = typed.get("commune") or None
        return paper.enter(
            connection,
            sessions.get(connection, id),
            sheet=paper.checked(typed.get("sheet", "")),
            key=key_of(request),
            text=typed.get("text", ""),
            commune=chosen if known and chosen in known.names else None,
            minor=bool(typed.get("minor")),
            receipt=receipt,
            language=language,
            now=now().timestamp(),
            days=DAYS["participant"],
            actor=person.name,
        )

    try:
        made = await run_in_threadpool(request.app.state.participation.write, work)
    except FieldRefused as error:
        wrong = {str(error.facts["name"]): error.message(language)}
        return await run_in_threadpool(_page, request, found, typed, wrong, error.status)
    except (ReceiptReused, ReceiptTaken):  # of another sheet, where its number was changed
        wrong = {"text": SENT_BEFORE.in_(language)}
        return await run_in_threadpool(_page, request, found, typed, wrong, 409)
    number = paper.checked(typed["sheet"])
    following = min(number + 1, paper.MOST) if typed.get("then") == "next" else number
    said = translate(
        "Kept, sheet {sheet} ({pseudonym}).", language, sheet=number, pseudonym=made.pseudonym
    )
    base = f"{request.app.state.prefix}/sessions/{id}/paper"
    return onward(
        f"{base}?sheet={following}",
        said,
        undo=f"{base}/take-back",
        label=translate("Take it back", language),
        fields={"contribution": made.one.id, "sheet": str(number)},
    )


@router.post("/sessions/{id}/paper/take-back")
async def take_back(request: Request, id: str) -> Response:
    fields = await form_of(request)
    person, found = await run_in_threadpool(for_paper, request, id)

    def work(connection: Connection) -> None:
        one, moment = str(fields.get("contribution") or ""), now().timestamp()
        paper.take_back(connection, found, one, now=moment, actor=person.name)

    await run_in_threadpool(request.app.state.participation.write, work)
    sheet = str(fields.get("sheet") or "1")[:4]
    address = (
        f"{request.app.state.prefix}/sessions/{id}/paper?sheet={sheet if sheet.isdecimal() else 1}"
    )
    return RedirectResponse(address, status_code=303)


@router.get("/sessions/{id}/paper/sheets")
def sheets(
    request: Request,
    id: str,
    first: Annotated[int, Query(ge=1, le=paper.MOST)] = 1,
    count: Annotated[int, Query(ge=1, le=MOST_PRINTED)] = 10,
) -> Response:
    """Sheets to print, A5, each with a slip to tear off that leads to what became of it."""
    _, found = for_paper(request, id)
    language, key = language_of(request), key_of(request)
    printed = []
    for number in range(first, min(first + count, paper.MOST + 1)):
        address = own.link_of(request, paper.secret_of(key, found, number))
        printed.append((number, address, svg_of(address)))
    context = {
        "session": found,
        "sheets": printed,
        "first": first,
        "count": count,
        "most": MOST_PRINTED,
        "last": paper.MOST,
        "consent": [sentence.in_(language) for sentence in consent.ON_PAPER],
        "minor": consent.MINOR.in_(language),
    }
    headers = {"Cache-Control": "no-store"}
    return render(request, "paper_sheets.html", context, headers=headers)
