"""The form by which somebody reports a problem: read, corrected, recorded once."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from datalab.errors import (
    ContactOverused,
    ContactRefused,
    DatalabError,
    PlaceRefused,
    ReceiptReused,
    UnknownLink,
)
from datalab.i18n import Language, Phrase, translate
from datalab.isolation.private import secret
from datalab.participation import author, consent, contact, mail, picture, request, screening
from datalab.participation.author import Author
from datalab.participation.case_words import delay
from datalab.participation.register import until
from datalab.participation.report import Report, Reviewed
from datalab.participation.request_receipt import digest_of
from datalab.participation.screening import screen
from datalab.participation.service import Attribute, Service
from datalab.participation.tables.author import PICTURE
from datalab.participation.tables.request import REQUEST
from datalab.portal.boundaries import boundaries
from datalab.portal.limits import allow_email
from datalab.portal.own import authors_of
from datalab.portal.place import Place, place_of
from datalab.portal.visitor import visitor_of

HERE = ZoneInfo("Europe/Paris")
QUESTION = "information"  # the kind for which no place is needed
SECRET_LENGTH = 32
NOWHERE = "Dijon Métropole"  # where a question is about, that is about no place


@dataclass
class Typed:
    """What was typed, and what is wrong with it by the name of the field."""

    service: Service | None
    values: Mapping[str, Any] = field(default_factory=dict)
    picture: str = ""  # kept from an earlier try
    wrong: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        return str(self.values.get(name) or "")

    def values_of(self, name: str) -> list[str]:
        found = self.values.getlist(name) if isinstance(self.values, FormData) else []
        return [str(one) for one in found]


@dataclass(frozen=True)
class Sent:
    """``key`` is the number; ``secret`` that of the private link, "" where it is not known here.

    ``digest`` is that of what was sent, None where it is not known any more.
    """

    key: str
    secret: str
    digest: str | None = None


def attribute_name(one: Attribute) -> str:
    """The field that answers a question of the service."""
    return f"attribute-{one.code}"


def given_attributes(typed: Typed) -> dict[str, list[str]]:
    """Answers by code, as Open311 would send them."""
    found: dict[str, list[str]] = {}
    for one in typed.service.attributes if typed.service else ():
        said = [value.strip() for value in typed.values_of(attribute_name(one)) if value.strip()]
        if one.datatype == "datetime":
            said = [_zoned(value) for value in said]
        if said:
            found[one.code] = said
    return found


def _zoned(value: str) -> str:
    """A moment that a browser gives without its zone, which is the one of Dijon."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return (moment if moment.tzinfo else moment.replace(tzinfo=HERE)).isoformat()


def place_in(asked: Request, typed: Typed, language: Language) -> Place:
    """The place of the form; what is wrong with it is written into ``typed``."""
    try:
        found = place_of(asked, typed.values)
    except PlaceRefused as error:
        typed.wrong["place"] = error.message(language)
        return Place()
    question = typed.service is not None and typed.service.code == QUESTION
    if not found.given and not question:
        said = "Say where it is: touch the map, or choose the commune and write the street."
        typed.wrong["place"] = translate(said, language)
    elif found.latitude is None and found.commune is None and not question and _communes(asked):
        said = "Choose the commune too: many have a street of that name."
        typed.wrong["place"] = translate(said, language)
    elif found.latitude is None and not found.words and not question:
        said = "Write the street or a landmark too, so that somebody finds it."
        typed.wrong["place"] = translate(said, language)
    return found


def report_of(asked: Request, typed: Typed, place: Place, receipt: str) -> Report:
    """What is to be recorded, its picture and its author still to come."""
    names = _communes(asked)
    made = Report(
        service_code=typed.service.code if typed.service else "",
        receipt=receipt,
        channel="web",
        description=typed.value("description"),
        latitude=place.latitude,
        longitude=place.longitude,
        commune=place.commune,
        address=place.words or names.get(place.commune or "", "") or _nowhere(place),
    )
    answers = json.dumps(given_attributes(typed), sort_keys=True) if typed.service else ""
    more = (typed.value("email").strip(), _photo_named(typed), secret_for(asked, receipt))
    return replace(made, digest=digest_of(made, answers, *more))


def _photo_named(typed: Typed) -> str:
    """What tells the photo that came from any other; "" where none did."""
    found = typed.values.get("photo")
    if not isinstance(found, UploadFile) or not found.size:
        return typed.value("photo-kept")
    named = hashlib.file_digest(found.file, "sha256").hexdigest()  # type: ignore[arg-type]
    found.file.seek(0)
    return named


def _communes(asked: Request) -> dict[str, str]:
    known = boundaries(asked.app.state.library.shelf())
    return known.names if known else {}


def _nowhere(place: Place) -> str:
    return NOWHERE if place.latitude is None else ""


def check_rest(typed: Typed, language: Language) -> None:
    """Text, agreement and contact; what is wrong is written into ``typed``."""
    if not typed.value("description").strip() and not typed.picture and not _photo(typed):
        said = Phrase("Say in a few words what is wrong, or send a photo.")
        typed.wrong["description"] = said.in_(language)
    if typed.value("consent") != "yes":
        said = Phrase("Tick this to send it: we record nothing without your agreement.")
        typed.wrong["consent"] = said.in_(language)
    if typed.value("email").strip():
        try:
            contact.email_of(typed.value("email"))
        except ContactRefused as error:
            typed.wrong["email"] = error.message(language)


def _photo(typed: Typed) -> bool:
    found = typed.values.get("photo")
    return isinstance(found, UploadFile) and bool(found.size)


def check_mailbox(asked: Request, typed: Typed, language: Language) -> None:
    """Whether the address may be given once more; call it once for each report that is right."""
    if typed.value("email").strip() and not typed.wrong:
        try:
            allow_email(asked, typed.value("email"))
        except ContactOverused as error:
            typed.wrong["email"] = error.message(language)


async def keep_photo(asked: Request, typed: Typed, now: float, language: Language) -> None:
    """Keep the photo that came, so that nobody has to choose it again whatever else is wrong."""
    found = typed.values.get("photo")
    if not isinstance(found, UploadFile) or not found.size:
        held = typed.value("photo-kept")
        id, _, signed = held.partition(".")
        if held and hmac.compare_digest(signed.encode(), photo_pass(asked, id).encode()):
            typed.picture = id
        return
    state = asked.app.state
    try:
        typed.picture = await picture.keep(
            state.participation,
            state.settings,
            await found.read(),
            None,
            "request",
            screen(shows_of(typed), language).said,
            now,
        )
    except DatalabError as error:
        typed.wrong["photo"] = error.message(language)


def shows_of(typed: Typed) -> str:
    """The words that describe the photo, as they were typed."""
    return " ".join(typed.value("alternative").split())[: picture.LONGEST_DESCRIPTION]


def photo_pass(asked: Request, id: str) -> str:
    """What proves that this browser sent the picture ``id``."""
    key = secret(asked.app.state.settings.secrets, "form_key").encode()
    message = f"photo {id} {visitor_of(asked).token}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def secret_for(asked: Request, receipt: str) -> str:
    """The secret of the private link that this browser gets for this receipt, however often it
    has to ask: the first answer may have been lost on its way."""
    key = secret(asked.app.state.settings.secrets, "form_key").encode()
    message = f"link {receipt} {visitor_of(asked).token}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:SECRET_LENGTH]


def known_as(asked: Request, connection: Connection, now: float) -> Author | None:
    """Who this browser was when it last reported or followed something."""
    return next((one for one in authors_of(asked, connection, now) if one.kind == "reporter"), None)


def author_for(
    asked: Request, connection: Connection, typed: Typed, receipt: str, now: float, said: Language
) -> Author:
    """The author of this browser, made where there is none, with the address that was typed."""
    found = known_as(asked, connection, now)
    if found is None:
        made = secret_for(asked, receipt)
        try:
            found = author.of_secret(connection, made, now)
        except UnknownLink:
            found = author.make(
                connection,
                kind="reporter",
                now=now,
                expires_at=until("reporter", now),
                consent=consent.VERSION,
                language=said,
                minor=typed.value("minor") == "yes",
                secret=made,
            )
        secret_held = made
    else:
        secret_held = found.secret
    email = typed.value("email").strip()
    if email:
        days = (until("contact", now) - now) / 86_400
        vault = contact.Vault(asked.app.state.settings.secrets)
        vault.keep(connection, found.id, email, now, days, secret_held)
    return replace(found, secret=secret_held)


def already(asked: Request, connection: Connection, receipt: str, now: float) -> Sent | None:
    """What became of a post that was sent before."""
    columns = select(REQUEST.c.id, REQUEST.c.author_id, REQUEST.c.digest)
    row = connection.execute(columns.where(REQUEST.c.receipt == receipt)).first()
    if row is None:
        return None
    for one in authors_of(asked, connection, now):
        if one.id == row.author_id:
            return Sent(row.id, one.secret, row.digest)
    derived = secret_for(asked, receipt)
    try:
        mine = author.of_secret(connection, derived, now).id == row.author_id
    except UnknownLink:
        mine = False
    return Sent(row.id, derived if mine else "", row.digest)


def record(
    asked: Request,
    connection: Connection,
    typed: Typed,
    reviewed: Reviewed,
    now: float,
    language: Language,
) -> Sent:
    """Record the report, its author and address, and queue the letter that says so: all at once.

    Raises
    ------
    ReceiptReused
    """
    receipt = reviewed.report.receipt
    if (before := already(asked, connection, receipt, now)) is not None:
        if before.digest not in (None, reviewed.report.digest):
            raise ReceiptReused
        return before
    who = author_for(asked, connection, typed, receipt, now, language)
    reported = replace(reviewed.report, author_id=who.id)
    marked = screening.described(shows_of(typed), language) if reported.picture_id else []
    whole = replace(reviewed, report=reported, concerns=(*reviewed.concerns, *marked))
    done = request.submit(connection, whole, now)
    if reported.picture_id:
        connection.execute(
            update(PICTURE)
            .where(PICTURE.c.id == reported.picture_id)
            .values(
                author_id=who.id,
                scope=f"request:{done.key}",
                # It may have been kept by an earlier try, and described in this one.
                alternative=screen(shows_of(typed), language).said,
            )
        )
    if typed.service is not None:
        facts = {
            "number": done.key,
            "service": typed.service.name(language),
            "delay": promise(typed.service, language),
        }
        mail.send(connection, who.id, "case.received", facts, now)
    return Sent(done.key, who.secret)


def promise(service: Service, language: Language) -> str:
    """How fast it is answered and settled, as a sentence."""
    if service.code == QUESTION:
        said = "You should have an answer within {answer}."
        return translate(said, language, answer=delay(service.answer_hours, language))
    return translate(
        "You should have an answer within {answer}, and a solution within {closure}.",
        language,
        answer=delay(service.answer_hours, language),
        closure=delay(service.closure_hours, language),
    )
