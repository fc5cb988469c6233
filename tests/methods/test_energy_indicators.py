"""Indicators say what they are divided by, and at which step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalab.methods.energy_indicators import (
    Boundary,
    Flow,
    coarser,
    emissions,
    indicators,
    within,
)


def test_the_worked_example_of_grid_singularity():
    found = indicators(3.0, 10.0, step=60)

    assert found["self_sufficiency"].value == 1.0
    assert found["self_consumption"].value == pytest.approx(0.3)
    assert found["oer"].value == pytest.approx(10 / 3)


SITE = [
    Flow("heating", "heat", "epb", np.array([60.0, 0.0])),
    Flow("lighting", "electricity", "epb", np.array([10.0, 5.0])),
    Flow("appliances", "electricity", "non-epb", np.array([20.0, 20.0])),
    Flow("cars", "electricity", "mobility", np.array([5.0, 5.0])),
    Flow("panels", "electricity", "production", np.array([10.0, 40.0])),
    Flow("school", "electricity", "production", np.array([5.0, 25.0]), place="connected"),
    Flow("wind share", "electricity", "production", np.array([30.0, 30.0]), place="remote"),
]


def oer(boundary):
    load, made = within(SITE, boundary)
    return indicators(load, made, step=525_600, denominator=boundary.denominator)["oer"]


def test_the_same_site_is_positive_or_not_by_its_boundary_and_uses():
    epb_electricity = oer(Boundary("geographic", ("epb",), ("electricity",)))
    everything = oer(Boundary("geographic", ("epb", "non-epb", "mobility")))
    virtual = oer(Boundary("virtual", ("epb", "non-epb", "mobility")))

    assert epb_electricity.value == pytest.approx(50 / 15)
    assert everything.value == pytest.approx(50 / 125)
    assert virtual.value == pytest.approx(140 / 125)
    assert "epb uses, electricity" in epb_electricity.denominator


def test_load_match_depends_on_the_step_and_says_so():
    load, made = np.array([10.0, 10.0]), np.array([0.0, 20.0])
    fine = indicators(load, made, step=30)["load_match"]
    coarse = indicators(coarser(load, 2), coarser(made, 2), step=60)["load_match"]

    assert (fine.value, fine.step) == (0.5, 30)
    assert (coarse.value, coarse.step) == (1.0, 60)


def test_a_ratio_over_nothing_is_no_ratio():
    found = indicators(np.zeros(2), np.zeros(2), step=30)

    assert {one.value for one in found.values()} == {None}


def test_an_unknown_emission_factor_is_not_zero():
    found = emissions({"heat": [100.0], "gas": [10.0]}, {"heat": 0.1, "gas": 0.2}, step=60, area=6)
    assert found.value == pytest.approx(2)
    with pytest.raises(ValueError, match="wood"):
        emissions({"wood": [1.0]}, {"gas": 0.2}, step=60, area=1)


@pytest.mark.parametrize("bad", [[-1.0], [float("nan")]])
def test_missing_or_negative_load_is_refused(bad):
    with pytest.raises(ValueError, match="load"):
        indicators(bad, [1.0], step=30)


def test_flows_of_different_length_and_uneven_groups_are_refused():
    with pytest.raises(ValueError, match="different"):
        within([SITE[0], Flow("x", "heat", "epb", np.zeros(3))], Boundary())
    with pytest.raises(ValueError, match="whole groups"):
        coarser(np.zeros(5), 2)
    with pytest.raises(ValueError, match="at least one"):
        within([], Boundary())


energies = st.lists(st.floats(0, 1e4), min_size=8, max_size=8).map(np.array)


@given(energies, energies)
def test_shares_stay_between_zero_and_one_and_meet(load, made):
    found = indicators(load, made, step=30)

    for name in ("self_consumption", "self_sufficiency", "load_match"):
        value = found[name].value
        assert value is None or -1e-9 <= value <= 1 + 1e-9
    consumption, sufficiency = found["self_consumption"].value, found["self_sufficiency"].value
    if consumption is not None and sufficiency is not None:
        assert consumption * made.sum() == pytest.approx(sufficiency * load.sum(), abs=1e-6)
