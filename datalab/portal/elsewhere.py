"""Elsewhere: datasets of other catalogs, which the list of ours leads to and nobody here checked.

They come from datasets of the role ``links``, which the connector ``dcat`` harvests: a title, a few
words and an address. They are never among ours, neither in counts nor in the catalog that others
harvest.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from datalab.i18n import Language
from datalab.lake.reader import table
from datalab.portal.access import barrier
from datalab.portal.library import Holding, Shelf

SHOWN = 10
MOST = 20_000
LONGEST = 300
COLUMNS = ("title", "description", "publisher", "keywords", "modified", "formats", "page")


@dataclass(frozen=True)
class Link:
    """A dataset of another catalog; ``catalog`` is the title of the harvest it came by."""

    title: str
    description: str
    publisher: str | None
    modified: str | None
    formats: str | None
    href: str
    catalog: str


@dataclass(frozen=True)
class Elsewhere:
    """``links`` are the first of ``total``; ``checked``: the lab looked at none of them."""

    total: int
    links: list[Link]
    checked: bool = False


def elsewhere(shelf: Shelf, query: str, language: Language) -> Elsewhere:
    """What other catalogs have for ``query``: every word of it, those in titles first."""
    words = _plain(query).split()
    found = []
    for holding in shelf.holdings.values():
        if holding.dataset.role == "links" and holding.good and barrier(holding) is None:
            for title, whole, row in _rows(shelf, holding):
                if all(word in whole for word in words):
                    rank = sum(word not in title for word in words)
                    found.append((rank, title, holding, row))
    found.sort(key=lambda one: (one[0], one[1]))
    links = [_link(row, holding, language) for _, _, holding, row in found[:SHOWN]]
    return Elsewhere(len(found), links)


def _rows(shelf: Shelf, holding: Holding) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Title and whole text as they are searched, and the row; read once for each state."""
    key = ("elsewhere", holding.id, holding.snapshot)
    if key not in shelf.remembered:
        named = [name for name in COLUMNS if name in holding.dataset.columns]
        with shelf.reading() as cursor:
            listed = ", ".join(f'"{name}"' for name in named)
            rows = cursor.execute(
                f"SELECT {listed} FROM {table(holding.entry)} LIMIT {MOST}"  # noqa: S608
            ).fetchall()
        kept = []
        for values in rows:
            row = dict(zip(named, values, strict=True))
            if row.get("title") and _is_web(row.get("page")):
                text = " ".join(str(row.get(name) or "") for name in COLUMNS[:4])
                kept.append((_plain(str(row["title"])), _plain(text), row))
        shelf.remembered[key] = kept
    yield from shelf.remembered[key]


def _link(row: dict[str, Any], holding: Holding, language: Language) -> Link:
    description, modified = str(row.get("description") or ""), str(row.get("modified") or "")[:10]
    if len(description) > LONGEST:
        description = description[:LONGEST].rsplit(" ", 1)[0] + "…"
    return Link(
        title=str(row["title"]),
        description=description,
        publisher=row.get("publisher"),
        modified=modified if _is_day(modified) else None,
        formats=row.get("formats"),
        href=str(row["page"]),
        catalog=holding.dataset.title.in_(language),
    )


def _is_web(page: object) -> bool:
    """Only an address of the web becomes a link, whatever a catalog wrote there."""
    try:
        parts = urlsplit(str(page or ""))
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _plain(text: str) -> str:
    """Lowercase without accents, so that « energie » finds « Énergie »."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in folded if not unicodedata.combining(letter))
