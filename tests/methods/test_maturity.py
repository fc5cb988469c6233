"""Marks, the next visible action, peers and progress: by hand, by bounds and by invariants."""

from __future__ import annotations

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalab.methods.maturity import (
    FEWEST,
    STRATA,
    Answer,
    Item,
    compare,
    next_steps,
    progress,
    scores,
    stratum,
)

ITEMS = [
    Item("a1", "a", True, 3),
    Item("a2", "a", False, 1),
    Item("a3", "a", True, 6),
    Item("b1", "b", False, 2),
    Item("b2", "b", True, 2),
]
levels = st.one_of(st.none(), st.integers(0, 4))
answers = st.fixed_dictionaries({item.id: levels.map(Answer) for item in ITEMS})


def test_what_does_not_apply_leaves_the_mean_and_too_few_answers_give_none() -> None:
    given_ = {"a1": Answer(4), "a2": Answer(1), "a3": Answer(None, False), "b1": Answer(None)}
    first, second = scores(ITEMS, given_)
    assert (first.mean, first.answered, first.applicable, first.statements) == (2.5, 2, 2, 3)
    assert (second.mean, second.answered, second.applicable) == (None, 0, 2)
    assert scores(ITEMS, {"a1": Answer(4)})[0].mean is None, "one of three is below half"
    nothing = {item.id: Answer(None, False) for item in ITEMS}
    assert [one.mean for one in scores(ITEMS, nothing)] == [None, None]


@given(answers)
def test_a_mean_lies_between_its_levels(given_: dict[str, Answer]) -> None:
    for one in scores(ITEMS, given_):
        if one.mean is not None:
            assert one.lowest is not None
            assert one.highest is not None
            assert 0 <= one.lowest <= one.mean <= one.highest <= 4


def test_the_first_step_is_visible_then_lowest_then_shortest() -> None:
    given_ = {item.id: Answer(0 if item.id == "b1" else 2) for item in ITEMS}
    assert [one.item for one in next_steps(ITEMS, given_)] == ["b2", "a1"]
    assert next_steps(ITEMS, {item.id: Answer(4) for item in ITEMS}) == []
    assert next_steps(ITEMS, {}) == []


@given(answers)
def test_steps_are_of_different_themes_and_can_rise(given_: dict[str, Answer]) -> None:
    found = next_steps(ITEMS, given_)
    assert len({one.theme for one in found}) == len(found) <= 3
    assert all(given_[one.item].level == one.level < 4 for one in found)


def test_peers_are_those_of_the_stratum_from_five_on_without_oneself() -> None:
    means = {f"c{n}": {"a": float(n % 5)} for n in range(6)}
    strata = dict.fromkeys(means, "s")
    (found,) = compare("c5", strata, means)
    assert (found.count, found.low, found.median, found.high) == (5, 1.0, 2.0, 3.0)
    (few,) = compare("c5", {**strata, "c0": "other"}, means)
    assert (few.count, few.low, few.median, few.high, few.enough) == (None, None, None, None, False)
    (absent,) = compare("c5", strata, {**means, "c0": {"a": None}})
    assert not absent.enough, "a theme without a mark is no peer in it"


@given(st.lists(st.floats(0, 4), min_size=0, max_size=12))
def test_nothing_of_fewer_than_five_is_told(values: list[float]) -> None:
    means: dict[str, dict[str, float | None]] = {f"p{n}": {"a": v} for n, v in enumerate(values)}
    means["own"] = {"a": 4.0}
    (found,) = compare("own", dict.fromkeys(means, "s"), means)
    assert found.enough == (len(values) >= FEWEST)
    if found.median is not None:
        assert found.median == round(median(values), 1)


def test_progress_compares_only_what_was_answered_both_times() -> None:
    before = {"a1": Answer(1), "a2": Answer(1), "a3": Answer(None), "b1": Answer(2)}
    after = {"a1": Answer(3), "a2": Answer(1), "a3": Answer(4), "b1": Answer(None, False)}
    first, second = progress(ITEMS, before, after)
    assert (first.before, first.after, first.change, first.compared) == (1.0, 2.0, 1.0, 2)
    assert (first.risen, first.fallen) == (1, 0)
    assert (second.compared, second.change) == (0, None)


@pytest.mark.parametrize(
    ("population", "name"),
    [
        (1, "under-2000"),
        (1_999, "under-2000"),
        (2_000, "2000-3499"),
        (3_499, "2000-3499"),
        (3_500, "3500-9999"),
        (159_941, "100000-and-more"),
    ],
)
def test_a_population_at_a_bound_is_in_the_upper_stratum(population: int, name: str) -> None:
    assert stratum(population) == name


def test_strata_leave_no_gap_and_nobody_lives_nowhere() -> None:
    assert [high for _, _, high in STRATA[:-1]] == [low for _, low, _ in STRATA[1:]]
    for bad in (0, -3):
        with pytest.raises(ValueError, match="inhabitants"):
            stratum(bad)
    for answer in ((5, True), (-1, True), (2, False)):
        with pytest.raises(ValueError, match="level"):
            Answer(*answer)
