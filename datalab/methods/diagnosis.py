"""The diagnosis of one commune, computed from datasets: figures, comparisons, findings. No words.

Every comparison is at the same year and in the same limits; where a level has no such figure it
says so, rather than take one of another year. Rates of larger territories are made of their sums,
never of the rates of communes, and a median is never averaged. Themes are those of the
territorial agreement with the CAF (CNAF, circular 2020-01). A figure whose parts are not both
shown is not shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datalab.methods.indicator import INDICATOR_OF, LIST, Measure
from datalab.methods.location_quotient import FEWEST, location_quotient
from datalab.methods.territory import (
    DISTANCE,
    ESTABLISHMENTS,
    SECTORS,
    THRESHOLD,
    VARIABLES,
    WHOLE,
    Rows,
    Territory,
)

LEVELS = ("commune", "metropole", "department", "region", "country")
Reason = str  # "" shown, suppressed, secret (by INSEE), incomparable, median, few
MOST_FINDINGS = 6
NOTABLE = 0.5  # of the interquartile range of the communes
FEW = 100  # people or dwellings below which a rate makes no finding


@dataclass(frozen=True)
class Value:
    """A figure of one level, rounded as it is shown, or why there is none."""

    level: str
    value: float | None
    reason: Reason = ""


@dataclass(frozen=True)
class Figure:
    """One indicator of a commune beside larger territories.

    ``rank`` is its place among the communes whose figure is shown, 1 for the largest.
    """

    id: str
    themes: tuple[str, ...]
    unit: str
    digits: int
    years: str
    datasets: tuple[str, ...]
    values: tuple[Value, ...]
    rank: int | None
    ranked: int
    whole: float | None  # what a rate is of, in this commune; None where it is not shown

    def at(self, level: str) -> Value:
        return next(value for value in self.values if value.level == level)


@dataclass(frozen=True)
class Count:
    """A count of the commune and of the whole; None is hidden."""

    id: str
    unit: str
    years: str
    dataset: str
    commune: float | None
    metropole: float | None


@dataclass(frozen=True)
class Sector:
    """Establishments of a sector; ``quotient`` compares its share with the métropole's."""

    id: str
    commune: float | None
    metropole: float | None
    quotient: float | None
    reason: Reason


@dataclass(frozen=True)
class Finding:
    """An indicator that stands out: against ``reference`` of ``level``, or by its rank alone."""

    id: str
    value: float
    level: str
    reference: float | None
    difference: float | None
    rank: int
    ranked: int


@dataclass(frozen=True)
class Diagnosis:
    """Everything that the document of one commune says."""

    insee: str
    name: str
    communes: int
    threshold: float
    distance: float
    hidden: int
    population: tuple[tuple[int, int, str], ...]  # year, inhabitants, evidence
    figures: tuple[Figure, ...]
    counts: tuple[Count, ...]
    sectors: tuple[Sector, ...]
    findings: tuple[Finding, ...]

    def figure(self, id: str) -> Figure:
        return next(figure for figure in self.figures if figure.id == id)


def diagnose(
    known: Territory,
    insee: str,
    *,
    indicators: Rows,
    reference: Rows,
    history: Rows = (),
    facts: Mapping[tuple[str, str], float] | None = None,
) -> Diagnosis:
    """The diagnosis of the commune ``insee``.

    Parameters
    ----------
    known
        the linked tables of all communes, see :func:`datalab.methods.territory.territory`.
    indicators, reference, history
        rows of ``commune-indicators``, ``territory-reference`` and ``population-history``.
    facts
        published figures of other levels by (level, indicator), of the indicator's year.

    Raises
    ------
    KeyError
        where there is no such commune.
    """
    if insee not in known.names:
        raise KeyError(insee)
    by_level = {str(row["level"]): row for row in reference}
    published = {str(row["insee_code"]): row for row in indicators}
    figures = tuple(_figure(one, known, insee, by_level, published, facts or {}) for one in LIST)
    counts = tuple(
        Count(
            one.id,
            one.unit,
            one.year,
            one.dataset,
            known.published[insee, one.id],
            known.published[WHOLE, one.id],
        )
        for one in VARIABLES.values()
    )
    return Diagnosis(
        insee=insee,
        name=known.names[insee],
        communes=len(known.names),
        threshold=THRESHOLD,
        distance=DISTANCE,
        hidden=sum(count.commune is None for count in counts),
        population=tuple(
            sorted(
                (int(row["census_year"]), int(row["population"]), str(row["evidence"]))
                for row in history
                if row["territory_code"] == insee and row["kind"] == "municipal"
            )
        ),
        figures=figures,
        counts=counts,
        sectors=_sectors(known, insee),
        findings=_findings(figures, known, published),
    )


def _figure(
    one: Measure,
    known: Territory,
    insee: str,
    by_level: Mapping[str, Mapping[str, Any]],
    published: Mapping[str, Mapping[str, Any]],
    facts: Mapping[tuple[str, str], float],
) -> Figure:
    every = {place: _of_place(one, known, place, published) for place in known.names}
    mine = every[insee]
    values = [Value("commune", mine.value, mine.reason)]
    for level in LEVELS[1:]:
        if (level, one.id) in facts:
            values.append(Value(level, facts[level, one.id]))
        elif level == "metropole":
            found = _of_place(one, known, WHOLE, published)
            values.append(Value(level, found.value, found.reason))
        elif one.columns and level in by_level:
            row = by_level[level]
            values.append(Value(level, one.of(*(float(row[name]) for name in one.columns))))
        else:
            values.append(Value(level, None, "incomparable"))
    values = [
        value if value.value is None else replace(value, value=round(value.value, one.digits))
        for value in values
    ]
    shown = [value.value for value in every.values() if value.value is not None]
    rank = None if mine.value is None else 1 + sum(other > mine.value for other in shown)
    whole = known.published[insee, one.whole] if one.whole else None
    return Figure(
        one.id, one.themes, one.unit, one.digits, one.years, one.datasets, tuple(values), rank,
        len(shown), whole,
    )  # fmt: skip


def _of_place(
    one: Measure, known: Territory, place: str, published: Mapping[str, Mapping[str, Any]]
) -> Value:
    """The figure of a commune, or of all of them together."""
    level = "metropole" if place == WHOLE else "commune"
    if one.column:
        if place == WHOLE:
            return Value(level, None, "median")
        value = published[place].get(one.column)
        if value is None or math.isnan(float(value)):
            return Value(level, None, "secret")
        return Value(level, float(value))
    if not known.shown(place, *one.parts):
        return Value(level, None, "suppressed")
    numbers = [known.exact[place, part] for part in one.parts]
    if one.id == "density":
        places = known.names if place == WHOLE else [place]
        numbers.append(sum(float(published[each]["area_km2"]) for each in places))
    return Value(level, one.of(*numbers))


def _sectors(known: Territory, insee: str) -> tuple[Sector, ...]:
    found = []
    for name, variable in zip(SECTORS, ESTABLISHMENTS, strict=True):
        here, all_here = known.published[insee, variable], known.published[insee, "establishments"]
        there, all_there = (
            known.published[WHOLE, variable],
            known.published[WHOLE, "establishments"],
        )
        quotient, reason = None, ""
        if here is None or all_here is None or there is None or all_there is None:
            reason = "suppressed"
        elif all_here < FEWEST or not there:
            reason = "few"
        else:
            quotient = location_quotient(here, all_here, there, all_there)
        found.append(Sector(name, here, there, quotient, reason))
    return tuple(found)


def _findings(
    figures: Sequence[Figure], known: Territory, published: Mapping[str, Mapping[str, Any]]
) -> tuple[Finding, ...]:
    """What stands out most, beside how much communes differ from one another."""
    found: list[tuple[float, Finding]] = []
    for figure in figures:
        one = INDICATOR_OF[figure.id]
        mine, beside = figure.at("commune").value, figure.at("metropole").value
        if not one.tells or mine is None or figure.rank is None:
            continue
        if figure.whole is not None and figure.whole < FEW:
            continue
        every = [_of_place(one, known, place, published).value for place in known.names]
        spread = _spread([value for value in every if value is not None])
        if beside is None:
            far = abs(2 * (figure.rank - 1) / max(1, figure.ranked - 1) - 1)
            difference = None
        else:
            difference = mine - beside
            far = abs(difference) / spread if spread else 0.0
        if far >= NOTABLE:
            finding = Finding(
                figure.id, mine, "metropole", beside, difference, figure.rank, figure.ranked
            )
            found.append((far, finding))
    found.sort(key=lambda pair: -pair[0])
    return tuple(finding for _, finding in found[:MOST_FINDINGS])


def _spread(values: Sequence[float]) -> float:
    """The interquartile range, by linear interpolation."""
    ordered = sorted(values)
    if len(ordered) < 4:
        return 0.0

    def at(share: float) -> float:
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    return at(0.75) - at(0.25)
