"""Dates, times and moments as files write them, with the strptime format that reads each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_DAY = r"(?P<a>\d{1,2})"
_MONTH_WORDS = (
    r"(?:janv(?:ier)?|f[ée]vr?(?:ier)?|mars?|avr(?:il)?|mai|juin|juil(?:let)?|ao[uû]t|sept(?:embre)?"
    r"|oct(?:obre)?|nov(?:embre)?|d[ée]c(?:embre)?|jan(?:uary)?|feb(?:ruary)?|march|apr(?:il)?|may"
    r"|june?|july?|aug(?:ust)?|sep(?:tember)?|october|november|december)\.?"
)
_LONG = re.compile(
    r"(?:janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[uû]t|septembre|octobre|novembre"
    r"|d[ée]cembre|january|february|march|april|may|june|july|august|september|october|november"
    r"|december)$",
    re.IGNORECASE,
)
_DAYS = (
    r"(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|thursday"
    r"|friday|saturday|sunday)"
)
# After the day: nothing, or a time with its own part of the format.
_TIMES = (
    ("", ""),
    (r"[ T]\d{1,2}:\d{2}", "%H:%M"),
    (r"[ T]\d{1,2}:\d{2}:\d{2}", "%H:%M:%S"),
    (r" \d{1,2}:\d{2}:\d{2} [AP]M", "%I:%M:%S %p"),
    (r" \d{1,2}:\d{2} [AP]M", "%I:%M %p"),
    (r" \d{1,2}h\d{2}", "%Hh%M"),
    (r" à \d{1,2}h\d{2}", "à %Hh%M"),
)


@dataclass(frozen=True)
class Moment:
    """A way to write: ``format`` is None where the default of the type reads it."""

    type: str
    format: str | None
    pattern: re.Pattern[str]
    order: str = ""  # dm, md, or empty where nothing can be confused


def _made() -> list[Moment]:
    found = [
        Moment("date", None, re.compile(r"\d{4}-\d{2}-\d{2}")),
        Moment(
            "timestamptz",
            None,
            re.compile(
                r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)? ?(Z|[+-]\d{2}(:?\d{2})?)"
            ),
        ),
        Moment(
            "timestamp",
            None,
            re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?"),
        ),
        Moment("time", None, re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?")),
        Moment("time", "%H:%M", re.compile(r"\d{1,2}:\d{2}")),
        Moment("time", "%H:%M:%S", re.compile(r"\d{1,2}:\d{2}:\d{2}")),
        Moment("time", "%Hh%M", re.compile(r"\d{1,2}h\d{2}")),
        Moment("timestamp", "%Y%m%dT%H%M%S", re.compile(r"(19|20)\d{6}T\d{6}")),
        Moment("timestamp", "%Y%m%d%H%M%S", re.compile(r"(19|20)\d{12}")),
    ]
    for mark in ("/", "-", "."):
        sign = re.escape(mark)
        for order, first, second in (("dm", "%d", "%m"), ("md", "%m", "%d")):
            for years, year in ((r"(19|20)\d{2}", "%Y"), (r"\d{2}", "%y")):
                if order == "md" and mark == ".":
                    continue
                for time, part in _TIMES:
                    pattern = rf"(?P<a>\d{{1,2}}){sign}(?P<b>\d{{1,2}}){sign}{years}{time}"
                    form = f"{first}{mark}{second}{mark}{year}" + (f" {part}" if part else "")
                    found.append(_moment(form, pattern, bool(part), order))
        if mark != "-":
            for time, part in _TIMES:
                pattern = rf"(19|20)\d{{2}}{sign}\d{{1,2}}{sign}\d{{1,2}}{time}"
                form = f"%Y{mark}%m{mark}%d" + (f" {part}" if part else "")
                found.append(_moment(form, pattern, bool(part), ""))
    for before, day_of_week in (("", ""), (rf"{_DAYS},? ", "%A ")):
        for mark in (" ", "-"):
            for years, year in ((r"(19|20)\d{2}", "%Y"), (r"\d{2}", "%y")):
                for time, part in _TIMES:
                    for word in ("%B", "%b") if mark == " " else ("%b", "%B"):
                        month = rf"(?P<m>{_MONTH_WORDS})"
                        pattern = rf"{before}\d{{1,2}}(?:er)?{mark}{month}{mark}{years}{time}"
                        form = f"{day_of_week}%d{mark}{word}{mark}{year}"
                        form += f" {part}" if part else ""
                        found.append(_moment(form, pattern, bool(part), word))
    return found


def _moment(form: str, pattern: str, timed: bool, order: str) -> Moment:
    kind = "timestamp" if timed else "date"
    return Moment(kind, form, re.compile(pattern, re.IGNORECASE), order)


MOMENTS = _made()
_START = re.compile(r"\d|" + _DAYS, re.IGNORECASE)


@dataclass(frozen=True)
class Dated:
    """What a column of moments is written as; ``ambiguous`` where day and month could change."""

    type: str
    format: str | None
    share: float
    ambiguous: bool = False


def dated(values: Sequence[str]) -> Dated | None:
    """The one way that most of ``values`` are written, or None where they are no moments."""
    few = values[:20]
    if not few or sum(bool(_START.match(v)) and not v.isdigit() for v in few) < 0.5 * len(few):
        return _compact(values)
    best: Dated | None = None
    for moment in MOMENTS:
        if not any(moment.pattern.fullmatch(value) for value in few):
            continue
        fits = [match for value in values if (match := moment.pattern.fullmatch(value))]
        fits = [match for match in fits if _possible(match, moment.order)]
        share = len(fits) / len(values)
        if best is None or share > best.share:
            ambiguous = moment.order == "dm" and all(
                int(match["a"]) <= 12 and int(match["b"]) <= 12 for match in fits
            )
            ambiguous = ambiguous and any(int(match["a"]) != int(match["b"]) for match in fits)
            best = Dated(moment.type, moment.format, share, ambiguous)
    return best


def _possible(match: re.Match[str], order: str) -> bool:
    if order in ("dm", "md"):
        day, month = (match["a"], match["b"]) if order == "dm" else (match["b"], match["a"])
        return 1 <= int(day) <= 31 and 1 <= int(month) <= 12
    if order in ("%B", "%b"):
        return bool(_LONG.match(match["m"])) == (order == "%B") or match["m"].lower() in (
            "mai",
            "may",
            "mars",
        )
    return True


_EIGHT = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")


def _compact(values: Sequence[str]) -> Dated | None:
    """``19931001``: eight digits that are a day in every one of many values."""
    fits = sum(bool(_EIGHT.fullmatch(value)) for value in values)
    if len(values) >= 5 and fits == len(values):
        return Dated("date", "%Y%m%d", 1.0)
    return None
