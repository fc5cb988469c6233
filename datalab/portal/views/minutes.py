"""The minutes of a session: as a page and as files, their foreword, and the closing of it all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import FieldRefused, MinutesNotThere
from datalab.i18n import Language, translate
from datalab.participation import agenda
from datalab.participation import foreword as forewords
from datalab.participation import session as sessions
from datalab.participation.contribution import contributions
from datalab.participation.documents.block import Block, Document
from datalab.participation.documents.telling import tell
from datalab.participation.minutes import Minutes, minutes
from datalab.participation.screening import screen
from datalab.participation.session import Session
from datalab.portal.boundaries import boundaries
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.own import root_of
from datalab.portal.page import page, render
from datalab.portal.person import Person, person_of
from datalab.portal.printing import printed
from datalab.portal.session_access import may_run, session_for, session_seen
from datalab.portal.session_view import project_title

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class MinutesView:
    language: Language
    id: str
    title: str
    draft: bool
    runs: bool
    demonstration: bool
    blocks: tuple[Block, ...]
    foreword: str
    longest: int
    concerns: list[str]  # what in the foreword looks like personal data
    problem: str = ""


@dataclass(frozen=True)
class ClosingView:
    """What the one who closes should know before."""

    language: Language
    id: str
    title: str
    state: str
    version: int
    waiting: int
    voting: bool
    phase: str
    people: int
    decisions: int
    demonstration: bool


def told(request: Request, id: str) -> tuple[Session, Minutes]:
    """A session and its minutes, for who may see them now.

    Raises
    ------
    UnknownSession, MinutesNotThere
    """
    session = session_seen(request, id)
    if session.state != "closed" and not may_run(request, session, person_of(request)):
        raise MinutesNotThere
    known = boundaries(request.app.state.library.shelf())
    with request.app.state.participation.reading() as connection:
        held = minutes(connection, session, known.names if known else {})
    return session, held


def written(request: Request, id: str) -> tuple[Session, Minutes, Document]:
    session, held = told(request, id)
    prefix = request.app.state.prefix
    address = f"{root_of(request)}{prefix}/sessions/{session.id}/follow-up"
    language = language_of(request)
    project = project_title(request, session.project, language)
    return session, held, tell(held, language, address, project)


@router.get("/sessions/{id}/minutes")
@router.get("/sessions/{id}/minutes.html")
def html(request: Request, id: str) -> Response:
    return _page(request, id)


@router.get("/sessions/{id}/minutes.pdf")
def as_pdf(request: Request, id: str) -> Response:
    return printed(request, written(request, id)[2], "pdf")


@router.get("/sessions/{id}/minutes.docx")
def as_docx(request: Request, id: str) -> Response:
    return printed(request, written(request, id)[2], "docx")


@router.get("/sessions/{id}/minutes.odt")
def as_odt(request: Request, id: str) -> Response:
    return printed(request, written(request, id)[2], "odt")


def _page(request: Request, id: str, foreword: str | None = None, problem: str = "") -> Response:
    session, held, document = written(request, id)
    runs = may_run(request, session, person_of(request))
    view = MinutesView(
        language=document.language,
        id=session.id,
        title=document.title,
        draft=held.draft,
        runs=runs,
        demonstration=session.demonstration,
        blocks=document.blocks[1:],
        foreword=held.foreword if foreword is None else foreword,
        longest=forewords.LONGEST,
        concerns=_concerns(held.foreword) if runs else [],
        problem=problem,
    )
    if problem:
        return render(request, "minutes.html", {"view": view}, status=422)
    return page(request, "minutes.html", view)


def _concerns(text: str) -> list[str]:
    """Words of the foreword that a reader could take for somebody's own."""
    found = screen(text).concerns if text else []
    return [str(one["word"]) for one in found if one.get("word")]


@router.post("/sessions/{id}/minutes")
async def foreword(request: Request, id: str) -> Response:
    return await _posted(request, id, _foreword)


@router.get("/sessions/{id}/close")
def closing(request: Request, id: str) -> Response:
    _, session = session_for(request, id)
    if session.state == "closed":
        address = f"{request.app.state.prefix}/sessions/{session.id}/minutes"
        return RedirectResponse(address, status_code=303)
    with request.app.state.participation.reading() as connection:
        running = agenda.running(connection, session)
        waiting = contributions(connection, session, states=("submitted",))
        held = minutes(connection, session, {})
    view = ClosingView(
        language=language_of(request),
        id=session.id,
        title=session.title,
        state=session.state,
        version=session.version,
        waiting=len(waiting),
        voting=session.voting,
        phase=running.title if running else "",
        people=held.attendance.total,
        decisions=len(held.decisions),
        demonstration=session.demonstration,
    )
    return page(request, "session_close.html", view)


@router.post("/sessions/{id}/close")
async def close(request: Request, id: str) -> Response:
    return await _posted(request, id, _close)


@router.post("/sessions/{id}/reopen")
async def reopen(request: Request, id: str) -> Response:
    return await _posted(request, id, _reopen)


Deed = Callable[[Request, Person, Session, FormData], Response]


async def _posted(request: Request, id: str, deed: Deed) -> Response:
    fields = await form_of(request)

    def act() -> Response:
        person, session = session_for(request, id)
        return deed(request, person, session, fields)

    return await run_in_threadpool(act)


def _foreword(request: Request, person: Person, session: Session, fields: FormData) -> Response:
    typed, moment = str(fields.get("foreword", "")), now().timestamp()
    try:
        with request.app.state.participation.writing() as connection:
            forewords.write(connection, session, typed, now=moment, actor=person.name)
    except FieldRefused as problem:
        return _page(request, session.id, typed, problem.message(language_of(request)))
    said = translate("The foreword is saved.", language_of(request))
    return onward(_address(request, session), said)


def _close(request: Request, person: Person, session: Session, _: FormData) -> Response:
    language = language_of(request)
    if session.state == "open":
        with request.app.state.participation.writing() as connection:
            fresh = sessions.get(connection, session.id)
            sessions.close(connection, fresh, now=now().timestamp(), actor=person.name)
    said = translate("The session is closed. Its minutes are public from now on.", language)
    undo = f"{request.app.state.prefix}/sessions/{session.id}/reopen"
    return onward(
        _address(request, session), said, undo=undo, label=translate("Open it again", language)
    )


def _reopen(request: Request, person: Person, session: Session, _: FormData) -> Response:
    language = language_of(request)
    if session.state == "closed":
        with request.app.state.participation.writing() as connection:
            fresh = sessions.get(connection, session.id)
            sessions.open(connection, fresh, now=now().timestamp(), actor=person.name)
    said = translate("The session is open again; its minutes are a draft once more.", language)
    return onward(_address(request, session), said)


def _address(request: Request, session: Session) -> str:
    return f"{request.app.state.prefix}/sessions/{session.id}/minutes"
