"""Reading the definition of a questionnaire, and everything that must hold in it.

A YAML file is read as the catalog's are: it constructs nothing, and every mistake names its key,
its line and the nearest valid key. What holds for a definition however it came (YAML, XLSForm)
stands in :func:`mistakes_in`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from datalab.catalog import document
from datalab.catalog.mistake import Mistake, mistakes_of
from datalab.errors import InvalidQuestionnaire, nearest
from datalab.i18n import Language, Phrase
from datalab.participation.expression import Unreadable
from datalab.participation.questionnaire import (
    MOST_QUESTIONS,
    Question,
    Questionnaire,
    condition,
)

RESERVED = ("respondent", "answered_on", "audience", "weight")  # columns of every dataset
_COMMON = {"name", "type", "label", "hint", "relevant"}
_ANSWERED = _COMMON | {"required", "constraint", "constraint_message", "quasi_identifier"}
_NUMBERS = _ANSWERED | {"min", "max", "bands"}
# The keys that mean something for each type.
KEYS: dict[str, set[str]] = {
    "text": _ANSWERED - {"quasi_identifier"} | {"longest"},
    "note": _COMMON,
    "integer": _NUMBERS,
    "decimal": _NUMBERS,
    "date": _ANSWERED - {"quasi_identifier"},
    "select_one": _ANSWERED | {"choices", "list_name", "other"},
    "select_multiple": _ANSWERED - {"quasi_identifier"} | {"choices", "list_name", "other"},
    "scale": _NUMBERS | {"step", "low", "high"},
    "matrix": _COMMON | {"required", "choices", "list_name", "rows"},
    "geopoint": _COMMON | {"required", "decimals"},
    "consent": _COMMON | {"required"},
    "calculate": {"name", "type", "label", "relevant", "calculation"},
}
_SETTLED = {"required": False, "other": False, "quasi_identifier": False}


def read_yaml(content: bytes) -> Questionnaire:
    """The questionnaire that a YAML file describes.

    Raises
    ------
    InvalidQuestionnaire
        with every mistake, its line and the nearest valid key.
    """
    try:
        found = document.parse(content)
    except document.Unreadable as error:
        raise InvalidQuestionnaire([said(error.line, "", error.reason)]) from None
    twice = [
        Mistake(place, Phrase("this key stands twice; it is already on line {line}", line=first))
        for place, _, first in found.repeated
    ]
    if not isinstance(found.value, dict):
        raise InvalidQuestionnaire([said(1, "", Phrase("a questionnaire starts with 'title:'"))])
    try:
        made = Questionnaire.model_validate(found.value)
    except ValidationError as error:
        mistakes = [*twice, *mistakes_of(error, Questionnaire)]
    else:
        mistakes = [*twice, *mistakes_in(made)]
        if not mistakes:
            return made
    raise InvalidQuestionnaire(
        [said(found.line(m.place), m.key, m.message, m.suggestion) for m in mistakes]
    )


def said(line: int, key: str, message: str, suggestion: str | None = None) -> Phrase:
    """One mistake of a YAML file as one sentence."""
    facts = {"line": line, "key": key, "message": message, "nearest": suggestion}
    if suggestion:
        return Phrase("line {line}, {key}: {message}; did you mean “{nearest}”?", **facts)
    if key:
        return Phrase("line {line}, {key}: {message}", line=line, key=key, message=message)
    return Phrase("line {line}: {message}", line=line, message=message)


def mistakes_in(questionnaire: Questionnaire) -> list[Mistake]:
    """What is wrong in a definition whose shape is right."""
    return list(_Reading(questionnaire).mistakes())


class _Reading:
    """Goes through a definition once, from the first question to the last."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self.questionnaire = questionnaire
        self.known: dict[str, str] = {}  # names answered so far, by what they are in small letters
        self.everything = list(questionnaire.variables)

    def mistakes(self) -> Iterator[Mistake]:
        sections = [section.name.lower() for section in self.questionnaire.sections]
        count = 0
        for s, section in enumerate(self.questionnaire.sections):
            place: tuple[str | int, ...] = ("sections", s)
            if section.name.lower() in sections[:s]:
                yield Mistake((*place, "name"), Phrase("this name is already taken"))
            yield from self.condition((*place, "relevant"), section.relevant)
            for q, question in enumerate(section.questions):
                count += 1
                yield from self.question((*place, "questions", q), question)
        if count > MOST_QUESTIONS:
            yield Mistake(("sections",), Phrase("at most {most} questions", most=MOST_QUESTIONS))

    def question(self, place: tuple[str | int, ...], question: Question) -> Iterator[Mistake]:
        yield from self.keys(place, question)
        yield from self.choices(place, question)
        yield from self.bounds(place, question)
        yield from self.condition((*place, "relevant"), question.relevant)
        yield from self.condition((*place, "calculation"), question.calculation)
        # Only a constraint may look at the question itself.
        names = [v.name for v in self.questionnaire.variables_of(question)] or [question.name]
        if question.name not in names:
            names.append(question.name)
        for name in names:
            if name.lower() in RESERVED or name.lower() in self.known:
                reason = Phrase("the name “{name}” is already taken", name=name)
                yield Mistake((*place, "name"), reason)
            self.known[name.lower()] = name
        yield from self.condition((*place, "constraint"), question.constraint)

    def keys(self, place: tuple[str | int, ...], question: Question) -> Iterator[Mistake]:
        allowed = KEYS[question.type]
        for key in question.model_fields_set:
            value = getattr(question, key)
            if key not in allowed and value is not None and value != _SETTLED.get(key):
                fits = ", ".join(sorted(allowed))
                message = Phrase(
                    "a question of type {type} has no such key; it has {known}",
                    type=question.type,
                    known=fits,
                )
                yield Mistake((*place, key), message)
        if question.type == "calculate":
            if question.calculation is None:
                yield Mistake(place, Phrase("“calculation” is missing"))
        elif question.label is None:
            yield Mistake(place, Phrase("“label” is missing: what people are asked"))
        if question.type == "matrix" and not question.rows:
            yield Mistake(place, Phrase("“rows” is missing: the lines of the table"))

    def choices(self, place: tuple[str | int, ...], question: Question) -> Iterator[Mistake]:
        if question.type not in {"select_one", "select_multiple", "matrix"}:
            return
        lists = self.questionnaire.choices
        if question.list_name and question.list_name not in lists:
            message = Phrase("there is no list of choices “{name}”", name=question.list_name)
            yield Mistake((*place, "list_name"), message, nearest(question.list_name, list(lists)))
        elif bool(question.choices) == bool(question.list_name):
            yield Mistake(place, Phrase("give “choices”, or a “list_name”"))
        names = [choice.name for choice in self.questionnaire.choices_of(question)]
        for twice in {name for name in names if names.count(name) > 1}:
            message = Phrase("the choice “{name}” is there twice", name=twice)
            yield Mistake((*place, "choices" if question.choices else "list_name"), message)
        rows = [row.name.lower() for row in question.rows or []]
        for twice in {name for name in rows if rows.count(name) > 1}:
            yield Mistake(
                (*place, "rows"), Phrase("the name “{name}” is already taken", name=twice)
            )

    def bounds(self, place: tuple[str | int, ...], question: Question) -> Iterator[Mistake]:
        low, high = question.min, question.max
        if low is not None and high is not None and low > high:
            yield Mistake((*place, "min"), Phrase("“min” is greater than “max”"))
        if question.type == "scale":
            if low is None or high is None:
                yield Mistake(place, Phrase("a scale needs “min” and “max”"))
            elif not 2 <= (high - low) / (question.step or 1) + 1 <= 21:
                yield Mistake((*place, "max"), Phrase("a scale has 2 to 21 steps"))
        if question.bands and sorted(set(question.bands)) != question.bands:
            yield Mistake((*place, "bands"), Phrase("bands go from small to large"))

    def condition(self, place: tuple[str | int, ...], text: str | None) -> Iterator[Mistake]:
        if text is None:
            return
        try:
            names = condition(text).names
        except Unreadable as error:
            yield Mistake(place, error.reason)
            return
        for name in sorted(names):
            if self.known.get(name.lower()) == name and name in self.questionnaire.variables:
                continue
            if name in self.everything:
                reason = Phrase("“{name}” is only asked further down", name=name)
                yield Mistake(place, reason)
            else:
                reason = Phrase("there is no question “{name}”", name=name)
                yield Mistake(place, reason, nearest(name, self.everything))


def sentences(mistakes: list[Any], language: Language) -> list[str]:
    """Mistakes as a page says them."""
    return [m.in_(language) if isinstance(m, Phrase) else str(m) for m in mistakes]
