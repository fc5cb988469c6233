"""Numbers, dates and units as people write them, in French and in English (CLDR by Babel)."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import get_decimal_symbol, get_group_symbol

from datalab.i18n import Language, translate
from datalab.portal.language import LOCALES

DIJON = ZoneInfo("Europe/Paris")
NAMES_A_YEAR = re.compile(r"(^|_)(year|annee|vintage|millesime)($|_)")


@cache
def _symbols(language: Language) -> dict[int, str]:
    locale = LOCALES[language]
    return {ord(","): get_group_symbol(locale), ord("."): get_decimal_symbol(locale)}


def number(
    value: float | Decimal,
    language: Language,
    *,
    digits: int = 6,
    year: bool = False,
    zeros: bool = False,
) -> str:
    """``value`` with at most ``digits`` decimals; a year is not cut into thousands.

    ``zeros`` keeps those at the end, where figures of one kind stand below each other.

    A decimal keeps all its digits. Written without Babel's patterns, which take a page of rows
    five times as long and refuse decimals of more than 28 digits.
    """
    if year and value == int(value):
        return str(int(value))
    if isinstance(value, float):
        tiny = bool(value) and not 1e-4 <= abs(value) < 1e15
        said = f"{value:.4g}" if tiny else f"{value:,.{digits}f}"
    else:
        said = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    if "." in said and "e" not in said and not zeros:
        said = said.rstrip("0").rstrip(".")
    return said.translate(_symbols(language))


def day(value: str | date | datetime | None, language: Language) -> str:
    """A day written out, in Dijon's time where it is an instant."""
    moment = _moment(value)
    return "" if moment is None else _first(format_date(moment, "long", locale=LOCALES[language]))


def instant(value: str | datetime | None, language: Language) -> str:
    """Day and minute, in Dijon's time."""
    moment = _moment(value)
    if not isinstance(moment, datetime):
        return day(moment, language)
    shape = "d MMMM y 'à' HH:mm" if language == "fr" else "d MMMM y, HH:mm"
    return _first(format_datetime(moment, shape, locale=LOCALES[language]))


def _first(said: str) -> str:
    """French says « 1er janvier »; CLDR writes « 1 janvier »."""
    return re.sub(r"^1 (?=[a-zéû]+ \d)", "1er ", said)


def _moment(value: str | date | datetime | None) -> date | datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(DIJON)
    return value


def unit(name: str | None, language: Language) -> str:
    """A unit of the catalog in the reader's words; symbols stay as they are."""
    if not name:
        return ""
    return translate(name, language)


def cell(value: Any, type_: str, name: str, language: Language) -> str:
    """One value of a table, as read by a person."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return translate("yes", language) if value else translate("no", language)
    if isinstance(value, dict):
        return str(value.get("type", ""))
    if isinstance(value, int | float):
        return number(value, language, year=bool(NAMES_A_YEAR.search(name)))
    if type_.startswith("decimal") and isinstance(value, str):
        return number(Decimal(value), language)
    if type_ == "date" and (moment := _moment(value)) is not None:
        shape = "dd/MM/y"
        return format_date(moment, shape, locale=LOCALES[language])
    if type_ in {"timestamp", "timestamptz"} and isinstance(moment := _moment(value), datetime):
        zone = " UTC%z" if moment.tzinfo else ""
        seconds = ":%S" if moment.second or moment.microsecond else ""
        return moment.strftime(f"%d/%m/%Y %H:%M{seconds}{zone}")
    if isinstance(value, time):
        return value.isoformat()
    return str(value)


def size(count: int, language: Language) -> str:
    """Bytes in the unit that reads best."""
    names = ["octets", "ko", "Mo", "Go"] if language == "fr" else ["bytes", "kB", "MB", "GB"]
    amount, step = float(count), 0
    while amount >= 1000 and step < len(names) - 1:
        amount, step = amount / 1000, step + 1
    return f"{number(round(amount, 1), language, digits=1)}\u00a0{names[step]}"


def percent(share: float | None, language: Language) -> str:
    """A share of 1 in percent, one decimal; a dash for none."""
    if share is None:
        return "–"
    text = f"{100 * share:.1f}"
    return f"{text.replace('.', ',')}\u00a0%" if language == "fr" else f"{text}%"
