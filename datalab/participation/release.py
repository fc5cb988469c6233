"""What of a survey may leave: rows without anything that leads back to who answered.

Only answers that count; no contact; free texts as an agent accepted them, screened; places rounded
as the questionnaire declares; dates to their month and the moment of answering to its day; numbers
of background variables in bands; and no combination of background variables that fewer people than
the smallest cell share. The weight of a row is made of what is left of it and of the margins of its
campaign, so that it tells nothing more. Respondents are numbered anew each time. While a survey
runs its answers leave in lots of the smallest cell, or two states of the dataset would tell who
answered in between.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from datalab.methods.disclosure import anonymous
from datalab.methods.raking import rake
from datalab.participation import campaign as campaigns
from datalab.participation import marks
from datalab.participation import survey as surveys
from datalab.participation.campaign import Campaign
from datalab.participation.expression import text_of
from datalab.participation.questionnaire import Questionnaire, Variable
from datalab.participation.response import COUNTED, Response, counted
from datalab.participation.results import category_of, usable
from datalab.participation.survey import Survey
from datalab.participation.tables.journal import POSITION
from datalab.participation.tables.survey import RELEASED_ANSWER, RESPONSE

PLACE_DECIMALS = 2  # about a kilometre, where the questionnaire says nothing
AUDIENCE, DAY, WEIGHT = "audience", "answered_on", "weight"
Cell = tuple[str | None, float | None]  # answer, number


@dataclass(frozen=True)
class Released:
    """``respondents`` rows left, ``waiting`` for the next lot; ``withheld`` background values were
    taken out because too few people share them."""

    respondents: int
    waiting: int
    withheld: int


def column(name: str) -> str:
    """The name of a variable as a column of the dataset."""
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in name).lower()


def option_column(variable: Variable, choice: str) -> str:
    """The column that says whether one of several choices was chosen."""
    return f"{column(variable.name)}__{column(choice)}"


def release(connection: Connection, survey: Survey, now: float) -> Released:
    """Write what may leave into ``released_answer``, in place of what was there."""
    everything = counted(connection, survey)
    least = survey.smallest_cell
    ready = len(everything) if survey.state == "closed" else len(everything) // least * least
    chosen = everything[:ready]
    carried = campaigns.of_survey(connection, survey)
    rows, withheld = anonymised(survey, chosen, {one.id: one.audience for one in carried})
    weigh(survey, rows, carried)
    random.SystemRandom().shuffle(rows)
    connection.execute(delete(RELEASED_ANSWER).where(RELEASED_ANSWER.c.survey_slug == survey.slug))
    values = [
        {
            "survey_slug": survey.slug,
            "respondent": str(number),
            "question": name,
            "answer": answer,
            "number": figure,
        }
        for number, row in enumerate(rows, start=1)
        for name, (answer, figure) in row.items()
        if answer is not None or figure is not None
    ]
    for start in range(0, len(values), 5_000):
        connection.execute(insert(RELEASED_ANSWER), values[start : start + 5_000])
    marks.bump(connection, survey.dataset, now)
    _remember(connection, survey, _state(connection, survey))
    return Released(len(rows), len(everything) - len(rows), withheld)


def changed(connection: Connection) -> list[Survey]:
    """Surveys that are not released as they are now."""
    return [
        survey
        for survey in surveys.surveys(connection, ["open", "closed"])
        if _remembered(connection, survey) != _state(connection, survey)
    ]


def anonymised(
    survey: Survey, responses: Sequence[Response], audiences: dict[str, str]
) -> tuple[list[dict[str, Cell]], int]:
    """The rows that may leave, and how many background values were taken out of them."""
    questionnaire = survey.questionnaire
    quasi = quasi_identifiers(questionnaire)
    days = [_day(response) for response in responses]
    seldom = {day for day, count in Counter(days).items() if count < survey.smallest_cell}
    backgrounds = [
        {v.name: background_value(v, response.answers.get(v.name)) for v in quasi}
        | {AUDIENCE: audiences.get(response.campaign_id or "")}
        for response in responses
    ]
    names = [variable.name for variable in quasi] + [AUDIENCE]
    kept, withheld = anonymous(backgrounds, names, survey.smallest_cell)
    if not kept:
        return [], withheld
    rows = []
    for response, day, background in zip(responses, days, kept, strict=True):
        row: dict[str, Cell] = {}
        for variable in questionnaire.variables.values():
            if variable in quasi:
                row[column(variable.name)] = (background[variable.name], None)
            else:
                row |= cells_of(variable, response)
        row[AUDIENCE] = (background[AUDIENCE], None)
        row[DAY] = (None if day in seldom else day, None)
        rows.append(row)
    return rows, withheld


def weigh(survey: Survey, rows: Sequence[dict[str, Cell]], carried: Sequence[Campaign]) -> None:
    """Give a weight to the rows of each group of people whose margins are known.

    The rows are raked as they leave, never as they were answered: a weight of the answers would
    lead back to what was withheld. None where the group of a row was withheld, where two campaigns
    to one group say different margins, or where the weights do not fit the margins.
    """
    by_audience: dict[str, list[dict[str, dict[str, float]]]] = {}
    for campaign in carried:
        if margins := usable(survey.questionnaire, campaign.margins):
            known = by_audience.setdefault(campaign.audience, [])
            known += [margins] if margins not in known else []
    for audience, known in by_audience.items():
        group = [row for row in rows if row[AUDIENCE][0] == audience]
        if len(known) != 1 or not group:
            continue
        sample = {
            name: [_category(survey.questionnaire.variables[name], row) for row in group]
            for name in known[0]
        }
        try:
            raked = rake(sample, known[0])
        except ValueError:  # nobody is in any category of a margin
            continue
        if raked.converged:
            for row, weight in zip(group, raked.weights, strict=True):
                row[WEIGHT] = (None, round(weight, 4))


def _category(variable: Variable, row: dict[str, Cell]) -> str | None:
    """The category of a margin that a row is in, as :mod:`results` names it."""
    said = row.get(column(variable.name), (None, None))[0]
    if said is None or variable.kind == "one":
        return said
    edges = variable.question.bands or []
    inside = [edges[0] - 1, *edges] if edges else []
    named = {band_of(variable, v): category_of(variable, v, edges) for v in inside}
    return named.get(said)


def quasi_identifiers(questionnaire: Questionnaire) -> list[Variable]:
    """Variables by which somebody who knows a person could find them."""
    return [
        variable
        for variable in questionnaire.variables.values()
        if variable.question.quasi_identifier and not variable.free
    ]


def background_value(variable: Variable, value: Any) -> str | None:
    """A background answer as it leaves: a choice, a number or its band."""
    if value is None:
        return None
    if variable.kind in {"integer", "decimal"}:
        return band_of(variable, float(value))
    return str(value)


def band_of(variable: Variable, value: float) -> str:
    """``<25``, ``25-29`` (whole numbers), ``25-30`` (others), ``40+``; the number without bands."""
    edges = variable.question.bands
    if not edges:
        return text_of(value)
    below = [edge for edge in edges if edge <= value]
    if not below:
        return f"<{text_of(edges[0])}"
    if len(below) == len(edges):
        return f"{text_of(below[-1])}+"
    last = edges[len(below)] - (1 if variable.kind == "integer" else 0)
    return f"{text_of(below[-1])}-{text_of(last)}"


def bands_of(variable: Variable) -> list[str]:
    """Every band of a variable, in order."""
    edges = variable.question.bands or []
    return [band_of(variable, edge) for edge in ([edges[0] - 1, *edges] if edges else [])]


def cells_of(variable: Variable, response: Response) -> dict[str, Cell]:
    """The cells of one answer that is no background."""
    value, name = response.answers.get(variable.name), column(variable.name)
    if variable.free:
        held = response.concerns.get(variable.name)
        accepted = held is not None and held["state"] == "accepted"
        return {name: (held["said"] if held and accepted else None, None)}
    if value is None:
        return {}
    if variable.kind == "many":
        return {
            option_column(variable, choice.name): (None, float(choice.name in value))
            for choice in variable.choices
        }
    if variable.kind == "place":
        decimals = variable.question.decimals
        decimals = PLACE_DECIMALS if decimals is None else decimals
        return {
            f"{name}_{axis}": (None, round(float(part), decimals))
            for axis, part in zip(("latitude", "longitude"), value, strict=True)
        }
    if variable.kind == "date":
        return {name: (f"{str(value)[:7]}-01", None)}
    if variable.kind in {"integer", "decimal"}:
        if variable.question.bands:
            return {name: (band_of(variable, float(value)), None)}
        return {name: (None, float(value))}
    return {name: (str(value), None)}


def _day(response: Response) -> str:
    moment = response.submitted_at or response.started_at
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def _state(connection: Connection, survey: Survey) -> int:
    """A number that is another one as soon as something would be released otherwise."""
    held = RESPONSE.c.survey_id == survey.id, RESPONSE.c.state.in_(COUNTED)
    asked = select(
        func.count(), func.sum(RESPONSE.c.version), func.max(RESPONSE.c.submitted_at)
    ).where(*held)
    found = tuple(connection.execute(asked).one())
    carried = [(c.id, c.audience, c.margins) for c in campaigns.of_survey(connection, survey)]
    text = repr((found, survey.edition, survey.state, survey.smallest_cell, carried))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


def _reader(survey: Survey) -> str:
    return f"release:{survey.id}"


def _remembered(connection: Connection, survey: Survey) -> int | None:
    asked = select(POSITION.c.number).where(POSITION.c.reader == _reader(survey))
    return connection.execute(asked).scalar()


def _remember(connection: Connection, survey: Survey, state: int) -> None:
    changed = connection.execute(
        update(POSITION).where(POSITION.c.reader == _reader(survey)).values(number=state)
    )
    if not changed.rowcount:
        connection.execute(insert(POSITION).values(reader=_reader(survey), number=state))
