"""Results of a survey, for who runs it: a chart for each question, one cross table, a CSV file."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from datalab.participation import campaign as campaigns
from datalab.participation import response, results, survey
from datalab.participation.campaign import Campaign
from datalab.participation.cell import guarded
from datalab.participation.results import Cross, Summary
from datalab.participation.survey import Survey
from datalab.portal.language import language_of
from datalab.portal.page import render
from datalab.portal.person import require
from datalab.portal.views.surveys import RIGHT

router = APIRouter(include_in_schema=False)
MOST_TEXTS = 200


class Look:
    """What is looked at: a survey, all of it or one campaign, weighted where there are margins."""

    def __init__(self, request: Request, slug: str) -> None:
        asked = request.query_params
        language = language_of(request)
        with request.app.state.participation.reading() as connection:
            self.survey: Survey = survey.get(connection, slug)
            self.campaigns = campaigns.of_survey(connection, self.survey)
            everything = response.counted(connection, self.survey)
            self.texts = response.texts(connection, self.survey, "accepted")
        chosen = [c for c in self.campaigns if c.id == asked.get("campaign")]
        if not chosen and len(self.campaigns) == 1:
            chosen = self.campaigns
        self.campaign: Campaign | None = chosen[0] if chosen else None
        self.answers = [
            r for r in everything if self.campaign is None or r.campaign_id == self.campaign.id
        ]
        raked = results.weigh(self.survey, chosen[0], self.answers)[0] if chosen else None
        self.weights = raked.weights if raked and raked.converged else None
        self.raked = raked
        variables = self.survey.questionnaire.variables
        # Another look than everything would, by subtraction, show those who are not in it.
        others = len(everything) - len(self.answers)
        least = self.survey.smallest_cell
        self.few = len(self.answers) < least or 0 < others < least
        self.summaries: list[Summary] = []
        self.cross: Cross | None = None
        if self.few:
            return
        self.summaries = [
            results.summary(self.survey, self.answers, variable, language, self.weights)
            for variable in variables.values()
            if variable.question.type != "calculate"
        ]
        one, by = asked.get("question", ""), asked.get("by", "")
        if (
            one in variables
            and by in variables
            and one != by
            and "many"
            not in {
                variables[one].kind,
                variables[by].kind,
            }
        ):
            self.cross = results.cross(
                self.survey, self.answers, variables[one], variables[by], language
            )


@router.get("/surveys/{slug}/results")
def show(request: Request, slug: str) -> Response:
    require(request, RIGHT)
    look, language = Look(request, slug), language_of(request)
    questionnaire = look.survey.questionnaire
    mine = {answer.id for answer in look.answers}
    said: dict[str, list[str]] = {}
    for text in look.texts[:MOST_TEXTS]:
        if text.response in mine:
            said.setdefault(text.variable, []).append(text.said)
    asked = {
        name: questionnaire.label_of(variable, language)
        for name, variable in questionnaire.variables.items()
        if variable.kind != "many" and not variable.free and variable.kind != "place"
    }
    context = {
        "look": look,
        "survey": look.survey,
        "title": questionnaire.say(look.survey.title, language),
        "said": said,
        "asked": asked,
        "background": {
            v.name: questionnaire.label_of(v, language) for v in results.background(questionnaire)
        },
        "question": request.query_params.get("question", ""),
        "by": request.query_params.get("by", ""),
    }
    return render(request, "survey_results.html", context)


@router.get("/surveys/{slug}/results.csv")
def as_csv(request: Request, slug: str) -> Response:
    """Everything that the page shows, and nothing that it hides."""
    require(request, RIGHT)
    look = Look(request, slug)
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    head = ["variable", "question", "code", "answer", "count", "share", "weighted_share"]
    writer.writerow(head)
    for one in look.summaries:
        for line in one.lines:
            figures = [line.count, line.share, line.weighted]
            writer.writerow(
                [
                    *map(guarded, (one.variable, one.label, line.category, line.label)),
                    *("" if figure is None else _plain(figure) for figure in figures),
                ]
            )
    if look.cross is not None:
        writer.writerow([])
        writer.writerow([guarded(f"{look.cross.question} × {look.cross.by}")])
        writer.writerow(["", *map(guarded, look.cross.columns)])
        for label, cells in look.cross.rows:
            writer.writerow([guarded(label), *("" if cell is None else cell for cell in cells)])
    headers = {
        "Content-Disposition": f'attachment; filename="{look.survey.dataset}-results.csv"',
        "Cache-Control": "no-store",
    }
    return Response(
        "\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers
    )


def _plain(figure: Any) -> str:
    return str(figure) if isinstance(figure, int) else f"{figure:.4f}"
