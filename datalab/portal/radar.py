"""A radar of themes as SVG: geometry only, in the units of its viewBox; a table says the same.

A theme without a mean has no point and no line to it: it is not 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from datalab.methods.maturity import HIGHEST

SIZE = 520.0
TALL = 400.0
RADIUS = 128.0


@dataclass(frozen=True)
class Axis:
    """``anchor`` is where the words of the label begin: start, middle or end."""

    x: float
    y: float
    label: tuple[str, ...]
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True)
class Line:
    """``d`` joins neighbours that both have a value; ``points`` are those that have one."""

    d: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Radar:
    width: float
    height: float
    centre: tuple[float, float]
    rings: tuple[str, ...]
    axes: tuple[Axis, ...]
    lines: tuple[Line, ...]


def draw(labels: Sequence[str], series: Sequence[Sequence[float | None]]) -> Radar:
    """The radar of ``series``, each a mean (0 to 4) or None per label."""
    count = len(labels)
    rings = tuple(
        " ".join(f"{x},{y}" for x, y in (_place(n, count, level) for n in range(count)))
        for level in range(1, HIGHEST + 1)
    )
    axes = tuple(_axis(place, count, label) for place, label in enumerate(labels))
    return Radar(
        SIZE,
        TALL,
        (SIZE / 2, TALL / 2),
        rings,
        axes,
        tuple(_line(values) for values in series),
    )


def _place(number: int, count: int, value: float) -> tuple[float, float]:
    turn = 2 * math.pi * number / count - math.pi / 2
    reach = RADIUS * value / HIGHEST
    return (
        round(SIZE / 2 + reach * math.cos(turn), 1),
        round(TALL / 2 + reach * math.sin(turn), 1),
    )


def _axis(number: int, count: int, label: str) -> Axis:
    x, y = _place(number, count, HIGHEST)
    label_x, label_y = _place(number, count, HIGHEST * 1.1)
    side = label_x - SIZE / 2
    anchor = "middle" if abs(side) < 4 else "start" if side > 0 else "end"
    words = _wrapped(label)
    return Axis(x, y, words, label_x, round(label_y - 7 * (len(words) - 1), 1), anchor)


def _wrapped(label: str, widest: int = 14) -> tuple[str, ...]:
    lines: list[str] = []
    for word in label.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= widest:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)


def _line(values: Sequence[float | None]) -> Line:
    count = len(values)
    places = [None if v is None else _place(n, count, v) for n, v in enumerate(values)]
    if all(place is not None for place in places):
        d = "M" + " L".join(f"{x},{y}" for x, y in (p for p in places if p)) + " Z"
    else:
        pairs = zip(places, [*places[1:], *places[:1]], strict=True)
        d = " ".join(f"M{a[0]},{a[1]} L{b[0]},{b[1]}" for a, b in pairs if a and b)
    return Line(d, tuple(place for place in places if place))
