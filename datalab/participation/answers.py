"""Answers: read from what a form sent, checked against the questionnaire, skips included.

What was answered to a question that the skips leave out is dropped, and told in ``dropped``: the
server computes the skips itself, whatever the browser did.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from datalab.i18n import Phrase
from datalab.participation.expression import text_of
from datalab.participation.questionnaire import (
    LONGEST_TEXT,
    OTHER,
    Question,
    Questionnaire,
    Section,
    Variable,
    condition,
)

PREFIX = "q-"  # of the fields of a form: q-age, q-place-latitude
Raw = Mapping[str, Sequence[str]]  # what was typed, by variable
LARGEST = 1e12
_NUMBER = re.compile(r"[-+]?\d{1,15}(?:[.,]\d{1,9})?", re.ASCII)
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

REQUIRED = Phrase("This question needs an answer.")
UNKNOWN = Phrase("Choose one of these answers.")


@dataclass
class Checked:
    """``answers`` by variable; ``problems`` by variable, said to the person; ``shown`` are the
    sections and questions that the skips leave in."""

    answers: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, Phrase | Mapping[str, str]] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    dropped: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)  # as conditions see them


def raw_of(questionnaire: Questionnaire, fields: Any) -> dict[str, list[str]]:
    """What a form sent, by variable; ``fields`` has ``getlist``."""
    found = {}
    for variable in questionnaire.variables.values():
        name = PREFIX + variable.name
        if variable.kind == "place":
            parts = [str(fields.get(f"{name}-{axis}") or "") for axis in ("latitude", "longitude")]
            values = parts if any(part.strip() for part in parts) else []
        else:
            values = [v for v in map(str, fields.getlist(name)) if v.strip()]
        if values:
            found[variable.name] = values
    return found


def raw_again(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> dict[str, list[str]]:
    """Stored answers as a form would send them."""
    known = questionnaire.variables
    return {
        name: [text_of(v) if isinstance(v, float) else str(v) for v in value]
        if isinstance(value, list)
        else [written(known[name], value)]
        for name, value in answers.items()
        if name in known
    }


def check(
    questionnaire: Questionnaire,
    raw: Raw,
    today: date,
    only: str | None = None,
) -> Checked:
    """Everything that was answered, and what is wrong with it.

    ``only`` names the one section whose problems are told (a person is not told of a page that
    they did not see yet).
    """
    checked = Checked()
    for section in questionnaire.sections:
        telling = only is None or only == section.name
        inside = _holds(section.relevant, checked, today)
        if inside:
            checked.shown.add(section.name)
        for question in section.questions:
            _question(questionnaire, section, question, raw, checked, today, inside, telling)
    return checked


def _question(
    questionnaire: Questionnaire,
    section: Section,
    question: Question,
    raw: Raw,
    checked: Checked,
    today: date,
    inside: bool,
    telling: bool,
) -> None:
    variables = questionnaire.variables_of(question)
    if not (inside and _holds(question.relevant, checked, today)):
        checked.dropped += [v.name for v in variables if raw.get(v.name)]
        return
    checked.shown.add(f"{section.name}.{question.name}")
    if question.type == "calculate":
        found = condition(question.calculation or "''").value(checked.texts, "", today.isoformat())
        checked.answers[question.name] = checked.texts[question.name] = text_of(found)
        return
    for variable in variables:
        beside = variable.free and variable.name != question.name
        if beside and OTHER not in checked.texts.get(question.name, "").split():
            # A text beside "other" counts only where "other" is chosen.
            checked.dropped += [variable.name] if raw.get(variable.name) else []
            continue
        given = raw.get(variable.name, ())
        problem: Phrase | Mapping[str, str] | None
        value, problem = read(variable, given)
        if value is None and problem is None:
            needed = question.required or (variable.free and question.type != "text")
            problem = REQUIRED if needed else None
        if problem is None and value is not None:
            text = written(variable, value)
            problem = _constraint(variable, text, checked, today)
            if problem is None:
                checked.answers[variable.name] = value
                checked.texts[variable.name] = text
        if problem is not None and telling:
            checked.problems[variable.name] = problem


def _constraint(
    variable: Variable, own: str, checked: Checked, today: date
) -> Phrase | Mapping[str, str] | None:
    question = variable.question
    if question.constraint is None:
        return None
    # It says the answer itself as "." or by its name, as XLSForms do.
    texts = {**checked.texts, variable.name: own}
    if condition(question.constraint).holds(texts, own, today.isoformat()):
        return None
    return question.constraint_message or Phrase("This answer is not possible here.")


def _holds(text: str | None, checked: Checked, today: date) -> bool:
    return text is None or condition(text).holds(checked.texts, "", today.isoformat())


def written(variable: Variable, value: Any) -> str:
    """A stored answer as conditions see it."""
    if isinstance(value, list):
        return " ".join(text_of(v) if isinstance(v, float) else str(v) for v in value)
    return text_of(float(value)) if variable.kind in {"integer", "decimal"} else str(value)


def read(variable: Variable, given: Sequence[str]) -> tuple[Any, Phrase | None]:
    """The value of an answer, or why it is none; (None, None) where nothing was answered."""
    if not given or not any(text.strip() for text in given):
        return None, None
    question, first = variable.question, given[0].strip()
    known = {choice.name for choice in variable.choices}
    if variable.kind == "text":
        return _text(question, given[0])
    if variable.kind == "one":
        return (first, None) if first in known else (None, UNKNOWN)
    if variable.kind == "many":
        chosen = [c.name for c in variable.choices if c.name in given]
        return (chosen, None) if set(given) <= known else (None, UNKNOWN)
    if variable.kind == "yes":
        return ("yes", None) if first == "yes" else (None, UNKNOWN)
    if variable.kind == "date":
        return _date(first)
    if variable.kind == "place":
        return _place(given)
    return _number(variable, first)


def _text(question: Question, given: str) -> tuple[Any, Phrase | None]:
    text = _UNSEEN.sub("", given.replace("\r\n", "\n")).strip()
    most = question.longest or LONGEST_TEXT
    if len(text) > most:
        return None, Phrase(
            "At most {most} characters; there are {count}.", most=most, count=len(text)
        )
    return text or None, None


def _number(variable: Variable, given: str) -> tuple[Any, Phrase | None]:
    question = variable.question
    compact = re.sub(r"[ \u00a0\u202f]", "", given)
    if not _NUMBER.fullmatch(compact):
        return None, Phrase("Write a number, in digits.")
    value = float(compact.replace(",", "."))
    if variable.kind == "integer" and not value.is_integer():
        return None, Phrase("Write a whole number.")
    low, high = question.min, question.max
    if question.type == "scale" and low is not None:
        steps = (value - low) / (question.step or 1)
        if abs(steps - round(steps)) > 1e-9:
            return None, UNKNOWN
    if low is not None and high is not None and not low <= value <= high:
        facts = {"low": text_of(low), "high": text_of(high)}
        return None, Phrase("A number from {low} to {high} is expected.", **facts)
    if low is not None and value < low:
        return None, Phrase("A number of {low} or more is expected.", low=text_of(low))
    if high is not None and value > high:
        return None, Phrase("A number of {high} or less is expected.", high=text_of(high))
    if abs(value) > LARGEST:
        return None, Phrase("This number is too large.")
    return (int(value) if variable.kind == "integer" else value), None


def _date(given: str) -> tuple[Any, Phrase | None]:
    french = re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", given, re.ASCII)
    iso = f"{french[3]}-{french[2]:0>2}-{french[1]:0>2}" if french else given
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", iso, re.ASCII):
            raise ValueError
        return date.fromisoformat(iso).isoformat(), None
    except ValueError:
        return None, Phrase("Write a day as day/month/year, such as 31/12/2026.")


def _place(given: Sequence[str]) -> tuple[Any, Phrase | None]:
    try:
        latitude, longitude = (float(part.replace(",", ".")) for part in given[:2])
        if not (math.isfinite(latitude) and math.isfinite(longitude)):
            raise ValueError
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise ValueError
    except ValueError:
        return None, Phrase("This place cannot be read. Choose it again on the map or in the list.")
    return [round(latitude, 6), round(longitude, 6)], None
