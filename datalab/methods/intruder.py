"""All that the diagnoses of a territory say, as an intruder writes it down for a solver.

Beside the counts and their sums, each figure of each commune bounds what it is made of: rates of
two and of three counts, densities, yearly changes, location quotients. The rank of a commune says
that its figure is no larger than those before it, so it narrows what rounding left open. Source:
A. Hundepool and others, Statistical Disclosure Control, Wiley, 2012, section 4.2 (linked tables
and what an intruder brings along); J. Castro, "Recent advances in optimization techniques for
statistical tabular data protection", European Journal of Operational Research 216(2), 2012.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from datalab.methods.attack import Interval, Ratio, intervals
from datalab.methods.diagnosis import Diagnosis
from datalab.methods.indicator import INDICATOR_OF, MOVES, YEARS, yearly
from datalab.methods.territory import (
    VARIABLES,
    WHOLE,
    Cell,
    Territory,
    failing,
    relations_of,
)

EXACT = 1e-6  # a quotient is written with all its digits
PEOPLE = ("births", "deaths", "establishments")
INTEGERS = tuple(one for one in VARIABLES if one.startswith(PEOPLE))
"""Registered one by one, so whole numbers; counts of the census are estimates with decimals."""

Bounds = dict[tuple[str, str], tuple[float, float]]  # by figure and place


def counts_of(diagnoses: Iterable[Diagnosis]) -> dict[Cell, float | None]:
    """Every count that the documents show, None where they hide it."""
    found: dict[Cell, float | None] = {}
    for made in diagnoses:
        for count in made.counts:
            found[made.insee, count.id] = count.commune
            found[WHOLE, count.id] = count.metropole
    return found


def bounds_of(diagnoses: Sequence[Diagnosis]) -> Bounds:
    """Between what each figure must be: half a step of its rounding, and the figures whose rank is
    next to its own. Figures of one rank are equal."""
    found: Bounds = {}
    for id in INDICATOR_OF:
        half = 0.5 * 10.0 ** -INDICATOR_OF[id].digits
        placed: dict[int, list[tuple[str, float]]] = {}
        for made in diagnoses:
            figure = made.figure(id)
            value, there = figure.at("commune").value, figure.at("metropole").value
            if value is not None and figure.rank is not None:
                placed.setdefault(figure.rank, []).append((made.insee, value))
            if there is not None:
                found[id, WHOLE] = (there - half, there + half)
        ranks = sorted(placed)
        lows = {rank: max(value for _, value in placed[rank]) - half for rank in ranks}
        highs = {rank: min(value for _, value in placed[rank]) + half for rank in ranks}
        for before, after in pairwise(ranks):
            highs[after] = min(highs[after], highs[before])
        for after, before in pairwise(reversed(ranks)):
            lows[before] = max(lows[before], lows[after])
        for rank in ranks:
            found |= {(id, place): (lows[rank], highs[rank]) for place, _ in placed[rank]}
    return found


def ratios_of(diagnoses: Sequence[Diagnosis], areas: Mapping[str, float]) -> list[Ratio[Cell]]:
    """What the figures and quotients of the documents say of the counts; ``areas`` in km²."""
    known = counts_of(diagnoses)
    whole = {**areas, WHOLE: sum(areas[made.insee] for made in diagnoses)}
    found = []
    for (id, place), (low, high) in bounds_of(diagnoses).items():
        ratio = _ratio(id, place, low, high, known, whole)
        if ratio is not None:
            found.append(ratio)
    for made in diagnoses:
        for sector in made.sectors:
            variable = f"establishments_{sector.id}"
            there, all_there = known[WHOLE, variable], known[WHOLE, "establishments"]
            if sector.quotient is None or not there or not all_there:
                continue
            share = there / all_there
            found.append(
                Ratio(
                    {(made.insee, variable): 1.0},
                    {(made.insee, "establishments"): 1.0},
                    (sector.quotient - EXACT) * share,
                    (sector.quotient + EXACT) * share,
                )
            )
    return found


def _ratio(
    id: str,
    place: str,
    low: float,
    high: float,
    known: Mapping[Cell, float | None],
    areas: Mapping[str, float],
) -> Ratio[Cell] | None:
    """A figure as a ratio of sums; None where no count of the documents is in it."""
    parts = [(place, part) for part in INDICATOR_OF[id].parts]
    if not parts:
        return None
    first, last = parts[0], parts[-1]
    if id == "density":
        return Ratio({first: 1.0}, {}, low, high, free=areas[place])
    if id == "annual_change":
        return Ratio({first: 1.0}, {last: 1.0}, _grown(low), _grown(high))
    if id in ("natural_change", "migratory_change"):
        people = [known[place, part] for part in MOVES]
        # Legal populations are public to the last inhabitant.
        if people[0] is None or people[1] is None:
            return None
        return Ratio({first: yearly(1.0, people[0], people[1])}, {}, low, high, free=1.0)
    if id == "dependency_2021":
        young, middle, old = parts
        return Ratio({young: 100.0, old: 100.0}, {middle: 1.0}, low, high)
    per = INDICATOR_OF[id].of(1.0, 1.0)
    return Ratio({first: per}, {last: 1.0}, low, high)


def _grown(rate: float) -> float:
    return math.pow(1 + rate / 100, YEARS)


def found_out(
    known: Territory, diagnoses: Sequence[Diagnosis], areas: Mapping[str, float]
) -> dict[Cell, Interval]:
    """What is left open of each hidden count to whoever has all documents, a solver, and even the
    amount by which each sum fails through rounding (``known`` serves for that alone)."""
    published = counts_of(diagnoses)
    registered = {cell for cell in published if cell[1] in INTEGERS}
    floors = {cell: float("-inf") for cell in published if VARIABLES[cell[1]].signed}
    return intervals(
        published,
        relations_of(tuple(known.names)),
        rates=ratios_of(diagnoses, areas),
        rounding={cell: 0.0 if cell in registered else 1.0 for cell in published},
        slack=failing(known),
        floors=floors,
        integers=registered,
    )
