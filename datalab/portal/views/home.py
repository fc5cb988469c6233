"""The first page: what this is, for whom, a map of real data, what is new and how the lake does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from datalab.errors import DatalabError
from datalab.i18n import Language
from datalab.lake.connection import identifier
from datalab.portal.access import barrier
from datalab.portal.card import Card, card_of, theme_title
from datalab.portal.chart import STOCKS
from datalab.portal.facts import period_label
from datalab.portal.figures import unit
from datalab.portal.language import language_of, now
from datalab.portal.library import Shelf
from datalab.portal.map import MapView, Question, draw
from datalab.portal.page import PAGE_ONLY, document, page
from datalab.portal.places import place_of
from datalab.portal.published import Published, recent
from datalab.portal.rows import open_table
from datalab.portal.showcase import Showcase, showcases
from datalab.portal.state import STATES, label, meaning

router = APIRouter()
NEWEST = 3
COMMUNES = "communes"
DENSITY = "density"  # a ratio, so that areas of colour tell the truth


@dataclass(frozen=True)
class Count:
    state: str
    label: str
    meaning: str
    count: int


@dataclass(frozen=True)
class ThemeCount:
    theme: str
    title: str
    count: int


@dataclass(frozen=True)
class Figure:
    """The map with what must stand beside it: date, source, dataset."""

    map: MapView
    dataset: str
    published_at: str | None
    period: str | None
    period_label: str = field(metadata=PAGE_ONLY)
    source: str
    snapshot: int


@dataclass(frozen=True)
class HomeView:
    language: Language
    datasets: int
    rows: int
    expectations: int
    health: list[Count]
    stale: int
    warnings: int
    themes: list[ThemeCount]
    newest: list[Card]
    figure: Figure | None
    example: str = field(metadata=PAGE_ONLY)
    published: list[Published] = field(default_factory=list)
    showcases: list[Showcase] = field(default_factory=list)


def figure_of(shelf: Shelf, language: Language) -> Figure | None:
    """Density of population by commune, else what the dataset of communes shows first."""
    holding = shelf.holdings.get(COMMUNES)
    if holding is None or holding.good is None or barrier(holding) is not None:
        return None
    opened = open_table(shelf, holding, language)
    place = place_of(shelf, holding, opened, language)
    hint = holding.dataset.map
    if place is None or hint is None:
        return None
    columns = holding.dataset.columns
    shown = next((c for c in (DENSITY, hint.value) if c in opened.columns), None)
    if shown is None:
        return None
    label = hint.label if hint.label in opened.columns else next(iter(opened.columns))
    question = Question(
        place.relation,
        place.shape,
        f"t.{identifier(str(label))}",
        f"t.{identifier(shown)}",
        columns[shown].description.in_(language),
        unit(columns[shown].unit, language),
        stock=columns[shown].unit in STOCKS,
    )
    key = ("home", place.snapshots, language)
    if key not in shelf.remembered:
        shelf.remembered[key] = draw(shelf, question, language)
    drawn: MapView | None = shelf.remembered[key]
    if drawn is None:
        return None
    return Figure(
        drawn,
        holding.id,
        holding.good.get("finished_at"),
        holding.dataset.temporal,
        period_label(holding.dataset.temporal, language),
        holding.dataset.publisher,
        opened.snapshot,
    )


def view_of(request: Request) -> HomeView:
    """Fill the page; a map that cannot be drawn is left out, the rest stays."""
    shelf: Shelf = request.app.state.library.shelf()
    language, moment = language_of(request), now()
    cards = [
        card_of(holding, language, moment, request.app.state.prefix)
        for holding in shelf.holdings.values()
    ]
    try:
        figure = figure_of(shelf, language)
    except DatalabError:
        figure = None
    states = Counter(card.state.name for card in cards)
    themes = Counter(card.theme for card in cards)
    published = [card for card in cards if card.state.published_at]
    published.sort(key=lambda card: card.state.published_at or "", reverse=True)
    return HomeView(
        language=language,
        datasets=len(published),
        rows=sum(card.rows or 0 for card in published),
        expectations=sum(len(h.dataset.expectations) for h in shelf.holdings.values()),
        health=[
            Count(name, label(name, language), meaning(name, language), states[name])
            for name in STATES
        ],
        stale=sum(card.state.stale for card in cards),
        warnings=sum(card.state.warning for card in cards),
        themes=[ThemeCount(t, theme_title(t, language), n) for t, n in themes.most_common()],
        newest=published[:NEWEST],
        figure=figure,
        showcases=showcases(request.app.state, language),
        published=recent(request.app.state, NEWEST, shipped=False),
        example=COMMUNES if COMMUNES in shelf.holdings else next(iter(shelf.holdings), COMMUNES),
    )


@router.get("/", include_in_schema=False)
def html(request: Request) -> Response:
    return page(request, "home.html", view_of(request))


@router.get("/index.json", summary="What the lab holds, and how it does", tags=["catalog"])
def json(request: Request) -> Response:
    return document(request, view_of(request))
