"""The counts of a territory's communes as linked tables, with what small ones must stay hidden.

Owns which counts a territorial diagnosis shows, how they add up, and one pattern of hidden counts
for all communes together: the documents of two communes, laid side by side, must not say more than
each alone. Rates are made of them elsewhere, and only of those that are shown.

Vocabulary: a *variable* is one count (``vacant_dwellings``), a *cell* one variable of one place,
:data:`WHOLE` the place of all communes together. Counts of the census are estimates and have
decimals; they are shown as whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from datalab.methods.attack import Relation, total
from datalab.methods.protection import Protected, protect

WHOLE = "all"
THRESHOLD = 5  # counts below are not shown
DISTANCE = 5  # nor may anybody come as close to them
Cell = tuple[str, str]
Rows = Sequence[Mapping[str, Any]]
INDICATORS, IRIS = "commune-indicators", "iris-population"


@dataclass(frozen=True)
class Variable:
    """``column`` of ``dataset``; empty where it is what two others leave."""

    id: str
    dataset: str
    column: str
    year: str
    unit: str
    signed: bool = False


def _of(dataset: str, year: str, unit: str, *names: str) -> list[Variable]:
    ending = "_2021" if dataset == IRIS else ""
    return [Variable(name + ending, dataset, name, year, unit) for name in names]


SECTORS = ("agriculture", "industry", "construction", "services", "public")
ESTABLISHMENTS = tuple(f"establishments_{sector}" for sector in SECTORS)
VARIABLES: dict[str, Variable] = {
    one.id: one
    for one in (
        *_of(INDICATORS, "2022", "inhabitants", "population"),
        *_of(INDICATORS, "2016", "inhabitants", "population_2016"),
        *_of(INDICATORS, "2016–2021", "births", "births_2016_2021"),
        *_of(INDICATORS, "2016–2021", "deaths", "deaths_2016_2021"),
        Variable("natural_balance", INDICATORS, "", "2016–2021", "inhabitants", True),
        Variable("migratory_balance", INDICATORS, "", "2016–2022", "inhabitants", True),
        *_of(INDICATORS, "2024", "births", "births_2024"),
        *_of(INDICATORS, "2024", "deaths", "deaths_2024"),
        *_of(IRIS, "2021", "inhabitants", "population"),
        *_of(IRIS, "2021", "inhabitants", "population_0_19", "population_20_64"),
        *_of(IRIS, "2021", "inhabitants", "population_65_plus"),
        *_of(INDICATORS, "2022", "inhabitants", "population_15_64"),
        Variable("population_other_ages", INDICATORS, "", "2022", "inhabitants"),
        *_of(INDICATORS, "2022", "inhabitants", "active", "unemployed"),
        Variable("employed", INDICATORS, "", "2022", "inhabitants"),
        Variable("inactive", INDICATORS, "", "2022", "inhabitants"),
        *_of(INDICATORS, "2022", "jobs", "jobs"),
        *_of(INDICATORS, "2022", "dwellings", "dwellings", "main_homes", "second_homes"),
        *_of(INDICATORS, "2022", "dwellings", "vacant_dwellings", "owner_occupied_homes"),
        Variable("other_homes", INDICATORS, "", "2022", "dwellings"),
        *_of(IRIS, "2021", "dwellings", "dwellings", "main_homes", "second_homes"),
        *_of(IRIS, "2021", "dwellings", "vacant_dwellings", "flats"),
        Variable("other_dwellings_2021", IRIS, "", "2021", "dwellings"),
        *_of(INDICATORS, "2024", "establishments", "establishments", *ESTABLISHMENTS),
    )
}
# What is left of the first when the others are taken away, in every place.
LEFT: dict[str, tuple[str, ...]] = {
    "natural_balance": ("births_2016_2021", "deaths_2016_2021"),
    "migratory_balance": ("population", "population_2016", "natural_balance"),
    "population_other_ages": ("population", "population_15_64"),
    "employed": ("active", "unemployed"),
    "inactive": ("population_15_64", "active"),
    "other_homes": ("main_homes", "owner_occupied_homes"),
    "other_dwellings_2021": ("dwellings_2021", "flats_2021"),
}
SUMS: dict[str, tuple[str, ...]] = {
    "dwellings": ("main_homes", "second_homes", "vacant_dwellings"),
    "dwellings_2021": ("main_homes_2021", "second_homes_2021", "vacant_dwellings_2021"),
    "population_2021": ("population_0_19_2021", "population_20_64_2021", "population_65_plus_2021"),
    "establishments": ESTABLISHMENTS,
}
PUBLIC = ("population", "population_2016", "population_2021")  # legal populations, read everywhere


@dataclass(frozen=True)
class Territory:
    """``exact`` are the true counts by place and variable, ``names`` the communes by code."""

    names: Mapping[str, str]
    exact: Mapping[Cell, float]
    protected: Protected[Cell]

    @property
    def published(self) -> Mapping[Cell, float | None]:
        return self.protected.published

    @cached_property
    def places(self) -> tuple[str, ...]:
        return (*self.names, WHOLE)

    def shown(self, place: str, *variables: str) -> bool:
        """Whether all of them may be told, and so what is made of them."""
        return all(self.published.get((place, one)) is not None for one in variables)


def territory(
    indicators: Rows,
    iris: Rows,
    names: Mapping[str, str],
    *,
    threshold: float = THRESHOLD,
    distance: float = DISTANCE,
) -> Territory:
    """The linked tables of the communes in ``names``.

    Parameters
    ----------
    indicators, iris
        rows of ``commune-indicators`` and of ``iris-population`` (those of other communes are left
        out), as mappings of column to value.
    names
        the name of each commune by INSEE code.

    Raises
    ------
    ValueError
        where a commune or a count is missing, or a small count could not be hidden.
    """
    exact = _exact(indicators, iris, names)
    relations = relations_of(tuple(names))
    rounded = {cell: float(round(value)) for cell, value in exact.items()}
    kept = [cell for cell in exact if cell[0] == WHOLE or cell[1] in PUBLIC]
    floors = {cell: -math.inf for cell in exact if VARIABLES[cell[1]].signed}
    done = protect(
        rounded, relations, threshold=threshold, distance=distance, floors=floors, kept=kept
    )
    if done.exposed:
        raise ValueError(f"small counts that cannot be hidden: {sorted(done.exposed)[:5]}")
    return Territory(dict(names), exact, done)


def relations_of(communes: Sequence[str]) -> list[Relation[Cell]]:
    """What adds up between the cells: anybody who reads the documents knows it."""
    found: list[Relation[Cell]] = []
    for place in (*communes, WHOLE):
        for whole, parts in SUMS.items():
            found.append(total((place, whole), [(place, part) for part in parts]))
        for left, (first, *others) in LEFT.items():
            line = {(place, left): -1.0, (place, first): 1.0}
            found.append(line | {(place, other): -1.0 for other in others})
    found.extend(
        total((WHOLE, variable), [(place, variable) for place in communes])
        for variable in VARIABLES
    )
    return found


def failing(known: Territory) -> list[float]:
    """By how much each relation of :func:`relations_of` fails in truth, since parts were rounded.

    An attacker who knew it would know more than any reader does.
    """
    lines = relations_of(tuple(known.names))
    return [abs(math.fsum(one * known.exact[k] for k, one in line.items())) for line in lines]


def _exact(indicators: Rows, iris: Rows, names: Mapping[str, str]) -> dict[Cell, float]:
    read: dict[Cell, float] = {}
    for dataset, rows in ((INDICATORS, indicators), (IRIS, iris)):
        wanted = [one for one in VARIABLES.values() if one.dataset == dataset and one.column]
        for row in rows:
            place = str(row["insee_code"])
            if place not in names:
                continue
            for one in wanted:
                value = row[one.column]
                if value is None or not math.isfinite(float(value)):
                    raise ValueError(f"{one.column} of {place} in {dataset} is not there")
                read[place, one.id] = read.get((place, one.id), 0.0) + float(value)
    exact: dict[Cell, float] = {}
    for variable in VARIABLES:
        for place in names:
            exact[place, variable] = _value(read, place, variable)
        exact[WHOLE, variable] = math.fsum(exact[place, variable] for place in names)
    return exact


def _value(read: dict[Cell, float], place: str, variable: str) -> float:
    if variable in LEFT:
        first, *others = LEFT[variable]
        # Rounded parts may be larger than their whole by one or two.
        left = _value(read, place, first) - sum(_value(read, place, one) for one in others)
        return left if VARIABLES[variable].signed else max(0.0, left)
    if (place, variable) not in read:
        raise ValueError(f"{VARIABLES[variable].column} of {place} is not there")
    return read[place, variable]
