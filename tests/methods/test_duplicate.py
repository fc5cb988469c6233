"""Reports of the same problem are found by place, time and category."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalab.methods.duplicate import METRES_PER_DEGREE, agreement, groups

NORTH = 40 / METRES_PER_DEGREE  # degrees of 40 m
REPORT = st.tuples(
    st.sampled_from("ab"), st.floats(5.0, 5.002), st.floats(47.3, 47.302), st.floats(0, 60)
)


def test_same_category_near_and_soon_is_one_problem() -> None:
    found = groups("rrrg", [5.0] * 4, [47.3, 47.3 + NORTH, 47.3 + 2.6 * NORTH, 47.3], [3, 0, 1, 2])
    assert found == [1, 1, 2, 3]  # the earliest stands for the group; graffiti is no pothole


def test_long_after_it_is_another_problem() -> None:
    assert groups("rr", [5.0, 5.0], [47.3, 47.3], [0, 31], days=30) == [0, 1]
    assert groups("rr", [5.0, 5.0], [47.3, 47.3], [0, 30], days=30) == [0, 0]


def test_longitudes_are_measured_at_their_latitude() -> None:
    # 0.0005° is 37.7 m at 47.3° north and 55.6 m at the equator.
    assert groups("rr", [5.0, 5.0005], [47.3, 47.3], [0, 0], metres=50) == [0, 0]
    assert groups("rr", [5.0, 5.0005], [0.0, 0.0], [0, 0], metres=50) == [0, 1]


def test_a_report_without_a_place_is_alone() -> None:
    assert groups("rr", [float("nan"), 5.0], [47.3, 47.3], [0, 0]) == [0, 1]
    assert groups([], [], [], []) == []


@given(st.lists(REPORT, max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_larger_distance_only_joins(rows: list[tuple[str, float, float, float]]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
    near, far = (groups(*columns, metres=m) for m in (20, 80))
    for first, second in zip(near, range(len(near)), strict=True):
        assert far[first] == far[second]
        assert columns[3][first] <= columns[3][second]
        assert columns[0][first] == columns[0][second]


def test_agreement_counts_pairs() -> None:
    found = agreement([0, 0, 0, 3], ["x", "x", "y", "y"])
    assert (found.found, found.true, found.both) == (3, 2, 1)
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == 0.5
    assert agreement([0, 1], ["x", "y"]).precision is None


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        groups("r", [5.0], [47.3], [0], metres=0)
    with pytest.raises(ValueError, match="same reports"):
        agreement([1], [1, 2])
