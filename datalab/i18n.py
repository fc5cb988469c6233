"""The languages of the lab: French first, English second.

Every sentence a person reads is an English ``msgid`` in the code, with a French and an English
catalogue in ``datalab/locale/<language>/<room>.po``. The catalogues are read as text: nothing
has to be compiled before the first start.
"""

from __future__ import annotations

import gettext
import io
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
DEFAULT: Language = "fr"
LOCALE_FOLDER = Path(__file__).parent / "locale"


@cache
def translations(language: Language) -> gettext.NullTranslations:
    """The merged catalogues of one language."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    merged: gettext.NullTranslations = gettext.NullTranslations()
    for path in sorted((LOCALE_FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        domain = gettext.GNUTranslations(compiled)
        domain.add_fallback(merged)
        merged = domain
    return merged


def translate(message: str, language: Language = DEFAULT, **facts: object) -> str:
    """``message`` in ``language`` with its ``{named}`` places filled from ``facts``."""
    text = translations(language).gettext(message)
    return text.format(**facts) if facts else text


class Phrase(str):
    """A sentence that is part of another one and speaks its reader's language.

    It is a ``str`` in the default language; ``in_`` says the same in another. Errors take it as a
    fact (``reason=Phrase("the server answered {status}", status=503)``).
    """

    template: str
    facts: dict[str, object]

    def __new__(cls, template: str, **facts: object) -> Phrase:
        phrase = super().__new__(cls, _filled(template, DEFAULT, facts))
        phrase.template, phrase.facts = template, facts
        return phrase

    def in_(self, language: Language) -> str:
        return _filled(self.template, language, self.facts)


def _filled(template: str, language: Language, facts: Mapping[str, object]) -> str:
    said = {k: v.in_(language) if isinstance(v, Phrase) else v for k, v in facts.items()}
    text = translations(language).gettext(template)
    return text.format(**said) if said else text


def language_of(environment: Mapping[str, str] | None = None) -> Language:
    """The language of a terminal or a notebook: English where the environment asks for it.

    ``DATALAB_LANGUAGE`` decides; else the POSIX variables; French where nothing is said.
    """
    env = os.environ if environment is None else environment
    for name in ("DATALAB_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = env.get(name, "").lower()
        if value.startswith("en"):
            return "en"
        if value.startswith("fr"):
            return "fr"
    return DEFAULT


def negotiate(accept_language: str | None) -> Language:
    """The language of an ``Accept-Language`` header (RFC 9110, section 12.5.4)."""
    ranked: list[tuple[float, int, Language]] = []
    for position, part in enumerate((accept_language or "").split(",")):
        tag, _, rest = part.strip().partition(";")
        quality = 1.0
        if rest.strip().startswith("q="):
            try:
                quality = float(rest.strip()[2:])
            except ValueError:
                quality = 0.0
        primary = tag.split("-")[0].lower()
        if quality > 0:
            ranked += [(-quality, position, known) for known in LANGUAGES if known == primary]
    return min(ranked)[2] if ranked else DEFAULT
