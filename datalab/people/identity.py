"""How a person appears to the others: name, initials, colour and group.

The colour depends on nothing but the account's name, so that it is the same in every notebook and
on every page. White text on it, and it on white, reach a contrast of 4.5 : 1 (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

import colorsys
import hashlib
import unicodedata
from collections.abc import Iterable
from typing import TypedDict

from datalab.i18n import DEFAULT, LANGUAGES, Language, Phrase
from datalab.people.rights import GROUPS

HUES = 24
SATURATION = 0.62
CONTRAST = 4.5
LONGEST_DISPLAY = 80
JOINER = "\u200d"  # holds the parts of one emoji together

GROUP_NAMES: dict[str, Phrase] = {
    "students": Phrase("Students"),
    "citizens": Phrase("Citizens"),
    "entrepreneurs": Phrase("Entrepreneurs"),
    "agents": Phrase("Public agents"),
    "stewards": Phrase("Data stewards"),
    "facilitators": Phrase("Facilitators"),
    "operators": Phrase("Operators"),
}


class Identity(TypedDict):
    """``user_info`` of the hub: notebook servers show it, ``/api/me`` gives it."""

    display_name: str
    initials: str
    color: str
    group: str


def identity(name: str, display: str, groups: Iterable[str]) -> Identity:
    """What others see of an account; ``group`` is in French."""
    return {
        "display_name": display,
        "initials": initials(display) or name[0].upper(),
        "color": colour(name),
        "group": ", ".join(group_names(groups)),
    }


def clean(display: str) -> str:
    """A name to read, without what could break a line, turn its direction or hide in it.

    Letters of every script and emoji stay; it is at most 80 characters long.
    """
    kept = "".join(
        character
        for character in unicodedata.normalize("NFC", display)
        if character == JOINER
        or character.isspace()
        or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    return " ".join(kept.split())[:LONGEST_DISPLAY].strip(f" {JOINER}")


def group_names(groups: Iterable[str], language: Language = DEFAULT) -> list[str]:
    """Groups as people read them, in the lab's order."""
    held = set(groups)
    return [GROUP_NAMES[group].in_(language) for group in GROUPS if group in held]


def named(who: str, language: Language) -> str:
    """A group as people read it; anything else as it is."""
    return GROUP_NAMES[who].in_(language) if who in GROUP_NAMES else who


def group_called(text: str) -> str:
    """The group that bears this name in a language of the lab; anything else as it is."""
    asked = text.casefold()
    for group, name in GROUP_NAMES.items():
        if asked in {name.in_(language).casefold() for language in LANGUAGES}:
            return group
    return text


def initials(display: str) -> str:
    """First letters of the first and the last word that begin with a letter or a digit."""
    words = [word for word in display.replace("-", " ").split() if word[0].isalnum()]
    chosen = words[:1] + words[1:][-1:]
    return unicodedata.normalize("NFC", "".join(word[0] for word in chosen)).upper()[:2]


def colour(name: str) -> str:
    """``#rrggbb`` of an account."""
    hue = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % HUES / HUES
    lightness = 0.5
    while contrast_with_white(red_green_blue(hue, lightness)) < CONTRAST:
        lightness -= 0.01
    return "#" + "".join(f"{part:02x}" for part in red_green_blue(hue, lightness))


def red_green_blue(hue: float, lightness: float) -> tuple[int, ...]:
    return tuple(round(255 * part) for part in colorsys.hls_to_rgb(hue, lightness, SATURATION))


def contrast_with_white(parts: Iterable[int]) -> float:
    """Contrast ratio, from 1 to 21 (WCAG 2.2, relative luminance)."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (part / 255 for part in parts)
    ]
    luminance = sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 1.05 / (luminance + 0.05)
