"""Figures of a territory, against those that INSEE publishes and the definitions themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalab.methods.dependency import ageing_index, dependency_ratio
from datalab.methods.location_quotient import location_quotient, location_quotients
from datalab.methods.population_change import annual_rate, population_change

# INSEE, dossier complet EPCI 242100410, 2022: 0–14, 15–29, 30–44, 45–59, 60–74, 75 or more.
AGES = (37_281, 65_957, 45_296, 44_226, 40_314, 25_558)


def test_the_shares_insee_publishes_of_the_metropole() -> None:
    shares = [round(100 * count / sum(AGES), 1) for count in AGES]
    assert shares == [14.4, 25.5, 17.5, 17.1, 15.6, 9.9]
    assert sum(AGES) == 258_632, "two more than the population: weights are rounded"


def test_half_the_inhabitants_between_is_a_ratio_of_a_hundred() -> None:
    assert dependency_ratio(20, 50, 30) == 100
    assert dependency_ratio(0, 50, 0) == 0


def test_the_ageing_index_of_france_in_2021() -> None:
    """Sums of INSEE's IRIS file of 2021: 13,823,803 of 65 or more, 16,013,133 under 20."""
    assert ageing_index(13_823_803, 16_013_133) == pytest.approx(86.3, abs=0.05)


@pytest.mark.parametrize("ages", [(1, 0, 1), (-1, 5, 1), (float("nan"), 5, 1)])
def test_a_ratio_without_people_is_refused(ages: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="dependency"):
        dependency_ratio(*ages)


def test_a_quotient_is_a_share_beside_a_share() -> None:
    assert location_quotient(20, 100, 10, 100) == 2
    assert location_quotient(0, 100, 10, 100) == 0


@pytest.mark.parametrize("numbers", [(1, 0, 1, 2), (1, 2, 0, 2), (3, 2, 1, 2), (1, 2, 3, 2)])
def test_a_quotient_of_nothing_is_refused(numbers: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"quotient|part"):
        location_quotient(*numbers)


counts = st.integers(0, 10_000)


@given(st.lists(st.tuples(counts, counts.map(lambda n: n + 1)), min_size=1, max_size=6))
def test_quotients_weighted_by_the_territory_are_one(pairs: list[tuple[int, int]]) -> None:
    here = {str(number): float(pair[0]) for number, pair in enumerate(pairs)}
    there = {str(number): float(pair[0] + pair[1]) for number, pair in enumerate(pairs)}
    if not sum(here.values()):
        return
    found = location_quotients(here, there)
    whole = sum(there.values())
    assert sum(there[k] / whole * (found[k] or 0) for k in here) == pytest.approx(1)
    assert location_quotients(there, there) == pytest.approx(dict.fromkeys(there, 1.0))


def test_a_sector_the_territory_lacks_has_no_quotient() -> None:
    assert location_quotients({"a": 0, "b": 3}, {"a": 0, "b": 9}) == {"a": None, "b": 1.0}


def test_the_metropole_from_2016_to_2022() -> None:
    """251,897 to 258,630 inhabitants (INSEE): 0.44 % a year over six years."""
    assert annual_rate(251_897, 258_630, 6) == pytest.approx(0.44, abs=0.005)


@given(
    st.integers(100, 300_000),
    st.integers(100, 300_000),
    st.integers(0, 20_000),
    st.integers(0, 20_000),
)
def test_both_balances_make_the_change(first: int, last: int, births: int, deaths: int) -> None:
    found = population_change(first, last, 6, births, deaths)
    assert found.natural + found.migratory == pytest.approx(found.change)
    assert found.natural_annual + found.migratory_annual == pytest.approx(found.annual, abs=1e-9)


def test_censuses_less_than_five_years_apart_are_not_compared() -> None:
    with pytest.raises(ValueError, match="5 years"):
        population_change(100, 110, 4, 5, 2)


def test_as_many_came_as_went() -> None:
    found = population_change(1000, 1000, 6, 60, 30)
    assert (found.annual, found.natural, found.migratory) == (0, 30, -30)
    assert found.natural_annual == pytest.approx(0.5)
