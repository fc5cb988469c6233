"""The indicators of a territorial diagnosis: what each is made of, its unit, year and themes.

The list is ours, to be discussed: the CNAF's circular 2020-01 names themes, and no official list of
indicators was found. Definitions are INSEE's where it has one (unemployment in the census sense,
vacancy, indicateur de concentration d'emploi, indice de vieillissement).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from datalab.methods.dependency import ageing_index, dependency_ratio
from datalab.methods.population_change import annual_rate
from datalab.methods.territory import INDICATORS, IRIS

REFERENCE = "territory-reference"
YEARS = 6.0  # from the census of 2016 to that of 2022
THEMES = (
    "early-childhood", "childhood", "youth", "parenting", "rights", "social-life", "housing",
    "disability", "seniors", "digital",
)  # fmt: skip


@dataclass(frozen=True)
class Measure:
    """``of`` makes the figure of the counts ``parts`` of a commune (and its area, for a density),
    or of ``columns`` of the reference territories; ``column`` is one that INSEE publishes itself.

    ``whole`` is the part that it is a rate of; ``tells`` whether it may make a finding.
    """

    id: str
    themes: tuple[str, ...]
    unit: str
    digits: int
    years: str
    datasets: tuple[str, ...]
    parts: tuple[str, ...]
    of: Callable[..., float]
    columns: tuple[str, ...] = ()
    column: str = ""
    whole: str = ""
    tells: bool = True


def _share(part: float, whole: float) -> float:
    return 100 * part / whole


def _change(last: float, first: float) -> float:
    return annual_rate(first, last, YEARS)


def yearly(balance: float, last: float, first: float) -> float:
    """The part of the annual rate that a balance makes, as in ``population_change``."""
    change = last - first
    return balance * (annual_rate(first, last, YEARS) / change if change else 100 / first / YEARS)


def _published(value: float) -> float:
    return value


def _rate(
    id: str,
    themes: str,
    part: str,
    whole: str,
    columns: tuple[str, ...] = (),
    *,
    tells: bool = True,
) -> Measure:
    """A share in % of two counts; at the census of 2021 where reference territories have it."""
    ending = "_2021" if columns else ""
    datasets = (IRIS, REFERENCE) if columns else (INDICATORS,)
    parts = (part + ending, whole + ending)
    year = "2021" if columns else "2022"
    return Measure(
        id, tuple(themes.split()), "%", 1, year, datasets, parts, _share, columns,
        whole=whole + ending, tells=tells,
    )  # fmt: skip


def _both(part: str, whole: str) -> tuple[str, str, tuple[str, ...]]:
    return part, whole, (part, whole)


MOVES = ("population", "population_2016")
LIST: tuple[Measure, ...] = (
    Measure("density", (), "inhabitants/km²", 1, "2022", (INDICATORS,), ("population",),
            lambda people, area: people / area, tells=False),
    Measure("annual_change", ("childhood", "housing"), "% per year", 2, "2016–2022", (INDICATORS,),
            MOVES, _change),
    Measure("natural_change", ("early-childhood",), "% per year", 2, "2016–2022", (INDICATORS,),
            ("natural_balance", *MOVES, "births_2016_2021", "deaths_2016_2021"),
            lambda balance, last, first, *_: yearly(balance, last, first)),
    Measure("migratory_change", ("housing",), "% per year", 2, "2016–2022", (INDICATORS,),
            ("migratory_balance", *MOVES, "births_2016_2021", "deaths_2016_2021"),
            lambda balance, last, first, *_: yearly(balance, last, first)),
    _rate("young_share", "early-childhood childhood youth parenting",
          *_both("population_0_19", "population")),
    _rate("old_share", "seniors disability", *_both("population_65_plus", "population")),
    Measure("ageing_index", ("seniors", "youth"), "for 100 under 20", 1, "2021", (IRIS, REFERENCE),
            ("population_65_plus_2021", "population_0_19_2021"), ageing_index,
            ("population_65_plus", "population_0_19"), whole="population_0_19_2021"),
    Measure("dependency_2021", ("parenting", "seniors"), "for 100 aged 20 to 64", 1, "2021",
            (IRIS, REFERENCE),
            ("population_0_19_2021", "population_20_64_2021", "population_65_plus_2021"),
            dependency_ratio, ("population_0_19", "population_20_64", "population_65_plus"),
            whole="population_20_64_2021"),
    Measure("dependency_2022", ("parenting", "seniors"), "for 100 aged 15 to 64", 1, "2022",
            (INDICATORS,), ("population_other_ages", "population_15_64"),
            lambda others, middle: dependency_ratio(others, middle, 0), whole="population_15_64",
            tells=False),
    Measure("median_income", ("rights",), "EUR/year", 0, "2021", (INDICATORS,), (), _published,
            column="median_income"),
    Measure("poverty_rate", ("rights", "parenting"), "%", 1, "2021", (INDICATORS,), (), _published,
            column="poverty_rate"),
    Measure("taxed_share", ("rights",), "%", 1, "2021", (INDICATORS,), (), _published,
            column="taxed_share", tells=False),
    _rate("activity_rate", "early-childhood parenting", "active", "population_15_64"),
    _rate("unemployment_rate", "youth rights", "unemployed", "active"),
    Measure("jobs_for_employed", ("parenting",), "for 100 employed residents", 1, "2022",
            (INDICATORS,), ("jobs", "employed"), _share, whole="employed"),
    _rate("owner_share", "housing", "owner_occupied_homes", "main_homes"),
    _rate("vacancy_2022", "housing", "vacant_dwellings", "dwellings"),
    _rate("vacancy_2021", "housing", *_both("vacant_dwellings", "dwellings"), tells=False),
    _rate("second_homes_share", "housing", *_both("second_homes", "dwellings"), tells=False),
    _rate("flats_share", "housing", *_both("flats", "dwellings")),
    Measure("household_size", ("housing", "parenting"), "inhabitants per main home", 2, "2021",
            (IRIS, REFERENCE), ("population_2021", "main_homes_2021"),
            lambda people, homes: people / homes, ("population", "main_homes"),
            whole="main_homes_2021"),
)  # fmt: skip
INDICATOR_OF = {one.id: one for one in LIST}
