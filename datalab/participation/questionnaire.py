"""Questionnaires: sections of questions, in one or several languages, with what makes them fit.

Owns the shape of a definition and the variables it yields. A *variable* is one thing that can be
answered: a question, one row of a matrix, or the free text beside "other". How a definition is
read and what else must hold in it stands in :mod:`datalab.participation.definition`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from datalab.participation.expression import Expression, parse

Kind = Literal[
    "text",
    "note",
    "integer",
    "decimal",
    "date",
    "select_one",
    "select_multiple",
    "scale",
    "matrix",
    "geopoint",
    "consent",
    "calculate",
]
KINDS: tuple[str, ...] = get_args(Kind)
OTHER = "other"  # the name of the choice that opens a free text
MOST_QUESTIONS = 400
LONGEST_TEXT = 2_000


def _by_language(value: object) -> object:
    """A bare text is said alike in every language."""
    return {"": value} if isinstance(value, str) else value


Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,47}$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$")]
Language = Annotated[str, Field(pattern=r"^([a-z]{2,3})?$")]
Said = Annotated[str, Field(min_length=1, max_length=5_000)]
Text = Annotated[
    dict[Language, Said], Field(min_length=1, max_length=20), BeforeValidator(_by_language)
]
Condition = Annotated[str, Field(min_length=1, max_length=1_000)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Model):
    """``name`` is what is stored, ``label`` what people read."""

    name: Code
    label: Text


class Row(_Model):
    """One line of a matrix."""

    name: Name
    label: Text


class Question(_Model):
    """One question. Which keys go with which type stands in ``definition.KEYS``."""

    name: Name
    type: Kind
    label: Text | None = None
    hint: Text | None = None
    required: bool = False
    relevant: Condition | None = None
    constraint: Condition | None = None
    constraint_message: Text | None = None
    min: float | None = None
    max: float | None = None
    step: float | None = Field(default=None, gt=0)
    longest: int | None = Field(default=None, ge=1, le=LONGEST_TEXT)
    choices: list[Choice] | None = Field(default=None, min_length=1, max_length=500)
    list_name: Name | None = None  # a list of choices that several questions share
    other: bool = False
    rows: list[Row] | None = Field(default=None, min_length=1, max_length=50)
    low: Text | None = None  # what the ends of a scale mean
    high: Text | None = None
    decimals: int | None = Field(default=None, ge=0, le=5)  # of a place, once released
    quasi_identifier: bool = False
    bands: list[float] | None = Field(default=None, min_length=1, max_length=20)
    calculation: Condition | None = None


class Section(_Model):
    """What stands on one page of a phone."""

    name: Name
    title: Text | None = None
    introduction: Text | None = None
    relevant: Condition | None = None
    questions: list[Question] = Field(min_length=1, max_length=MOST_QUESTIONS)


@dataclass(frozen=True)
class Variable:
    """``label`` are the texts that, one after the other, say what was asked."""

    name: str
    question: Question
    kind: Literal["text", "integer", "decimal", "date", "one", "many", "place", "yes"]
    labels: tuple[dict[str, str], ...]
    choices: tuple[Choice, ...] = ()
    free: bool = False  # somebody's own words


class Questionnaire(_Model):
    """``languages``: the first one speaks where a text is missing in the reader's."""

    title: Text
    languages: list[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]] = Field(
        default=["fr"], min_length=1, max_length=20
    )
    introduction: Text | None = None
    thanks: Text | None = None
    minutes: int | None = Field(default=None, ge=1, le=120)
    choices: dict[Name, list[Choice]] = {}
    sections: list[Section] = Field(min_length=1, max_length=60)

    def say(self, text: Mapping[str, str] | None, language: str) -> str:
        """``text`` for a reader of ``language``, in the nearest language there is."""
        if not text:
            return ""
        for known in (language, "", *self.languages):
            if known in text:
                return text[known]
        return next(iter(text.values()))

    def choices_of(self, question: Question) -> list[Choice]:
        """The choices of a question, "other" last where it may be said."""
        listed = question.choices or (
            self.choices.get(question.list_name, []) if question.list_name else []
        )
        if question.other and all(choice.name != OTHER for choice in listed):
            label = {"fr": "Autre", "en": "Other"}
            return [*listed, Choice(name=OTHER, label=label)]
        return listed

    def questions(self) -> Iterator[tuple[Section, Question]]:
        for section in self.sections:
            for question in section.questions:
                yield section, question

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """Everything that can be answered, in order."""
        return {v.name: v for _, question in self.questions() for v in self.variables_of(question)}

    def variables_of(self, question: Question) -> list[Variable]:
        name, label = question.name, question.label or {"": question.name}
        choices = tuple(self.choices_of(question))
        if question.type == "note":
            return []
        if question.type == "matrix":
            return [
                Variable(f"{name}_{row.name}", question, "one", (label, row.label), choices)
                for row in question.rows or []
            ]
        if question.type in {"select_one", "select_multiple"}:
            kind: Any = "one" if question.type == "select_one" else "many"
            found = [Variable(name, question, kind, (label,), choices)]
            if question.other:
                free = Variable(
                    f"{name}_{OTHER}", question, "text", (label, choices[-1].label), free=True
                )
                found.append(free)
            return found
        kinds: dict[str, Any] = {
            "text": "text",
            "calculate": "text",
            "integer": "integer",
            "decimal": "decimal",
            "scale": "integer" if (question.step or 1) == int(question.step or 1) else "decimal",
            "date": "date",
            "geopoint": "place",
            "consent": "yes",
        }
        kind = kinds[question.type]
        return [Variable(name, question, kind, (label,), free=question.type == "text")]

    def label_of(self, variable: Variable, language: str) -> str:
        """What was asked, in one line."""
        said = [self.say(text, language).strip() for text in variable.labels]
        return " – ".join(dict.fromkeys(said))

    def choice_label(self, variable: Variable, name: str, language: str) -> str:
        for choice in variable.choices:
            if choice.name == name:
                return self.say(choice.label, language)
        return name

    def numbered(self, question: Question) -> list[float]:
        """The steps of a scale."""
        first, last = question.min if question.min is not None else 1, question.max or 5
        step = question.step or 1
        return [first + n * step for n in range(int((last - first) / step + 1e-9) + 1)]


@lru_cache(maxsize=4_096)
def condition(text: str) -> Expression:
    """A condition of a definition that was checked."""
    return parse(text)


def as_json(questionnaire: Questionnaire) -> dict[str, Any]:
    """The definition as it is stored, without what says nothing."""
    found: dict[str, Any] = questionnaire.model_dump(exclude_defaults=True, exclude_none=True)
    return {**found, "languages": questionnaire.languages}


@lru_cache(maxsize=64)
def _loaded(text: str) -> Questionnaire:
    return Questionnaire.model_validate_json(text)


def of_json(definition: Mapping[str, Any]) -> Questionnaire:
    """The questionnaire of a stored definition; the same ones are read once."""

    return _loaded(json.dumps(definition, ensure_ascii=False, sort_keys=True))
