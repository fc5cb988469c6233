"""What somebody may be about to type: titles, keywords, columns and places, in this order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from datalab.catalog.suggestion import fold
from datalab.i18n import Language, translate
from datalab.portal.library import Shelf
from datalab.portal.listing import communes

TITLES, PLACES, WORDS = 5, 3, 4


@dataclass(frozen=True)
class Suggestion:
    """``href`` leads to the dataset, or to a search for ``text``."""

    kind: Literal["dataset", "keyword", "column", "place"]
    kind_label: str
    text: str
    href: str


@dataclass(frozen=True)
class Suggestions:
    language: Language
    query: str
    suggestions: list[Suggestion]


def suggest(shelf: Shelf, typed: str, language: Language, prefix: str) -> Suggestions:
    """At most twelve suggestions for what was typed so far; none for nothing."""
    typed = " ".join(typed.split())
    labels = {
        "dataset": translate("dataset", language),
        "keyword": translate("keyword", language),
        "column": translate("column", language),
        "place": translate("commune", language),
    }
    found = []
    for name in shelf.search.titled(typed, language, TITLES):
        if name in shelf.holdings:
            title = shelf.holdings[name].dataset.title.in_(language)
            found.append(("dataset", title, f"{prefix}/datasets/{name}"))
    start = " ".join(fold(typed).replace("-", " ").replace("’", " ").split())
    places = [
        name
        for folded, name in communes(shelf).items()
        if start and (folded.startswith(start) or f" {start}" in folded)
    ]
    words = [(one.kind, one.text) for one in shelf.search.vocabulary.starting(typed, WORDS)]
    for kind, text in [*(("place", name) for name in places[:PLACES]), *words]:
        found.append((kind, text, f"{prefix}/datasets/?q={quote(text)}"))
    return Suggestions(
        language,
        typed,
        [Suggestion(kind, labels[kind], text, href) for kind, text, href in found],  # type: ignore[arg-type]
    )
