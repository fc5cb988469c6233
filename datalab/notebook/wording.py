"""Values in the words of a reader: numbers, dates, sizes, units and states of a dataset."""

from __future__ import annotations

import datetime
import math
from typing import Any, Literal

from datalab.i18n import Language, translate

ZONE = "Europe/Paris"  # where the readers of the lab live
SIGNIFICANT = 6


def number(value: float, language: Language, *, digits: int | None = None) -> str:
    """``258630`` as « 258 630 » or "258,630"; ``digits`` after the decimal sign, else as needed."""
    from babel.numbers import format_decimal

    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if digits is None:
        digits = 0 if float(value).is_integer() else _digits(value)
    shown = format_decimal(
        round(value, digits), format="#,##0." + "#" * digits if digits else "#,##0", locale=language
    )
    return str(shown)


def _digits(value: float) -> int:
    """Decimals that keep six significant figures."""
    whole = math.floor(math.log10(abs(value))) + 1 if value else 1
    return max(0, min(SIGNIFICANT, SIGNIFICANT - whole))


def day(
    moment: str | datetime.date | None,
    language: Language,
    style: Literal["long", "medium"] = "long",
) -> str:
    """An ISO 8601 moment, or a date, as a day in words; nothing for None."""
    from babel.dates import format_date

    found = _moment(moment)
    return str(format_date(found, format=style, locale=language)) if found else ""


def minute(moment: str | None, language: Language) -> str:
    """An ISO 8601 moment as day and time of day where the readers live."""
    from babel.dates import format_datetime

    found = _moment(moment)
    return str(format_datetime(found, format="medium", locale=language)) if found else ""


def _moment(moment: str | datetime.date | None) -> datetime.date | None:
    from zoneinfo import ZoneInfo

    if isinstance(moment, str):
        try:
            moment = datetime.datetime.fromisoformat(moment)
        except ValueError:
            return None
    if isinstance(moment, datetime.datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(ZoneInfo(ZONE))
    return moment


def size(bytes_: float, language: Language) -> str:
    """A size in memory, in decimal units (SI)."""
    units = ("o", "ko", "Mo", "Go", "To") if language == "fr" else ("B", "kB", "MB", "GB", "TB")
    for unit in units[:-1]:
        if bytes_ < 1000:
            return f"{number(round(bytes_, 1), language)} {unit}"
        bytes_ /= 1000
    return f"{number(round(bytes_, 1), language)} {units[-1]}"


def spoken(value: Any, language: Language) -> str:
    """Any value of a table as a reader expects it; nothing for a missing one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return translate("yes", language) if value else translate("no", language)
    if isinstance(value, int):
        return number(value, language)
    if isinstance(value, float):
        return "" if math.isnan(value) else number(value, language)
    return str(value)


def unit(name: str | None, language: Language) -> str:
    """A unit of the catalog in words; units that are symbols already stay."""
    if not name:
        return ""
    return translate(name, language)


def state(name: str | None, language: Language) -> str:
    """What became of the latest refresh, in a few words."""
    if name == "published":
        return translate("newly published", language)
    if name == "unchanged":
        return translate("up to date", language)
    if name == "kept":
        return translate("previous snapshot kept", language)
    if name == "failed":
        return translate("source not readable", language)
    return translate("never refreshed", language)
