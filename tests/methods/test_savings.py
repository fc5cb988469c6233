"""Savings with their factors, the funnel, and points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalab.methods.funnel import funnel, wilson
from datalab.methods.points import COMMITMENT, COMPLEXITY, may_repeat, points, shared
from datalab.methods.savings import CARBON, PRICES, UNITS, saving


def test_a_thousand_kwh_by_hand() -> None:
    found = saving("electricity", 1000, 900, 1100)
    assert found.carbon is not None
    assert found.money is not None
    assert found.carbon.value == pytest.approx(52.0)
    assert (found.carbon.low, found.carbon.high) == (
        pytest.approx(900 * 0.040),
        pytest.approx(1100 * 0.079),
    )
    assert found.money.value == pytest.approx(201.6)
    gas = saving("gas", 1000, 1000, 1000)
    assert gas.carbon is not None
    assert gas.carbon.value == pytest.approx(215)
    assert gas.carbon.low == pytest.approx(204.5)


def test_water_is_counted_in_euros_and_not_in_carbon() -> None:
    found = saving("water", 10, 5, 15)
    assert found.carbon is None
    assert found.money is not None
    assert found.money.value == pytest.approx(45.2)
    assert found.metered.unit == "m³"


@given(
    st.sampled_from(sorted(UNITS)),
    st.floats(-1e6, 1e6),
    st.floats(0, 1e5),
    st.floats(0, 1e5),
)
def test_bounds_hold_the_value_even_of_a_loss(
    what: str, value: float, below: float, above: float
) -> None:
    found = saving(what, value, value - below, value + above)
    for amount in (found.carbon, found.money):
        if amount is not None:
            slack = 1e-9 * max(1, abs(amount.value))
            assert amount.low - slack <= amount.value <= amount.high + slack


def test_each_factor_says_its_source_its_date_and_its_range() -> None:
    for factor in [*CARBON.values(), *PRICES.values()]:
        assert factor.low <= factor.value <= factor.high
        assert len(factor.source) > 20
        assert factor.date[:2] == "20"


def test_what_is_not_metered_is_refused() -> None:
    with pytest.raises(ValueError, match="not metered"):
        saving("waste", 1, 1, 1)
    with pytest.raises(ValueError, match="hold it"):
        saving("gas", 1, 2, 3)


def test_wilson_s_bounds_as_published() -> None:
    """R. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine
    17, 1998, table I: 81 of 263, and 0 of 20."""
    assert wilson(81, 263) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    assert wilson(0, 20) == (0, pytest.approx(0.1611, abs=5e-5))


def test_a_quarter_of_the_homes_of_genlis() -> None:
    stages = funnel([("foyers", 2400), ("visés", 600), ("actifs", 5), ("à un an", 4)])
    assert stages[1].share == 0.25
    assert stages[2].share == pytest.approx(5 / 600)
    assert stages[3].share is None  # of five homes nothing is said
    assert stages[3].whole == pytest.approx(4 / 2400)
    with pytest.raises(ValueError, match="no part"):
        funnel([("foyers", 10), ("visés", 11)])


def test_points_rise_with_complexity_and_with_commitment() -> None:
    for commitment in COMMITMENT:
        found = [points(c, commitment) for c in COMPLEXITY]
        assert found == sorted(set(found))
    assert points(1, "try") == 10
    assert points(5, "year") == 200
    with pytest.raises(ValueError, match="1 to 5"):
        points(6, "year")
    with pytest.raises(ValueError, match="a try"):
        points(1, "for ever")


@given(st.integers(0, 10**9), st.integers(1, 500))
def test_no_point_of_a_team_is_lost_or_made(total: int, homes: int) -> None:
    found = shared(total, homes)
    assert found.each * homes + found.left == total
    assert 0 <= found.left < homes


def test_an_action_counts_again_when_its_time_is_over() -> None:
    day = 86_400.0
    assert may_repeat("month", [], 0)
    assert not may_repeat("month", [0], 29 * day)
    assert may_repeat("month", [0], 30 * day)
