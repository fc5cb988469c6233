"""A map as the server draws it: spots with a value, classes or circles, and a legend in words.

Ratios are drawn as areas of colour, stocks as circles whose surface follows the value: a large
commune is not a strong one. The equivalent table stands beside every map.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from datalab.i18n import Language, translate
from datalab.portal import figures
from datalab.portal.classes import Classes, classes
from datalab.portal.drawing import Canvas, positions
from datalab.portal.library import OPEN, Shelf
from datalab.portal.page import PAGE_ONLY

MOST_SPOTS = 2000
LARGEST = 40.0  # radius of the largest circle, in pixels of the canvas
LEAST = 2.0
DETAIL = 0.35  # pixels that may be lost when a line is simplified
LETTER = 6.6  # pixels of a letter of a label


@dataclass(frozen=True)
class Question:
    """What to draw: SQL expressions over a relation, all of them made by this room.

    ``stock`` says that values are amounts, which add up; ``unit`` and ``title`` are for people.
    """

    relation: str
    shape: str
    label: str
    value: str | None
    title: str
    unit: str
    stock: bool
    where: str = "true"
    lake: str = OPEN


@dataclass(frozen=True)
class Spot:
    label: str
    value: float | None
    said: str
    level: int | None = field(metadata=PAGE_ONLY)
    d: str = field(metadata=PAGE_ONLY)
    x: float = field(metadata=PAGE_ONLY)
    y: float = field(metadata=PAGE_ONLY)
    radius: float | None = field(metadata=PAGE_ONLY)
    named: bool = field(metadata=PAGE_ONLY)


@dataclass(frozen=True)
class Step:
    """One line of the legend. ``radius`` for circles, ``level`` for colours."""

    level: int
    said: str
    count: int
    radius: float | None


@dataclass(frozen=True)
class MapView:
    title: str
    unit: str
    kind: str
    method: str | None
    legend: list[Step]
    spots: list[Spot]
    total: int
    missing: int
    width: float = field(metadata=PAGE_ONLY)
    height: float = field(metadata=PAGE_ONLY)


def draw(shelf: Shelf, question: Question, language: Language) -> MapView | None:
    """Answer ``question``; None where nothing has a place, or too much of it."""
    rows, bounds, total = _ask(shelf, question)
    if not rows or bounds is None:
        return None
    canvas = Canvas.around(bounds)
    values = [row[2] for row in rows if row[2] is not None]
    sorting = classes(values) if values else None
    largest = max((abs(value) for value in values), default=0.0) or 1.0
    areal = any(row[0]["type"].endswith("Polygon") for row in rows)
    circles = question.stock and bool(values) and areal
    spots = [_spot(canvas, row, sorting, largest if circles else None, language) for row in rows]
    spots.sort(key=lambda spot: (spot.value is None, -(spot.value or 0), spot.label))
    missing = sum(spot.value is None for spot in spots) if values else 0
    kind = "circles" if circles else "areas" if areal else "points"
    method: str | None
    if circles:
        method = translate("the surface of a circle follows the value", language)
        legend = _rings(largest, language)
    else:
        method = _method(sorting, language)
        legend = _steps(sorting, spots, language) if sorting else []
    return MapView(
        question.title,
        question.unit,
        kind,
        method,
        legend,
        spots,
        total,
        missing,
        canvas.width,
        canvas.height,
    )


def _ask(
    shelf: Shelf, question: Question
) -> tuple[list[tuple[Any, ...]], tuple[float, float, float, float] | None, int]:
    """Rows as (geometry, label, value, x, y, box), the bounds of all of them, and their number."""
    shape = question.shape
    source = f"FROM {question.relation} WHERE {shape} IS NOT NULL AND {question.where}"
    with shelf.reading(question.lake) as cursor:
        found = cursor.execute(
            f"SELECT min(ST_XMin({shape})), min(ST_YMin({shape})), max(ST_XMax({shape})), "
            f"max(ST_YMax({shape})), count(*) {source}"
        ).fetchone()
        if found is None or found[0] is None or not 0 < found[4] <= MOST_SPOTS:
            return [], None, int(found[4]) if found else 0
        bounds = (float(found[0]), float(found[1]), float(found[2]), float(found[3]))
        detail = DETAIL / Canvas.around(bounds).scale
        value = f"CAST({question.value} AS DOUBLE)" if question.value else "CAST(NULL AS DOUBLE)"
        simple = f"ST_SimplifyPreserveTopology({shape}, {detail!r})"
        rows = cursor.execute(
            f"SELECT CAST(ST_AsGeoJSON({simple}) AS VARCHAR),"
            f" CAST({question.label} AS VARCHAR), {value},"
            f" ST_X(ST_PointOnSurface({shape})), ST_Y(ST_PointOnSurface({shape})),"
            f" ST_XMax({shape}) - ST_XMin({shape}) {source}"
        ).fetchall()
    drawn = [
        (json.loads(g), label, v if v is not None and math.isfinite(v) else None, x, y, wide)
        for g, label, v, x, y, wide in rows
        if g is not None and x is not None
    ]
    return drawn, bounds, int(found[4])


def _spot(
    canvas: Canvas,
    row: tuple[Any, ...],
    sorting: Classes | None,
    largest: float | None,
    language: Language,
) -> Spot:
    geometry, label, value, longitude, latitude, wide = row
    x, y = canvas.point(longitude, latitude)
    radius = 4.5 if next(positions(geometry), None) else None
    if largest is not None and value is not None:
        radius = max(LEAST, round(LARGEST * math.sqrt(abs(value) / largest), 1))
    said = translate("no value", language) if value is None else _say(value, language)
    room = wide * canvas.stretch * canvas.scale
    return Spot(
        label=label or "",
        value=value,
        said=said,
        level=None if value is None or sorting is None else sorting.of(value),
        d=canvas.path(geometry),
        x=x,
        y=y,
        radius=radius,
        named=bool(label) and room > len(label) * LETTER,
    )


def _say(value: float, language: Language) -> str:
    whole = int(value) if value == int(value) else value
    digits = 0 if abs(value) >= 100 else 2
    return figures.number(whole, language, digits=digits)


def _steps(sorting: Classes, spots: list[Spot], language: Language) -> list[Step]:
    steps, low = [], sorting.lowest
    for level, high in enumerate(sorting.bounds):
        inside = [spot.value for spot in spots if spot.level == level and spot.value is not None]
        low = min(inside, default=low)
        said = _say(low, language)
        if high != low:
            said = translate("{low} to {high}", language, low=said, high=_say(high, language))
        steps.append(Step(level, said, len(inside), None))
    return steps


def _rings(largest: float, language: Language) -> list[Step]:
    """Three circles of round values to read the others by."""
    power = 10 ** math.floor(math.log10(largest))
    top = max(step * power for step in (1, 2, 5) if step * power <= largest)
    return [
        Step(0, _say(value, language), 0, round(LARGEST * math.sqrt(value / largest), 1))
        for value in (top, top / 5, top / 20)
    ]


def _method(sorting: Classes | None, language: Language) -> str | None:
    if sorting is None:
        return None
    return {
        "natural-breaks": translate("natural breaks (Fisher-Jenks)", language),
        "quantiles": translate("classes of equal size (quantiles)", language),
        "each-value": translate("one class per value", language),
    }[sorting.method]
