"""What a reader sends to flag something: read from a form or from a notebook, recorded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request

from datalab.errors import ContactRefused, DatalabError, FlagRefused
from datalab.i18n import Language, Phrase, translate
from datalab.participation import flag
from datalab.participation.contact import email_of
from datalab.participation.flag import Flag, Raised
from datalab.portal import own
from datalab.portal.access import barrier
from datalab.portal.case_form import Typed, author_for, check_mailbox
from datalab.portal.language import language_of, now
from datalab.portal.library import Holding
from datalab.portal.person import Person, is_navigation, person_of
from datalab.portal.reader import reader_of


@dataclass(frozen=True)
class Seen:
    """What the page of a dataset shows of flags: those answered, one's own, how many wait."""

    told: list[Flag]
    mine: list[Flag]
    waiting: int


@dataclass(frozen=True)
class Sent:
    """``secret`` is that of the private link, "" for an account that left no address."""

    flag: Flag
    secret: str


def row_names(key: Sequence[str], rows: Sequence[Mapping[str, Any]], offset: int) -> list[str]:
    """What the address of the form says of each row shown: its key, or its number from 1."""
    if key and all(name in row and row[name] is not None for row in rows for name in key):
        return [urlencode({f"key-{name}": row[name] for name in key}) for row in rows]
    return [urlencode({"row": offset + place}) for place, _ in enumerate(rows, start=1)]


def row_of(fields: Mapping[str, Any], holding: Holding) -> dict[str, Any]:
    """The row that a form names: the columns of the key, or its number."""
    found: dict[str, Any] = {}
    for name in holding.dataset.key:
        value = str(fields.get(f"key-{name}") or "").strip()
        if value:
            found[name] = value
    number = str(fields.get("row") or "").strip()
    if not found and number:
        if not number.isdecimal() or len(number) > 12:
            reason = Phrase("a row is named by its number or by its key")
            raise FlagRefused(field="row", reason=reason)
        found["row"] = int(number)
    return found


def raised_of(fields: Mapping[str, Any], holding: Holding, receipt: str) -> Raised:
    """What the form says, checked.

    Raises
    ------
    FlagRefused
    """
    made = Raised(
        receipt=receipt,
        dataset=holding.id,
        text=str(fields.get("text") or ""),
        column=str(fields.get("column") or ""),
        row=row_of(fields, holding),
        snapshot=holding.snapshot,
    )
    flag.check(made, holding.dataset.columns)
    return made


def check(request: Request, typed: Typed, person: Person | None) -> None:
    """What else may be wrong, written into ``typed``."""
    language = language_of(request)
    if person is None and typed.value("consent") != "yes":
        said = "Tick this to send it: we record nothing without your agreement."
        typed.wrong["consent"] = translate(said, language)
    email = typed.value("email").strip()
    if email:
        try:
            email_of(email)
        except ContactRefused as error:
            typed.wrong["email"] = error.message(language)
    check_mailbox(request, typed, language)


def record(
    request: Request,
    connection: Connection,
    typed: Typed,
    raised: Raised,
    person: Person | None,
    language: Language,
) -> Sent:
    """Record a flag with who sent it: an account, or the private link of this browser."""
    moment = now().timestamp()
    if person is not None and not typed.value("email").strip():
        made = flag.submit(connection, replace(raised, account=person.name), moment, language)
        return Sent(made, "")
    who = author_for(request, connection, typed, raised.receipt, moment, language)
    account = person.name if person is not None else None
    whole = replace(raised, author_id=who.id, account=account)
    return Sent(flag.submit(connection, whole, moment, language), who.secret)


def seen(request: Request, holding: Holding) -> Seen | None:
    """The flags on a dataset that this reader may see; None where they cannot be read now."""
    moment = now().timestamp()
    person = person_of(request)
    try:
        with request.app.state.participation.reading() as connection:
            authors = own.authors_of(request, connection, moment) if is_navigation(request) else []
            mine = flag.of(
                connection,
                author_ids=[one.id for one in authors],
                account=person.name if person else None,
                dataset=holding.id,
            )
            told = flag.told(connection, holding.id)
            waiting = flag.count(connection, holding.id, "open")
    except DatalabError:  # the page of a dataset stands without its flags
        return None
    if barrier(holding, reader_of(request)) is not None:
        told = []
    return Seen(told, mine, waiting)
