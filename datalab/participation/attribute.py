"""Answers to the further questions of a service, checked one by one against its definition."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from datalab.errors import ReportRefused
from datalab.i18n import DEFAULT, Language, Phrase
from datalab.participation.service import Attribute, Service

LONGEST_STRING = 300
LONGEST_TEXT = 4_000
Answer = str | float | list[str]


def checked(
    service: Service, given: Mapping[str, Sequence[str]], language: Language = DEFAULT
) -> dict[str, Answer]:
    """What was answered, as it is kept: lists by their keys, numbers as numbers.

    An empty answer is none. ``language`` is that of the questions in the problems.

    Raises
    ------
    ReportRefused
        with a problem for each answer, under ``attribute[<code>]``.
    """
    answers: dict[str, Answer] = {}
    problems: list[tuple[str, Phrase]] = []
    asked = {one.code: one for one in service.attributes if one.variable}
    for code in given:
        if code not in asked:
            reason = Phrase(
                "'{service}' has no attribute '{code}'", service=service.code, code=code[:60]
            )
            problems.append((f"attribute[{code[:60]}]", reason))
    for code, attribute in asked.items():
        values = [value.strip() for value in given.get(code, ()) if value.strip()]
        problem = _problem(attribute, values, language)
        if problem is not None:
            problems.append((f"attribute[{code}]", problem))
        elif values:
            answers[code] = _kept(attribute, values)
    if problems:
        raise ReportRefused(problems)
    return answers


def _problem(attribute: Attribute, values: list[str], language: Language) -> Phrase | None:
    question = attribute.description.get(language) or attribute.code
    if not values:
        return (
            Phrase("“{question}” needs an answer", question=question)
            if attribute.required
            else None
        )
    if len(values) > 1 and attribute.datatype != "multivaluelist":
        return Phrase("“{question}” takes one answer", question=question)
    keys = [key for key, _ in attribute.values]
    value = values[0]
    if attribute.datatype in ("singlevaluelist", "multivaluelist"):
        wrong = [one for one in values if one not in keys]
        if not wrong:
            return None
        return Phrase(
            "“{question}” has no choice '{value}'; there are: {choices}",
            question=question,
            value=wrong[0][:60],
            choices=", ".join(keys),
        )
    if attribute.datatype == "number" and _number(value) is None:
        return Phrase("“{question}” needs a number", question=question)
    if attribute.datatype == "datetime" and _moment(value) is None:
        return Phrase(
            "“{question}” needs a date and time like 2026-01-31T08:15:00Z", question=question
        )
    if attribute.datatype == "string" and len(value.splitlines()) > 1:
        return Phrase("“{question}” takes one line", question=question)
    limit = LONGEST_TEXT if attribute.datatype == "text" else LONGEST_STRING
    if len(value) > limit:
        return Phrase(
            "“{question}” takes at most {limit} characters", question=question, limit=limit
        )
    return None


def _kept(attribute: Attribute, values: list[str]) -> Answer:
    if attribute.datatype == "multivaluelist":
        keys = [key for key, _ in attribute.values]
        return sorted(set(values), key=keys.index)
    if attribute.datatype == "number":
        return _number(values[0]) or 0.0
    if attribute.datatype == "datetime":
        return _moment(values[0]) or ""
    return values[0]


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", ".", 1))
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def _moment(text: str) -> str | None:
    """An ISO 8601 date or date and time, written anew."""
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return None


def chosen(
    attributes: Sequence[Attribute], answers: Mapping[str, Any]
) -> list[tuple[Attribute, list[str]]]:
    """Answers by key of list, in the order of the questions: free text is for agents alone."""
    found = []
    for attribute in attributes:
        answer = answers.get(attribute.code)
        if answer is not None and attribute.values:
            found.append((attribute, answer if isinstance(answer, list) else [str(answer)]))
    return found
