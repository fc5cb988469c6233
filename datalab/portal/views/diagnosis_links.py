"""Where who ran the workshop or the survey links it to a finding of a diagnosis."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import FieldRefused
from datalab.i18n import Language, Phrase, translate
from datalab.methods.indicator import LIST
from datalab.participation import finding_link
from datalab.people.rights import Right
from datalab.portal.diagnosis import diagnosis_of
from datalab.portal.diagnosis_evidence import decision_line
from datalab.portal.diagnosis_words import INDICATORS
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person, require
from datalab.portal.views.diagnosis import basis_of

router = APIRouter(include_in_schema=False)
RIGHT: Right = "facilitate:session"
RESULTS: Right = "run:survey"
TELLING = tuple(one.id for one in LIST if one.tells)


@dataclass(frozen=True)
class Linked:
    id: str
    finding: str
    said: str


@router.get("/diagnosis/{insee}/links")
def html(request: Request, insee: str) -> Response:
    return _page(request, require(request, RIGHT), insee)


@router.post("/diagnosis/{insee}/links")
async def save(request: Request, insee: str) -> Response:
    person, form = require(request, RIGHT), await form_of(request)
    values = {name: str(form.get(name) or "")[:200] for name in ("finding", "target", "remove")}
    return await run_in_threadpool(_save, request, person, insee, values)


def _save(request: Request, person: Person, insee: str, values: dict[str, str]) -> Response:
    diagnosis_of(basis_of(request)[1], insee)  # raises UnknownCommune
    language, moment = language_of(request), now().timestamp()
    try:
        with request.app.state.participation.writing() as connection:
            if values["remove"]:
                finding_link.remove(
                    connection, insee, values["remove"], now=moment, actor=person.name
                )
            else:
                _add(connection, person, insee, values, moment)
    except FieldRefused as problem:
        return _page(request, person, insee, values, problem)
    said = translate("Saved.", language)
    return onward(f"{request.app.state.prefix}/diagnosis/{insee}/links", said)


def _add(
    connection: Connection, person: Person, insee: str, values: dict[str, str], moment: float
) -> None:
    kind, _, target = values["target"].partition(":")
    campaign, _, question = target.partition(":")
    if values["finding"] not in TELLING:
        raise FieldRefused("finding", Phrase("Choose one of these."))
    if kind not in {"decision", "campaign"} or (kind == "campaign" and not person.may(RESULTS)):
        raise FieldRefused("target", Phrase("Choose one of these."))
    finding_link.add(
        connection,
        commune=insee,
        finding=values["finding"],
        decision=target if kind == "decision" else "",
        campaign=campaign if kind == "campaign" else "",
        question=question,
        now=moment,
        actor=person.name,
    )


def _page(
    request: Request,
    person: Person,
    insee: str,
    typed: dict[str, str] | None = None,
    problem: FieldRefused | None = None,
) -> Response:
    language = language_of(request)
    made = diagnosis_of(basis_of(request)[1], insee)
    with request.app.state.participation.reading() as connection:
        there = finding_link.links(connection, insee)
        held = finding_link.decisions(connection)
        asked = finding_link.campaigns(connection)
    decisions = [(f"decision:{id}", decision_line(one, language)) for id, one in held.items()]
    questions = (
        [
            (
                campaign.title,
                [
                    (f"campaign:{id}:{name}", survey.questionnaire.label_of(variable, language))
                    for name, variable in survey.questionnaire.variables.items()
                    if not variable.free and variable.kind != "place"
                ],
            )
            for id, (survey, campaign) in asked.items()
        ]
        if person.may(RESULTS)
        else []
    )
    names = dict(decisions)
    for title, each in questions:  # two campaigns may ask the same
        names |= {value: f"{title} – {label}" for value, label in each}
    linked = []
    for one in there:
        target = (
            f"decision:{one.decision_id}"
            if one.decision_id
            else f"campaign:{one.campaign_id}:{one.question}"
        )
        gone = translate("not closed at present, so not shown", language)
        linked.append(
            Linked(one.id, INDICATORS[one.finding].in_(language), names.get(target, gone))
        )
    context = {
        "made": made,
        "linked": linked,
        "findings": _findings([one.id for one in made.findings], language),
        "decisions": decisions,
        "questions": questions,
        "typed": typed or {},
        "wrong": {problem.facts["name"]: problem.message(language)} if problem else {},
    }
    status = problem.status if problem else 200
    headers = {"Cache-Control": "private, no-store"}
    return render(request, "diagnosis_links.html", context, headers=headers, status=status)


def _findings(first: list[str], language: Language) -> list[tuple[str, str]]:
    """Those that stand out with their number, then the others, which may one day."""
    numbered = [
        (id, f"F{number}. {INDICATORS[id].in_(language)}") for number, id in enumerate(first, 1)
    ]
    return numbered + [(id, INDICATORS[id].in_(language)) for id in TELLING if id not in first]
