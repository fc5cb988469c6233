"""Weights: against values worked out by hand, and what must hold whatever the sample."""

from __future__ import annotations

import math
import random

import pytest

from datalab.methods.raking import BOUNDS, effective_size, rake
from datalab.methods.representativeness import chi_square_tail, compare


def table(counts: dict[tuple[str, str], int]) -> dict[str, list[str | None]]:
    """A sample with so many people in each cell of two variables."""
    cells = [key for key, count in counts.items() for _ in range(count)]
    return {"row": [row for row, _ in cells], "column": [column for _, column in cells]}


def test_one_margin_gives_the_ratio_of_population_to_sample() -> None:
    """60 women and 40 men stand for as many of each: 50/60 and 50/40."""
    raked = rake({"sex": ["w"] * 60 + ["m"] * 40}, {"sex": {"w": 1, "m": 1}})
    assert raked.weights[0] == pytest.approx(50 / 60)
    assert raked.weights[-1] == pytest.approx(50 / 40)
    # (Σw)²/Σw² = 100² / (60·(5/6)² + 40·(5/4)²) = 10 000 / 104.1667
    assert raked.effective_size == pytest.approx(96.0)
    assert raked.design_effect == pytest.approx(100 / 96)
    assert raked.converged


def test_two_margins_meet_and_odds_ratios_stay() -> None:
    """What raking leaves untouched: the odds ratios of the sample (Deming and Stephan)."""
    counts = {("a", "x"): 30, ("a", "y"): 10, ("b", "x"): 20, ("b", "y"): 40}
    sample = table(counts)
    margins = {"row": {"a": 55.0, "b": 45.0}, "column": {"x": 60.0, "y": 40.0}}
    raked = rake(sample, margins, bounds=None)
    cells: dict[tuple[str | None, str | None], float] = {}
    for row, column, weight in zip(sample["row"], sample["column"], raked.weights, strict=True):
        cells[row, column] = cells.get((row, column), 0) + weight
    assert cells["a", "x"] + cells["a", "y"] == pytest.approx(55, abs=1e-3)
    assert cells["a", "x"] + cells["b", "x"] == pytest.approx(60, abs=1e-3)
    odds = cells["a", "x"] * cells["b", "y"] / (cells["a", "y"] * cells["b", "x"])
    assert odds == pytest.approx(30 * 40 / (10 * 20), rel=1e-3)
    # With the odds ratio of 6 and these margins the first cell solves 5t² − 675t + 19800 = 0.
    assert cells["a", "x"] == pytest.approx(
        (675 - math.sqrt(675**2 - 4 * 5 * 19800)) / 10, abs=1e-2
    )


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_sample_weights_stay_within_bounds_and_keep_the_mean(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    count = draw.randint(5, 200)
    sample: dict[str, list[str | None]] = {
        name: [draw.choice([*"abc", None]) for _ in range(count)] for name in ("one", "two")
    }
    for values in sample.values():
        values[0] = "a"  # somebody is in a category of the population
    margins = {name: {c: draw.randint(0, 9) + (c == "a") for c in "abcd"} for name in sample}
    raked = rake(sample, margins)
    assert len(raked.weights) == count
    assert sum(raked.weights) == pytest.approx(count)
    assert all(0 < w <= BOUNDS[1] * 1.2 for w in raked.weights)
    assert 0 < raked.effective_size <= count + 1e-9
    assert raked.design_effect >= 1 - 1e-9
    if raked.converged:
        assert raked.gap < 1e-3


def test_a_category_in_which_nobody_answered_is_told() -> None:
    raked = rake({"age": ["young"] * 4}, {"age": {"young": 1, "old": 1}})
    assert raked.unreached == (("age", "old"),)
    assert raked.weights == pytest.approx((1, 1, 1, 1))


def test_heavy_weights_are_trimmed_and_that_is_told() -> None:
    raked = rake({"sex": ["w"] * 98 + ["m"] * 2}, {"sex": {"w": 1, "m": 1}})
    assert not raked.converged
    assert raked.trimmed >= 2
    assert raked.gap > 0.1


@pytest.mark.parametrize(
    "margins", [{"sex": {"w": -1.0, "m": 1.0}}, {"sex": {"x": 1.0}}, {"sex": {"w": math.nan}}]
)
def test_impossible_margins_are_refused(margins: dict[str, dict[str, float]]) -> None:
    with pytest.raises(ValueError, match="sex"):
        rake({"sex": ["w", "m"]}, margins)


def test_effective_size_of_equal_weights_is_their_number() -> None:
    assert effective_size([2.0] * 7) == pytest.approx(7)
    assert effective_size([]) == 0


@pytest.mark.parametrize(
    ("value", "degrees", "tail"),
    # Critical values of the tables (NIST/SEMATECH e-Handbook, 1.3.6.7.4).
    [(3.841, 1, 0.05), (5.991, 2, 0.05), (7.815, 3, 0.05), (18.307, 10, 0.05), (6.635, 1, 0.01)],
)
def test_chi_square_has_the_tails_of_the_tables(value: float, degrees: int, tail: float) -> None:
    assert chi_square_tail(value, degrees) == pytest.approx(tail, abs=5e-5)


def test_a_comparison_tells_points_and_its_own_reliability() -> None:
    """40 and 60 where 50 and 50 are expected: (10² + 10²)/50 = 4."""
    found = compare({"a": 40, "b": 60, "": 3}, {"a": 7, "b": 7})
    assert found.chi_square == pytest.approx(4)
    assert [share.points for share in found.shares] == pytest.approx([-10, 10])
    assert (found.count, found.unknown, found.degrees, found.reliable) == (100, 3, 1, True)
    assert found.p_value == pytest.approx(0.0455, abs=1e-4)
    assert not compare({"a": 2, "b": 3}, {"a": 1, "b": 1}).reliable
