"""The door for citizens: report, ask, join a session, answer a questionnaire, find one's link."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection
from starlette.requests import Request

from datalab.errors import UnknownCampaign, UnknownSession
from datalab.i18n import Language, translate
from datalab.participation import campaign, session, survey
from datalab.participation import code as codes
from datalab.portal import limits
from datalab.portal.language import language_of, now
from datalab.portal.page import PAGE_ONLY, page
from datalab.portal.views.cases import Own, own_of
from datalab.portal.visitor import visitor_of

router = APIRouter(include_in_schema=False)
LONGEST = 40


@dataclass(frozen=True)
class OpenSession:
    id: str
    title: str
    question: str
    place: str
    starts_at: float | None
    demonstration: bool


@dataclass(frozen=True)
class ParticipateView:
    """``surveys`` are the titles of questionnaires that are open: each reader has a code."""

    language: Language
    sessions: list[OpenSession]
    surveys: list[str]
    own: list[Own] = field(default_factory=list, metadata=PAGE_ONLY)
    typed: str = field(default="", metadata=PAGE_ONLY)
    wrong: str = field(default="", metadata=PAGE_ONLY)


@router.get("/participate")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.app.state.prefix}/participate/", status_code=308)


@router.get("/participate/")
def html(request: Request, code: str = "") -> Response:
    """The page; with ``code``, on to the session or questionnaire that has it."""
    request.app.state.uses.add("page")
    visitor_of(request)  # what this browser sent is on the page: no cache keeps it
    language, typed = language_of(request), code.strip()[:LONGEST]
    if not typed:
        return page(request, "participate.html", _view(request, language))
    limits.allow(request, "link")  # nobody tries all codes
    with request.app.state.participation.reading() as connection:
        onward = _place_of(connection, typed)
    if onward:
        return RedirectResponse(f"{request.app.state.prefix}/{onward}", status_code=303)
    wrong = translate("Nothing here has this code. Check it on the screen or the letter.", language)
    return page(request, "participate.html", _view(request, language, typed, wrong))


def _place_of(connection: Connection, typed: str) -> str:
    """Where a code leads, "" for nowhere."""
    try:
        return f"join/{session.by_code(connection, codes.meant(typed)).code}"
    except UnknownSession:
        pass
    try:
        return f"s/{campaign.by_code(connection, typed).code}"
    except UnknownCampaign:
        return ""


def _view(
    request: Request, language: Language, typed: str = "", wrong: str = ""
) -> ParticipateView:
    with request.app.state.participation.reading() as connection:
        held = session.sessions(connection, state="open")
        asked = survey.surveys(connection, ("open",))
        mine = own_of(request, connection, language, now().timestamp())
    return ParticipateView(
        language=language,
        sessions=[
            OpenSession(
                one.id, one.title, one.question, one.place, one.starts_at, one.demonstration
            )
            for one in held
        ],
        surveys=[one.title.get(language) or next(iter(one.title.values()), "") for one in asked],
        own=mine,
        typed=typed,
        wrong=wrong,
    )
