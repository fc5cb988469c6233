"""Who is asked what: the questionnaire behind a code, the person who answers, and its page."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from fastapi.responses import Response
from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.i18n import LANGUAGES, Language
from datalab.isolation.private import secret
from datalab.participation import campaign as campaigns
from datalab.participation import consent, response
from datalab.participation.answers import Checked, check
from datalab.participation.campaign import Campaign
from datalab.participation.response import Sender
from datalab.participation.survey import Survey
from datalab.portal import own
from datalab.portal.figures import DIJON
from datalab.portal.headers import LOCATING
from datalab.portal.language import language_of, now
from datalab.portal.outbox import RECEIPT, new_receipt
from datalab.portal.page import render
from datalab.portal.questionnaire_form import (
    INTRO,
    REVIEW,
    form_view,
    language_of_form,
    review_of,
)

NOBODY = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class Asking:
    """What is asked, of whom."""

    survey: Survey
    campaign: Campaign
    language: str
    interface: Language
    today: date


def asking_of(
    request: Request, connection: Connection, code: str, language: str | None = None
) -> Asking:
    campaign = campaigns.by_code(connection, code)
    survey = campaigns.survey_of(connection, campaign)
    interface = language_of(request)
    spoken = language_of_form(survey.questionnaire, language, interface)
    return Asking(survey, campaign, spoken, interface, now().astimezone(DIJON).date())


def asked_in(request: Request, code: str, fields: FormData) -> Asking:
    with request.app.state.participation.reading() as connection:
        return asking_of(request, connection, code, str(fields.get("in") or ""))


def sender_of(request: Request, asking: Asking, fields: FormData) -> Sender | None:
    """Who answers: the holder of a private link, or of the key that their phone made.

    The link is made from that key by a secret of the lab, so that a phone which never got the
    answer to what it sent gets the same link when it sends it again.
    """
    link, phone = str(fields.get("link") or ""), str(fields.get("phone") or "")
    minor = bool(fields.get("minor"))
    if own.SECRET.fullmatch(link):
        return Sender(link, asking.language, minor)
    if not RECEIPT.fullmatch(phone):
        return None
    key = secret(request.app.state.settings.secrets, "form_key").encode()
    made = hmac.new(key, f"respondent {phone}".encode(), sha256).digest()[:20]
    return Sender(urlsafe_b64encode(made).decode().rstrip("="), asking.language, minor)


def mine_of(
    request: Request, connection: Connection, survey: Survey
) -> tuple[response.Response, str] | None:
    """What this phone answered, and its private link."""
    for person in own.authors_of(request, connection, now().timestamp()):
        found = response.of_author(connection, survey, person.id)
        if found is not None:
            return found, person.secret
    return None


def after(asking: Asking, checked: Checked, step: str, going: str) -> str:
    """The page that follows, or comes before."""
    shown = [s.name for s in asking.survey.questionnaire.sections if s.name in checked.shown]
    order = [INTRO, *shown, REVIEW]
    place = order.index(step) if step in order else 0
    return order[max(0, place - 1) if going == "back" else min(len(order) - 1, place + 1)]


def first_open(asking: Asking, raw: Any) -> str:
    """The first page with something to do, or the last look over everything."""
    questionnaire = asking.survey.questionnaire
    checked = check(questionnaire, raw, asking.today)
    for section, question in questionnaire.questions():
        if f"{section.name}.{question.name}" in checked.shown and question.type not in {
            "note",
            "calculate",
        }:
            names = [v.name for v in questionnaire.variables_of(question) if not v.free]
            if names and not any(name in checked.answers for name in names):
                return section.name
    return REVIEW


def about(asking: Asking) -> dict[str, Any]:
    questionnaire, language = asking.survey.questionnaire, asking.language
    return {
        "title": questionnaire.say(questionnaire.title, language),
        "thanks": questionnaire.say(questionnaire.thanks, language),
        "spoken": language,
        "audience": asking.campaign.audience,
    }


def page_of(
    request: Request,
    asking: Asking,
    raw: Any,
    checked: Checked,
    step: str,
    *,
    status: int = 200,
    disagreed: bool = False,
    link: str = "",
    phone: str = "",
    typed: Any = None,
    headers: dict[str, str] | None = None,
) -> Response:
    questionnaire = asking.survey.questionnaire
    if not checked.shown:  # an empty form: what is asked of who answered nothing yet
        checked = check(questionnaire, raw, asking.today, only="")
    fields = typed or {}
    form = form_view(request, questionnaire, asking.language, asking.interface, raw, checked, step)
    context = {
        "form": form,
        "review": review_of(questionnaire, checked, asking.language, asking.interface),
        "campaign": asking.campaign,
        "receipt": new_receipt(),
        "phone": phone or str(fields.get("phone") or "") or new_receipt(),
        "link": link or str(fields.get("link") or ""),
        "agreed": bool(fields.get("agreed")) or bool(link),
        "minor": bool(fields.get("minor")),
        "disagreed": disagreed,
        "consent": [s.in_(asking.interface) for s in consent.CONSENT["respondent"]],
        # Whoever reads the questions in a language of the lab reads what they agree to in it too.
        "spoken_here": LANGUAGES,
        "minor_notice": consent.MINOR.in_(asking.interface),
    }
    held = {**(LOCATING if form.places else {}), **(headers or {})}
    if typed:
        held |= NOBODY
    return render(request, "survey_answer.html", context, status=status, headers=held)


def home_of(request: Request, code: str) -> str:
    return f"{request.app.state.prefix}/s/{code}"
