"""The communes as outlines: to draw, and to know in which of them a point lies.

They come from the published dataset of boundaries, read once for each of its snapshots. These
outlines are generalised, so a point a little outside belongs to the commune that is nearest; one
that is further away belongs to none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import duckdb

from datalab.errors import DatalabError
from datalab.lake.connection import identifier
from datalab.portal.library import Shelf
from datalab.portal.rows import is_geometry, open_table

DATASET = "commune-boundaries"
TOLERANCE = 400.0  # metres by which a generalised outline may be off
DEGREE = 111_195.0  # metres of a degree of latitude
DETAIL = 0.00015  # degrees that an outline on a phone may lose
DECIMALS = 5

Ring = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Commune:
    """``shape`` is GeoJSON in longitude and latitude; ``box`` west, south, east, north."""

    code: str
    name: str
    shape: dict[str, Any]
    box: tuple[float, float, float, float]

    def holds(self, longitude: float, latitude: float) -> bool:
        west, south, east, north = self.box
        if not (west <= longitude <= east and south <= latitude <= north):
            return False
        # An odd number of edges to one side of the point; a hole makes it even again.
        return sum(_crossings(ring, longitude, latitude) for ring in rings(self.shape)) % 2 == 1

    def distance(self, longitude: float, latitude: float) -> float:
        """Metres to the outline."""
        return min(_to_ring(ring, longitude, latitude) for ring in rings(self.shape))


@dataclass(frozen=True)
class Boundaries:
    """Every commune, by name."""

    snapshot: int
    communes: tuple[Commune, ...]
    outlines: bytes  # GeoJSON to draw, simplified

    @cached_property
    def names(self) -> dict[str, str]:
        """Names by INSEE code, in the order of the names."""
        return {commune.code: commune.name for commune in self.communes}

    def commune_of(self, latitude: float, longitude: float) -> str | None:
        """The INSEE code of the commune in which a point lies, None outside all of them."""
        if not (math.isfinite(latitude) and math.isfinite(longitude)):
            return None
        for commune in self.communes:
            if commune.holds(longitude, latitude):
                return commune.code
        near = TOLERANCE / DEGREE
        found: list[tuple[float, str]] = []
        for commune in self.communes:
            west, south, east, north = commune.box
            wide = near / math.cos(math.radians(latitude)) if abs(latitude) < 89 else near
            if west - wide <= longitude <= east + wide and south - near <= latitude <= north + near:
                found.append((commune.distance(longitude, latitude), commune.code))
        metres, code = min(found, default=(math.inf, ""))
        return code if metres <= TOLERANCE else None


def boundaries(shelf: Shelf) -> Boundaries | None:
    """The communes of the lake as it is now; None where it has none that may be shown."""
    holding = shelf.holdings.get(DATASET)
    hint = holding.dataset.map if holding else None
    if holding is None or hint is None or not hint.geometry or not hint.label:
        return None
    if not holding.dataset.key:
        return None
    try:
        opened = open_table(shelf, holding, "fr")
    except DatalabError:
        return None
    known = ("boundaries", opened.snapshot)
    if known not in shelf.remembered:
        if not is_geometry(opened.columns.get(hint.geometry, "")):
            return None
        shelf.remembered[known] = _read(
            shelf, opened.sql, opened.snapshot, (holding.dataset.key[0], hint.label, hint.geometry)
        )
    found: Boundaries | None = shelf.remembered[known]
    return found


def _read(
    shelf: Shelf, table: str, snapshot: int, columns: tuple[str, str, str]
) -> Boundaries | None:
    code, name, shape = map(identifier, columns)
    asked = (
        f"SELECT CAST({code} AS VARCHAR), CAST({name} AS VARCHAR), "  # noqa: S608
        f"CAST(ST_AsGeoJSON({shape}) AS VARCHAR), "
        f"CAST(ST_AsGeoJSON(ST_SimplifyPreserveTopology({shape}, {DETAIL})) AS VARCHAR), "
        f"ST_XMin({shape}), ST_YMin({shape}), ST_XMax({shape}), ST_YMax({shape}) "
        f"FROM {table} WHERE {shape} IS NOT NULL ORDER BY strip_accents(lower({name}))"
    )
    try:
        with shelf.reading() as cursor:
            rows = cursor.execute(asked).fetchall()
    except (DatalabError, duckdb.Error):
        return None
    communes = [Commune(r[0], r[1], json.loads(r[2]), (r[4], r[5], r[6], r[7])) for r in rows]
    drawn = [feature(json.loads(row[3]), {"code": row[0], "name": row[1]}) for row in rows]
    return Boundaries(snapshot, tuple(communes), collection(drawn))


def feature(shape: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    """A GeoJSON feature whose numbers are as short as a map on a phone needs."""
    short = {**shape, "coordinates": _rounded(shape["coordinates"])}
    return {"type": "Feature", "properties": properties, "geometry": short}


def collection(features: list[dict[str, Any]]) -> bytes:
    document = {"type": "FeatureCollection", "features": features}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _rounded(value: Any) -> Any:
    return [_rounded(v) for v in value] if isinstance(value, list) else round(value, DECIMALS)


def rings(shape: dict[str, Any]) -> Iterator[Ring]:
    """The rings of a polygon or of several, holes included."""
    if shape["type"] == "Polygon":
        yield from shape["coordinates"]
    elif shape["type"] == "MultiPolygon":
        for polygon in shape["coordinates"]:
            yield from polygon


def _crossings(ring: Ring, x: float, y: float) -> int:
    count = 0
    for (x1, y1, *_), (x2, y2, *_) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            count += 1
    return count


def _to_ring(ring: Ring, x: float, y: float) -> float:
    """Metres to the nearest edge, on a plane that is true at the latitude of the point."""
    wide = DEGREE * math.cos(math.radians(y))
    points = [((px - x) * wide, (py - y) * DEGREE) for px, py, *_ in ring]
    best = math.inf
    for (ax, ay), (bx, by) in pairwise(points):
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        along = max(0.0, min(1.0, -(ax * dx + ay * dy) / length)) if length else 0.0
        best = min(best, math.hypot(ax + along * dx, ay + along * dy))
    return best
