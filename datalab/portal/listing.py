"""The list of datasets: one page of what was found, facets with counts, and help where nothing is.

Facets and search are the index's (:mod:`datalab.catalog.search`); here they get their words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from datalab.catalog.facet import FACETS, Chosen, Counts
from datalab.catalog.search import Found, How
from datalab.catalog.suggestion import fold
from datalab.catalog.vocabulary import LICENSES, THEMES
from datalab.errors import DatalabError
from datalab.i18n import Language, translate
from datalab.portal.boundaries import boundaries
from datalab.portal.card import Card, access_label, card_of, reuse_label, theme_title
from datalab.portal.elsewhere import Elsewhere, elsewhere
from datalab.portal.facts import periodicity_label
from datalab.portal.library import Shelf
from datalab.portal.page import PAGE_ONLY
from datalab.portal.state import MARKS, STATES, label

LONGEST_QUERY = 200
PAGE = 100  # datasets of one page of the list
NEAREST = 3
MOST_CHOICES = 12  # of a facet without an order of its own
PERIODS = (
    *("once", "realtime", "hourly", "daily", "weekly", "monthly", "quarterly", "annual"),
    "irregular",
)


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Facet:
    name: str
    title: str
    choices: list[Choice]


@dataclass(frozen=True)
class Way:
    """Another search that finds something: its words, how many it finds, and its address."""

    label: str
    count: int
    href: str


@dataclass(frozen=True)
class Help:
    """What to do where nothing was found: ``meant`` is a query spelled as the catalog spells it,
    ``broader`` are searches with fewer words or filters, ``nearest`` what they find."""

    meant: Way | None
    broader: list[Way]
    nearest: list[Card]


@dataclass(frozen=True)
class DatasetsView:
    """``how`` says which words of the query these datasets hold: ``all``, all but for ``typos``,
    ``some``, ``nothing``; or it is ``everything`` where nothing was asked."""

    language: Language
    query: str
    how: How
    total: int
    known: int
    page: int
    pages: int
    facets: list[Facet]
    datasets: list[Card]
    help: Help | None
    filtered: bool = field(metadata=PAGE_ONLY)
    around: dict[str, str] = field(metadata=PAGE_ONLY)
    words: list[str] = field(metadata=PAGE_ONLY)
    first: int = field(default=5, metadata=PAGE_ONLY)
    elsewhere: Elsewhere | None = None


def title(name: str, language: Language) -> str:
    return {
        "theme": translate("Theme", language),
        "publisher": translate("Producer", language),
        "format": translate("Format of the source", language),
        "state": translate("State", language),
        "access": translate("Who can read it", language),
        "reuse": translate("Reuse allowed", language),
        "license": translate("Licence", language),
        "provenance": translate("Origin", language),
        "periodicity": translate("Refreshed", language),
    }[name]


def provenance_label(provenance: str, language: Language) -> str:
    if provenance == "synthetic":
        return translate("synthetic data", language)
    return translate("real data", language)


def said(name: str, value: str, language: Language) -> str:
    """The value of a facet in words."""
    ways: Mapping[str, tuple[Iterable[str], Callable[[str, Language], str]]] = {
        "theme": (THEMES, theme_title),
        "reuse": (("yes", "conditions", "no", "not-stated"), reuse_label),
        "access": (("open", "members", "restricted"), access_label),
        "state": ((*STATES, *MARKS), label),
        "license": (LICENSES, lambda license_, _: LICENSES[license_].title),
        "provenance": (("real", "synthetic"), provenance_label),
        "periodicity": (PERIODS, periodicity_label),
    }
    if name in ways and value in set(ways[name][0]):
        text = ways[name][1](value, language)
        return text[:1].upper() + text[1:]
    return value.upper() if name == "format" and len(value) <= 5 else value


ORDER: Mapping[str, tuple[str, ...]] = {
    "theme": tuple(THEMES),
    "reuse": ("yes", "conditions", "no", "not-stated"),
    "access": ("open", "members", "restricted"),
    "state": (*STATES, *MARKS),
    "license": tuple(LICENSES),
    "provenance": ("real", "synthetic"),
    "periodicity": PERIODS,
}


def facets_of(counts: Counts, chosen: Chosen, language: Language) -> list[Facet]:
    """Every facet with the values that are there or chosen: in their order, or the most first."""
    found = []
    for name in FACETS:
        left, wanted = counts.get(name, {}), chosen.get(name, ())
        if name in ORDER:
            # A value that the facet does not know matches nothing, and is no choice.
            values = [value for value in ORDER[name] if value in left or value in wanted]
        else:
            values = sorted(left, key=lambda value: (-left[value], value))
            first = values[:MOST_CHOICES]
            values = first + [value for value in wanted if value in values[MOST_CHOICES:]]
        choices = [
            Choice(value, said(name, value, language), left.get(value, 0), value in wanted)
            for value in values
        ]
        found.append(Facet(name, title(name, language), choices))
    return found


def communes(shelf: Shelf) -> dict[str, str]:
    """The names of communes by their folded form, from the open dataset of outlines."""
    if "communes-by-name" not in shelf.remembered:
        try:
            known = boundaries(shelf)
        except DatalabError:
            known = None
        names = known.names.values() if known else ()
        shelf.remembered["communes-by-name"] = {
            " ".join(fold(name).replace("-", " ").replace("’", " ").split()): name for name in names
        }
    found: dict[str, str] = shelf.remembered["communes-by-name"]
    return found


def find(
    shelf: Shelf, query: str, language: Language, chosen: Chosen, moment: datetime, page: int = 1
) -> Found:
    """One page of what the service finds, with its facets."""
    return shelf.search.find(
        query,
        language,
        chosen,
        moment=moment,
        limit=PAGE,
        offset=(page - 1) * PAGE,
        places=communes(shelf) if query else (),
    )


def view_of(
    shelf: Shelf,
    language: Language,
    moment: datetime,
    prefix: str,
    query: str,
    chosen: Mapping[str, list[str]],
    page: int = 1,
) -> DatasetsView:
    """Fill the page. A value that a facet does not know matches nothing, and is not an error."""
    query = " ".join(query.split())[:LONGEST_QUERY]
    found = find(shelf, query, language, chosen, moment, page)
    pages = max(1, -(-found.total // PAGE))
    there = [shelf.holdings[name] for name in found.ids if name in shelf.holdings]
    cards = [card_of(holding, language, moment, prefix) for holding in there]
    narrowed = {name: values for name, values in chosen.items() if values}
    helped = None
    if not found.total or found.how in {"typos", "some"}:
        helped = _help(shelf, language, moment, prefix, query, narrowed, found)
    # Beyond the last page, where datasets went since a link was made, the way back is the last one.
    neighbours = {"before": min(page - 1, pages), "after": page + 1}
    around = {
        name: _address(prefix, query, narrowed, number) if 1 <= number <= pages else ""
        for name, number in neighbours.items()
    }
    # Links have none of our facets: where one is chosen, they would only be in the way.
    links = None if narrowed else elsewhere(shelf, query, language)
    return DatasetsView(
        language=language,
        query=query,
        how=found.how,
        total=found.total,
        known=len(shelf.holdings),
        page=page,
        pages=pages,
        facets=facets_of(found.counts, chosen, language),
        datasets=cards,
        help=helped,
        filtered=bool(query) or bool(narrowed),
        around=around,
        words=[*shelf.search.vocabulary.frequent(), *communes(shelf).values()],
        elsewhere=links,
    )


def _help(
    shelf: Shelf,
    language: Language,
    moment: datetime,
    prefix: str,
    query: str,
    chosen: Mapping[str, list[str]],
    found: Found,
) -> Help:
    def way(said_: str, words: str, filters: Mapping[str, list[str]]) -> tuple[Way, Found]:
        answer = find(shelf, words, language, filters, moment)
        exact = answer.total if answer.how in {"all", "everything"} else 0
        return Way(said_, exact, _address(prefix, words, filters)), answer

    known = communes(shelf)
    meant = shelf.search.vocabulary.meant(query, known.values())
    better = way(meant, meant, chosen)[0] if meant else None
    tried: list[tuple[Way, Found]] = []
    if not found.total:
        for name in chosen:
            rest = {other: values for other, values in chosen.items() if other != name}
            without = translate(
                "without the filter “{facet}”", language, facet=title(name, language)
            )
            tried.append(way(without, query, rest))
    words = [word for word in query.split() if len(word) > 2][:5]
    if len(words) > 1:
        tried += [way(word, word, chosen) for word in words]
    tried = [(one, answer) for one, answer in tried if one.count]
    names: dict[str, Any] = {}
    if not found.total:
        for _, answer in tried:
            names |= dict.fromkeys(answer.ids[:NEAREST])
    nearest = [shelf.holdings[name] for name in names if name in shelf.holdings][:NEAREST]
    return Help(
        better if better and better.count else None,
        [one for one, _ in tried],
        [card_of(holding, language, moment, prefix) for holding in nearest],
    )


def _address(prefix: str, query: str, chosen: Mapping[str, Iterable[str]], page: int = 1) -> str:
    pairs = [("q", query)] if query else []
    pairs += [(name, value) for name, values in chosen.items() for value in values]
    pairs += [("page", str(page))] if page > 1 else []
    return f"{prefix}/datasets/" + (f"?{urlencode(pairs)}" if pairs else "")
