"""The list of datasets: search, facets with counts, and what to do when nothing fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.catalog.vocabulary import THEMES
from datalab.i18n import Language, translate
from datalab.portal.card import Card, access_label, card_of, license_of, reuse_label, theme_title
from datalab.portal.elsewhere import Elsewhere, elsewhere
from datalab.portal.language import language_of, now
from datalab.portal.library import Holding, Shelf
from datalab.portal.page import PAGE_ONLY, document, page
from datalab.portal.state import MARKS, STATES, label, marks_of, name_of

router = APIRouter()
LONGEST_QUERY = 200
Chosen = Annotated[list[str], Query(max_length=20)]


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
class DatasetsView:
    language: Language
    query: str
    total: int
    known: int
    facets: list[Facet]
    datasets: list[Card]
    filtered: bool = field(metadata=PAGE_ONLY)
    elsewhere: Elsewhere | None = None


Values = Callable[[Holding, datetime], set[str]]
FACETS: Mapping[str, Values] = {
    "theme": lambda holding, _: {holding.dataset.theme},
    "reuse": lambda holding, _: {license_of(holding.dataset).reuse},
    "access": lambda holding, _: {holding.dataset.access},
    "state": lambda holding, moment: {name_of(holding), *marks_of(holding, moment)},
}


def choices(name: str, language: Language) -> dict[str, str]:
    """The values of a facet in their order, with their labels."""
    values: dict[str, tuple[Any, Callable[[str, Language], str]]] = {
        "theme": (THEMES, theme_title),
        "reuse": (("yes", "conditions", "no", "not-stated"), reuse_label),
        "access": (("open", "members", "restricted"), access_label),
        "state": ((*STATES, *MARKS), label),
    }
    known, say = values[name]
    return {value: say(value, language) for value in known}


def title(name: str, language: Language) -> str:
    return {
        "theme": translate("Theme", language),
        "reuse": translate("Reuse allowed", language),
        "access": translate("Who can read it", language),
        "state": translate("State", language),
    }[name]


def view_of(
    shelf: Shelf,
    language: Language,
    moment: datetime,
    prefix: str,
    query: str,
    chosen: Mapping[str, list[str]],
) -> DatasetsView:
    """Fill the page. A value that a facet does not know matches nothing, and is not an error."""
    query = " ".join(query.split())[:LONGEST_QUERY]
    if query:
        found = [shelf.holdings[name] for name in shelf.find(query, language)]
    else:
        found = sorted(shelf.holdings.values(), key=lambda h: h.dataset.title.in_(language).lower())

    def fits(holding: Holding, but: str | None = None) -> bool:
        return all(
            not wanted or name == but or FACETS[name](holding, moment) & set(wanted)
            for name, wanted in chosen.items()
        )

    facets = []
    for name, values_of in FACETS.items():
        # A facet counts what the others leave, so that a second choice widens and never misleads.
        left = Counter(
            value
            for holding in found
            if fits(holding, but=name)
            for value in values_of(holding, moment)
        )
        facets.append(
            Facet(
                name,
                title(name, language),
                [
                    Choice(value, said, left[value], value in chosen[name])
                    for value, said in choices(name, language).items()
                    if value in left or value in chosen[name]
                ],
            )
        )
    cards = [card_of(holding, language, moment, prefix) for holding in found if fits(holding)]
    filtered = bool(query) or any(chosen.values())
    # Links have none of our facets: where one is chosen, they would only be in the way.
    links = None if any(chosen.values()) else elsewhere(shelf, query, language)
    return DatasetsView(
        language, query, len(cards), len(shelf.holdings), facets, cards, filtered, links
    )


def _asked(
    q: str = "",
    theme: Chosen = [],  # noqa: B006 - FastAPI copies it
    reuse: Chosen = [],  # noqa: B006
    access: Chosen = [],  # noqa: B006
    state: Chosen = [],  # noqa: B006
) -> tuple[str, dict[str, list[str]]]:
    return q, {"theme": theme, "reuse": reuse, "access": access, "state": state}


Asked = Annotated[tuple[str, dict[str, list[str]]], Depends(_asked)]


def _view(request: Request, asked: tuple[str, dict[str, list[str]]]) -> DatasetsView:
    shelf = request.app.state.library.shelf()
    prefix = request.app.state.prefix
    return view_of(shelf, language_of(request), now(), prefix, *asked)


@router.get("/datasets", include_in_schema=False)
def without_slash(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.url.path}/{query}", status_code=308)


@router.get("/datasets/", include_in_schema=False)
def html(request: Request, asked: Asked) -> Response:
    return page(request, "datasets.html", _view(request, asked))


@router.get("/datasets.json", summary="Search and filter the datasets", tags=["catalog"])
def json(request: Request, asked: Asked) -> Response:
    return document(request, _view(request, asked))
