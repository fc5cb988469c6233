"""Campaigns of a questionnaire: who is invited, the sheet for the wall, who answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import DatalabError, Stale
from datalab.i18n import translate
from datalab.methods.disclosure import suppress_list
from datalab.methods.raking import BOUNDS
from datalab.methods.representativeness import Comparison
from datalab.participation import campaign as campaigns
from datalab.participation import response, results, survey
from datalab.participation.campaign import Campaign, Draft
from datalab.participation.results import Rate
from datalab.participation.survey import Survey
from datalab.portal.campaign_form import day_of, margin_fields, margins_from, margins_of, read
from datalab.portal.code import svg_of
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.own import root_of
from datalab.portal.page import render
from datalab.portal.person import require
from datalab.portal.views.surveys import RIGHT

router = APIRouter(include_in_schema=False)
T = TypeVar("T")


@router.get("/surveys/{slug}/campaigns/new")
def fresh(request: Request, slug: str) -> Response:
    require(request, RIGHT)
    found = _reading(request, lambda c: survey.get(c, slug))
    return _form(request, found, None, {})


@router.post("/surveys/{slug}/campaigns/new")
async def make(request: Request, slug: str) -> Response:
    person = require(request, RIGHT)
    fields = await form_of(request)
    language = language_of(request)
    found = await run_in_threadpool(_reading, request, lambda c: survey.get(c, slug))
    draft, wrong = read(fields, language)
    if wrong:
        return _form(request, found, None, fields, wrong, 422)
    moment = now().timestamp()

    def write() -> Campaign:
        with request.app.state.participation.writing() as connection:
            return campaigns.add(connection, found, draft, moment, person.name)

    made = await run_in_threadpool(write)
    text = translate("The campaign has the code {code}.", language, code=made.code)
    return onward(f"{_home(request, slug)}/campaigns/{made.id}", text)


@router.get("/surveys/{slug}/campaigns/{identifier}")
def show(request: Request, slug: str, identifier: str) -> Response:
    require(request, RIGHT)
    return _show(request, slug, identifier)


@router.get("/surveys/{slug}/campaigns/{identifier}/edit")
def edit_form(request: Request, slug: str, identifier: str) -> Response:
    require(request, RIGHT)
    found, campaign = _both(request, slug, identifier)
    typed = {
        "title": campaign.title,
        "audience": campaign.audience,
        "invited": "" if campaign.invited is None else str(campaign.invited),
        "opens": day_of(campaign.opens_at, last=False),
        "closes": day_of(campaign.closes_at, last=True),
    }
    return _form(request, found, campaign, typed)


@router.post("/surveys/{slug}/campaigns/{identifier}/edit")
async def edit(request: Request, slug: str, identifier: str) -> Response:
    fields = await form_of(request)
    language = language_of(request)
    found, campaign = await run_in_threadpool(_both, request, slug, identifier)
    draft, wrong = read(fields, language)
    if wrong:
        return _form(request, found, campaign, fields, wrong, 422)
    return await _changed(request, found, campaign, fields, draft.__dict__)


@router.post("/surveys/{slug}/campaigns/{identifier}/margins")
async def margins(request: Request, slug: str, identifier: str) -> Response:
    """Keep what is known of the population; or look it up in a dataset first."""
    fields = await form_of(request)
    language = language_of(request)
    found, campaign = await run_in_threadpool(_both, request, slug, identifier)
    given, wrong = margins_of(found.questionnaire, fields, language)
    source = " ".join(str(fields.get("source") or "").split())[:300]
    if fields.get("go") == "look":
        variable = str(fields.get("variable") or "")
        named = {n: listed for n, _, listed in margin_fields(found.questionnaire, None, language)}

        def look() -> dict[str, float]:
            return margins_from(
                request.app.state.library.shelf(),
                str(fields.get("dataset") or "").strip()[:80],
                str(fields.get("category") or "").strip()[:80],
                str(fields.get("size") or "").strip()[:80],
                named[variable],
                language,
            )

        try:
            given |= {variable: await run_in_threadpool(look)} if variable in named else {}
            source = source or str(fields.get("dataset") or "")[:80]
            wrong = {}
        except DatalabError as error:
            wrong = {"dataset": error.message(language)}
        return _show(request, slug, identifier, given, source, wrong, fields)
    if given and not source:
        wrong["source"] = translate("Say where these numbers come from.", language)
    if wrong:
        return _show(request, slug, identifier, given, source, wrong, fields)
    values = {"margins": given or None, "margins_source": source}
    return await _changed(request, found, campaign, fields, values)


@router.get("/surveys/{slug}/campaigns/{identifier}/sheet")
def sheet(request: Request, slug: str, identifier: str) -> Response:
    """One sheet for the wall, a letter or a school bag."""
    require(request, RIGHT)
    found, campaign = _both(request, slug, identifier)
    address = _address(request, campaign)
    context = {
        "survey": found,
        "campaign": campaign,
        "title": found.questionnaire.say(found.title, language_of(request)),
        "introduction": found.questionnaire.say(
            found.questionnaire.introduction, language_of(request)
        ),
        "minutes": found.questionnaire.minutes,
        "address": address,
        "shown": address.split("://", 1)[-1],
        "code": svg_of(address),
        "closes": day_of(campaign.closes_at, last=True),
    }
    return render(request, "survey_sheet.html", context)


def _show(
    request: Request,
    slug: str,
    identifier: str,
    given: Mapping[str, Mapping[str, float]] | None = None,
    source: str | None = None,
    wrong: Mapping[str, str] | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response:
    language, moment = language_of(request), now().timestamp()
    with request.app.state.participation.reading() as connection:
        found = survey.get(connection, slug)
        campaign = campaigns.get(connection, found, identifier)
        answers = [r for r in response.counted(connection, found) if r.campaign_id == identifier]
    raked, comparisons = results.weigh(found, campaign, answers)
    held = campaign.margins if given is None else given
    labels = {
        name: (label, {code: said for code, said, _ in listed})
        for name, label, listed in margin_fields(found.questionnaire, None, language)
    }
    address = _address(request, campaign)
    context = {
        "survey": found,
        "title": found.questionnaire.say(found.title, language),
        "campaign": campaign,
        "closed": campaigns.closed_because(found, campaign, moment),
        "rate": Rate(len(answers), campaign.invited),
        "raked": raked,
        "bounds": BOUNDS,
        "comparisons": [
            (labels[name], one, _hidden(one, found.smallest_cell))
            for name, one in comparisons.items()
            if len(answers) >= found.smallest_cell
        ],
        "few": len(answers) < found.smallest_cell,
        "labels": labels,
        "fields": margin_fields(found.questionnaire, held, language),
        "source": campaign.margins_source if source is None else source,
        "wrong": wrong or {},
        "typed": typed or {},
        "address": address,
        "code": svg_of(address),
        "opens": day_of(campaign.opens_at, last=False),
        "closes": day_of(campaign.closes_at, last=True),
        "unsaved": given is not None,
    }
    return render(request, "survey_campaign.html", context, status=422 if wrong else 200)


def _hidden(comparison: Comparison, least: int) -> set[str]:
    """Categories whose count is too small to be shown, and what would give it back."""
    counts = {share.category: share.count for share in comparison.shares}
    shown = suppress_list({**counts, "": comparison.unknown}, least)
    return {category for category, count in shown.items() if count is None}


async def _changed(
    request: Request,
    found: Survey,
    campaign: Campaign,
    fields: Mapping[str, Any],
    values: Mapping[str, Any],
) -> Response:
    person, language = require(request, RIGHT), language_of(request)
    typed, moment = str(fields.get("seen") or ""), now().timestamp()
    seen = int(typed) if typed.isdigit() and len(typed) < 9 else None

    def write() -> None:
        with request.app.state.participation.writing() as connection:
            campaigns.change(connection, found, campaign, values, moment, person.name, seen)

    where = f"{_home(request, found.slug)}/campaigns/{campaign.id}"
    try:
        await run_in_threadpool(write)
    except Stale as error:
        return onward(where, error.message(language))
    return onward(where, translate("Kept.", language))


def _form(
    request: Request,
    found: Survey,
    campaign: Campaign | None,
    typed: Mapping[str, Any],
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    context = {
        "survey": found,
        "title": found.questionnaire.say(found.title, language_of(request)),
        "campaign": campaign,
        "typed": {
            name: str(typed.get(name) or "") for name in (*Draft.__annotations__, "opens", "closes")
        },
        "wrong": wrong or {},
    }
    return render(request, "survey_campaign_form.html", context, status=status)


def _both(request: Request, slug: str, identifier: str) -> tuple[Survey, Campaign]:
    require(request, RIGHT)

    def read_both(connection: Connection) -> tuple[Survey, Campaign]:
        found = survey.get(connection, slug)
        return found, campaigns.get(connection, found, identifier)

    return _reading(request, read_both)


def _reading(request: Request, work: Callable[[Connection], T]) -> T:
    with request.app.state.participation.reading() as connection:
        return work(connection)


def _address(request: Request, campaign: Campaign) -> str:
    return f"{root_of(request)}{request.app.state.prefix}/s/{campaign.code}"


def _home(request: Request, slug: str) -> str:
    return f"{request.app.state.prefix}/surveys/{slug}"
