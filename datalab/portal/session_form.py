"""The form of a session: what was typed, and the same as the session keeps it (Dijon's time)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from datalab.errors import FieldRefused
from datalab.i18n import Language, Phrase, translate
from datalab.participation.session import Session, checked
from datalab.participation.template import TEMPLATES
from datalab.portal.figures import DIJON

NAMES = (
    "title",
    "question",
    "place",
    "day",
    "begins",
    "ends",
    "project",
    "template",
    "capacity",
    "dots",
    "moderation",
    "place_decimals",
    "counts_hidden",
)
NUMBERS = ("capacity", "dots", "place_decimals")
DECIMALS: Mapping[int, Phrase] = {
    2: Phrase("the neighbourhood (about 1 km)"),
    3: Phrase("the street (about 100 m)"),
    4: Phrase("the building (about 10 m)"),
}
MODERATION: Mapping[str, Phrase] = {
    "before": Phrase("before they are shown: nothing appears without being read"),
    "after": Phrase("after: they are shown at once, except those that need to be read"),
}


@dataclass(frozen=True)
class Typed:
    """The form as it was sent, or as it stands; ``wrong`` says per field what to change."""

    values: Mapping[str, str]
    wrong: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


def begun() -> Typed:
    """An empty form."""
    return Typed(
        {
            "template": "workshop",
            "capacity": "60",
            "dots": "5",
            "moderation": "before",
            "place_decimals": "3",
            "counts_hidden": "yes",
        }
    )


def of_session(session: Session) -> Typed:
    """The form of a session as it stands."""
    day, begins = _local(session.starts_at)
    return Typed(
        {
            "title": session.title,
            "question": session.question,
            "place": session.place,
            "day": day,
            "begins": begins,
            "ends": _local(session.ends_at)[1],
            "project": session.project or "",
            "template": session.template,
            "capacity": str(session.capacity),
            "dots": str(session.dots),
            "moderation": session.moderation,
            "place_decimals": str(session.place_decimals),
            "counts_hidden": "yes" if session.counts_hidden else "",
        }
    )


def read(
    form: Mapping[str, Any], projects: Mapping[str, str], language: Language
) -> tuple[Typed, dict[str, Any]]:
    """What was sent, and the same as :func:`datalab.participation.session.create` takes it."""
    typed = Typed({name: str(form.get(name, "")) for name in NAMES})
    values: dict[str, Any] = {name: typed[name] for name in ("title", "question", "place")}
    values["moderation"] = typed["moderation"]
    values["counts_hidden"] = typed["counts_hidden"] == "yes"
    for name in NUMBERS:
        number = typed[name].strip()
        whole = number.isascii() and number.isdigit() and len(number) < 6
        values[name] = int(number) if whole else -1
    values["project"] = typed["project"] or None
    if typed["project"] and typed["project"] not in projects:
        typed.wrong["project"] = translate("Choose one of these.", language)
    if typed["template"] and typed["template"] not in TEMPLATES:
        typed.wrong["template"] = translate("Choose one of these.", language)
    try:
        values |= _times(typed)
    except FieldRefused as problem:
        typed.wrong["day"] = problem.message(language)
    for name, value in list(values.items()):
        try:
            checked({name: value})
        except FieldRefused as problem:
            typed.wrong[name] = problem.message(language)
    return typed, values


def _times(typed: Typed) -> dict[str, float | None]:
    """
    Raises
    ------
    FieldRefused
    """
    if not typed["day"]:
        if typed["begins"] or typed["ends"]:
            raise FieldRefused("day", Phrase("Say which day, too."))
        return {"starts_at": None, "ends_at": None}
    begins = _instant(typed["day"], typed["begins"] or "18:00")
    ends = _instant(typed["day"], typed["ends"]) if typed["ends"] else None
    if ends is not None and ends <= begins:
        raise FieldRefused("day", Phrase("The end comes after the beginning."))
    return {"starts_at": begins, "ends_at": ends}


def _instant(day: str, time: str) -> float:
    try:
        local = datetime.strptime(f"{day} {time[:5]}", "%Y-%m-%d %H:%M")
    except ValueError:
        raise FieldRefused("day", Phrase("A day, and times as in 18:30.")) from None
    if not 2000 <= local.year <= 2200:
        raise FieldRefused("day", Phrase("A day, and times as in 18:30."))
    return local.replace(tzinfo=DIJON).timestamp()


def _local(at: float | None) -> tuple[str, str]:
    if at is None:
        return "", ""
    local = datetime.fromtimestamp(at, UTC).astimezone(DIJON)
    return local.date().isoformat(), local.strftime("%H:%M")
