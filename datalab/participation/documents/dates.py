"""Days and hours as they are said in Dijon."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from datalab.i18n import Language

ZONE = ZoneInfo("Europe/Paris")
LOCALES = {"fr": "fr_FR", "en": "en_GB"}


def day(at: float | str, language: Language) -> str:
    """A day written out: of a moment, in Dijon, or of an ISO date."""
    if isinstance(at, str):
        value = date.fromisoformat(at)
    else:
        value = datetime.fromtimestamp(at, UTC).astimezone(ZONE).date()
    said = format_date(value, "EEEE d MMMM y", locale=LOCALES[language])
    return re.sub(r"\b1 (?=[a-zéû]+ \d{4})", "1er ", said) if language == "fr" else said


def clock(at: float, language: Language) -> str:
    """Hour and minute in Dijon."""
    moment = datetime.fromtimestamp(at, UTC).astimezone(ZONE)
    return format_time(moment, "HH:mm", locale=LOCALES[language])
