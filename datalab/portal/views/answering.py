"""Answering a questionnaire: one form with a page for each section, with scripts or without.

``s/<CODE>`` is the same page for everybody, so that a phone may keep it and open it without a
network; what somebody typed lies in that phone until it is sent. Each page that is left is also
kept here, under the private link of who answers.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import AlreadyAnswered, InvalidAnswers, InvalidParameter, ReceiptReused
from datalab.i18n import Phrase, translate
from datalab.participation import author as authors
from datalab.participation import campaign as campaigns
from datalab.participation import response
from datalab.participation.answers import Checked, check, raw_again
from datalab.participation.response import Sender
from datalab.portal import own
from datalab.portal.asking import (
    NOBODY,
    Asking,
    about,
    after,
    asked_in,
    asking_of,
    first_open,
    home_of,
    mine_of,
    page_of,
    sender_of,
)
from datalab.portal.language import now
from datalab.portal.limits import allow
from datalab.portal.mine_respondent import mine_respondent
from datalab.portal.outbox import by_script, receipt_of, taken
from datalab.portal.page import render
from datalab.portal.questionnaire_form import INTRO, given_in, said
from datalab.portal.views.mine import PARTS
from datalab.portal.visitor import open_form_of

router = APIRouter(include_in_schema=False)
PARTS.append(("mine_respondent.html", mine_respondent))


@router.get("/s/{code}")
def begin(request: Request, code: str) -> Response:
    """The whole questionnaire, empty; to who answered it already, where their answers are."""
    with request.app.state.participation.reading() as connection:
        asking = asking_of(request, connection, code, request.query_params.get("in"))
        reason = campaigns.closed_because(asking.survey, asking.campaign, now().timestamp())
        mine = mine_of(request, connection, asking.survey)
    if reason is not None:
        facts = {"asking": asking, "reason": reason.in_(asking.interface)}
        return render(request, "survey_closed.html", about(asking) | facts)
    if mine is not None and mine[0].state != "started":
        return RedirectResponse(f"{home_of(request, code)}/thanks", status_code=303, headers=NOBODY)
    return page_of(request, asking, {}, Checked(), INTRO)


@router.get("/s/{code}/continue")
def again(request: Request, code: str) -> Response:
    """To where this phone left off."""
    with request.app.state.participation.reading() as connection:
        asking = asking_of(request, connection, code)
        mine = mine_of(request, connection, asking.survey)
    where = f"/continue/{mine[1]}" if mine else ""
    return RedirectResponse(f"{home_of(request, code)}{where}", status_code=303, headers=NOBODY)


@router.get("/s/{code}/continue/{link}")
def resume(request: Request, code: str, link: str) -> Response:
    """What the holder of a private link answered so far.

    Raises
    ------
    UnknownLink
    """
    moment = now().timestamp()
    with request.app.state.participation.reading() as connection:
        asking = asking_of(request, connection, code, request.query_params.get("in"))
        person = authors.of_secret(connection, link, moment)
        found = response.of_author(connection, asking.survey, person.id)
    campaigns.require_open(asking.survey, asking.campaign, moment)
    if found is None or found.state != "started":
        where = home_of(request, code) + ("/thanks" if found else "")
        return own.remember(request, RedirectResponse(where, 303, headers=NOBODY), link)
    raw = raw_again(asking.survey.questionnaire, found.answers)
    checked = check(asking.survey.questionnaire, raw, asking.today)
    checked.problems.clear()
    step = first_open(asking, raw)
    page = page_of(request, asking, raw, checked, step, link=link, headers=NOBODY)
    return own.remember(request, page, link)


@router.post("/s/{code}")
async def send(request: Request, code: str) -> Response:
    """One page further or back, or all of it sent."""
    allow(request, "answers")
    fields = await open_form_of(request, 400_000)
    asking = await run_in_threadpool(asked_in, request, code, fields)
    moment = now().timestamp()
    campaigns.require_open(asking.survey, asking.campaign, moment)
    going = "send" if by_script(request) else str(fields.get("go") or "next")
    if going == "send":
        return await _sent(request, code, asking, fields, moment)
    questionnaire, step = asking.survey.questionnaire, str(fields.get("step") or INTRO)
    raw = given_in(request, questionnaire, fields)
    checked = check(questionnaire, raw, asking.today, only=step if going == "next" else "")
    facts: dict[str, Any] = {"phone": str(fields.get("phone") or ""), "typed": fields}
    if going == "next" and step == INTRO and not fields.get("agreed"):
        return page_of(request, asking, raw, checked, INTRO, status=422, disagreed=True, **facts)
    if checked.problems:
        return page_of(request, asking, raw, checked, step, status=422, **facts)
    page = page_of(request, asking, raw, checked, after(asking, checked, step, going), **facts)
    sender = sender_of(request, asking, fields)
    if fields.get("agreed") and sender is not None:
        page = await _kept(request, asking, sender, checked, page, moment)
    return page


@router.post("/s/{code}/keep")
async def keep(request: Request, code: str) -> Response:
    """What a page's script keeps here while somebody answers; failing it harms nothing."""
    allow(request, "answers")
    fields = await open_form_of(request, 400_000)
    asking = await run_in_threadpool(asked_in, request, code, fields)
    moment = now().timestamp()
    campaigns.require_open(asking.survey, asking.campaign, moment)
    raw = given_in(request, asking.survey.questionnaire, fields)
    checked = check(asking.survey.questionnaire, raw, asking.today)
    sender = sender_of(request, asking, fields)
    if not fields.get("agreed") or sender is None:
        reason = Phrase("nobody agreed to it")
        raise InvalidParameter(name="agreed", value="", reason=reason)
    answer = JSONResponse({"kept": len(checked.answers)}, headers=NOBODY)
    return await _kept(request, asking, sender, checked, answer, moment)


@router.get("/s/{code}/thanks")
def thanks(request: Request, code: str) -> Response:
    """What becomes of the answers, and the private link."""
    with request.app.state.participation.reading() as connection:
        asking = asking_of(request, connection, code)
        mine = mine_of(request, connection, asking.survey)
    link = own.link_of(request, mine[1]) if mine and mine[0].state != "started" else ""
    state = mine[0].state if mine else ""
    facts = {"link": link, "state": state, "code": code}
    return render(request, "survey_thanks.html", about(asking) | facts, headers=NOBODY)


async def _sent(
    request: Request, code: str, asking: Asking, fields: FormData, moment: float
) -> Response:
    """All of it: recorded once, whatever the network repeats."""
    receipt, sender = receipt_of(fields), sender_of(request, asking, fields)
    request.app.state.trap.check(fields, moment)
    questionnaire = asking.survey.questionnaire
    raw = given_in(request, questionnaire, fields)
    checked = check(questionnaire, raw, asking.today)
    if sender is None or not fields.get("agreed"):
        if by_script(request):
            reason = Phrase("nobody agreed to it")
            raise InvalidParameter(name="agreed", value="", reason=reason)
        return page_of(
            request, asking, raw, checked, INTRO, status=422, disagreed=True, typed=fields
        )
    if checked.problems:
        return _refused(request, asking, fields, raw, checked)

    def work(connection: Connection) -> response.Response:
        return response.submit(
            connection, asking.survey, asking.campaign, sender, checked, receipt, moment
        )

    text = translate("Thank you, your answers have arrived.", asking.interface)
    try:
        await asyncio.wrap_future(request.app.state.participation.submit(work))
    except (AlreadyAnswered, ReceiptReused):
        text = AlreadyAnswered().message(asking.interface)
    done = taken(request, receipt, text, f"{home_of(request, code)}/thanks")
    return own.remember(request, done, sender.secret)


def _refused(
    request: Request, asking: Asking, fields: FormData, raw: Any, checked: Checked
) -> Response:
    """The first page on which something is missing."""
    variables = asking.survey.questionnaire.variables
    first = next(name for name in variables if name in checked.problems)
    if by_script(request):
        label = asking.survey.questionnaire.label_of(variables[first], asking.language)
        why = said(checked.problems[first], asking.language, asking.interface)
        raise InvalidAnswers(count=len(checked.problems), first=f"{label} {why}")
    question = variables[first].question
    step = next(s.name for s, q in asking.survey.questionnaire.questions() if q is question)
    only = check(asking.survey.questionnaire, raw, asking.today, only=step)
    return page_of(request, asking, raw, only, step, status=422, typed=fields)


async def _kept(
    request: Request,
    asking: Asking,
    sender: Sender,
    checked: Checked,
    answer: Response,
    moment: float,
) -> Response:
    def work(connection: Connection) -> object:
        return response.keep(connection, asking.survey, asking.campaign, sender, checked, moment)

    await asyncio.wrap_future(request.app.state.participation.submit(work))
    return own.remember(request, answer, sender.secret)
