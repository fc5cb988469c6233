"""What the page on positive-energy blocks shows: a case that somebody chose, and how to read it.

The cases and the readings are two datasets of the catalog, computed beforehand; nothing is computed
on a request. Vocabulary: see `datalab.methods.positive_cases` and `datalab.methods.positivity`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datalab.errors import UnknownPage
from datalab.i18n import Language, translate
from datalab.methods.positive_block import ASSUMPTIONS, LABELS
from datalab.methods.positive_cases import BATTERY, CARS, HEATS, PANELS, WORKS
from datalab.portal.page import PAGE_ONLY

CASES, READINGS, FIGURES = (
    "positive-energy-cases",
    "positive-energy-readings",
    "published-figures",
)
TOPIC = "response-balance"
Key = tuple[str, int, int, int, str]
USUAL: Key = ("renovated", 100, 0, 0, "network")
# What each choice is called; the English words are the msgids.
WORKS_WORDS = {
    "before": "before works", "renovated": "renovated", "deep": "deep renovation",
}  # fmt: skip
HEAT_WORDS = {
    "network": "the heat network", "gas": "gas boilers", "heat pump": "heat pumps",
}  # fmt: skip
MAIN: tuple[Key, ...] = (
    ("before", 0, 0, 0, "network"),
    ("renovated", 0, 0, 0, "network"),
    ("renovated", 50, 0, 0, "network"),
    USUAL,
    ("renovated", 100, 25, 0, "network"),
    ("renovated", 100, 25, 1000, "network"),
    ("renovated", 100, 0, 0, "heat pump"),
    ("deep", 100, 0, 0, "network"),
    ("deep", 100, 50, 1000, "heat pump"),
)
# What the panels make of all the energy delivered: the cases of the last sentence of the readings.
DELIVERED: Mapping[str, Key] = {
    "network": USUAL,
    "pump": ("renovated", 100, 0, 0, "heat pump"),
    "deep": ("deep", 100, 0, 0, "heat pump"),
}
# Rows of the table of readings: what is counted below the bar.
SHOWN = (
    ("all", "electricity"),
    ("epb", "all carriers"),
    ("all", "all carriers"),
    ("all and public", "all carriers"),
)
USES_WORDS = {
    ("all", "electricity"): "all electricity of the dwellings",
    ("epb", "all carriers"): "heating, hot water, light and fans (EPB)",
    ("all", "all carriers"): "all energy of the dwellings",
    ("all and public", "all carriers"): "with cars and 14 public buildings",
}
BOUNDARY_WORDS = {
    "geographic": "Geographic: the panels on the two blocks",
    "functional": "Functional: with the schools and the canopy",
    "virtual": "Virtual: with the renewable heat of the network",
}
WEIGHTS = ("final", "primary 2.3", "primary 1.9")
STATUS_WORDS = {"target": "target", "announced": "announced", "measured": "measured"}


@dataclass(frozen=True)
class PublishedFigure:
    """A percentage somebody published, as the dataset of published figures has it."""

    value: float
    date: str
    status: str
    source: str
    indicator: str


@dataclass(frozen=True)
class Range:
    """One reading: likely value, and what 90 % of the draws lie between; percent."""

    value: float
    low: float
    high: float

    def holds(self, published: float) -> bool:
        return self.low <= published <= self.high


@dataclass(frozen=True)
class ReadingRow:
    boundary: str
    uses: str
    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class AssumptionRow:
    label: str
    low: float
    likely: float
    high: float
    unit: str
    status: str
    source: str


@dataclass(frozen=True)
class BlocksView:
    """The page: the chosen case, the main ones, the readings and the published percentages."""

    chosen: Mapping[str, Any]
    published: tuple[PublishedFigure, ...]
    main: tuple[Mapping[str, Any], ...]
    readings: tuple[ReadingRow, ...]
    assumptions: tuple[AssumptionRow, ...]
    choices: Mapping[str, Sequence[Any]]
    delivered: Mapping[str, float]
    unknown: bool = field(default=False, metadata=PAGE_ONLY)


def view_of(catalog: Path, language: Language, asked: Mapping[str, str]) -> BlocksView:
    """The page for what was asked; the usual case, marked, where that is no case.

    Raises
    ------
    UnknownPage
        where this lab does not carry the datasets of the page.
    """
    known = cases(catalog)
    key = key_of(asked)
    chosen = known.get(key) if key else None
    return BlocksView(
        chosen=chosen or known[USUAL],
        published=_published(catalog, language),
        main=tuple(known[one] for one in MAIN),
        readings=_readings(catalog),
        assumptions=tuple(_assumption(name, language) for name in ASSUMPTIONS),
        choices={
            "works": WORKS, "panels": PANELS, "electric_cars": CARS, "battery": BATTERY,
            "heat": HEATS,
        },
        delivered={name: known[one]["ratio_final"] for name, one in DELIVERED.items()},
        unknown=chosen is None,
    )  # fmt: skip


def key_of(asked: Mapping[str, str]) -> Key | None:
    """The case somebody asked for; what they left out is as usual. None for what is no number."""
    names = ("works", "panels", "electric_cars", "battery", "heat")
    given = [asked.get(name, str(usual)) for name, usual in zip(names, USUAL, strict=True)]
    numbers = given[1:4]
    if not all(one.isascii() and one.isdecimal() and len(one) <= 5 for one in numbers):
        return None
    panels, cars, battery = (int(one) for one in numbers)
    return given[0], panels, cars, battery, given[4]


def cases(catalog: Path) -> dict[Key, dict[str, Any]]:
    """Every case by its choices, numbers as numbers and what is empty as None."""
    found: dict[Key, dict[str, Any]] = {}
    for row in _rows(catalog / "energy" / f"{CASES}.csv"):
        whole = {name: int(row[name]) for name in ("panels", "electric_cars", "battery")}
        words = {"works": row["works"], "heat": row["heat"]}
        rest = {
            name: float(value) if value else None
            for name, value in row.items()
            if name not in whole and name not in words
        }
        key = (row["works"], whole["panels"], whole["electric_cars"], whole["battery"], row["heat"])
        found[key] = {**words, **whole, **rest}
    return found


def _readings(catalog: Path) -> tuple[ReadingRow, ...]:
    known = {
        (row["boundary"], row["uses"], row["carriers"], row["weight"]): Range(
            float(row["ratio"]), float(row["p5"]), float(row["p95"])
        )
        for row in _rows(catalog / "energy" / f"{READINGS}.csv")
    }
    found = []
    for boundary in BOUNDARY_WORDS:
        for uses, carriers in SHOWN:
            ranges = [known.get((boundary, uses, carriers, weight)) for weight in WEIGHTS]
            # The virtual boundary adds heat alone: its electricity is that of the functional one.
            if boundary == "virtual" and carriers == "electricity":
                continue
            kept = tuple(one for one in ranges if one is not None)
            if len(kept) == len(WEIGHTS):
                found.append(ReadingRow(BOUNDARY_WORDS[boundary], USES_WORDS[uses, carriers], kept))
    return tuple(found)


def _published(catalog: Path, language: Language) -> tuple[PublishedFigure, ...]:
    rows = _rows(catalog / "government" / f"{FIGURES}.csv")
    return tuple(
        PublishedFigure(
            float(row["value"]), row["date"], row["status"], row["source"],
            row[f"indicator_{language}"],
        )
        for row in sorted(rows, key=lambda row: (row["date"], row["figure"]))
        if row["topic"] == TOPIC
    )  # fmt: skip


def _assumption(name: str, language: Language) -> AssumptionRow:
    one = ASSUMPTIONS[name]
    return AssumptionRow(
        translate(LABELS[name], language), one.low, round(one.likely, 2), one.high,
        translate(one.unit, language), translate(one.status, language),
        translate(one.source, language),
    )  # fmt: skip


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError:
        raise UnknownPage(path="positive-energy") from None
