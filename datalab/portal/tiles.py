"""Vector tiles of a dataset (Mapbox Vector Tile 2.1), made by DuckDB, small at every zoom.

From zoom 14 on a tile holds the rows as they are. Below, where a tile could hold a whole city, a
tile with many of them holds the cells of a grid instead, each with ``count`` and the mean of the
value that the map shows (a million points at zoom 11 would be 21 MB).
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from datalab.lake.connection import identifier, literal
from datalab.portal.library import Holding, Shelf
from datalab.portal.places import ROW, Place
from datalab.portal.rows import Table, is_geometry

MEDIA = "application/vnd.mapbox-vector-tile"
DEEPEST = 22
WHOLE = 14  # from this zoom on, rows as they are
MOST = 10_000  # features of a tile
MANY = 2_000  # rows of a tile below WHOLE that are still given one by one
CELLS = 64  # of a grid, along one side of a tile
EXTENT = 4096
BUFFER = 64
LETTERS = 200  # of a text property
ROOM = 64_000_000  # bytes of tiles that are remembered
HALF = 20037508.342789244  # metres: half the way around the equator in EPSG:3857
POLE = 85.0511287798066  # degrees: where EPSG:3857 ends
LAYER = "data"


class Tiles:
    """Tiles that were made, the ones asked for least recently forgotten first."""

    def __init__(self, room: int = ROOM) -> None:
        self.room, self._held = room, 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable) -> bytes | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, tile: bytes) -> None:
        with self._lock:
            self._held += len(tile) + 200 - len(self._kept.pop(key, b""))
            self._kept[key] = tile
            while self._held > self.room and self._kept:
                self._held -= len(self._kept.popitem(last=False)[1]) + 200


def bounds(z: int, x: int, y: int, margin: float = 0.0) -> tuple[float, float, float, float]:
    """West, south, east, north of a tile in degrees, ``margin`` in parts of its side around it."""
    side = 2.0**z

    def longitude(column: float) -> float:
        return min(max(column / side * 360 - 180, -180.0), 180.0)

    def latitude(row: float) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / side))))

    return (
        longitude(x - margin),
        latitude(y + 1 + margin),
        longitude(x + 1 + margin),
        latitude(y - margin),
    )


def tile(
    shelf: Shelf, holding: Holding, opened: Table, place: Place, at: tuple[int, int, int]
) -> bytes:
    """The tile ``at`` (z, x, y); empty where there is nothing in it."""
    z, x, y = at
    west, south, east, north = bounds(z, x, y, BUFFER / EXTENT)
    if place.point is not None:
        longitude, latitude = (f"CAST(t.{name} AS DOUBLE)" for name in place.point)
        inside = f"{longitude} BETWEEN ? AND ? AND {latitude} BETWEEN ? AND ?"
        values: list[Any] = [west, east, south, north]
        shape = _mercator(longitude, latitude)
        spot = (longitude, latitude)
    else:
        inside = f"ST_Intersects({place.shape}, ST_MakeEnvelope(?, ?, ?, ?))"
        values = [west, south, east, north]
        shape = f"ST_Transform({place.shape}, 'EPSG:4326', 'EPSG:3857')"
        if z < WHOLE:
            shape = f"ST_SimplifyPreserveTopology({shape}, {2 * HALF / 2**z / EXTENT * 4!r})"
        surface = f"ST_PointOnSurface({place.shape})"
        spot = (f"ST_X({surface})", f"ST_Y({surface})")
    source = f"FROM {place.relation} WHERE {inside}"
    box = f"ST_Extent(ST_TileEnvelope({z}, {x}, {y}))"
    with shelf.reading(opened.lake) as cursor:
        gridded = False
        if z < WHOLE:
            sql = f"SELECT count(*) FROM (SELECT 1 {source} LIMIT {MANY + 1})"  # noqa: S608
            counted = cursor.execute(sql, values).fetchone()
            if not counted or not counted[0]:
                return b""
            gridded = counted[0] > MANY
        if gridded:
            rows = _cells(holding, opened, spot, source, z)
        else:
            rows = f"SELECT {shape} AS shape, {_properties(opened)} {source} LIMIT {MOST}"
        made = cursor.execute(
            f"SELECT ST_AsMVT(r, {literal(LAYER)}, {EXTENT}, 'shape'), count(*) FROM "  # noqa: S608
            f"(SELECT * REPLACE (ST_AsMVTGeom(shape, {box}, {EXTENT}, {BUFFER}, true) AS shape) "
            f"FROM ({rows})) r WHERE r.shape IS NOT NULL",
            values,
        ).fetchone()
    return bytes(made[0]) if made and made[1] else b""


def _cells(holding: Holding, opened: Table, spot: tuple[str, str], source: str, z: int) -> str:
    """Cells of a grid: where their rows are on average, how many, and the mean of their value."""
    longitude, latitude = spot
    step = 360 / 2**z / CELLS  # degrees of longitude; of rows, the same in Mercator's degrees
    column = f"floor({longitude} / {step!r})"
    row = f"floor(degrees(ln(tan(radians(45 + {_capped(latitude)} / 2)))) / {step!r})"
    value = holding.dataset.map.value if holding.dataset.map else None
    mean = ""
    if value in opened.columns and opened.columns[value].startswith(
        ("double", "decimal", "integer", "bigint", "smallint")
    ):
        name = identifier(value)
        mean = f", CAST(avg(t.{name}) AS DOUBLE) AS {name}"
    return (
        f"SELECT {_mercator(f'avg({longitude})', f'avg({latitude})')} AS shape, "
        f'CAST(count(*) AS INTEGER) AS "count"{mean} {source} GROUP BY {column}, {row}'
    )


def _mercator(longitude: str, latitude: str) -> str:
    """A point in EPSG:3857 by its formula, twenty times as fast as a general transformation."""
    y = f"ln(tan(radians(45 + {_capped(latitude)} / 2))) * {HALF / math.pi!r}"
    return f"ST_Point({longitude} * {HALF / 180!r}, {y})"


def _capped(latitude: str) -> str:
    return f"greatest(least({latitude}, {POLE}), -{POLE})"


def _properties(opened: Table) -> str:
    """The columns as a tile can hold them: text, whole numbers, doubles, booleans."""
    found = [f"CAST(t.{ROW} AS BIGINT) AS {ROW}"]
    for name, type_ in opened.columns.items():
        column = f"t.{identifier(name)}"
        if is_geometry(type_):
            continue
        if type_ == "varchar":
            held = f"left({column}, {LETTERS})"
        elif type_ in {"boolean", "integer", "bigint", "double"}:
            held = column
        elif type_ == "smallint":
            held = f"CAST({column} AS INTEGER)"
        elif type_.startswith(("decimal", "float")):
            held = f"CAST({column} AS DOUBLE)"
        else:
            held = f"CAST({column} AS VARCHAR)"
        found.append(f"{held} AS {identifier(name)}")
    return ", ".join(found)
