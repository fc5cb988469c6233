"""The balance of EN ISO 52000-1 on the examples of ISO/TR 52000-2, its bounds and invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalab.methods.energy_balance import balance, matching_factor
from datalab.methods.energy_carrier import (
    NOTHING,
    RENEWABLE,
    Carrier,
    Production,
    Weighted,
    cogeneration_export,
)

# ISO/TR 52000-2:2017, annex J, as published in energiacte/cteepbd (tests/test_cte.rs).
GRID = Weighted(0.5, 2.0, 0.42)
GAS = Weighted(0.0, 1.1, 0.22)
EXAMPLES = {
    "J1": (0, 1, (50, 200, 42), (50, 200, 42)),
    "J2": (50, 1, (75, 100, 21), (75, 100, 21)),
    "J3": (140, 1, (100, 0, 0), (120, -80, -16.8)),
    "J3 without export": (140, 0, (100, 0, 0), (100, 0, 0)),
}


def electricity(epb, made=0.0, **keys):
    return Carrier("electricity", epb, GRID, (Production("pv", made),), **keys)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_balance_gives_the_numbers_of_the_technical_report(name):
    made, k_exp, a, b = EXAMPLES[name]

    found = balance([electricity(100.0, made)], k_exp=k_exp)

    assert found.a.as_tuple() == pytest.approx(a)
    assert found.b.as_tuple() == pytest.approx(b)


def test_a_gas_boiler_with_its_pumps_and_panels_gives_example_j5():
    found = balance([Carrier("gas", 190.0, GAS), electricity(20.0, 40.0)], k_exp=1)

    assert found.a.as_tuple() == pytest.approx((20, 209, 41.8))
    assert found.b.as_tuple() == pytest.approx((30, 169, 33.4))


def test_a_heat_pump_with_panels_gives_example_j6():
    air = Carrier("ambient", 131.0, NOTHING, (Production("air", 131.0, RENEWABLE),))
    found = balance([electricity(59.0, 40.0), air], k_exp=1)

    assert found.a.as_tuple() == pytest.approx((180.5, 38, 7.98))
    assert found.b.as_tuple() == pytest.approx((180.5, 38, 7.98))


# 48 kWh of electricity made from 158 kWh of fuel, of which 108 (2.25 per kWh) are charged to it.
@pytest.mark.parametrize(
    ("fuel", "a", "b"),
    [
        (GAS, (0, 214.5, 42.9), (-14, 227.8, 45.0)),
        (Weighted(1.0, 0.1, 0.07), (95, 119.5, 28.65), (144, 69.8, 21.3)),
    ],
    ids=["J7, gas", "J8, biogas"],
)
def test_cogeneration_beside_a_boiler_gives_examples_j7_and_j8(fuel, a, b):
    made = Production("cgn", 48.0, NOTHING, cogeneration_export(fuel, 108.0, 48.0))
    found = balance(
        [
            Carrier("boiler", 100.0, GAS),
            Carrier("cogeneration", 158.0, fuel),
            Carrier("electricity", 20.0, GRID, (made,)),
        ],
        k_exp=1,
    )

    assert found.a.as_tuple() == pytest.approx(a, abs=0.1)
    assert found.b.as_tuple() == pytest.approx(b, abs=0.1)


def test_twelve_months_with_other_uses_give_example_j9():
    use = [200, 160, 100, 90, 50, 60, 80, 70, 50, 80, 120, 160]
    sun = [44, 55, 77, 110, 187, 209, 220, 198, 176, 132, 88, 55]
    found = balance([electricity(use, sun, nepb=[30] * 12)], k_exp=1)

    assert found.a.as_tuple() == pytest.approx((1009.5, 842, 176.8), abs=0.1)
    assert found.b.as_tuple() == pytest.approx((1385.5, -662, -139), abs=0.1)


def test_a_year_of_two_seasons_is_not_the_year_as_one_step():
    winter_and_summer = balance([electricity([80.0, 20.0], [10.0, 130.0])], k_exp=1)
    as_one = balance([electricity(100.0, 140.0)], k_exp=1)

    assert winter_and_summer.a.nren == pytest.approx(140)  # 70 kWh from the grid in winter
    assert as_one.a.nren == 0
    assert winter_and_summer.b.as_tuple() == pytest.approx(as_one.b.as_tuple())


def test_what_the_neighbouring_uses_take_is_exported_to_them_before_the_grid():
    found = balance([electricity(100.0, 140.0, nepb=30.0)], k_exp=1)
    flows = found.carriers["electricity"]

    assert (flows.used.sum(), flows.to_nepb.sum(), flows.to_grid.sum()) == (100, 30, 10)
    assert found.b.as_tuple() == pytest.approx((120, -80, -16.8))


def test_counting_all_uses_makes_another_balance_of_the_same_site():
    epb_only = balance([electricity(100.0, 120.0, nepb=60.0)])
    all_uses = balance([electricity(100.0, 120.0, nepb=60.0)], count_nepb=True)

    assert epb_only.b.nren < 0 < all_uses.b.nren
    assert set(all_uses.by_use) == {"epb", "non-epb"}


def test_export_to_uses_beside_may_weigh_otherwise_than_export_to_the_grid():
    found = balance([electricity(0.0, 10.0, nepb=4.0, nepb_b=GAS)], k_exp=1)

    # 4 kWh save 1.1 each, 6 save 2.0 each.
    assert found.b.nren == pytest.approx(-(4 * 1.1 + 6 * 2.0))


def test_cogeneration_counts_its_fuel_once():
    fuel, made = 100.0, 30.0
    export = cogeneration_export(GAS, 40.0, made)
    found = balance(
        [
            Carrier("gas", fuel, GAS),
            Carrier("electricity", 10.0, GRID, (Production("cgn", made, NOTHING, export),)),
        ],
        k_exp=0,
    )

    # 20 of 30 kWh leave, with 20/30 of the 40 kWh of gas that made them.
    assert export.nren == pytest.approx(40 * 1.1 / 30)
    assert found.a.nren == pytest.approx(110 - 20 / 30 * 44)


def test_sources_share_in_proportion_unless_one_comes_first():
    both = [Production("pv", 60.0), Production("cgn", 40.0, NOTHING, GAS)]
    shared = balance([Carrier("electricity", 50.0, GRID, both)]).carriers["electricity"]
    first = [Production("pv", 60.0, rank=0), Production("cgn", 40.0, NOTHING, GAS, rank=1)]
    ranked = balance([Carrier("electricity", 50.0, GRID, first)]).carriers["electricity"]

    assert {k: v.sum() for k, v in shared.used_by_source.items()} == {"pv": 30, "cgn": 20}
    assert {k: v.sum() for k, v in ranked.used_by_source.items()} == {"pv": 50, "cgn": 0}


def test_a_heat_network_counts_as_nearby_and_ambient_heat_as_on_site():
    network = Carrier("heat", 100.0, Weighted(0.6, 0.4), perimeter="nearby")
    pump = Carrier("ambient", 50.0, NOTHING, (Production("air", 50.0, RENEWABLE),))
    found = balance([network, pump])

    assert found.rer["onsite"] == pytest.approx(50 / 150)
    assert found.rer["nearby"] == pytest.approx(110 / 150)
    assert found.rer["distant"] == pytest.approx(found.a.share)


def test_the_uses_share_the_balance_among_them_and_lose_nothing():
    found = balance(
        [
            electricity({"heating": 60.0, "hot water": 40.0}, 120.0),
            Carrier("gas", {"heating": 10.0}, GAS),
        ]
    )

    assert sum(part.nren for part in found.by_use.values()) == pytest.approx(found.b.nren)
    assert found.by_use["hot water"].nren == pytest.approx(0.4 * -20 * 2.0)


def test_the_matching_factor_is_half_where_use_and_production_are_equal():
    assert matching_factor(100.0, 100.0) == pytest.approx(0.5)
    assert matching_factor([0.0, 50.0, 1e-300], [10.0, 0.0, 1.0]) == pytest.approx([1, 1, 1])
    found = balance([electricity(100.0, 50.0)], match=True).carriers["electricity"]
    x = 0.5
    assert found.used.sum() == pytest.approx(50 * (x + 1 / x - 1) / (x + 1 / x))


@pytest.mark.parametrize(
    ("carriers", "keys", "words"),
    [
        ([electricity([1.0, 2.0], [1.0, 2.0, 3.0])], {}, "2 steps where the others have 3"),
        ([electricity(-1.0)], {}, "below 0"),
        ([electricity(float("nan"))], {}, "missing"),
        ([electricity(1.0), electricity(1.0)], {}, "one name"),
        ([], {}, "at least one carrier"),
        ([electricity(1.0)], {"k_exp": 1.2}, "k_exp"),
    ],
)
def test_a_balance_of_nonsense_is_refused_in_words(carriers, keys, words):
    with pytest.raises(ValueError, match=words):
        balance(carriers, **keys)


series = st.lists(st.floats(0, 1e4), min_size=12, max_size=12).map(np.array)


@given(series, series, series, st.floats(0, 1))
def test_no_energy_is_made_or_lost_and_step_b_runs_from_a_to_full_export(epb, nepb, made, k):
    found = balance([electricity(epb, made, nepb=nepb)], k_exp=k)
    flows = found.carriers["electricity"]

    assert flows.used + flows.delivered == pytest.approx(epb)
    assert flows.used + flows.to_nepb + flows.to_grid == pytest.approx(made)
    assert (flows.to_nepb <= nepb + 1e-9).all()
    full = balance([electricity(epb, made, nepb=nepb)], k_exp=1)
    between = found.a * (1 - k) + full.b * k
    assert found.b.as_tuple() == pytest.approx(between.as_tuple(), abs=1e-6)


@given(series, series)
def test_a_longer_step_never_shows_less_self_consumption(epb, made):
    fine = balance([electricity(epb, made)]).carriers["electricity"].used.sum()
    coarse = balance([electricity(epb.sum(), made.sum())]).carriers["electricity"].used.sum()

    assert coarse >= fine - 1e-6


def test_per_square_metre_needs_an_area():
    found = balance([electricity(100.0)])
    assert found.per(50)[0].nren == pytest.approx(4)
    with pytest.raises(ValueError, match="area"):
        found.per(0)
