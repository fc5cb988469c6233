"""Indicators of the requests as their pages say them: for agents in full, in public what may be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request

from datalab.errors import DatalabError
from datalab.i18n import Language, translate
from datalab.participation import indicators, service
from datalab.participation.indicators import Area, Delay, Group, Indicators
from datalab.participation.request_state import DAY
from datalab.participation.store import Store
from datalab.portal import map as maps
from datalab.portal.control import span
from datalab.portal.figures import DIJON
from datalab.portal.library import Holding, Shelf
from datalab.portal.map import MapView, Question
from datalab.portal.page import PAGE_ONLY
from datalab.portal.places import place_of
from datalab.portal.rows import open_table

PERIODS = (30, 90, 365)  # days that agents choose from
PUBLIC = 365
KEPT = 600.0  # seconds that what was computed is shown again
CODE = re.compile(r"\d[\dAB]\d{3}", re.ASCII)
NEEDED = {"insee_code", "name", "population", "area_km2"}
WIDE, HIGH, LEFT, LOW = 720, 240, 46, 26  # of the drawing of the backlog


@dataclass(frozen=True)
class Said:
    """A delay in words; ``enough`` tells whether it may be told at all."""

    n: int
    over: int
    enough: bool
    median: str
    between: str  # its bounds at 95 %
    most: str


@dataclass(frozen=True)
class Line:
    key: str
    name: str
    count: int | None
    answer: Said
    closure: Said
    per_km2: float | None
    per_thousand: float | None
    between: tuple[float, float] | None  # bounds of the rate per thousand


@dataclass(frozen=True)
class Plot:
    """The backlog as a line: ``d`` its path, ``marks`` (x, y, words) beside it."""

    d: str
    below: str
    highest: int
    first: str
    last: str
    width: int = WIDE
    height: int = HIGH
    left: int = LEFT
    low: int = LOW


@dataclass(frozen=True)
class IndicatorsView:
    released: bool
    days: int
    since: str
    until: str
    total: int
    open: int
    answer: Said
    closure: Said
    ever_closed: int
    reopened: int
    reopen_share: float | None
    enough: int
    smallest: int
    categories: list[Line]
    communes: list[Line]
    nowhere: int | None
    backlog: list[tuple[str, int]]
    source: str
    source_id: str
    plot: Plot | None = field(default=None, metadata=PAGE_ONLY)
    map: MapView | None = field(default=None, metadata=PAGE_ONLY)


def view_of(
    request: Request, days: int, released: bool, language: Language, moment: float
) -> IndicatorsView:
    """The indicators of the last ``days``. In public they end with yesterday."""
    shelf: Shelf = request.app.state.library.shelf()
    until = moment
    if released:
        today = datetime.fromtimestamp(moment, DIJON).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        until = today.timestamp()
    holding, areas = areas_of(shelf, language)
    store: Store = request.app.state.participation
    key = (released, days, int(until // KEPT))
    kept: dict[tuple[bool, int, int], Indicators] = request.app.state.indicators
    if key not in kept:
        with store.reading() as connection:
            kept.clear()
            kept[key] = indicators.compute(
                connection,
                areas,
                since=until - days * DAY,
                until=until,
                now=until,
                released=released,
            )
    with store.reading() as connection:
        names = {s.code: s.name(language) for s in service.services(connection, every=True)}
    return _said(shelf, kept[key], names, areas, holding, days, language)


def areas_of(shelf: Shelf, language: Language) -> tuple[Holding | None, list[Area]]:
    """Inhabitants and km² of the municipalities, from the lake; none where it has none."""
    holding = shelf.holdings.get("communes")
    if holding is None:
        return None, []
    try:
        opened = open_table(shelf, holding, language)
    except DatalabError:
        return None, []
    if not opened.columns.keys() >= NEEDED:
        return None, []
    asked = (
        "SELECT insee_code, name, population::INTEGER, area_km2::DOUBLE "  # noqa: S608
        f"FROM {opened.sql} WHERE population > 0 AND area_km2 > 0 ORDER BY name COLLATE NOACCENT"
    )
    with shelf.reading() as cursor:
        return holding, [Area(*row) for row in cursor.execute(asked).fetchall()]


def _said(
    shelf: Shelf,
    found: Indicators,
    names: dict[str, str],
    areas: list[Area],
    holding: Holding | None,
    days: int,
    language: Language,
) -> IndicatorsView:
    communes = [
        _line(group, name, language)
        for group, name in _named(found.communes, {area.code: area.name for area in areas})
    ]
    return IndicatorsView(
        released=found.released,
        days=days,
        since=_day(found.since),
        # In public the last moment is a midnight: the day that ended there.
        until=_day(found.until - 1),
        total=found.total,
        open=found.open,
        answer=_delay(found.answer, language),
        closure=_delay(found.closure, language),
        ever_closed=found.ever_closed,
        reopened=found.reopened,
        reopen_share=(
            found.reopened / found.ever_closed if found.ever_closed >= indicators.ENOUGH else None
        ),
        enough=indicators.ENOUGH,
        smallest=indicators.SMALLEST,
        categories=[_line(g, name, language) for g, name in _named(found.categories, names)],
        communes=communes,
        nowhere=found.nowhere,
        backlog=[(_day(at), count) for at, count in found.backlog],
        source=_source(holding, language) if holding else "",
        source_id=holding.id if holding else "",
        plot=_plot(found),
        map=_map(shelf, communes, language),
    )


def _named(groups: Iterable[Group], names: dict[str, str]) -> list[tuple[Group, str]]:
    return [(group, names.get(group.key, group.key)) for group in groups]


def _source(holding: Holding, language: Language) -> str:
    dataset = holding.dataset
    when = (dataset.temporal or "").replace("/", " – ")
    return ", ".join(
        part for part in (dataset.title.in_(language), dataset.publisher, when) if part
    )


def _line(group: Group, name: str, language: Language) -> Line:
    thousand = group.per_thousand
    return Line(
        key=group.key,
        name=name,
        count=group.count,
        answer=_delay(group.answer, language),
        closure=_delay(group.closure, language),
        per_km2=round(group.per_km2.value, 2) if group.per_km2 else None,
        per_thousand=round(thousand.value, 2) if thousand else None,
        between=(round(thousand.low, 2), round(thousand.high, 2)) if thousand else None,
    )


def _delay(delay: Delay, language: Language) -> Said:
    median, most = delay.median, delay.most
    if median is None or most is None:
        return Said(delay.n, delay.over, False, "", "", "")
    never = translate("not reached yet", language)

    def said(value: float | None) -> str:
        return never if value is None else span(value, language)

    between = translate(
        "{low} to {high}",
        language,
        low="–" if median.low is None else span(median.low, language),
        high=translate("not known", language) if median.high is None else said(median.high),
    )
    return Said(delay.n, delay.over, True, said(median.value), between, said(most.value))


def _plot(found: Indicators) -> Plot | None:
    if len(found.backlog) < 2 or not any(count for _, count in found.backlog):
        return None
    highest = max(count for _, count in found.backlog)
    first, last = found.backlog[0][0], found.backlog[-1][0]
    points = [
        (
            round(LEFT + (WIDE - LEFT) * (at - first) / (last - first), 1),
            round((HIGH - LOW) * (1 - count / highest) + 4, 1),
        )
        for at, count in found.backlog
    ]
    d = "M" + "L".join(f"{x} {y}" for x, y in points)
    below = f"{d}L{points[-1][0]} {HIGH - LOW + 4}L{LEFT} {HIGH - LOW + 4}Z"
    return Plot(d, below, highest, _day(first), _day(last - 1))


def _map(shelf: Shelf, communes: list[Line], language: Language) -> MapView | None:
    """Cases per 1,000 inhabitants on the boundaries of the lake."""
    holding = shelf.holdings.get("communes")
    if holding is None or not any(line.count for line in communes):
        return None
    try:
        opened = open_table(shelf, holding, language)
        place = place_of(shelf, holding, opened, language)
    except DatalabError:
        return None
    if place is None:
        return None
    rows = ", ".join(
        f"('{line.key}', {_sql(line.per_thousand)})"
        for line in communes
        if CODE.fullmatch(line.key)
    )
    relation = f"{place.relation} JOIN (VALUES {rows}) v(code, rate) ON v.code = t.insee_code"
    title = translate("Cases per 1,000 inhabitants", language)
    question = Question(relation, place.shape, "t.name", "v.rate", title, "‰", False)
    return maps.draw(shelf, question, language)


def _sql(value: float | None) -> str:
    return "NULL::DOUBLE" if value is None else f"{value!r}::DOUBLE"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, DIJON).date().isoformat()
