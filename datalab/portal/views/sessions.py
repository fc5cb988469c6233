"""Co-design sessions for everybody: the list, and the page of one."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.i18n import Language
from datalab.participation import session as sessions
from datalab.portal.language import language_of, now
from datalab.portal.page import PAGE_ONLY, document, page
from datalab.portal.person import person_of
from datalab.portal.session_access import may_run, session_seen
from datalab.portal.session_view import SessionCard, SessionView, card_of, view_of

router = APIRouter()
EARLY = 3600.0  # seconds before it begins in which a session that is open counts as going on


@dataclass(frozen=True)
class SessionsView:
    language: Language
    open: list[SessionCard]
    coming: list[SessionCard]
    past: list[SessionCard]
    drafts: list[SessionCard] = field(metadata=PAGE_ONLY)
    may_prepare: bool = field(metadata=PAGE_ONLY)


def listed(request: Request) -> SessionsView:
    """Open now, coming (open, and its day is not yet), over; the drafts of who asks."""
    language, person, moment = language_of(request), person_of(request), now().timestamp()
    with request.app.state.participation.reading() as connection:
        everything = sessions.sessions(connection)
    groups: dict[str, list[SessionCard]] = {"open": [], "coming": [], "past": [], "drafts": []}
    for session in everything:
        card = card_of(request, session, language)
        if session.state == "draft":
            if may_run(request, session, person):
                groups["drafts"].append(card)
        elif session.state == "closed":
            groups["past"].append(card)
        elif session.starts_at is not None and session.starts_at > moment + EARLY:
            groups["coming"].insert(0, card)
        else:
            groups["open"].append(card)
    may_prepare = person is not None and person.may("facilitate:session")
    return SessionsView(language=language, may_prepare=may_prepare, **groups)


@router.get("/sessions", include_in_schema=False)
def without_slash(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.app.state.prefix}/sessions/{query}", status_code=308)


@router.get("/sessions/", include_in_schema=False)
def html(request: Request) -> Response:
    return page(request, "sessions.html", listed(request))


@router.get("/sessions.json", summary="Co-design sessions", tags=["participation"])
def json(request: Request) -> Response:
    return document(request, listed(request))


def shown(request: Request, id: str) -> SessionView:
    session = session_seen(request, id)
    runs = may_run(request, session, person_of(request))
    with request.app.state.participation.reading() as connection:
        return view_of(request, connection, session, runs, language_of(request))


@router.get("/sessions/{id}", include_in_schema=False)
def one_without_slash(request: Request, id: str) -> Response:
    if id.endswith(".json"):
        return document(request, shown(request, id.removesuffix(".json")))
    session = session_seen(request, id)
    prefix = request.app.state.prefix
    return RedirectResponse(f"{prefix}/sessions/{session.id}/", status_code=308)


@router.get("/sessions/{id}/", include_in_schema=False)
def one(request: Request, id: str) -> Response:
    return page(request, "session.html", shown(request, id))
