"""Rates of few counts, drawn towards the mean of all.

The data are those of ten pumps of a power station (Gaver and O'Muircheartaigh, 1987,
Technometrics 29), on which such models are usually shown; full Bayesian means of their rates are
published with the BUGS examples, volume 1, "Pumps".
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from datalab.methods.shrinkage import FLAT, shrink

FAILURES = [5, 1, 5, 14, 3, 19, 1, 1, 4, 22]
HOURS = [94.320, 15.720, 62.880, 125.760, 5.240, 31.440, 1.048, 1.048, 2.096, 10.480]  # thousands
BUGS = [0.0598, 0.102, 0.089, 0.116, 0.60, 0.61, 0.90, 0.90, 1.59, 1.99]


def test_the_pumps_come_close_to_their_published_means() -> None:
    found = shrink(FAILURES, HOURS)
    for area, published in zip(found.areas, BUGS, strict=True):
        assert area.value == pytest.approx(published, rel=0.13)
        assert area.low < area.value < area.high


def test_no_other_gamma_law_makes_the_pumps_likelier() -> None:
    found = shrink(FAILURES, HOURS)

    def likelihood(shape: float, rate: float) -> float:
        laws = [stats.nbinom(shape, rate / (rate + hours)) for hours in HOURS]
        return sum(law.logpmf(count) for law, count in zip(laws, FAILURES, strict=True))

    best = likelihood(found.shape, found.rate)
    for more in (0.97, 1.03):
        assert likelihood(found.shape * more, found.rate) < best
        assert likelihood(found.shape, found.rate * more) < best


def test_who_has_little_exposure_moves_most() -> None:
    found = shrink([0, 30, 60, 10, 25], [1, 100, 100, 100, 100]).areas
    assert found[0].raw == 0
    assert found[0].value > 0.15
    assert found[0].weight < found[1].weight


def test_areas_that_chance_explains_are_all_alike() -> None:
    found = shrink([100, 100, 100, 100, 100, 100], [10, 10, 10, 10, 10, 10])
    assert found.shape > FLAT / 10
    assert {round(area.value, 2) for area in found.areas} == {10.0}


@given(
    st.lists(st.tuples(st.integers(0, 300), st.floats(0.5, 500)), min_size=5, max_size=30).filter(
        lambda rows: sum(count for count, _ in rows) > 0
    )
)
@settings(max_examples=15, deadline=None)
def test_a_rate_lies_between_its_own_and_that_of_all(rows: list[tuple[int, float]]) -> None:
    found = shrink([count for count, _ in rows], [size for _, size in rows])
    for area in found.areas:
        low, high = sorted((area.raw, found.mean))
        assert low - 1e-9 <= area.value <= high + 1e-9
        assert 0 <= area.low <= area.high


def test_too_few_areas_or_no_event_say_nothing() -> None:
    with pytest.raises(ValueError, match="at least 5 areas"):
        shrink([1, 2], [1, 1])
    with pytest.raises(ValueError, match="not all 0"):
        shrink([0] * 6, [1] * 6)
    with pytest.raises(ValueError, match="above 0"):
        shrink([1] * 6, [1, 1, 1, 1, 1, 0])
