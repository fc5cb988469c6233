"""The questionnaires of the lab, for who runs them: the list, and a new one."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import InvalidAddress, InvalidQuestionnaire, SurveyExists
from datalab.i18n import Language, translate
from datalab.participation import survey
from datalab.participation.questionnaire import Questionnaire
from datalab.people.rights import Right
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import require
from datalab.portal.survey_upload import (
    LARGEST,
    content_of,
    questionnaire_of,
    template_text,
    templates,
)

router = APIRouter(include_in_schema=False)
RIGHT: Right = "run:survey"


@router.get("/surveys/")
def listed(request: Request) -> Response:
    require(request, RIGHT)
    with request.app.state.participation.reading() as connection:
        found, counts = survey.surveys(connection), survey.counts(connection)
    language = language_of(request)
    rows = [
        {
            "survey": one,
            "title": one.questionnaire.say(one.title, language),
            "answers": sum(counts.get(one.id, {}).get(s, 0) for s in ("submitted", "accepted")),
            "waiting": counts.get(one.id, {}).get("submitted", 0),
        }
        for one in found
    ]
    return render(request, "surveys.html", {"rows": rows})


@router.get("/surveys/new")
def fresh(request: Request, template: str = "") -> Response:
    require(request, RIGHT)
    return _form(request, text=template_text(template), template=template)


@router.post("/surveys/new")
async def make(request: Request) -> Response:
    person = require(request, RIGHT)
    fields = await form_of(request, LARGEST, files=True)
    language = language_of(request)
    typed: dict[str, Any] = {
        name: str(fields.get(name) or "") for name in ("slug", "text", "template")
    }
    try:
        questionnaire = await run_in_threadpool(questionnaire_of, await content_of(fields))
    except InvalidQuestionnaire as error:
        mistakes = [mistake.in_(language) for mistake in error.mistakes]
        return _form(request, mistakes=mistakes, status=422, **typed)
    slug = typed["slug"].strip().lower() or proposed(questionnaire, language)

    def write() -> Any:
        with request.app.state.participation.writing() as connection:
            return survey.make(connection, questionnaire, slug, now().timestamp(), person.name)

    try:
        made = await run_in_threadpool(write)
    except (InvalidAddress, SurveyExists) as error:
        return _form(request, wrong=error.message(language), status=422, **typed)
    text = translate("The questionnaire is a draft. Look at it, then open it.", language)
    return onward(f"{request.app.state.prefix}/surveys/{made.slug}/", text)


def proposed(questionnaire: Questionnaire, language: Language) -> str:
    """An address made of the title."""
    title = questionnaire.say(questionnaire.title, language).replace("œ", "oe")
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: survey.LONGEST_SLUG].strip("-")
    return words if survey.SLUG.fullmatch(words) else f"q-{words}".strip("-")


def _form(
    request: Request,
    *,
    slug: str = "",
    text: str = "",
    template: str = "",
    wrong: str = "",
    mistakes: list[str] | None = None,
    status: int = 200,
) -> Response:
    context = {
        "slug": slug,
        "text": text,
        "template": template,
        "wrong": wrong,
        "mistakes": mistakes or [],
        "templates": templates(language_of(request)),
    }
    return render(request, "survey_new.html", context, status=status)
