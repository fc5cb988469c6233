"""A session as data to take away (CSV, JSON) and as an event for a calendar."""

from __future__ import annotations

import json as jsonlib
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from datalab.errors import NoDate, NotAFacilitator
from datalab.participation import calendar_file, journal, session_export
from datalab.participation.session import Session
from datalab.portal.language import language_of
from datalab.portal.own import root_of
from datalab.portal.page import PUBLIC
from datalab.portal.person import signed_in
from datalab.portal.printing import file
from datalab.portal.session_access import may_run, session_seen
from datalab.portal.views.minutes import told

router = APIRouter(tags=["participation"])
ALL = "all"


def exported(request: Request, id: str, part: str) -> tuple[Session, dict[str, Any]]:
    """What is taken away; ``part`` "all" is for those who run the session.

    Raises
    ------
    UnknownSession, MinutesNotThere, SignInNeeded, NotAFacilitator
    """
    session, held = told(request, id)
    whole = part == ALL
    if whole and not may_run(request, session, signed_in(request)):
        raise NotAFacilitator
    made = session_export.internal if whole else session_export.public
    with request.app.state.participation.reading() as connection:
        return session, made(connection, session, held)


@router.get("/sessions/{id}/export.json", summary="A session as data")
def json(request: Request, id: str, part: str = "") -> Response:
    session, found = exported(request, id, part)
    body = jsonlib.dumps(found, ensure_ascii=False, indent=1).encode()
    answer = file(request, lambda: body, f"{_name(session)}.json", "application/json")
    if part != ALL:
        answer.headers.update(PUBLIC)
    return answer


@router.get("/sessions/{id}/export.csv", summary="The contributions of a session as CSV")
def csv(request: Request, id: str, part: str = "") -> Response:
    session, found = exported(request, id, part)
    tables = session_export.tables(found)
    text = tables["moderation.csv" if part == ALL else "contributions.csv"]
    return file(request, text.encode, f"{_name(session)}.csv", "text/csv")


@router.get("/sessions/{id}/export.zip", summary="A session as several CSV files")
def parcel(request: Request, id: str, part: str = "") -> Response:
    session, found = exported(request, id, part)
    at = session.closed_at or session.created_at
    name = f"{_name(session)}.zip"
    return file(request, lambda: session_export.parcel(found, at), name, "application/zip")


@router.get("/sessions/{id}/calendar.ics", summary="A session for a calendar")
def calendar(request: Request, id: str) -> Response:
    session = session_seen(request, id)
    if session.starts_at is None:
        raise NoDate
    address = f"{root_of(request)}{request.app.state.prefix}/sessions/{session.id}/"
    with request.app.state.participation.reading() as connection:
        changes = journal.since(connection, 0, session.scope, noun="session")
    body = calendar_file.write(session, changes, address, language_of(request))
    return file(request, lambda: body, f"{_name(session)}.ics", "text/calendar; charset=utf-8")


def _name(session: Session) -> str:
    return f"session-{session.id}"
