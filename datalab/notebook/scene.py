"""What a map shows, before it is drawn: marks with place, colour and words, and their legend.

A Scene is a plain value that the interactive map and the static drawing both draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

from datalab.i18n import Language, translate
from datalab.notebook.classification import NO_DATA

Kind = Literal["choropleth", "circles", "points", "shapes"]
LARGEST_RADIUS = 36.0  # pixels
POINT_RADIUS = 6.0
CIRCLE_COLOR = "#1f6f8b"
HATCH = "datalab-hatch"


@dataclass(frozen=True)
class Mark:
    """One place: its name, its value in words, its shape (shapely, EPSG:4326) and its look."""

    label: str
    shown: str
    shape: Any
    color: str
    radius: float | None = None
    missing: bool = False

    @property
    def tooltip(self) -> str:
        return f"{self.label} : {self.shown}" if self.shown else self.label


@dataclass(frozen=True)
class Key:
    """One line of a legend: a swatch of ``color`` (or a circle of ``radius``), words, a count."""

    color: str
    words: str
    count: str = ""
    radius: float | None = None
    missing: bool = False


@dataclass(frozen=True)
class Scene:
    """A map as a value.

    Attributes
    ----------
    title, subtitle
        what is shown, with its unit; the dataset, "" where that is its title.
    keys, notes
        lines of the legend; sentences under it (method, source, warnings).
    headings
        over the two columns of the table that says the same as the map.
    """

    kind: Kind
    title: str
    subtitle: str
    marks: list[Mark]
    keys: list[Key]
    notes: list[str]
    headings: tuple[str, str]
    language: Language
    background: list[Any] = field(default_factory=list)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of what has a place, a little wider than a point."""
        boxes = [mark.shape.bounds for mark in self.marks]
        west, south = min(b[0] for b in boxes), min(b[1] for b in boxes)
        east, north = max(b[2] for b in boxes), max(b[3] for b in boxes)
        wider = 0.002 if west == east or south == north else 0.0
        return west - wider, south - wider, east + wider, north + wider

    @property
    def description(self) -> str:
        """The map in one sentence, for those who do not see it."""
        return translate(
            "Map: {title}. Places: {count}. The same values stand in the table below.",
            self.language,
            title=self.title,
            count=len(self.marks),
        )

    def legend(self) -> str:
        """The legend in HTML, readable without any script."""
        lines = "".join(
            f'<li style="display:flex;align-items:center;gap:.5em;margin:.15em 0">{_swatch(key)}'
            f"<span>{escape(key.words)}</span> "
            f'<span style="opacity:.75">{escape(key.count)}</span></li>'
            for key in self.keys
        )
        notes = "".join(f'<p style="margin:.2em 0">{escape(note)}</p>' for note in self.notes)
        return (
            '<div style="font-size:.9em">'
            f'<p style="font-weight:600;margin:.4em 0 .2em">{escape(self.title)}</p>'
            f'<ul style="list-style:none;padding:0;margin:0 0 .4em">{lines}</ul>{notes}</div>'
        )

    def table(self) -> str:
        """The values of the map as a table."""
        summary = translate("The values of this map as a table", self.language)
        cell = "text-align:left;padding:.15em .6em;border-bottom:1px solid rgba(128,128,128,.35)"
        rows = "".join(
            f'<tr><th scope="row" style="{cell};font-weight:400">{escape(mark.label)}</th>'
            f'<td style="{cell}">{escape(mark.shown)}</td></tr>'
            for mark in self.marks
        )
        heads = "".join(
            f'<th scope="col" style="{cell}">{escape(words)}</th>' for words in self.headings
        )
        return (
            f"<details><summary>{escape(summary)}</summary>"
            f'<table style="border-collapse:collapse"><caption style="text-align:left">'
            f"{escape(self.title)}</caption><thead><tr>{heads}</tr></thead>"
            f"<tbody>{rows}</tbody></table></details>"
        )


def radius_of(value: float, largest: float) -> float:
    """Pixels of a circle whose area is proportional to ``value``."""
    return LARGEST_RADIUS * math.sqrt(max(0.0, value) / largest) if largest > 0 else 0.0


def _swatch(key: Key) -> str:
    size = 2 * key.radius + 2 if key.radius else 18
    if key.radius:
        inner = (
            f'<circle cx="{size / 2:.1f}" cy="{size / 2:.1f}" r="{key.radius:.1f}" '
            f'fill="{key.color}" fill-opacity=".7" stroke="#333"/>'
        )
    else:
        inner = f'<rect width="18" height="18" fill="{key.color}" stroke="#555"/>'
        if key.missing:
            inner += '<path d="M0 18L18 0M-4 10L10 -4M8 22L22 8" stroke="#777" stroke-width="2"/>'
    return (
        f'<svg aria-hidden="true" width="{size:.0f}" height="{size:.0f}" '
        f'style="flex:none;overflow:hidden">{inner}</svg>'
    )


def missing_key(count: int, language: Language) -> Key:
    """The line for places without a value."""
    words = translate("no data, or kept secret by the statistics office", language)
    return Key(NO_DATA, words, places(count, language), missing=True)


def places(count: int, language: Language) -> str:
    """« (5 lieux) »."""
    from datalab.notebook.wording import number

    if count == 1:
        return translate("(1 place)", language)
    return translate("({count} places)", language, count=number(count, language))
