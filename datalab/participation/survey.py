"""Surveys: a questionnaire in use, from draft to open to closed, with every edition of it.

Changes go through the journal under the scope ``survey:<id>``, whose entries are also the history
of the editions. Once somebody answered, a new edition may say things otherwise and ask more, but
not take away or turn round what was answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, func, select

from datalab.errors import InvalidAddress, SurveyExists, SurveyFixed, UnknownSurvey
from datalab.i18n import Phrase
from datalab.participation import journal
from datalab.participation.author import short_id
from datalab.participation.journal import Edit
from datalab.participation.questionnaire import Question, Questionnaire, as_json, of_json
from datalab.participation.tables.journal import CHANGE
from datalab.participation.tables.survey import CAMPAIGN, RESPONSE, SURVEY

State = Literal["draft", "open", "closed"]
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_SLUG = 40
SMALLEST_CELLS = (3, 50)  # what the smallest cell may be set to


@dataclass(frozen=True)
class Survey:
    """A row of the table; ``questionnaire`` is its definition, read."""

    id: str
    slug: str
    project: str | None
    title: dict[str, str]
    questionnaire: Questionnaire
    edition: int
    state: State
    smallest_cell: int
    created_by: str
    created_at: float
    opened_at: float | None
    closed_at: float | None
    version: int

    @property
    def scope(self) -> str:
        return f"survey:{self.id}"

    @property
    def dataset(self) -> str:
        return f"survey-{self.slug}"


@dataclass(frozen=True)
class Edition:
    """One edition of a definition, and the change of the journal that brought it."""

    number: int
    at: float
    actor: str
    change: int
    definition: dict[str, Any]


def make(
    connection: Connection,
    questionnaire: Questionnaire,
    slug: str,
    now: float,
    actor: str,
    *,
    smallest_cell: int = 5,
    project: str | None = None,
) -> Survey:
    """A new survey, a draft.

    Raises
    ------
    InvalidAddress, SurveyExists
    """
    if len(slug) > LONGEST_SLUG or not SLUG.fullmatch(slug):
        raise InvalidAddress(slug=slug[:80])
    if connection.execute(select(SURVEY.c.id).where(SURVEY.c.slug == slug)).first():
        raise SurveyExists(survey=slug)
    identifier = short_id()
    values = {
        "id": identifier,
        "slug": slug,
        "project": project,
        "title": questionnaire.title,
        "definition": as_json(questionnaire),
        "edition": 1,
        "state": "draft",
        "smallest_cell": cell_of(smallest_cell),
        "created_by": actor,
        "created_at": now,
    }
    _record(connection, identifier, now, actor, "survey.make", [Edit.insert(SURVEY, values)])
    return get(connection, slug)


def cell_of(asked: int) -> int:
    """The smallest cell, within what is sensible."""
    return max(SMALLEST_CELLS[0], min(SMALLEST_CELLS[1], asked))


def edit(
    connection: Connection,
    survey: Survey,
    questionnaire: Questionnaire,
    now: float,
    actor: str,
    seen: int | None = None,
) -> Survey:
    """A new edition of the definition; the same one again changes nothing.

    Raises
    ------
    SurveyFixed
        where it would change what people answered already.
    Stale
    """
    if as_json(questionnaire) == as_json(survey.questionnaire):
        return survey
    if survey.state == "closed":
        raise SurveyFixed(reason=Phrase("it is closed"))
    if answered(connection, survey):
        lost = missing_in(survey.questionnaire, questionnaire)
        if lost:
            names = ", ".join(lost[:5])
            raise SurveyFixed(reason=Phrase("people answered “{names}” already", names=names))
    values = {
        "definition": as_json(questionnaire),
        "title": questionnaire.title,
        "edition": survey.edition + 1,
    }
    edits = [Edit.update(SURVEY, survey.id, values, seen)]
    _record(connection, survey.id, now, actor, "survey.edit", edits)
    return get(connection, survey.slug)


def missing_in(before: Questionnaire, after: Questionnaire) -> list[str]:
    """Variables, kinds and choices of ``before`` that ``after`` no longer has."""
    lost = []
    for name, variable in before.variables.items():
        kept = after.variables.get(name)
        if (
            kept is None
            or kept.kind != variable.kind
            or {c.name for c in variable.choices} - {c.name for c in kept.choices}
            or _disclosed(variable.question) != _disclosed(kept.question)
        ):
            lost.append(name)
    return lost


def _disclosed(question: Question) -> tuple[object, ...]:
    """What decides in which form an answer leaves."""
    return (question.bands, question.quasi_identifier, question.decimals)


def open_(connection: Connection, survey: Survey, now: float, actor: str) -> Survey:
    """Let people answer; a closed one is opened again."""
    values = {"state": "open", "opened_at": survey.opened_at or now, "closed_at": None}
    return _change(connection, survey, values, now, actor, "survey.open")


def close(connection: Connection, survey: Survey, now: float, actor: str) -> Survey:
    values = {"state": "closed", "closed_at": now}
    return _change(connection, survey, values, now, actor, "survey.close")


def set_cell(
    connection: Connection, survey: Survey, smallest_cell: int, now: float, actor: str
) -> Survey:
    """How many people a published number stands for at least."""
    values = {"smallest_cell": cell_of(smallest_cell)}
    return _change(connection, survey, values, now, actor, "survey.settings")


def get(connection: Connection, slug: str) -> Survey:
    """The survey at ``slug``.

    Raises
    ------
    UnknownSurvey
    """
    row = connection.execute(select(SURVEY).where(SURVEY.c.slug == slug)).mappings().first()
    if row is None:
        raise UnknownSurvey(survey=slug[:80])
    return survey_of(row)


def of_id(connection: Connection, identifier: str) -> Survey | None:
    row = connection.execute(select(SURVEY).where(SURVEY.c.id == identifier)).mappings().first()
    return survey_of(row) if row else None


def surveys(connection: Connection, states: Iterable[State] | None = None) -> list[Survey]:
    """All of them, the newest first."""
    asked = select(SURVEY).order_by(SURVEY.c.created_at.desc(), SURVEY.c.slug)
    if states is not None:
        asked = asked.where(SURVEY.c.state.in_(list(states)))
    return [survey_of(row) for row in connection.execute(asked).mappings()]


def survey_of(row: Any) -> Survey:
    values = dict(row)
    return Survey(questionnaire=of_json(values.pop("definition")), **values)


def counts(connection: Connection) -> dict[str, dict[str, int]]:
    """Responses by survey id and state."""
    asked = select(RESPONSE.c.survey_id, RESPONSE.c.state, func.count()).group_by(
        RESPONSE.c.survey_id, RESPONSE.c.state
    )
    found: dict[str, dict[str, int]] = {}
    for survey_id, state, count in connection.execute(asked):
        found.setdefault(survey_id, {})[state] = count
    return found


def answered(connection: Connection, survey: Survey) -> bool:
    asked = select(RESPONSE.c.id).where(RESPONSE.c.survey_id == survey.id).limit(1)
    return connection.execute(asked).first() is not None


def editions(connection: Connection, survey: Survey) -> list[Edition]:
    """Every edition, the newest first, as the journal has them."""
    asked = (
        select(CHANGE)
        .where(CHANGE.c.scope == survey.scope, CHANGE.c.kind.in_(["survey.make", "survey.edit"]))
        .order_by(CHANGE.c.id.desc())
    )
    found = []
    for change in connection.execute(asked).mappings():
        after = change["rows"][0]["after"]
        if after and "definition" in after:
            number = int(after.get("edition", 0))
            definition = after["definition"]
            found.append(Edition(number, change["at"], change["actor"], change["id"], definition))
    return found


def remove(connection: Connection, survey: Survey, now: float, actor: str) -> None:
    """Take away a draft that nobody answered.

    Raises
    ------
    SurveyFixed
    """
    if survey.state != "draft" or answered(connection, survey):
        raise SurveyFixed(reason=Phrase("people answered it already"))
    for row in connection.execute(
        select(CAMPAIGN.c.id).where(CAMPAIGN.c.survey_id == survey.id)
    ).all():
        _record(
            connection, survey.id, now, actor, "campaign.remove", [Edit.delete(CAMPAIGN, row[0])]
        )
    _record(connection, survey.id, now, actor, "survey.remove", [Edit.delete(SURVEY, survey.id)])


def _change(
    connection: Connection,
    survey: Survey,
    values: dict[str, Any],
    now: float,
    actor: str,
    kind: str,
) -> Survey:
    _record(connection, survey.id, now, actor, kind, [Edit.update(SURVEY, survey.id, values)])
    return get(connection, survey.slug)


def _record(
    connection: Connection, survey: str, now: float, actor: str, kind: str, edits: list[Edit]
) -> None:
    scope = f"survey:{survey}"
    journal.record(connection, scope=scope, at=now, actor=actor, kind=kind, edits=edits)
