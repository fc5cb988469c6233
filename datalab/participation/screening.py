"""Looks through what people type: what would name somebody is masked, what hurts is pointed out.

It helps a moderator and replaces none. ``said`` is the text with what is surely personal replaced
by a word in brackets; ``concerns`` say what was found and where, in the text as it was typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from datalab.i18n import Language, Phrase
from datalab.participation import hurtful, personal

# Signs that are not seen, or that turn the order of those that are.
UNSEEN = re.compile(
    r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)
MASKS: dict[str, Phrase] = {
    "email": Phrase("[e-mail address removed]"),
    "phone": Phrase("[phone number removed]"),
    "iban": Phrase("[bank account removed]"),
    "card": Phrase("[card number removed]"),
    "nir": Phrase("[social security number removed]"),
    "plate": Phrase("[number plate removed]"),
    "name": Phrase("[name removed]"),
    "address": Phrase("[address removed]"),
    "birth": Phrase("[date of birth removed]"),
    "secret": Phrase("[secret removed]"),
}


@dataclass(frozen=True)
class Screened:
    """A concern is {"kind", "what", "start", "end", "word"}; ``kind`` is personal-data, hurtful
    or link, ``what`` more exactly what, ``start`` and ``end`` places in the text as typed."""

    said: str
    concerns: list[dict[str, Any]] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether a moderator has nothing to look at twice."""
        return not self.concerns


def screen(text: str, language: Language = "fr") -> Screened:
    """What may be said of ``text``, and what is wrong with it."""
    concerns: list[dict[str, Any]] = []
    said, done = [], 0
    for found in personal.find(text):
        concerns.append(_concern("personal-data", found.what, found.start, found.end, text))
        said += [text[done : found.start], MASKS[found.what].in_(language)]
        done = found.end
    said.append(text[done:])
    hidden = [(c["start"], c["end"]) for c in concerns]
    for start, end in hurtful.find(text):
        concerns.append(_concern("hurtful", "word", start, end, text))
    concerns += [
        _concern("link", "link", match.start(), match.end(), text)
        for match in LINK.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end in hidden)
    ]
    concerns.sort(key=lambda concern: concern["start"])
    return Screened(UNSEEN.sub("", "".join(said)).strip(), concerns)


def described(shows: str, language: Language = "fr") -> list[dict[str, Any]]:
    """What is wrong with the words that describe a picture; the ``field`` says that it is there."""
    return [{**concern, "field": "alternative"} for concern in screen(shows, language).concerns]


def left_in(said: str, language: Language = "fr") -> list[str]:
    """What a moderator has to look at in a text that was screened before: words, and masks."""
    masks = [mask.in_(tongue) for mask in MASKS.values() for tongue in ("fr", "en")]
    found = [mask for mask in dict.fromkeys(masks) if mask in said]
    return found + [str(concern["word"]) for concern in screen(said, language).concerns]


def _concern(kind: str, what: str, start: int, end: int, text: str) -> dict[str, Any]:
    return {"kind": kind, "what": what, "start": start, "end": end, "word": text[start:end][:80]}
