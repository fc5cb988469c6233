"""What an agent types of a campaign: words, dates, how many were invited, and margins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from datalab.errors import InvalidParameter
from datalab.i18n import Language, Phrase, translate
from datalab.lake.connection import identifier
from datalab.participation.campaign import Draft
from datalab.participation.questionnaire import Questionnaire
from datalab.participation.results import background, categories
from datalab.portal.access import require_rows
from datalab.portal.figures import DIJON
from datalab.portal.library import Shelf
from datalab.portal.rows import open_table

LONGEST_TITLE, LONGEST_AUDIENCE = 120, 120
MOST_INVITED = 1_000_000


def read(fields: Mapping[str, Any], language: Language) -> tuple[Draft, dict[str, str]]:
    """What was typed, and what is wrong with it by field."""
    wrong: dict[str, str] = {}
    title = " ".join(str(fields.get("title") or "").split())
    audience = " ".join(str(fields.get("audience") or "").split())
    for name, text, most in (
        ("title", title, LONGEST_TITLE),
        ("audience", audience, LONGEST_AUDIENCE),
    ):
        if not text:
            wrong[name] = translate("Write something here.", language)
        elif len(text) > most:
            wrong[name] = translate("At most {most} characters.", language, most=most)
    typed, invited = str(fields.get("invited") or "").strip(), None
    if typed:
        compact = typed.replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
        if compact.isascii() and compact.isdigit() and 0 < int(compact[:9]) <= MOST_INVITED:
            invited = int(compact)
        else:
            wrong["invited"] = translate("Write a whole number.", language)
    days: dict[str, float | None] = {}
    for name in ("opens", "closes"):
        given = str(fields.get(name) or "").strip()
        try:
            day = date.fromisoformat(given) if given else None
        except ValueError:
            day = None
            wrong[name] = translate("Choose a day.", language)
        days[name] = _moment(day, last=name == "closes")
    if days["opens"] and days["closes"] and days["closes"] <= days["opens"]:
        wrong["closes"] = translate("It closes before it opens.", language)
    return Draft(title, audience, invited, days["opens"], days["closes"]), wrong


def _moment(day: date | None, *, last: bool) -> float | None:
    """The begin of a day in Dijon, or its end."""
    if day is None:
        return None
    begin = datetime.combine(day + timedelta(days=1 if last else 0), time(), DIJON)
    return begin.timestamp()


def day_of(moment: float | None, *, last: bool) -> str:
    """The day that a moment of a campaign was typed as."""
    if moment is None:
        return ""
    return datetime.fromtimestamp(moment - (1 if last else 0), DIJON).date().isoformat()


def margin_fields(
    questionnaire: Questionnaire,
    margins: Mapping[str, Mapping[str, float]] | None,
    language: Language,
) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """A field for each category of each background variable: (variable, label, [(code, …)])."""
    found = []
    for variable in background(questionnaire):
        held = (margins or {}).get(variable.name, {})
        listed = [
            (code, label, f"{held[code]:g}" if code in held else "")
            for code, label in categories(
                questionnaire, variable, [], language, variable.question.bands
            )
        ]
        found.append((variable.name, questionnaire.label_of(variable, language), listed))
    return found


def margins_of(
    questionnaire: Questionnaire, fields: Mapping[str, Any], language: Language
) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """Margins as typed; a variable counts only where all its categories are filled in."""
    margins: dict[str, dict[str, float]] = {}
    wrong: dict[str, str] = {}
    for name, _, listed in margin_fields(questionnaire, None, language):
        given = {code: str(fields.get(f"m-{name}-{code}") or "").strip() for code, *_ in listed}
        if not any(given.values()):
            continue
        try:
            sizes = {
                code: float(text.replace("\u00a0", "").replace(" ", "").replace(",", "."))
                for code, text in given.items()
            }
            if any(not 0 <= size < 1e10 for size in sizes.values()) or not sum(sizes.values()):
                raise ValueError
        except ValueError:
            wrong[name] = translate(
                "Fill in a number of 0 or more for every category, or for none.", language
            )
        else:
            margins[name] = sizes
    return margins, wrong


def margins_from(
    shelf: Shelf,
    dataset: str,
    category: str,
    size: str,
    listed: list[tuple[str, str, str]],
    language: Language,
) -> dict[str, float]:
    """Sizes out of a dataset that may be shown: the sum of ``size`` for each code or label.

    Raises
    ------
    UnknownDataset, InvalidParameter
        where a column is not there, is no number, or says nothing of a category.
    """
    holding = shelf.get(dataset)
    require_rows(holding, language)
    opened = open_table(shelf, holding, language)
    for name, column in (("category", category), ("size", size)):
        if column not in opened.columns:
            known = ", ".join(list(opened.columns)[:20])
            reason = Phrase("it has the columns {known}", known=known)
            raise InvalidParameter(name=name, value=column[:60], reason=reason)
    query = (
        f"SELECT CAST({identifier(category)} AS VARCHAR), "  # noqa: S608
        f"SUM(TRY_CAST({identifier(size)} AS DOUBLE)) FROM {opened.sql} GROUP BY 1"
    )
    with shelf.reading() as cursor:
        rows = cursor.execute(query).fetchall()
    sums = {str(key).strip().lower(): float(total or 0) for key, total in rows}
    found = {}
    for code, label, _ in listed:
        for name in (code.lower(), label.strip().lower()):
            if name in sums:
                found[code] = sums[name]
                break
        else:
            reason = Phrase("it has no rows for {missing}", missing=label)
            raise InvalidParameter(name="category", value=category, reason=reason)
    return found
