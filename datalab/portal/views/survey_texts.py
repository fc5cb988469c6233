"""Free texts of a survey, read by an agent before anybody else; and papers entered by one."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import ReceiptReused, UnknownResponse
from datalab.i18n import translate
from datalab.participation import campaign as campaigns
from datalab.participation import journal, response, survey
from datalab.participation.answers import Checked, check
from datalab.participation.author import short_id
from datalab.participation.campaign import Campaign
from datalab.participation.response import Sender
from datalab.participation.survey import Survey
from datalab.portal.figures import DIJON
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.outbox import SENT_BEFORE, new_receipt, receipt_of
from datalab.portal.page import render
from datalab.portal.person import require
from datalab.portal.questionnaire_form import form_view, given_in, language_of_form
from datalab.portal.views.surveys import RIGHT

router = APIRouter(include_in_schema=False)
PAGE = 50


@router.get("/surveys/{slug}/texts")
def texts(request: Request, slug: str, state: str = "waiting") -> Response:
    """Those that wait, the oldest first; what the screening found is marked."""
    require(request, RIGHT)
    wanted = state if state in {"waiting", "accepted", "rejected"} else "waiting"
    language = language_of(request)
    with request.app.state.participation.reading() as connection:
        found = survey.get(connection, slug)
        listed = response.texts(connection, found, wanted)
    variables = found.questionnaire.variables
    rows = [
        {
            "text": one,
            "question": found.questionnaire.label_of(variables[one.variable], language),
            "parts": marked(one.text, one.concerns),
        }
        for one in listed[:PAGE]
        if one.variable in variables
    ]
    context = {
        "survey": found,
        "title": found.questionnaire.say(found.title, language),
        "rows": rows,
        "count": len(listed),
        "state": wanted,
    }
    return render(request, "survey_texts.html", context)


def marked(text: str, concerns: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """The text in pieces, those of concern marked."""
    parts, done = [], 0
    for concern in sorted(concerns, key=lambda c: int(c["start"])):
        start, end = max(done, int(concern["start"])), int(concern["end"])
        if end > start:
            parts += [(text[done:start], False), (text[start:end], True)]
            done = end
    return [part for part in [*parts, (text[done:], False)] if part[0]]


@router.post("/surveys/{slug}/texts")
async def decide(request: Request, slug: str) -> Response:
    """Accept or reject one text; reject a whole answer; undo."""
    person = require(request, RIGHT)
    fields = await form_of(request)
    language, moment = language_of(request), now().timestamp()
    going = str(fields.get("go") or "")
    identifier = str(fields.get("response") or "")[:40]

    def write() -> tuple[int, str]:
        with request.app.state.participation.writing() as connection:
            found = survey.get(connection, slug)
            if going == "undo":
                number = str(fields.get("change") or "")
                known = number.isdecimal() and len(number) < 16
                change = journal.find(connection, int(number)) if known else None
                if change is None or change.scope != found.scope:
                    raise UnknownResponse
                journal.undo(connection, change.id, at=moment, actor=person.name)
                return 0, translate("Undone.", language)
            if going == "out":
                done = response.reject(connection, found, identifier, moment, person.name)
                return done.id, translate("The whole answer is out of the results.", language)
            state = going if going in {"accepted", "rejected"} else "waiting"
            done = response.decide(
                connection,
                found,
                identifier,
                str(fields.get("variable") or "")[:80],
                state,
                moment,
                person.name,
            )
            said = (
                translate("The text is accepted.", language)
                if state == "accepted"
                else translate("The text stays out.", language)
            )
            return done.id, said

    number, said = await run_in_threadpool(write)
    where = f"{request.app.state.prefix}/surveys/{slug}/texts"
    if not number:
        return onward(where, said)
    undo = {"go": "undo", "change": str(number)}
    return onward(where, said, undo=where, label=translate("Undo", language), fields=undo)


@router.get("/surveys/{slug}/campaigns/{identifier}/paper")
def paper_form(request: Request, slug: str, identifier: str) -> Response:
    require(request, RIGHT)
    found, campaign = _both(request, slug, identifier)
    return _paper(request, found, campaign, {}, check(found.questionnaire, {}, _today(), only=""))


@router.post("/surveys/{slug}/campaigns/{identifier}/paper")
async def paper(request: Request, slug: str, identifier: str) -> Response:
    """One paper, entered by an agent: checked like a phone's, once per receipt."""
    person = require(request, RIGHT)
    fields = await form_of(request, 400_000)
    language, moment = language_of(request), now().timestamp()
    found, campaign = await run_in_threadpool(_both, request, slug, identifier)
    campaigns.require_open(found, campaign, moment)
    receipt = receipt_of(fields)
    raw = given_in(request, found.questionnaire, fields)
    checked = check(found.questionnaire, raw, _today())
    if not fields.get("agreed"):
        return _paper(request, found, campaign, raw, checked, fields, disagreed=True)
    if checked.problems:
        return _paper(request, found, campaign, raw, checked, fields)

    def write(connection: Connection) -> response.Response:
        sender = Sender(short_id(32), language, bool(fields.get("minor")), "paper", person.name)
        return response.submit(connection, found, campaign, sender, checked, receipt, moment)

    try:
        await run_in_threadpool(request.app.state.participation.write, write)
    except ReceiptReused:
        return _paper(request, found, campaign, raw, checked, fields, before=True)
    text = translate("The paper is recorded. Here is the form for the next one.", language)
    where = f"{request.app.state.prefix}/surveys/{slug}/campaigns/{identifier}/paper"
    return onward(where, text)


def _paper(
    request: Request,
    found: Survey,
    campaign: Campaign,
    raw: Any,
    checked: Checked,
    fields: FormData | None = None,
    *,
    disagreed: bool = False,
    before: bool = False,
) -> Response:
    interface = language_of(request)
    language = language_of_form(found.questionnaire, request.query_params.get("in"), interface)
    context = {
        "survey": found,
        "title": found.questionnaire.say(found.title, interface),
        "campaign": campaign,
        "form": form_view(request, found.questionnaire, language, interface, raw, checked),
        "receipt": new_receipt(),
        "agreed": bool(fields and fields.get("agreed")),
        "disagreed": disagreed,
        "before": SENT_BEFORE.in_(interface) if before else "",
        "closed": campaigns.closed_because(found, campaign, now().timestamp()),
    }
    wrong = bool(checked.problems) or disagreed
    status = 409 if before else 422 if wrong else 200
    return render(request, "survey_paper.html", context, status=status)


def _both(request: Request, slug: str, identifier: str) -> tuple[Survey, Campaign]:
    with request.app.state.participation.reading() as connection:
        found = survey.get(connection, slug)
        return found, campaigns.get(connection, found, identifier)


def _today() -> date:
    return now().astimezone(DIJON).date()
