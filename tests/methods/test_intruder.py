"""What an intruder reads off rates of three counts, quotients and ranks."""

from __future__ import annotations

import math

import pytest

from datalab.methods.attack import Rate, Ratio, intervals, total
from datalab.methods.diagnosis import Diagnosis, diagnose
from datalab.methods.intruder import bounds_of, counts_of, found_out, ratios_of
from datalab.methods.territory import VARIABLES, WHOLE, territory

NAMES = {str(code): f"Commune {code}" for code in range(1, 6)}


def counts(size: int) -> dict[str, float]:
    """One commune of the made-up territory, in the columns of ``commune-indicators``."""
    farms, public = 2.0 + size // 20, 1.0 + size // 15
    return {
        "population": 10.0 * size, "population_2016": 9.5 * size,
        "births_2016_2021": 3.0 + size // 10, "deaths_2016_2021": 2.0 + size // 12,
        "births_2024": 1.0 + size // 20, "deaths_2024": 2.0 + size // 20,
        "population_15_64": 6.0 * size, "active": 4.0 * size, "unemployed": size // 10 + 2.0,
        "jobs": 2.0 * size, "dwellings": 5.0 * size + 2 * (size // 20), "main_homes": 5.0 * size,
        "second_homes": float(size // 20), "vacant_dwellings": float(size // 20),
        "owner_occupied_homes": 3.0 * size, "establishments": farms + public + 3 * (size // 7),
        "establishments_agriculture": farms, "establishments_industry": float(size // 7),
        "establishments_construction": float(size // 7),
        "establishments_services": float(size // 7), "establishments_public": public,
        "area_km2": size / 20, "median_income": 20_000.0 + size,
        "poverty_rate": math.nan, "taxed_share": 50.0,
    }  # fmt: skip


def iris(size: int) -> dict[str, float]:
    young, old = 2 * size, 2 * size
    return {
        "population": 10.0 * size, "population_0_19": young, "population_20_64": 6 * size,
        "population_65_plus": old, "dwellings": 5.0 * size + 2 * (size // 20),
        "main_homes": 5.0 * size, "second_homes": float(size // 20),
        "vacant_dwellings": float(size // 20),
        "flats": float(size),
    }  # fmt: skip


@pytest.fixture(scope="module")
def made() -> tuple[list[Diagnosis], dict[str, float]]:
    sizes = dict(zip(NAMES, (30, 80, 200, 350, 900), strict=True))
    indicators = [{"insee_code": code, **counts(size)} for code, size in sizes.items()]
    quarters = [{"insee_code": code, **iris(size)} for code, size in sizes.items()]
    known = territory(indicators, quarters, NAMES)
    diagnoses = [diagnose(known, code, indicators=indicators, reference=[]) for code in NAMES]
    areas = {code: size / 20 for code, size in sizes.items()}
    found = found_out(known, diagnoses, areas)
    assert found, "nothing was hidden, so nothing is tried"
    assert not [cell for cell, interval in found.items() if interval.is_within(5)]
    return diagnoses, areas


def test_every_figure_the_intruder_writes_down_is_true(
    made: tuple[list[Diagnosis], dict[str, float]],
) -> None:
    """A constraint that the shown counts break would make the attack weaker, not stronger."""
    diagnoses, areas = made
    values = counts_of(diagnoses)
    tried = set()
    for ratio in ratios_of(diagnoses, areas):
        assert all(values[key] is not None for key in ratio.keys), "a figure of what is hidden"
        over = math.fsum(one * (values[key] or 0) for key, one in ratio.over.items())
        under = math.fsum(one * (values[key] or 0) for key, one in ratio.under.items()) + ratio.free
        assert ratio.low - 1e-6 <= over / under <= ratio.high + 1e-6
        tried.add(len(ratio.keys))
    assert tried == {1, 2, 3}, "of one count and an area, of two, of three"
    assert {place for place, _ in values} == {*NAMES, WHOLE}
    assert {variable for _, variable in values} == set(VARIABLES)


def test_a_rank_narrows_what_rounding_left_open(
    made: tuple[list[Diagnosis], dict[str, float]],
) -> None:
    diagnoses, _ = made
    bounds = bounds_of(diagnoses)
    for made_of in diagnoses:
        for figure in made_of.figures:
            value = figure.at("commune").value
            if value is None:
                assert (figure.id, made_of.insee) not in bounds
                continue
            low, high = bounds[figure.id, made_of.insee]
            half = 0.5 * 10.0**-figure.digits
            assert value - half - 1e-9 <= low <= high + 1e-9 <= value + half + 2e-9


def test_a_rate_of_three_counts_gives_a_hidden_one_away() -> None:
    """(young + old) for 100 between, beside the two others: the hidden one is known to a hair."""
    values: dict[str, float | None] = {"young": 20.0, "middle": 60.0, "old": None}
    blind = intervals(values, [])["old"]
    assert math.isinf(blind.high)
    ratio = Ratio({"young": 100.0, "old": 100.0}, {"middle": 1.0}, 38.25, 38.35)
    told = intervals(values, [], rates=[ratio])["old"]
    assert told.low == pytest.approx(60 * 0.3825 - 20)
    assert told.is_within(5)


def test_a_density_gives_the_count_of_a_known_area() -> None:
    density = Ratio({"people": 1.0}, {}, 62.05, 62.15, free=4.0)
    told = intervals({"people": None}, [], rates=[density])["people"]
    assert (told.low, told.high) == pytest.approx((248.2, 248.6))


def test_whole_numbers_come_closer_than_linear_programs() -> None:
    values: dict[str, float | None] = {"all": 10.0, "a": None, "b": None}
    relations = [total("all", ["a", "b"])]
    rate = Rate("a", "all", 33.0, step=30.0)  # from 1.8 to 4.8
    linear = intervals(values, relations, rates=[rate])["a"]
    whole = intervals(values, relations, rates=[rate], integers=["a", "b"])["a"]
    assert (linear.low, linear.high) == pytest.approx((1.8, 4.8))
    assert (whole.low, whole.high) == pytest.approx((2, 4))
