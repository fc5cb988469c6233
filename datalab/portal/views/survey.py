"""One questionnaire, for who runs it: its state, its editions, its definition to take away."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import InvalidQuestionnaire, Stale, SurveyFixed, UnknownSurvey
from datalab.i18n import translate
from datalab.participation import campaign as campaigns
from datalab.participation import code_book, release, survey, xlsform_export
from datalab.participation.answers import check
from datalab.participation.questionnaire import of_json
from datalab.participation.survey import Survey
from datalab.participation.tables.survey import RELEASED_ANSWER
from datalab.portal.figures import DIJON
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import require
from datalab.portal.questionnaire_form import form_view, language_of_form
from datalab.portal.survey_upload import LARGEST, content_of, questionnaire_of, text_of
from datalab.portal.views.surveys import RIGHT

router = APIRouter(include_in_schema=False)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/surveys/{slug}/")
def overview(request: Request, slug: str) -> Response:
    require(request, RIGHT)
    moment = now().timestamp()
    with request.app.state.participation.reading() as connection:
        found = survey.get(connection, slug)
        listed = campaigns.of_survey(connection, found)
        received = campaigns.received(connection, found)
        counts = survey.counts(connection).get(found.id, {})
        editions = survey.editions(connection, found)
        rows = connection.execute(
            select(func.count(func.distinct(RELEASED_ANSWER.c.respondent))).where(
                RELEASED_ANSWER.c.survey_slug == slug
            )
        ).scalar()
    language = language_of(request)
    closed = {c.id: campaigns.closed_because(found, c, moment) for c in listed}
    context = {
        "survey": found,
        "title": found.questionnaire.say(found.title, language),
        "campaigns": [(c, received.get(c.id, 0), closed[c.id]) for c in listed],
        "counts": counts,
        "counted": counts.get("submitted", 0) + counts.get("accepted", 0),
        "released": rows or 0,
        "editions": editions,
        "columns": code_book.code_book(found.questionnaire),
        "questions": sum(1 for _, q in found.questionnaire.questions() if q.type != "note"),
    }
    return render(request, "survey.html", context)


@router.get("/surveys/{slug}/preview")
def preview(request: Request, slug: str) -> Response:
    """Every page at once, as people see it; nothing is recorded."""
    require(request, RIGHT)
    found, interface = _survey(request, slug), language_of(request)
    questionnaire = found.questionnaire
    language = language_of_form(questionnaire, request.query_params.get("in"), interface)
    checked = check(questionnaire, {}, now().astimezone(DIJON).date(), only="")
    form = form_view(request, questionnaire, language, interface, {}, checked)
    context = {"survey": found, "form": form, "title": form.title, "campaign": None}
    return render(request, "survey_preview.html", context)


@router.get("/surveys/{slug}/edit")
def edit_form(request: Request, slug: str) -> Response:
    require(request, RIGHT)
    found = _survey(request, slug)
    return _edit_page(request, found, text_of(found.questionnaire))


@router.post("/surveys/{slug}/edit")
async def edit(request: Request, slug: str) -> Response:
    """A new edition; what is wrong with it stands above what was typed."""
    person = require(request, RIGHT)
    fields = await form_of(request, LARGEST, files=True)
    found = await run_in_threadpool(_survey, request, slug)
    language, typed = language_of(request), str(fields.get("text") or "")
    shown = str(fields.get("seen") or "")
    seen = int(shown) if shown.isdecimal() and len(shown) < 10 else None
    try:
        made = await run_in_threadpool(questionnaire_of, await content_of(fields))

        def write() -> Survey:
            with request.app.state.participation.writing() as connection:
                return survey.edit(connection, found, made, now().timestamp(), person.name, seen)

        changed = await run_in_threadpool(write)
    except InvalidQuestionnaire as error:
        mistakes = [mistake.in_(language) for mistake in error.mistakes]
        return _edit_page(request, found, typed, mistakes, 422)
    except (SurveyFixed, Stale) as error:
        return _edit_page(request, found, typed, [error.message(language)], error.status)
    await run_in_threadpool(_publish, request, changed)
    text = translate("Edition {number} is in use.", language, number=changed.edition)
    return onward(f"{request.app.state.prefix}/surveys/{slug}/", text)


@router.post("/surveys/{slug}/{act}", name="act")
async def act(request: Request, slug: str, act: str) -> Response:
    """Open, close, take away, set the smallest cell, go back to an edition."""
    person = require(request, RIGHT)
    fields = await form_of(request)
    language, moment = language_of(request), now().timestamp()
    address = f"{request.app.state.prefix}/surveys/{slug}/"

    def write() -> tuple[Survey, str, str]:
        with request.app.state.participation.writing() as connection:
            found = survey.get(connection, slug)
            if act == "open":
                made = survey.open_(connection, found, moment, person.name)
                return made, translate("The questionnaire is open.", language), address
            if act == "close":
                made = survey.close(connection, found, moment, person.name)
                text = translate(
                    "The questionnaire is closed: all its answers are released.", language
                )
                return made, text, address
            if act == "settings":
                cell = str(fields.get("smallest_cell") or "")
                number = int(cell) if cell.isdecimal() and len(cell) < 4 else found.smallest_cell
                made = survey.set_cell(connection, found, number, moment, person.name)
                text = translate(
                    "No number that stands for fewer than {least} people leaves.",
                    language,
                    least=made.smallest_cell,
                )
                return made, text, address
            if act == "restore":
                wanted = str(fields.get("edition") or "")
                for edition in survey.editions(connection, found):
                    if str(edition.number) == wanted:
                        earlier = of_json(edition.definition)
                        made = survey.edit(connection, found, earlier, moment, person.name)
                        text = translate(
                            "Edition {number} is in use.", language, number=made.edition
                        )
                        return made, text, address
            if act == "remove":
                survey.remove(connection, found, moment, person.name)
                text = translate("The draft is gone.", language)
                return found, text, f"{request.app.state.prefix}/surveys/"
            raise UnknownSurvey(survey=f"{slug}/{act}"[:80])

    changed, text, where = await run_in_threadpool(write)
    if act != "remove":
        await run_in_threadpool(_publish, request, changed)
    return onward(where, text)


@router.get("/surveys/{slug}/definition.xlsx")
def as_xlsform(request: Request, slug: str) -> Response:
    require(request, RIGHT)
    found = _survey(request, slug)
    content = xlsform_export.write(found.questionnaire, found.slug, found.edition)
    return Response(content, media_type=XLSX, headers=_named(f"{slug}.xlsx"))


@router.get("/surveys/{slug}/definition.yaml")
def as_yaml(request: Request, slug: str, edition: int | None = None) -> Response:
    require(request, RIGHT)
    with request.app.state.participation.reading() as connection:
        found = survey.get(connection, slug)
        known = {one.number: one for one in survey.editions(connection, found)}
    wanted = found.questionnaire
    if edition is not None:
        if edition not in known:
            raise UnknownSurvey(survey=f"{slug} {edition}")
        wanted = of_json(known[edition].definition)
    name = f"{slug}-{edition or found.edition}.yaml"
    return Response(text_of(wanted), media_type="application/yaml", headers=_named(name))


def _publish(request: Request, changed: Survey) -> None:
    """Let the lake know of the dataset as it is now."""
    if changed.state == "draft":
        return
    code_book.publish(changed, request.app.state.settings.own_catalog)
    with request.app.state.participation.writing() as connection:
        release.release(connection, changed, now().timestamp())


def _survey(request: Request, slug: str) -> Survey:
    with request.app.state.participation.reading() as connection:
        return survey.get(connection, slug)


def _edit_page(
    request: Request,
    found: Survey,
    text: str,
    mistakes: list[str] | None = None,
    status: int = 200,
) -> Response:
    context: dict[str, Any] = {
        "survey": found,
        "title": found.questionnaire.say(found.title, language_of(request)),
        "text": text,
        "mistakes": mistakes or [],
    }
    return render(request, "survey_edit.html", context, status=status)


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
