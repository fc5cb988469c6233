"""Which language a page answers in: the switch, then what was chosen before, then the browser."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.requests import Request

from datalab.i18n import LANGUAGES, Language, negotiate

COOKIE = "datalab-language"
YEAR = 365 * 24 * 3600  # seconds
LOCALES: dict[Language, str] = {"fr": "fr_FR", "en": "en_GB"}
NAMES: dict[Language, str] = {"fr": "Français", "en": "English"}


def known(value: str | None) -> Language | None:
    """``value`` where it names a language of the lab."""
    return next((language for language in LANGUAGES if language == value), None)


def language_of(request: Request) -> Language:
    """The language to answer in; an unknown ``?lang=`` or cookie counts as not said."""
    return (
        known(request.query_params.get("lang"))
        or known(request.cookies.get(COOKIE))
        or negotiate(request.headers.get("accept-language"))
    )


def switched(request: Request, language: Language) -> str:
    """This address, in ``language``."""
    pairs = [(k, v) for k, v in request.query_params.multi_items() if k != "lang"]
    return f"{request.url.path}?{urlencode([*pairs, ('lang', language)])}"


def now() -> datetime:
    """The clock, read at the door only."""
    return datetime.now(UTC)
