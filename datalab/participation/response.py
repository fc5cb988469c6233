"""Responses: begun on a phone, sent once, read by an agent where somebody wrote in their own words.

What was chosen or counted is accepted as it is sent; each free text waits for an agent, who reads
it screened. ``concerns`` of a response holds, by variable, {"state": waiting, accepted or
rejected, "said": the screened text, "concerns": what the screening found}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from datalab.errors import AlreadyAnswered, ReceiptReused, UnknownResponse
from datalab.i18n import Language
from datalab.participation import author as authors
from datalab.participation import consent, journal, register
from datalab.participation import survey as surveys
from datalab.participation.answers import Checked
from datalab.participation.author import Author, short_id
from datalab.participation.campaign import Campaign
from datalab.participation.journal import Edit
from datalab.participation.screening import screen
from datalab.participation.survey import Survey
from datalab.participation.tables.survey import RESPONSE

COUNTED = ("submitted", "accepted")


@dataclass(frozen=True)
class Response:
    id: str
    survey_id: str
    campaign_id: str | None
    author_id: str | None
    receipt: str
    edition: int
    language: str
    answers: dict[str, Any]
    state: str
    way: str
    concerns: dict[str, Any]
    started_at: float
    submitted_at: float | None
    version: int


@dataclass(frozen=True)
class Sender:
    """Who answers: the holder of ``secret``; ``minor`` below the age of consent."""

    secret: str
    language: str
    minor: bool = False
    way: str = "phone"
    actor: str = ""  # the agent who enters a paper


@dataclass(frozen=True)
class Text:
    """A free text that an agent reads; ``text`` is what was typed."""

    response: str
    version: int
    variable: str
    text: str
    said: str
    state: str
    concerns: list[dict[str, Any]]
    at: float


def keep(
    connection: Connection,
    survey: Survey,
    campaign: Campaign,
    sender: Sender,
    checked: Checked,
    now: float,
) -> Response:
    """Keep what was answered so far, so that it can be gone on with.

    Raises
    ------
    AlreadyAnswered
        where it was sent already.
    """
    found = _begun(connection, survey, campaign, sender, now)
    if found.state != "started":
        raise AlreadyAnswered
    values = {"answers": checked.answers, "edition": survey.edition, "language": sender.language}
    _set(connection, found.id, values)
    return _get(connection, found.id)


def submit(
    connection: Connection,
    survey: Survey,
    campaign: Campaign,
    sender: Sender,
    checked: Checked,
    receipt: str,
    now: float,
) -> Response:
    """Send the answers; the same receipt again gives what it gave.

    Raises
    ------
    AlreadyAnswered
        where the same person sent them with another receipt.
    ReceiptReused
        where other answers came with this one.
    """
    known = of_receipt(connection, receipt)
    if known is not None and known.survey_id == survey.id:
        if known.author_id is not None and known.answers != checked.answers:
            raise ReceiptReused
        return known
    found = _begun(connection, survey, campaign, sender, now)
    if found.state != "started":
        raise AlreadyAnswered
    waiting = {}
    for name, variable in survey.questionnaire.variables.items():
        if variable.free and name in checked.answers:
            language: Language = "en" if sender.language == "en" else "fr"
            screened = screen(str(checked.answers[name]), language)
            waiting[name] = {
                "state": "waiting",
                "said": screened.said,
                "concerns": list(screened.concerns),
            }
    values = {
        "answers": checked.answers,
        "edition": survey.edition,
        "language": sender.language,
        "campaign_id": campaign.id,
        "receipt": receipt,
        "state": "submitted" if waiting else "accepted",
        "concerns": waiting,
        "submitted_at": now,
    }
    _set(connection, found.id, values)
    return _get(connection, found.id)


def of_receipt(connection: Connection, receipt: str) -> Response | None:
    row = connection.execute(select(RESPONSE).where(RESPONSE.c.receipt == receipt)).mappings()
    found = row.first()
    return _response(found) if found else None


def of_author(connection: Connection, survey: Survey, author: str) -> Response | None:
    asked = select(RESPONSE).where(
        RESPONSE.c.survey_id == survey.id, RESPONSE.c.author_id == author
    )
    found = connection.execute(asked).mappings().first()
    return _response(found) if found else None


def by_author(connection: Connection, author: str) -> list[Response]:
    """What somebody answered, in every survey."""
    asked = select(RESPONSE).where(RESPONSE.c.author_id == author).order_by(RESPONSE.c.started_at)
    return [_response(row) for row in connection.execute(asked).mappings()]


def counted(connection: Connection, survey: Survey) -> list[Response]:
    """What counts in the results, in the order it came."""
    asked = (
        select(RESPONSE)
        .where(RESPONSE.c.survey_id == survey.id, RESPONSE.c.state.in_(COUNTED))
        .order_by(RESPONSE.c.submitted_at, RESPONSE.c.id)
    )
    return [_response(row) for row in connection.execute(asked).mappings()]


def texts(connection: Connection, survey: Survey, state: str = "waiting") -> list[Text]:
    """Free texts in a state, the oldest first."""
    return [
        Text(
            response.id,
            response.version,
            name,
            str(response.answers.get(name, "")),
            held["said"],
            held["state"],
            held["concerns"],
            response.submitted_at or response.started_at,
        )
        for response in counted(connection, survey)
        for name, held in response.concerns.items()
        if held["state"] == state
    ]


def decide(
    connection: Connection,
    survey: Survey,
    response: str,
    variable: str,
    state: str,
    now: float,
    actor: str,
) -> journal.Change:
    """Accept or reject one free text (``state``: accepted, rejected, or waiting again).

    Raises
    ------
    UnknownResponse
    """
    found = _of_survey(connection, survey, response)
    if variable not in found.concerns:
        raise UnknownResponse
    held = {**found.concerns, variable: {**found.concerns[variable], "state": state}}
    waits = any(one["state"] == "waiting" for one in held.values())
    values = {"concerns": held, "state": "submitted" if waits else "accepted"}
    edit = Edit.update(RESPONSE, found.id, values, found.version)
    return _record(connection, survey, now, actor, f"text.{state}", edit)


def reject(
    connection: Connection, survey: Survey, response: str, now: float, actor: str
) -> journal.Change:
    """Take a whole response out of the results: spam, a test, a joke.

    Raises
    ------
    UnknownResponse
    """
    found = _of_survey(connection, survey, response)
    edit = Edit.update(RESPONSE, found.id, {"state": "rejected"}, found.version)
    return _record(connection, survey, now, actor, "response.reject", edit)


def _begun(
    connection: Connection, survey: Survey, campaign: Campaign, sender: Sender, now: float
) -> Response:
    """The response of this sender, made where there is none yet."""
    author = _author(connection, sender, now)
    found = of_author(connection, survey, author.id)
    if found is not None:
        return found
    identifier = short_id()
    values = {
        "id": identifier,
        "survey_id": survey.id,
        "campaign_id": campaign.id,
        "author_id": author.id,
        "receipt": f"begun-{identifier}",
        "edition": survey.edition,
        "language": sender.language,
        "answers": {},
        "state": "started",
        "way": sender.way,
        "concerns": {},
        "started_at": now,
        "version": 1,
    }
    connection.execute(insert(RESPONSE).values(**values))
    return _get(connection, identifier)


def _author(connection: Connection, sender: Sender, now: float) -> Author:
    known = authors.with_secret(connection, sender.secret)
    if known is not None:
        return known
    return authors.make(
        connection,
        kind="respondent",
        now=now,
        expires_at=register.until("respondent", now),
        consent=consent.VERSION,
        language=sender.language,
        minor=sender.minor,
        secret=sender.secret,
    )


def unsigned(connection: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of a response whose author is forgotten while it goes on counting: no text but
    as an agent accepted it, no place but rounded."""
    survey = surveys.of_id(connection, row["survey_id"])
    held = row["concerns"] if isinstance(row["concerns"], dict) else {}
    accepted = {name: one for name, one in held.items() if one["state"] == "accepted"}
    answers = {}
    for name, variable in survey.questionnaire.variables.items() if survey else ():
        value = row["answers"].get(name)
        if value is None or (variable.free and name not in accepted):
            continue
        if variable.free:
            value = accepted[name]["said"]
        elif variable.kind == "place":
            decimals = variable.question.decimals
            value = [round(float(part), 2 if decimals is None else decimals) for part in value]
        answers[name] = value
    kept = {name: {**one, "concerns": []} for name, one in accepted.items()}
    state = "accepted" if row["state"] == "submitted" else row["state"]
    return {"answers": answers, "concerns": kept, "state": state, "author_id": None}


def _response(row: Any) -> Response:
    values = dict(row)
    # Whoever was erased leaves a list here.
    held = values["concerns"] if isinstance(values["concerns"], dict) else {}
    return Response(**{**values, "concerns": held})


def _set(connection: Connection, identifier: str, values: Mapping[str, Any]) -> None:
    # Not through the journal: it would keep a second copy of what somebody answered.
    number = RESPONSE.c.version + 1
    connection.execute(
        update(RESPONSE).where(RESPONSE.c.id == identifier).values(**values, version=number)
    )


def _get(connection: Connection, identifier: str) -> Response:
    row = connection.execute(select(RESPONSE).where(RESPONSE.c.id == identifier)).mappings().one()
    return _response(row)


def _of_survey(connection: Connection, survey: Survey, identifier: str) -> Response:
    asked = select(RESPONSE).where(RESPONSE.c.id == identifier, RESPONSE.c.survey_id == survey.id)
    row = connection.execute(asked).mappings().first()
    if row is None:
        raise UnknownResponse
    return _response(row)


def _record(
    connection: Connection, survey: Survey, now: float, actor: str, kind: str, edit: Edit
) -> journal.Change:
    return journal.record(
        connection, scope=survey.scope, at=now, actor=actor, kind=kind, edits=[edit]
    )
