"""A questionnaire as an XLSForm, which other tools of the field open and this lab reads back."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from babel import Locale, UnknownLocaleError
from openpyxl import Workbook

from datalab.participation.expression import text_of
from datalab.participation.questionnaire import Question, Questionnaire, Section

KINDS = {
    **{"text": "text", "integer": "integer", "decimal": "decimal", "date": "date", "note": "note"},
    **{"geopoint": "geopoint", "scale": "range", "calculate": "calculate"},
    "consent": "acknowledge",
}


def write(questionnaire: Questionnaire, form_id: str, edition: int) -> bytes:
    """The workbook (.xlsx) of a questionnaire."""
    book = Workbook()
    lists: dict[str, list[Any]] = dict(questionnaire.choices)
    survey = [
        row for section in questionnaire.sections for row in _section(questionnaire, section, lists)
    ]
    choices = [
        {"list_name": name, "name": choice.name, **_said("label", choice.label)}
        for name, listed in lists.items()
        for choice in listed
    ]
    settings: dict[str, Any] = {
        "form_title": questionnaire.say(questionnaire.title, questionnaire.languages[0]),
        "form_id": form_id,
        "version": str(edition),
        "default_language": _language(questionnaire.languages[0]),
        **_said("datalab_title", questionnaire.title),
        **_said("datalab_introduction", questionnaire.introduction),
        **_said("datalab_thanks", questionnaire.thanks),
        **({"datalab_minutes": questionnaire.minutes} if questionnaire.minutes else {}),
    }
    sheet: Any = book.active
    sheet.title = "survey"
    _fill(sheet, survey, ["type", "name"])
    if choices:
        _fill(book.create_sheet("choices"), choices, ["list_name", "name"])
    _fill(book.create_sheet("settings"), [settings], [])
    found = BytesIO()
    book.save(found)
    return found.getvalue()


def _section(
    questionnaire: Questionnaire, section: Section, lists: dict[str, list[Any]]
) -> list[dict[str, Any]]:
    begin = {
        "type": "begin_group",
        "name": section.name,
        "appearance": "field-list",
        **_said("label", section.title),
        **_said("datalab_introduction", section.introduction),
        **({"relevant": section.relevant} if section.relevant else {}),
    }
    inside = [row for question in section.questions for row in _question(question, lists)]
    return [begin, *inside, {"type": "end_group"}]


def _question(question: Question, lists: dict[str, list[Any]]) -> list[dict[str, Any]]:
    listed = question.list_name or ""
    if question.choices:
        listed = f"{question.name}_choices"
        lists[listed] = question.choices
    row: dict[str, Any] = {
        "name": question.name,
        **_said("label", question.label),
        **_said("hint", question.hint),
        **_said("constraint_message", question.constraint_message),
        **_said("datalab_low", question.low),
        **_said("datalab_high", question.high),
    }
    optional = {
        "required": "yes" if question.required else None,
        "relevant": question.relevant,
        "constraint": _constraint(question),
        "calculation": question.calculation,
        "datalab_quasi_identifier": "yes" if question.quasi_identifier else None,
        "datalab_bands": " ".join(map(text_of, question.bands)) if question.bands else None,
        "datalab_decimals": question.decimals,
    }
    row |= {key: value for key, value in optional.items() if value is not None}
    if question.type == "matrix":
        row.pop("required", None)
        lines = [
            {
                "type": f"select_one {listed}",
                "name": f"{question.name}_{line.name}",
                **_said("label", line.label),
                **({"required": "yes"} if question.required else {}),
            }
            for line in question.rows or []
        ]
        begin = {**row, "type": "begin_group", "appearance": "table-list"}
        return [begin, *lines, {"type": "end_group"}]
    if question.type in {"select_one", "select_multiple"}:
        row["type"] = f"{question.type} {listed}" + (" or_other" if question.other else "")
    else:
        row["type"] = KINDS[question.type]
    if question.type == "scale":
        ends = {"start": question.min or 0, "end": question.max or 0, "step": question.step or 1}
        row["parameters"] = " ".join(f"{key}={text_of(float(n))}" for key, n in ends.items())
    return [row]


def _constraint(question: Question) -> str | None:
    """Bounds and constraint in one, as :mod:`xlsform` takes them apart again."""
    parts = []
    if question.type in {"integer", "decimal"}:
        if question.min is not None:
            parts.append(f". >= {text_of(question.min)}")
        if question.max is not None:
            parts.append(f". <= {text_of(question.max)}")
    if question.longest is not None:
        parts.append(f"string-length(.) <= {question.longest}")
    if question.constraint:
        parts.append(f"({question.constraint})" if parts else question.constraint)
    return " and ".join(parts) or None


def _said(column: str, text: dict[str, str] | None) -> dict[str, str]:
    if not text:
        return {}
    return {f"{column}::{_language(code)}" if code else column: said for code, said in text.items()}


def _language(code: str) -> str:
    """As the field writes it: ``Français (fr)``."""
    try:
        name = str(Locale.parse(code).get_display_name(code) or code)
    except (UnknownLocaleError, ValueError):
        name = code
    return f"{name[:1].upper()}{name[1:]} ({code})"


def _fill(sheet: Any, rows: list[dict[str, Any]], first: list[str]) -> None:
    headers = list(dict.fromkeys([*first, *(key for row in rows for key in row)]))
    sheet.append(headers)
    for row in rows:
        sheet.append([row.get(header) for header in headers])
    for cells in sheet.iter_rows():
        for cell in cells:
            if cell.data_type == "f":  # somebody's text that begins with "=": never a formula
                cell.data_type = "s"
