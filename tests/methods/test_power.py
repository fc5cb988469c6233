"""Power before the start: textbook numbers, and what a simulation finds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalab.methods.power import Design, detectable, power


def test_the_textbook_sample_of_64_in_each_arm() -> None:
    """J. Cohen (1988), table 2.4.1: half a deviation, two-sided 5 %, power 80 %: 64 in each arm.

    One period before that is not correlated doubles the variance, so half of it is the textbook's.
    """
    design = Design(64, 64, deviation=math.sqrt(0.5))
    assert power(design, 0.5) == pytest.approx(0.80, abs=0.005)
    assert detectable(design) == pytest.approx(0.5, abs=0.003)


@given(st.floats(0, 0.9), st.floats(0, 0.5), st.integers(20, 400))
def test_what_is_detectable_is_found_as_often_as_was_wanted(
    rho: float, icc: float, homes: int
) -> None:
    design = Design(homes, homes, 1.0, rho=rho, before=2, icc=icc, per_cluster=10)
    if design.clusters >= 10:
        assert power(design, detectable(design)) == pytest.approx(0.8, abs=0.03)


def test_streets_losses_and_few_years_cost_power() -> None:
    plain = Design(300, 300, 0.1, rho=0.5)
    worse = [
        Design(300, 300, 0.1, rho=0.5, per_cluster=10, icc=0.1),
        Design(300, 300, 0.1, rho=0.5, attrition=0.2),
        Design(300, 300, 0.1, rho=0.1),
        Design(100, 300, 0.1, rho=0.5),
    ]
    assert all(power(one, 0.02) < power(plain, 0.02) for one in worse)
    assert power(Design(300, 300, 0.1, rho=0.5, before=2), 0.02) > power(plain, 0.02)


def test_no_effect_is_found_as_often_as_the_level_says() -> None:
    assert power(Design(300, 300, 0.1), 0) == pytest.approx(0.05)
    with pytest.raises(ValueError, match="shares"):
        Design(10, 10, 1, rho=1)
    with pytest.raises(ValueError, match="at least one"):
        Design(0, 10, 1)


@given(st.integers(50, 5000), st.floats(0.01, 1))
def test_power_is_a_share_however_large_the_effect(homes: int, effect: float) -> None:
    found = power(Design(homes, homes, 0.05, per_cluster=10), effect)
    assert 0.05 <= found <= 1 + 1e-9
    assert power(Design(homes, homes, 0.05, per_cluster=10), 2 * effect) >= found - 1e-6
