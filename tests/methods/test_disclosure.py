"""Hidden counts: what is shown must not give them back."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest

from datalab.methods.attack import intervals, total
from datalab.methods.disclosure import (
    anonymous,
    suppress_list,
    suppress_pair,
    suppress_table,
)


def interval(
    whole: np.ndarray, hidden: set[tuple[int, int]], place: tuple[int, int]
) -> tuple[float, float]:
    """What is left open of a hidden count to whoever solves linear programs over the table."""
    height, width = whole.shape
    shown = {
        (r, c): None if (r, c) in hidden else float(whole[r, c])
        for r, c in product(range(height), range(width))
    }
    lines = [total((r, width - 1), [(r, c) for c in range(width - 1)]) for r in range(height)]
    lines += [total((height - 1, c), [(r, c) for r in range(height - 1)]) for c in range(width)]
    found = intervals(shown, lines, only=[place])[place]
    return found.low, found.high


def test_one_small_count_takes_the_next_smallest_with_it() -> None:
    assert suppress_list({"a": 30, "b": 3, "c": 12, "d": 0}, 5) == {
        "a": 30,
        "b": None,
        "c": None,
        "d": 0,
    }
    assert suppress_list({"a": 30, "b": 12, "c": 0}, 5) == {"a": 30, "b": 12, "c": 0}


def test_two_small_counts_that_are_still_few_take_a_third() -> None:
    """1 + 2 of a known total would say: fewer than 4 people, one of them alone."""
    found = suppress_list({"a": 30, "b": 1, "c": 2}, 5)
    assert list(found.values()) == [None, None, None]


@pytest.mark.parametrize(("count", "of", "shown"), [(3, 50, None), (48, 50, None), (20, 50, 20)])
def test_a_count_beside_its_total_hides_those_outside_too(
    count: int, of: int, shown: int | None
) -> None:
    assert suppress_pair(count, of, 5) == shown


@pytest.mark.parametrize("seed", range(25))
def test_no_small_count_can_be_narrowed_down(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - a table, not a secret
    height, width = draw.randint(1, 4), draw.randint(2, 4)
    counts = [[draw.choice([0, 1, 2, 4, 7, 15, 40]) for _ in range(width)] for _ in range(height)]
    table = suppress_table(counts, 5)
    whole = np.array(
        [[*row, sum(row)] for row in counts]
        + [[*map(sum, zip(*counts, strict=True)), sum(map(sum, counts))]]
    )
    hidden = set(table.primary | table.secondary)
    for row, column in product(range(height + 1), range(width + 1)):
        shown, true = table.cells[row][column], int(whole[row, column])
        assert shown is None or shown == true
        assert not (0 < true < 5 and shown is not None)
    for place in table.primary:
        low, high = interval(whole, hidden, place)
        assert low - 1e-6 <= whole[place] <= high + 1e-6
        assert high >= 5 - 1e-6, "it could be told that few are there"
        assert low < 1e-6 or high - low >= 5 - 1e-6


def test_a_lone_hidden_count_of_a_row_is_not_its_total_less_the_others() -> None:
    """250, 143, 48 and one hidden out of 468 would be 27 to anybody who can subtract."""
    counts = [[1714, 1533, 671, 299], [250, 143, 48, 27], [54, 62, 37, 3], [16, 31, 7, 0]]
    counts += [[6, 14, 11, 0], [37, 14, 5, 2]]
    table = suppress_table(counts, 5, distance=5)
    whole = np.array(
        [[*row, sum(row)] for row in counts]
        + [[*map(sum, zip(*counts, strict=True)), sum(map(sum, counts))]]
    )
    hidden = set(table.primary | table.secondary)
    assert all(None not in (table.cells[row][-1], table.cells[-1][row]) for row in range(4))
    for place in hidden:
        low, high = interval(whole, hidden, place)
        assert high - low > 10


def test_a_margin_that_is_hidden_elsewhere_stays_hidden() -> None:
    counts = [[10, 20, 9], [15, 30, 12], [11, 40, 25]]
    table = suppress_table(counts, 5, rows=[0])
    assert table.cells[0][-1] is None
    hidden = set(table.primary | table.secondary)
    whole = np.array([[*r, sum(r)] for r in counts] + [[36, 90, 46, 172]])
    low, high = interval(whole, hidden, (0, 3))
    assert high - low >= 5


def test_everybody_shares_their_background_with_enough_others() -> None:
    draw = random.Random(3)  # noqa: S311
    rows = [
        {"age": draw.choice("abcdef"), "where": draw.choice("xyz"), "said": str(n)}
        for n in range(60)
    ]
    made, lost = anonymous(rows, ["age", "where"], 5)
    groups: dict[tuple[str | None, str | None], int] = {}
    for row in made:
        key = (row["age"], row["where"])
        groups[key] = groups.get(key, 0) + 1
    assert min(groups.values()) >= 5
    assert [row["said"] for row in made] == [row["said"] for row in rows]
    assert lost == sum(
        a[name] != b[name] for a, b in zip(rows, made, strict=True) for name in ("age", "where")
    )


def test_fewer_rows_than_the_threshold_give_none() -> None:
    assert anonymous([{"age": "a"}] * 4, ["age"], 5) == ([], 0)
    made, lost = anonymous([{"age": "a"}] * 6 + [{"age": "b"}], ["age"], 5)
    assert {row["age"] for row in made} == {None}, "one alone would be found among the empty ones"
    assert lost == 7
