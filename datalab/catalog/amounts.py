"""Numbers, dates, units and lists as people read them, in the language of the reader."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal, format_percent

from datalab.i18n import Language, translate

LISTED = 10
# A year, month or day of the calendar is a number on its own: not grouped, no unit said.
CALENDAR = frozenset({"year", "month", "day"})


def quoted(text: object, language: Language) -> str:
    """``text`` between the quotation marks of the language."""
    return f"«\u00a0{text}\u00a0»" if language == "fr" else f"“{text}”"


def moment(value: object) -> datetime.date | datetime.time | None:
    """The date, time or both that ``value`` is or writes (ISO 8601); None where it is neither."""
    if isinstance(value, datetime.date | datetime.time):
        return value
    if not isinstance(value, str):
        return None
    for read in (
        datetime.date.fromisoformat,
        datetime.datetime.fromisoformat,
        datetime.time.fromisoformat,
    ):
        try:
            return read(value)
        except ValueError:
            continue
    return None


def value_in_words(value: Any, language: Language, unit: str | None = None) -> str:
    """One value: grouped digits, long dates, quoted text; with its unit if there is one."""
    if isinstance(value, bool):
        return translate("true", language) if value else translate("false", language)
    if isinstance(value, int | float | Decimal):
        return _number(value, language, unit)
    when = moment(value)
    if when is not None:
        return _moment(when, language)
    return quoted(value, language)


def share_in_words(share: float, language: Language) -> str:
    """A share between 0 and 1, in percent."""
    return format_percent(share, locale=language, decimal_quantization=False)


def _number(value: int | float | Decimal, language: Language, unit: str | None) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    digits = format_decimal(
        value,
        locale=language,
        decimal_quantization=False,
        group_separator=unit not in CALENDAR,
    )
    if not unit or unit in CALENDAR or unit == "1":
        return digits
    if unit in ("%", "percent"):
        return f"{digits}\u00a0%" if language == "fr" else f"{digits}%"
    return f"{digits}\u00a0{translate(unit, language)}"


def _moment(when: datetime.date | datetime.time, language: Language) -> str:
    if isinstance(when, datetime.time):
        return format_time(when, "short", locale=language)
    if isinstance(when, datetime.datetime):
        written = format_datetime(when, "long", tzinfo=when.tzinfo, locale=language)
        if when.tzinfo is None:
            date = format_date(when, "long", locale=language)
            written = translate("{date} at {time}", language, date=date, time=f"{when:%H:%M}")
    else:
        written = format_date(when, "long", locale=language)
    # French says the first of the month, and only the first, as an ordinal.
    return f"1er{written[1:]}" if language == "fr" and written.startswith("1 ") else written


def listed(items: Iterable[str], language: Language, last: str = "and") -> str:
    """``a, b and c``; what exceeds ten is counted. ``last`` is ``"and"`` or ``"or"``."""
    words: Sequence[str] = list(items)
    more = len(words) - LISTED
    if more > 1:
        words = [*words[:LISTED], translate("{count} more", language, count=more)]
    if len(words) == 1:
        return words[0]
    joint = translate("{first} and {last}" if last == "and" else "{first} or {last}", language)
    return joint.format(first=", ".join(words[:-1]), last=words[-1])


def amount(
    low: Any,
    high: Any,
    language: Language,
    *,
    strict_low: bool = False,
    strict_high: bool = False,
    unit: str | None = None,
) -> str:
    """A range as the object of "is": ``exactly 23``, ``between 1 and 5``, ``at least 3``…

    Dates give the object of "falls": ``on``, ``between``, ``on or after``…
    """
    dated = isinstance(moment(high if low is None else low), datetime.date)
    if low is not None and high is not None:
        bounds = {
            # The unit is said once, after the last number.
            "low": value_in_words(low, language, unit if unit in CALENDAR else None),
            "high": value_in_words(high, language, unit),
        }
        if low == high:
            return translate(
                "on {high}" if dated else "exactly {high}", language, high=bounds["high"]
            )
        if dated:
            return translate("between {low} and {high} (dates)", language, **bounds) + _excluded(
                strict_low, strict_high, language
            )
        return translate("between {low} and {high}", language, **bounds) + _excluded(
            strict_low, strict_high, language
        )
    if low is not None:
        said = value_in_words(low, language, unit)
        if dated:
            after = "after {low}" if strict_low else "on or after {low}"
        else:
            after = "more than {low}" if strict_low else "at least {low}"
        return translate(after, language, low=said)
    said = value_in_words(high, language, unit)
    if dated:
        before = "before {high}" if strict_high else "on or before {high}"
    else:
        before = "less than {high}" if strict_high else "at most {high}"
    return translate(before, language, high=said)


def _excluded(low: bool, high: bool, language: Language) -> str:
    if low and high:
        return " " + translate("(both excluded)", language)
    if low:
        return " " + translate("(the first excluded)", language)
    return " " + translate("(the last excluded)", language) if high else ""
