"""Features of a dataset as OGC API Features (Part 1: Core, OGC 17-069r4) asks for them.

A collection is a dataset that has places; a feature is one of its rows, known by the column that
identifies it or by its number. ``bbox`` is in longitude and latitude (CRS84); ``datetime`` meets
the first column that holds a date or a moment.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from datalab.errors import InvalidParameter, NoGeometry, TooMuch, UnknownFeature
from datalab.i18n import Language, translate
from datalab.lake.connection import identifier
from datalab.portal.download import identity_of
from datalab.portal.filters import Filter, value_of, where
from datalab.portal.library import Holding, Shelf
from datalab.portal.lines import feature
from datalab.portal.opening import Opening
from datalab.portal.places import ROW, Place, place_of
from datalab.portal.rows import Table

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
TEMPORAL = ("date", "timestamp")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Asked:
    """Which features. ``during`` is an interval of moments in UTC, open where None."""

    limit: int
    offset: int = 0
    bbox: Box | None = None
    during: tuple[datetime | None, datetime | None] | None = None
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class Extent:
    """Where and when the rows of a collection are; None where they say nothing about it."""

    bbox: Box | None
    interval: tuple[str, str] | None


def place_in(opening: Opening) -> Place:
    """Where the rows are.

    Raises
    ------
    NoGeometry
        where they have no place.
    """
    found = place_of(opening.shelf, opening.holding, opening.table, opening.language)
    if found is None:
        raise NoGeometry(dataset=opening.holding.id)
    return found


def box_of(text: str | None, language: Language) -> Box | None:
    """``west,south,east,north``, or six numbers with heights, which say nothing here.

    Raises
    ------
    InvalidParameter
    """
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    fits = len(numbers) == 4 and all(map(math.isfinite, numbers)) and numbers[1] <= numbers[3]
    if not fits:
        reason = translate("four numbers are needed: west,south,east,north", language)
        raise InvalidParameter(name="bbox", value=text[:80], reason=reason)
    return (numbers[0], numbers[1], numbers[2], numbers[3])


def interval_of(
    text: str | None, language: Language
) -> tuple[datetime | None, datetime | None] | None:
    """``2024-01-01``, ``2024-01-01T00:00:00Z/..`` and the like (RFC 3339).

    Raises
    ------
    InvalidParameter
    """
    if text is None:
        return None
    first, stroke, last = text.partition("/")
    try:
        begin = _moment(first, start=True)
        end = _moment(last if stroke else first, start=False)
        backward = begin is not None and end is not None and end < begin
        if (begin is None and not stroke) or backward:
            raise ValueError(text)
    except (ValueError, OverflowError):
        reason = translate(
            "a moment like 2026-01-31T12:00:00Z is needed, or two with / between", language
        )
        raise InvalidParameter(name="datetime", value=text[:80], reason=reason) from None
    return begin, end


def _moment(text: str, *, start: bool) -> datetime | None:
    if text in {"", ".."}:
        return None
    if DAY.fullmatch(text):
        day = datetime.combine(datetime.fromisoformat(text), time(), UTC)
        return day if start else day + timedelta(days=1) - timedelta(microseconds=1)
    found = datetime.fromisoformat(re.sub(r" (\d\d:?\d\d)$", r"+\1", text))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def temporal_of(opened: Table) -> str | None:
    """The column that says when."""
    return next((n for n, type_ in opened.columns.items() if type_.startswith(TEMPORAL)), None)


def items(opening: Opening, place: Place, asked: Asked) -> tuple[list[str], int]:
    """The features asked for as GeoJSON texts, and how many match altogether."""
    condition, values = _condition(opening.table, place, asked)
    one = feature(opening.table.columns, place.shape, identity(opening))
    with opening.shelf.reading(opening.table.lake) as cursor:
        found = cursor.execute(
            f"SELECT {one} FROM {place.relation}{condition} ORDER BY t.{ROW} "  # noqa: S608
            f"LIMIT {asked.limit} OFFSET {asked.offset}",
            values,
        ).fetchall()
        if not condition and opening.table.rows is not None:
            return [text for (text,) in found], opening.table.rows
        counted = cursor.execute(
            f"SELECT count(*) FROM {place.relation}{condition}",  # noqa: S608
            values,
        ).fetchone()
    return [text for (text,) in found], int(counted[0]) if counted else 0


def item(opening: Opening, place: Place, name: str) -> dict[str, Any]:
    """The feature of this id.

    Raises
    ------
    UnknownFeature
    """
    key = identity_of(opening.holding, opening.table)
    try:
        if key is None:
            column, value = f"t.{ROW}", value_of(name, "bigint")
        else:
            column = f"t.{key}"
            value = value_of(name, opening.table.columns[opening.holding.dataset.key[0]])
    except (ValueError, ArithmeticError):
        column, value = "NULL", None
    one = feature(opening.table.columns, place.shape, identity(opening))
    with opening.shelf.reading(opening.table.lake) as cursor:
        found = cursor.execute(
            f"SELECT {one} FROM {place.relation} WHERE {column} = ? LIMIT 1",  # noqa: S608
            [value],
        ).fetchone()
    if found is None:
        raise UnknownFeature(
            dataset=opening.holding.id, feature=name[:80], snapshot=opening.table.snapshot
        )
    held: dict[str, Any] = json.loads(found[0])
    return held


def identity(opening: Opening) -> str:
    """The SQL of a feature's id."""
    return identity_of(opening.holding, opening.table) or f"t.{ROW}"


def extent_of(shelf: Shelf, holding: Holding, opened: Table, place: Place) -> Extent:
    """Bounds in space and time, asked of the rows once for each snapshot."""
    key = ("extent", holding.id, opened.lake, place.snapshots)
    if key in shelf.remembered:
        found: Extent = shelf.remembered[key]
        return found
    when = temporal_of(opened)
    if place.point is not None:
        x, y = (f"t.{name}" for name in place.point)
        asked = f"min({x}), min({y}), max({x}), max({y})"
    else:
        shape = place.shape
        asked = f"min(ST_XMin({shape})), min(ST_YMin({shape})), "
        asked += f"max(ST_XMax({shape})), max(ST_YMax({shape}))"
    column = f"CAST(t.{identifier(when)} AS TIMESTAMP)" if when else "CAST(NULL AS TIMESTAMP)"
    asked += f", min({column}), max({column})"
    try:
        with shelf.reading(opened.lake) as cursor:
            row = cursor.execute(f"SELECT {asked} FROM {place.relation}").fetchone()  # noqa: S608
    except TooMuch:
        row = None
    bbox, interval = None, None
    if row is not None and all(value is not None for value in row[:4]):
        bbox = (float(row[0]), float(row[1]), float(row[2]), float(row[3]))
    if row is not None and row[4] is not None:
        interval = (f"{row[4].isoformat()}Z", f"{row[5].isoformat()}Z")
    shelf.remembered[key] = Extent(bbox, interval)
    return Extent(bbox, interval)


def _condition(opened: Table, place: Place, asked: Asked) -> tuple[str, list[Any]]:
    condition, values = where(asked.filters)
    parts = [condition.removeprefix(" WHERE ")] if condition else []
    if asked.bbox is not None:
        text, held = _inside(place, asked.bbox)
        parts.append(text)
        values += held
    if asked.during is not None:
        when = temporal_of(opened)
        if when is not None:
            for text, value in _during(when, opened.columns[when], asked.during):
                parts.append(text)
                values.append(value)
    return (" WHERE " + " AND ".join(parts) if parts else ""), values


def _inside(place: Place, box: Box) -> tuple[str, list[Any]]:
    """Rows that meet a box; one whose west lies east of its east crosses the antimeridian."""
    west, south, east, north = box
    halves = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    texts, values = [], []
    for left, right in halves:
        if place.point is not None:
            x, y = (f"t.{name}" for name in place.point)
            texts.append(f"({x} BETWEEN ? AND ? AND {y} BETWEEN ? AND ?)")
            values += [left, right, south, north]
        else:
            texts.append(f"ST_Intersects({place.shape}, ST_MakeEnvelope(?, ?, ?, ?))")
            values += [left, south, right, north]
    return f"({' OR '.join(texts)})", values


def _during(
    column: str, type_: str, during: tuple[datetime | None, datetime | None]
) -> Iterable[tuple[str, Any]]:
    name = f"t.{identifier(column)}"
    for sign, moment in zip((">=", "<="), during, strict=True):
        if moment is None:
            continue
        if type_ == "date":
            yield f"{name} {sign} ?", moment.date()
        elif type_ == "timestamp":
            yield f"{name} {sign} ?", moment.replace(tzinfo=None)
        else:
            yield f"{name} {sign} ?", moment
