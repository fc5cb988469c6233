"""Shapes as SVG: longitude and latitude projected onto a canvas, paths with short numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

WIDTH = 720.0
TALLEST = 720.0
MARGIN = 8.0


@dataclass(frozen=True)
class Canvas:
    """Equirectangular projection, true to shape at the middle latitude; pixels of the viewBox."""

    west: float
    north: float
    stretch: float
    scale: float
    width: float
    height: float

    @classmethod
    def around(cls, bounds: tuple[float, float, float, float]) -> Canvas:
        """The canvas that holds ``bounds`` (west, south, east, north in degrees)."""
        west, south, east, north = bounds
        stretch = math.cos(math.radians((south + north) / 2)) or 1.0
        wide = max((east - west) * stretch, 1e-6)
        tall = max(north - south, 1e-6)
        scale = min((WIDTH - 2 * MARGIN) / wide, (TALLEST - 2 * MARGIN) / tall)
        width, height = wide * scale + 2 * MARGIN, tall * scale + 2 * MARGIN
        return cls(west, north, stretch, scale, round(width, 1), round(height, 1))

    def point(self, longitude: float, latitude: float) -> tuple[float, float]:
        x = (longitude - self.west) * self.stretch * self.scale + MARGIN
        y = (self.north - latitude) * self.scale + MARGIN
        return round(x, 1), round(y, 1)

    def path(self, geometry: dict[str, Any]) -> str:
        """The ``d`` of a path; empty for points."""
        return "".join(self._line(line, closed) for line, closed in lines(geometry))

    def _line(self, line: list[Any], closed: bool) -> str:
        parts: list[str] = []
        last = None
        for position in line:
            here = self.point(position[0], position[1])
            if here != last:
                parts.append(f"{'L' if parts else 'M'}{here[0]:g} {here[1]:g}")
                last = here
        if len(parts) < (3 if closed else 2):
            return ""
        return "".join(parts) + ("Z" if closed else "")


def lines(geometry: dict[str, Any]) -> Iterator[tuple[list[Any], bool]]:
    """Every line of a geometry, and whether it closes a surface."""
    kind, coordinates = geometry.get("type"), geometry.get("coordinates", [])
    if kind == "Polygon":
        yield from ((ring, True) for ring in coordinates)
    elif kind == "MultiPolygon":
        yield from ((ring, True) for polygon in coordinates for ring in polygon)
    elif kind == "LineString":
        yield coordinates, False
    elif kind == "MultiLineString":
        yield from ((line, False) for line in coordinates)
    elif kind == "GeometryCollection":
        for part in geometry.get("geometries", []):
            yield from lines(part)


def positions(geometry: dict[str, Any]) -> Iterator[Any]:
    """The positions of a geometry made of points."""
    kind, coordinates = geometry.get("type"), geometry.get("coordinates", [])
    if kind == "Point" and coordinates:
        yield coordinates
    elif kind == "MultiPoint":
        yield from coordinates


def union(boxes: Iterable[tuple[float, float, float, float]]) -> tuple[float, float, float, float]:
    """The box around boxes."""
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)
