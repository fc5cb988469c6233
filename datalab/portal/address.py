"""The address that a title suggests."""

from __future__ import annotations

import re
import unicodedata

from datalab.projects.create import RESERVED, free_slug
from datalab.projects.manifest import LONGEST, SHORTEST
from datalab.projects.project import Projects

FALLBACK = "projet"
# What NFKD leaves whole.
LIGATURES = {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "€": "euro"}


def proposed(title: str) -> str:
    """An address made of the words of ``title``; project.js does the same while one types."""
    text = "".join(LIGATURES.get(letter, letter) for letter in title.lower())
    parts = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in parts if not unicodedata.combining(letter))
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    words = re.sub(r"^[^a-z]+", "", words)
    if len(words) > LONGEST:
        whole = words[: LONGEST + 1].rpartition("-")[0]
        words = whole if len(whole) >= SHORTEST else words[:LONGEST]
    words = words.strip("-")
    return words if len(words) >= SHORTEST else f"{FALLBACK}-{words}".strip("-")


def free(projects: Projects, slug: str) -> str:
    """``slug``, or one like it that nobody has."""
    if slug in RESERVED or slug in projects.slugs():
        return free_slug(projects, slug)
    return slug
