"""What becomes of the decisions of a session: read by everybody, told by agents."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import FieldRefused, NotAFacilitator, Stale
from datalab.i18n import Language, translate
from datalab.participation import decision, follow_up
from datalab.participation.documents.dates import day
from datalab.participation.session import Session
from datalab.portal.figures import DIJON
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import PAGE_ONLY, document, page, render
from datalab.portal.person import Person, person_of, signed_in
from datalab.portal.session_access import may_run, session_seen

router = APIRouter(tags=["participation"])


@dataclass(frozen=True)
class StepLine:
    at: str
    state: str
    state_label: str
    news: str


@dataclass(frozen=True)
class FollowedLine:
    """``wrong`` says per field what to change; ``typed_`` is what was sent with it."""

    id: str
    text: str
    owner: str
    due: str | None
    due_label: str
    overdue: bool
    state: str
    state_label: str
    news: str
    answers: list[str]
    history: list[StepLine]
    version: int = field(metadata=PAGE_ONLY)
    typed_state: str = field(metadata=PAGE_ONLY)
    typed_news: str = field(metadata=PAGE_ONLY)
    wrong: dict[str, str] = field(metadata=PAGE_ONLY)


@dataclass(frozen=True)
class FollowUpView:
    language: Language
    id: str
    title: str
    question: str
    state: str
    demonstration: bool
    counts: dict[str, int]
    decisions: list[FollowedLine]
    states: list[tuple[str, str]] = field(metadata=PAGE_ONLY)
    may_tell: bool = field(metadata=PAGE_ONLY)


def may_tell(request: Request, session: Session, person: Person | None) -> bool:
    """Whether this person may say what became of a decision: who runs it, or any facilitator."""
    if person is None:
        return False
    return may_run(request, session, person) or person.may("facilitate:session")


def shown(
    request: Request,
    id: str,
    typed: FormData | None = None,
    problem: FieldRefused | Stale | None = None,
) -> FollowUpView:
    session, language = session_seen(request, id), language_of(request)
    today = now().astimezone(DIJON).date()
    with request.app.state.participation.reading() as connection:
        found = follow_up.followed(connection, session, today)
    wrong = {}
    if problem is not None:
        wrong = {str(problem.facts.get("name", "news")): problem.message(language)}
    lines = []
    for one in found:
        made = one.decision
        mine = typed is not None and typed.get("decision") == made.id
        lines.append(
            FollowedLine(
                id=made.id,
                text=made.text,
                owner=made.owner,
                due=made.due,
                due_label=day(made.due, language) if made.due else "",
                overdue=one.overdue,
                state=made.state,
                state_label=decision.STATES[made.state].in_(language),
                news=made.news,
                answers=list(one.answers),
                history=[
                    StepLine(
                        day(step.at, language),
                        step.state,
                        decision.STATES[step.state].in_(language),
                        step.news,
                    )
                    for step in one.history
                ],
                version=made.version,
                typed_state=str(typed.get("state", "")) if typed and mine else made.state,
                typed_news=str(typed.get("news", "")) if typed and mine else made.news,
                wrong=wrong if mine else {},
            )
        )
    return FollowUpView(
        language=language,
        id=session.id,
        title=session.title,
        question=session.question,
        state=session.state,
        demonstration=session.demonstration,
        counts={state: sum(line.state == state for line in lines) for state in decision.STATES},
        decisions=lines,
        states=[(state, said.in_(language)) for state, said in decision.STATES.items()],
        may_tell=may_tell(request, session, person_of(request)),
    )


@router.get("/sessions/{id}/follow-up", include_in_schema=False)
def html(request: Request, id: str) -> Response:
    return page(request, "follow_up.html", shown(request, id))


@router.get("/sessions/{id}/follow-up.json", summary="What became of the decisions of a session")
def json(request: Request, id: str) -> Response:
    return document(request, shown(request, id))


@router.post("/sessions/{id}/follow-up", include_in_schema=False)
async def tell(request: Request, id: str) -> Response:
    fields = await form_of(request)
    return await run_in_threadpool(_tell, request, id, fields)


@router.post("/sessions/{id}/follow-up/undo", include_in_schema=False)
async def undo(request: Request, id: str) -> Response:
    fields = await form_of(request)
    return await run_in_threadpool(_undo, request, id, fields)


def _teller(request: Request, id: str) -> tuple[Person, Session]:
    person, session = signed_in(request), session_seen(request, id)
    if not may_tell(request, session, person):
        raise NotAFacilitator
    return person, session


def _tell(request: Request, id: str, fields: FormData) -> Response:
    (person, session), language = _teller(request, id), language_of(request)
    seen = str(fields.get("seen", ""))
    number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else -1
    try:
        with request.app.state.participation.writing() as connection:
            change = follow_up.report(
                connection,
                session,
                str(fields.get("decision", "")),
                state=str(fields.get("state", "")),
                news=str(fields.get("news", "")),
                seen=number,
                now=now().timestamp(),
                actor=person.name,
            )
    except FieldRefused as problem:
        view = shown(request, id, fields, problem)
        return render(request, "follow_up.html", {"view": view}, status=422)
    except Stale as problem:
        view = shown(request, id, fields, problem)
        return render(request, "follow_up.html", {"view": view}, status=409)
    address = f"{request.app.state.prefix}/sessions/{session.id}/follow-up"
    if change is None:
        return onward(address, translate("Nothing was changed.", language))
    return onward(
        address,
        translate("Everybody reads it now, and those whose idea it answers are told.", language),
        undo=f"{address}/undo",
        label=translate("Undo", language),
        fields={"change": str(change.id)},
    )


def _undo(request: Request, id: str, fields: FormData) -> Response:
    (person, session), language = _teller(request, id), language_of(request)
    number = str(fields.get("change", ""))
    change = int(number) if number.isascii() and number.isdigit() and len(number) < 16 else 0
    with request.app.state.participation.writing() as connection:
        follow_up.take_back(connection, session, change, now=now().timestamp(), actor=person.name)
    address = f"{request.app.state.prefix}/sessions/{session.id}/follow-up"
    return onward(address, translate("It is taken back.", language))
