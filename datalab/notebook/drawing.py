"""A Scene as a static SVG: for paper, for mails, and where the map's scripts are not installed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Any

from datalab.notebook.scene import HATCH, POINT_RADIUS, Mark, Scene

WIDTH = 720.0
TALLEST = 720.0
MARGIN = 30.0


def svg(scene: Scene) -> str:
    """The drawing; north is up, one degree of longitude is shrunk by the cosine of the latitude."""
    west, south, east, north = scene.bounds
    shrink = math.cos(math.radians((south + north) / 2))
    span_x, span_y = (east - west) * shrink, north - south
    scale = min((WIDTH - 2 * MARGIN) / span_x, (TALLEST - 2 * MARGIN) / span_y)
    width, height = span_x * scale + 2 * MARGIN, span_y * scale + 2 * MARGIN

    def place(x: float, y: float) -> tuple[float, float]:
        return MARGIN + (x - west) * shrink * scale, MARGIN + (north - y) * scale

    parts = [
        f'<path d="{_path(shape, place)}" fill="#efefef" stroke="#9a9a9a" stroke-width=".8"/>'
        for shape in scene.background
    ]
    parts += [_mark(mark, place) for mark in scene.marks]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'style="width:100%;max-width:{width:.0f}px;height:auto;background:#fff" role="img" '
        f'aria-label="{escape(scene.description)}">'
        f"<title>{escape(scene.title)}</title>{_hatch()}{''.join(parts)}</svg>"
    )


def _hatch() -> str:
    return (
        f'<defs><pattern id="{HATCH}-static" width="8" height="8" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="8" height="8" fill="#d4d4d4"/>'
        '<path d="M0 0V8" stroke="#777" stroke-width="3"/></pattern></defs>'
    )


def _mark(mark: Mark, place: Any) -> str:
    title = f"<title>{escape(mark.tooltip)}</title>"
    fill = f"url(#{HATCH}-static)" if mark.missing else mark.color
    if mark.radius is not None or mark.shape.geom_type == "Point":
        point = mark.shape if mark.shape.geom_type == "Point" else mark.shape.representative_point()
        x, y = place(point.x, point.y)
        radius = mark.radius if mark.radius is not None else POINT_RADIUS
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}" '
            f'fill-opacity=".75" stroke="#333">{title}</circle>'
        )
    return (
        f'<path d="{_path(mark.shape, place)}" fill="{fill}" fill-rule="evenodd" '
        f'stroke="#444" stroke-width=".8">{title}</path>'
    )


def _path(shape: Any, place: Any) -> str:
    """SVG path data of every ring and line of ``shape``."""
    return "".join(
        "M" + "L".join("{:.1f} {:.1f}".format(*place(x, y)) for x, y, *_ in line) + "Z" * closed
        for line, closed in _lines(shape)
    )


def _lines(shape: Any) -> Iterator[tuple[list[tuple[float, ...]], bool]]:
    if hasattr(shape, "geoms"):
        for part in shape.geoms:
            yield from _lines(part)
    elif shape.geom_type == "Polygon":
        for ring in (shape.exterior, *shape.interiors):
            yield list(ring.coords), True
    elif not shape.is_empty:
        yield list(shape.coords), False
