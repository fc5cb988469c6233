"""Linked tables whose hidden counts nobody comes close to, and the attacker who tries."""

from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalab.methods.attack import Interval, Rate, intervals, total
from datalab.methods.protection import protect

Key = tuple[str, int, int]


def table(name: str, counts: list[list[int]]) -> tuple[dict[Key, float], list[dict[Key, float]]]:
    """A table with its margins in place -1, and its relations."""
    height, width = len(counts), len(counts[0])
    rows, columns = range(height), range(width)
    values: dict[Key, float] = {(name, r, c): counts[r][c] for r in rows for c in columns}
    values |= {(name, r, -1): sum(counts[r]) for r in rows}
    values |= {(name, -1, c): sum(counts[r][c] for r in rows) for c in columns}
    values[name, -1, -1] = sum(map(sum, counts))
    relations = [total((name, r, -1), [(name, r, c) for c in columns]) for r in (*rows, -1)]
    relations += [total((name, -1, c), [(name, r, c) for r in rows]) for c in (*columns, -1)]
    return values, relations


def test_the_attacker_reads_a_lone_hidden_count_off_its_total() -> None:
    values, relations = table("t", [[20, 50], [8, 19]])
    shown = {**values, ("t", 1, 0): None}
    assert intervals(shown, relations) == {("t", 1, 0): Interval(8, 8)}


def test_the_attacker_of_the_paper_finds_the_bounds_of_four_hidden_counts() -> None:
    """Fischetti and Salazar (2001), figure 1: investment by activity and region; the cell of 22 is
    hidden with three others, and can be no less than 5 and no more than 30."""
    counts = [[20, 50, 10], [8, 19, 22], [17, 32, 12]]
    values, relations = table("t", counts)
    hidden = [("t", 1, 2), ("t", 1, 0), ("t", 2, 0), ("t", 2, 2)]
    found = intervals({k: None if k in hidden else v for k, v in values.items()}, relations)
    assert (found["t", 1, 2].low, found["t", 1, 2].high) == pytest.approx((5, 30))


def test_a_rounded_rate_beside_its_denominator_gives_a_hidden_count_away() -> None:
    values: dict[str, float | None] = {"vacant": None, "dwellings": 930}
    (blind,) = intervals(values, []).values()
    assert blind.is_within(5) is False
    (told,) = intervals(values, [], rates=[Rate("vacant", "dwellings", 3.2)]).values()
    assert told.low == pytest.approx(930 * 0.0315)
    assert told.is_within(5)


def test_tables_that_contradict_each_other_are_named() -> None:
    with pytest.raises(ValueError, match="no counts fit"):
        intervals({"all": 5.0, "a": 9.0, "b": None}, [total("all", ["a", "b"])])


@pytest.mark.parametrize("seed", range(12))
def test_no_hidden_count_of_linked_tables_is_bounded_within_five(seed: int) -> None:
    """Two tables that share a margin: what one shows must not undo what the other hides."""
    draw = random.Random(seed)  # noqa: S311 - tables, not a secret
    some = [0, 1, 2, 4, 7, 15, 40]
    width = draw.randint(2, 4)
    first = [[draw.choice(some) for _ in range(width)] for _ in range(draw.randint(2, 4))]
    second = [[draw.choice(some) for _ in range(width)] for _ in range(draw.randint(2, 4))]
    values, relations = table("a", first)
    more, others = table("b", second)
    for column in range(width):  # one more row makes the second table's margin that of the first
        gap = values["a", -1, column] - more["b", -1, column]
        more["b", 99, column] = max(gap, 0)
        values["a", 99, column] = max(-gap, 0)
    values |= more
    relations += others
    linked = [
        {("a", -1, c): 1.0, ("a", 99, c): 1.0, ("b", -1, c): -1.0, ("b", 99, c): -1.0}
        for c in range(width)
    ]
    found = protect(values, relations + linked)
    assert not found.exposed
    for key, value in values.items():
        assert not (0 < value < 5 and found.published[key] is not None)
        assert found.published[key] in (None, value)
    for key, interval in intervals(found.published, relations + linked).items():
        assert not interval.is_within(5)
        assert interval.low <= max(0, values[key] - 5) + 1e-6
        assert interval.high >= values[key] + 5 - 1e-6


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=2, max_size=3))
def test_hiding_is_settled(counts: list[list[int]]) -> None:
    """Protecting what is protected hides nothing more that is small or exposed."""
    values, relations = table("t", counts)
    found = protect(values, relations)
    assert not found.exposed
    again = intervals(found.published, relations)
    assert all(not one.is_within(5) for one in again.values())
    assert found.audit.keys() == again.keys() == found.hidden


def test_a_table_without_small_counts_is_shown_whole() -> None:
    values, relations = table("t", [[20, 0], [8, 19]])
    found = protect(values, relations)
    assert found.published == values
    assert not found.hidden


def test_what_is_public_already_stays_shown_and_what_it_exposes_is_said() -> None:
    values = {"all": 30.0, "a": 3.0, "b": 27.0}
    relation = [total("all", ["a", "b"])]
    assert protect(values, relation, kept=["all"]).hidden == {"a", "b"}
    found = protect(values, relation, kept=["all", "b"])
    assert found.exposed == {"a"}


def test_a_balance_is_hidden_with_what_it_is_made_of() -> None:
    """5 births less 3 deaths: whoever reads the balance and the births has the deaths."""
    places = ("here", "there", "beyond")
    births, deaths = (6.0, 90.0, 40.0), (3.0, 70.0, 25.0)
    values: dict[tuple[str, str], float] = {}
    for place, born, died in zip(places, births, deaths, strict=True):
        values |= {(place, "b"): born, (place, "d"): died, (place, "n"): born - died}
    for what in "bdn":
        values["all", what] = sum(values[place, what] for place in places)
    relations = [{(p, "n"): -1.0, (p, "b"): 1.0, (p, "d"): -1.0} for p in (*places, "all")]
    relations += [total(("all", what), [(p, what) for p in places]) for what in "bdn"]
    floors = {key: float("-inf") for key in values if key[1] == "n"}
    kept = [("all", what) for what in "bdn"]
    found = protect(values, relations, floors=floors, kept=kept)
    assert not found.exposed
    assert ("here", "d") in found.primary
    assert {("here", "n"), ("here", "b")} & found.secondary
    assert ("here", "n") not in found.primary


def test_rounded_margins_do_not_break_the_protection() -> None:
    """INSEE's rows do not add up exactly (258,632 for 258,630)."""
    values = {"all": 258_630.0, "a": 3.0, "b": 258_629.0}
    found = protect(values, [total("all", ["a", "b"])])
    shown = {key: found.published[key] for key in values}
    for key, interval in intervals(shown, [total("all", ["a", "b"])], slack=3).items():
        assert not interval.is_within(5), key


def test_four_counts_of_a_square_protect_each_other() -> None:
    values, relations = table("t", [[3, 20, 30], [25, 40, 50], [20, 20, 60]])
    kept = [key for key in values if -1 in key]
    found = protect(values, relations, kept=kept)
    assert found.primary == {("t", 0, 0)}
    assert not found.hidden & set(kept)
    for row, column in product(range(3), repeat=2):
        assert found.published["t", row, column] in (None, values["t", row, column])
