"""A stock of dwellings: its people, its sizes, its classes, and what its homes need."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalab.methods import district_homes, hot_water
from datalab.methods.dwelling_demand import heat_of_class
from datalab.methods.dwelling_stock import (
    AREAS,
    Stock,
    homes,
    labels,
    loss_of_class,
    regulation,
    stock,
)

TWO = stock(["1946-1970", "1971-1990"], ["60-80", "40-60"], [3, 1], [30, 70])


def test_a_stock_has_the_people_and_the_sizes_of_its_groups():
    assert TWO.persons == pytest.approx(0.3 * 3 + 0.7 * 1)
    assert TWO.area == pytest.approx(0.3 * 70 + 0.7 * 50)
    assert TWO.sized(61.6).area == pytest.approx(61.6)
    assert TWO.sized(61.6).shares.tolist() == TWO.shares.tolist()


def test_the_census_period_gives_the_default_wall_of_the_french_method():
    assert stock(["1946-1970"], ["60-80"], [1], [1]).walls() == 2.5
    assert stock(["1991-2005"], ["60-80"], [1], [1]).walls() == 0.5
    mixed = stock(["1946-1970", "since 2006"], ["60-80", "60-80"], [1, 1], [1, 1])
    assert mixed.walls() == pytest.approx((2.5 + 0.36) / 2)


@given(
    st.lists(st.floats(0.1, 10), min_size=6, max_size=6),
    st.floats(1.2, 5.8),
)
def test_shares_are_tilted_to_the_people_of_the_neighbourhood(weights, persons):
    of = stock(["1946-1970"] * 6, ["60-80"] * 6, range(1, 7), weights)
    settled = of.settled(persons)

    assert settled.persons == pytest.approx(persons, abs=1e-6)
    assert settled.shares.sum() == pytest.approx(1)
    # The least information added: the logarithm of what changed is a straight line in people.
    bends = np.diff(np.log(settled.shares / of.shares), 2)
    assert np.abs(bends).max() < 1e-6


def test_shares_that_already_fit_stay():
    assert TWO.settled(TWO.persons).shares == pytest.approx(TWO.shares)
    with pytest.raises(ValueError, match="1 to 3"):
        TWO.settled(3.5)


def test_homes_take_the_appliances_of_households_of_their_size():
    found = homes(TWO, [1, 1, 3], [1000, 2000, 3000], [3, 1, 5], light=2)

    assert found.appliances == pytest.approx(0.7 * 1250 + 0.3 * 3000 - 2 * TWO.area)
    assert found.adults == pytest.approx(0.3 * hot_water.adults(70) + 0.7 * hot_water.adults(50))
    with pytest.raises(ValueError, match="no household of 3"):
        homes(TWO, [1], [1000], [1])


def test_without_a_stock_the_regulation_stands():
    found = regulation(30_000, 487)

    assert found.appliances == pytest.approx(27 * 30_000 / 487)
    assert 487 * found.adults == pytest.approx(hot_water.adults(30_000, 487))


def test_a_label_is_the_worse_of_energy_and_emissions():
    facts = {"heating": 150.0, "water": 1000.0, "electricity": 6.0}
    clean = labels(TWO, **facts, factor=2.3, heat_co2=0.05)
    dirty = labels(TWO, **facts, factor=2.3, heat_co2=0.40)

    assert sum(clean.values()) == pytest.approx(1)
    assert min(dirty) > max(clean)


def test_small_flats_have_the_worse_label_since_people_wash_alike_in_them():
    small, large = (
        stock(["1946-1970"], [one], [2], [1]) for one in ("40-60", "100-120")
    )  # fmt: skip
    facts = {"heating": 85.0, "water": 900.0, "electricity": 2.0, "factor": 2.3, "heat_co2": 0.1}
    assert list(labels(small, **facts)) >= list(labels(large, **facts))


def test_a_class_as_input_gives_the_heat_of_the_middle_of_the_class():
    loss = loss_of_class("E", 60_000, water=30, electricity=6, factor=2.3)
    bought = loss * 60_000 / 0.87 / 1000 + 30

    assert bought == pytest.approx(heat_of_class("E", electricity=6, factor=2.3))
    assert bought + 6 * 2.3 == pytest.approx((250 + 330) / 2)
    assert loss_of_class("C", 60_000, water=30, electricity=6, factor=2.3) < loss
    with pytest.raises(ValueError, match="without heating"):
        loss_of_class("C", 0, water=30, electricity=6, factor=2.3)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((["1946-1970"], ["huge"], [1], [1]), "huge"),
        ((["1400"], ["60-80"], [1], [1]), "1400"),
        ((["1946-1970"], ["60-80"], [1], [0]), "needs dwellings"),
        (([], [], [], []), "needs dwellings"),
    ],
)
def test_a_stock_of_nonsense_is_refused_in_words(rows, words):
    with pytest.raises(ValueError, match=words):
        stock(*rows)


def test_the_district_is_made_of_flats_on_a_heat_network_with_its_own_people():
    flats = pd.DataFrame(
        {
            "period": ["1946-1970", "1946-1970", "since 2006", "1971-1990"],
            "heating": ["heat network", "heat network", "heat network", "gas boiler"],
            "area_class": ["60-80", "80-100", "under 30", "40-60"],
            "occupants": [1, 4, 1, 1],
            "dwellings": [60.0, 40.0, 1000.0, 1000.0],
        }
    )
    iris = pd.DataFrame(
        {"iris_code": district_homes.IRIS, "population": [250] * 4, "main_homes": [100] * 4}
    )
    sample = pd.DataFrame(
        {"occupants": [1, 4], "electricity_kwh": [1500.0, 3000.0], "weight": [1.0, 1.0]}
    )
    of, found = district_homes.district(flats, sample, iris)

    assert len(of.shares) == 2
    assert of.persons == pytest.approx(2.5)
    assert of.area == pytest.approx(30_000 / 487)
    assert found.appliances == pytest.approx(2250 - 3 * of.area)
    with pytest.raises(ValueError, match="212311204"):
        district_homes.persons(iris.iloc[:3])


def test_every_class_of_area_lies_in_its_bounds():
    for name, middle in AREAS.items():
        if "-" in name:
            low, high = (float(part) for part in name.split("-"))
            assert low < middle < high
    assert isinstance(TWO, Stock)
