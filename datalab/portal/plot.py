"""A drawing of an answer to a question: bars for what has names, a line for what has an order.

Geometry only, in the units of an SVG; the table below it says the same in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from datalab.i18n import Language
from datalab.portal.cells import Plain, shown

MOST_BARS = 40
MOST_POINTS = 2_000
WIDE, HIGH = 640, 260  # of a line
NAMED, ROW = 190, 24  # width of the names of bars, height of a bar
ORDERED = ("date", "timestamp", "int", "uint", "double", "float", "decimal")
NUMBERS = ("int", "uint", "double", "float", "decimal", "halffloat")


@dataclass(frozen=True)
class Bar:
    name: str
    value: str
    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """``across`` and ``up`` are column numbers; ``left_out`` are rows without both values."""

    kind: Literal["bars", "line"]
    across: int
    up: int
    width: float
    height: float
    bars: list[Bar]
    path: str
    below: list[Tick]
    beside: list[Tick]
    zero: float | None
    left_out: int


def numbers_of(types: Sequence[str]) -> list[int]:
    """Columns that can be drawn, by number."""
    return [n for n, kind in enumerate(types) if kind.startswith(NUMBERS)]


def plot_of(
    rows: Sequence[Sequence[Plain]],
    types: Sequence[str],
    language: Language,
    across: int | None = None,
    up: int | None = None,
) -> Plot | None:
    """The drawing of one column over another; None where there is nothing to draw.

    Not said otherwise, the last number is drawn over the first other column.
    """
    numbers = numbers_of(types)
    up = up if up in numbers else next((n for n in reversed(numbers) if n != across), None)
    if up is None or len(rows) < 2:
        return None
    others = [n for n in range(len(types)) if n != up]
    across = across if across in others else next(iter(others), None)
    if across is None:
        return None
    pairs = [(row[across], float(row[up])) for row in rows if _drawable(row[across], row[up])]  # type: ignore[arg-type]
    left_out = len(rows) - len(pairs)
    if len(pairs) < 2:
        return None
    if types[across].startswith(ORDERED) and len(pairs) > 2:
        return _line(pairs, language, across, up, left_out)
    kept = pairs[:MOST_BARS]
    return _bars(kept, language, across, up, left_out + len(pairs) - len(kept))


def _drawable(across: Plain, up: Plain) -> bool:
    return across is not None and isinstance(up, int | float) and not isinstance(up, bool)


def _bars(
    pairs: Sequence[tuple[Plain, float]], language: Language, across: int, up: int, left_out: int
) -> Plot:
    low, high = min(0.0, *(v for _, v in pairs)), max(0.0, *(v for _, v in pairs))
    scale = (WIDE - NAMED - 80) / ((high - low) or 1.0)
    zero = NAMED + (0.0 - low) * scale
    bars = [
        Bar(
            shown(name, language)[:60],
            shown(value, language),
            round(zero + min(0.0, value) * scale, 1),
            4 + number * ROW,
            round(max(1.0, abs(value) * scale), 1),
        )
        for number, (name, value) in enumerate(pairs)
    ]
    height = 8 + len(bars) * ROW
    return Plot("bars", across, up, WIDE, height, bars, "", [], [], round(zero, 1), left_out)


def _line(
    pairs: Sequence[tuple[Plain, float]], language: Language, across: int, up: int, left_out: int
) -> Plot:
    """Points at equal steps in their order: what is missing between two of them is not drawn."""
    ordered = sorted(pairs, key=lambda pair: (isinstance(pair[0], str), pair[0]))
    step = -(-len(ordered) // MOST_POINTS)
    drawn = ordered[::step]
    low, high = min(v for _, v in drawn), max(v for _, v in drawn)
    if low > 0 and low < high / 2:
        low = 0.0
    span = (high - low) or 1.0
    left, right, top, bottom = 70.0, WIDE - 12.0, 10.0, HIGH - 30.0
    points = [
        (
            left + number * (right - left) / (len(drawn) - 1),
            bottom - (value - low) / span * (bottom - top),
        )
        for number, (_, value) in enumerate(drawn)
    ]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    marks = sorted({0, len(drawn) // 2, len(drawn) - 1})
    below = [Tick(round(points[n][0], 1), shown(drawn[n][0], language)[:19]) for n in marks]
    beside = [
        Tick(round(bottom - part * (bottom - top), 1), shown(low + part * span, language))
        for part in (0.0, 0.5, 1.0)
    ]
    return Plot("line", across, up, WIDE, HIGH, [], path, below, beside, None, left_out)
