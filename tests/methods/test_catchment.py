"""Catchments and sites, against numbers that can be checked by hand or were published."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datalab.methods.catchment import decay, distances, huff, potential, two_step
from datalab.methods.siting import draw_weights, interval, scaled, scores, standings

ways = arrays(float, (5, 3), elements=st.floats(0, 50))
heads = arrays(float, 5, elements=st.floats(0.5, 5000))


def test_paris_to_london_is_344_km() -> None:
    found = distances([(2.3522, 48.8566)], [(-0.1276, 51.5072)], detour=1)
    assert found[0, 0] == pytest.approx(343.6, abs=0.5)


def test_a_degree_of_latitude_is_a_sixtieth_of_the_circle_and_the_way_is_longer() -> None:
    crow = distances([(5, 47)], [(5, 48)], detour=1)[0, 0]
    assert crow == pytest.approx(2 * np.pi * 6371.0088 / 360)
    assert distances([(5, 47)], [(5, 48)], detour=1.3)[0, 0] == pytest.approx(1.3 * crow)


def test_half_come_from_half_the_way() -> None:
    assert decay([0, 2, 4], 2).tolist() == [1, 0.5, 0.25]
    assert potential([100, 40], [[0], [2]], 2)[0] == 120


def test_huff_splits_as_sizes_over_squares_of_distances() -> None:
    # Sizes 50 and 100 at 1 and 2 km: 50 / 1 against 100 / 4, so two thirds to one third.
    assert huff([50, 100], [[1, 2]])[0].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert huff([50, 0], [[30, 0.1]])[0].tolist() == [1, 0]


@given(ways, heads)
def test_everybody_goes_somewhere(way: np.ndarray, demand: np.ndarray) -> None:
    found = huff([1, 2, 3], way)
    assert np.allclose(found.sum(axis=1), 1)
    assert (demand @ found).sum() == pytest.approx(demand.sum())


@given(ways, heads, st.floats(0.1, 60))
def test_two_steps_hand_out_what_there_is(
    way: np.ndarray, demand: np.ndarray, reach: float
) -> None:
    supply = np.array([3.0, 5.0, 7.0])
    found = two_step(demand, supply, way, reach)
    reached = (way <= reach).any(axis=0)
    assert demand @ found == pytest.approx(supply[reached].sum())


@given(ways, heads, st.floats(0.2, 20))
def test_a_longer_reach_never_loses_demand(
    way: np.ndarray, demand: np.ndarray, half: float
) -> None:
    near, far = potential(demand, way, half), potential(demand, way, 2 * half)
    assert (far >= near - 1e-9).all()
    assert (far <= demand.sum() + 1e-6).all()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: distances([(5, 91)], [(5, 47)]),
        lambda: distances([(float("nan"), 47)], [(5, 47)]),
        lambda: distances([(5, 47)], [(5, 47)], detour=0.9),
        lambda: decay([1], 0),
        lambda: potential([1, 2], [[1]], 1),
        lambda: potential([float("nan")], [[1]], 1),
        lambda: huff([0, 0], [[1, 2]]),
        lambda: huff([1], [[1, 2]]),
        lambda: scores([[1, 2]], [0, 0]),
        lambda: scaled([[float("nan")]]),
        lambda: draw_weights([1, 0], 5, 1),
        lambda: standings(["a"], [[1.0]] * 199),
        lambda: interval(2, 5),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        wrong()  # type: ignore[operator]


def test_scores_are_a_weighted_sum_between_the_worst_and_the_best() -> None:
    assert scores([[10, 0], [20, 5], [15, 5]], [3, 1]).tolist() == [0, 1, 0.625]
    assert scaled([[4], [4]]).tolist() == [[0.5], [0.5]]


def test_drawn_weights_lie_around_the_stated_ones() -> None:
    drawn = draw_weights([0.5, 0.3, 0.2], 20_000, seed=1)
    assert np.allclose(drawn.sum(axis=1), 1)
    assert drawn.mean(axis=0) == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
    assert drawn[:, 1].std() == pytest.approx(np.sqrt(0.3 * 0.7 / 11), abs=0.005)
    assert (draw_weights([1, 2], 9, seed=3) == draw_weights([1, 2], 9, seed=3)).all()


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I: 81 of 263.
    assert interval(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=0.0001)
    assert interval(0, 20) == pytest.approx((0, 0.1611), abs=0.0001)


def test_shares_in_the_top_add_up_and_a_sure_winner_is_first() -> None:
    rng = np.random.default_rng(5)
    drawn = np.hstack([np.full((400, 1), 9.0), rng.random((400, 5))])
    found = standings(list("abcdef"), drawn, places=3)
    assert (found[0].name, found[0].top, found[0].rank_high) == ("a", 1.0, 1.0)
    assert sum(one.top for one in found) == pytest.approx(3)
    assert all(one.low <= one.top <= one.high for one in found)
