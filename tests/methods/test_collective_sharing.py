"""The four keys, on examples that can be done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalab.methods.collective_sharing import (
    by_priority,
    default_dynamic,
    equally,
    full_dynamic,
    simple_dynamic,
    static,
)

MADE = np.array([10.0, 10.0])
USED = np.array([[2.0, 8.0], [20.0, 20.0]])


def test_a_fixed_share_that_is_not_used_becomes_surplus():
    found = static(MADE, USED, [0.5, 0.5])

    assert found.allotted.tolist() == [[2, 5], [5, 5]]
    assert found.surplus.tolist() == [3, 0]
    assert found.self_consumption == pytest.approx(17 / 20)


def test_shares_in_proportion_to_use_leave_nothing_that_somebody_wants():
    found = default_dynamic(MADE, USED)

    assert found.allotted.tolist() == [[2, 8], [5, 5]]
    assert found.surplus.sum() == 0
    assert found.self_sufficiency == pytest.approx(20 / 50)


def test_the_organiser_may_serve_one_first():
    found = simple_dynamic(MADE, USED, by_priority(MADE, USED, [1, 0]))

    assert found.allotted.tolist() == [[2, 8], [0, 10]]
    assert found.coverage == pytest.approx([2 / 22, 18 / 28])


def test_the_organiser_may_give_each_the_same_until_they_have_enough():
    assert equally([10.0], [[2.0, 8.0, 8.0]])[0] * 10 == pytest.approx([2, 4, 4])


def test_each_producer_may_have_its_own_shares():
    made = np.array([[4.0, 6.0]])
    used = np.array([[5.0, 5.0]])
    roof_to_one_school_to_both = np.array([[[1.0, 0.0], [0.2, 0.8]]])
    found = full_dynamic(made, used, roof_to_one_school_to_both)

    assert found.allotted[0] == pytest.approx([4 + 1, 4.8])
    assert found.surplus[0] == pytest.approx(0.2)


@pytest.mark.parametrize("coefficients", [[0.7, 0.7], [-0.1, 0.5], [1.0]])
def test_coefficients_that_are_none_are_refused(coefficients):
    with pytest.raises(ValueError):
        static(MADE, USED, coefficients)


def test_an_order_names_everybody_once_and_shapes_agree():
    with pytest.raises(ValueError, match="once"):
        by_priority(MADE, USED, [0, 0])
    with pytest.raises(ValueError, match="shape"):
        full_dynamic(MADE, USED, np.zeros((2, 1, 2)))
    with pytest.raises(ValueError, match="shape"):
        default_dynamic(MADE, [1.0, 2.0])
    with pytest.raises(ValueError, match="3"):
        default_dynamic([1.0, 2.0, 3.0], USED)
    with pytest.raises(ValueError, match="missing"):
        default_dynamic(MADE, USED * np.nan)
    with pytest.raises(ValueError, match="missing"):
        default_dynamic(MADE * np.nan, USED)


tables = st.lists(st.lists(st.floats(0, 100), min_size=3, max_size=3), min_size=4, max_size=4)
columns = st.lists(st.floats(0, 100), min_size=4, max_size=4)


@given(tables, columns)
def test_no_key_makes_energy_and_none_shares_more_than_the_default(used, made):
    u, p = np.array(used), np.array(made)
    best = default_dynamic(p, u)
    for found in (
        static(p, u, [0.2, 0.3, 0.5]),
        best,
        simple_dynamic(p, u, by_priority(p, u, [2, 0, 1])),
        simple_dynamic(p, u, np.minimum(equally(p, u), 1)),
    ):
        assert (found.allotted <= u + 1e-9).all()
        assert found.allotted.sum(axis=1) + found.surplus == pytest.approx(p, abs=1e-6)
        assert found.allotted.sum() <= best.allotted.sum() + 1e-6
