"""Classes of a map are those of the named methods, and their colours can be told apart."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalab.errors import UnknownMethod
from datalab.notebook.classification import METHODS, classify, default_k, ramp

# Calemp, the example of mapclassify's own tests; its Jenks bounds stand in domain.md's oracles.
CALEMP_BOUNDS = (75.29, 192.05, 370.5, 722.85, 4111.45)
CALEMP_COUNTS = (49, 3, 4, 1, 1)


def test_jenks_of_a_known_table_has_the_published_bounds() -> None:
    import mapclassify

    classes = classify(list(mapclassify.load_example()), "fisher_jenks", 5)
    assert classes.bounds[1:] == pytest.approx(CALEMP_BOUNDS)
    assert classes.counts == CALEMP_COUNTS


@pytest.mark.parametrize(("n", "k"), [(1, 2), (4, 3), (23, 5), (121, 7), (35_000, 7)])
def test_the_number_of_classes_follows_the_number_of_values(n: int, k: int) -> None:
    assert default_k(n) == k


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(
        st.one_of(st.none(), st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False)),
        min_size=1,
        max_size=60,
    ).filter(lambda values: any(v is not None for v in values))
)
def test_every_value_falls_into_exactly_one_class(method: str, values: list[float | None]) -> None:
    classes = classify(values, method)
    present = [v for v in values if v is not None]
    assert sum(classes.counts) == len(present)
    assert classes.missing == len(values) - len(present)
    assert list(classes.bounds) == sorted(classes.bounds)
    found = [classes.class_of(v) for v in present]
    assert tuple(found.count(number) for number in range(classes.k)) == classes.counts
    assert classes.bounds[0] == min(present)
    assert classes.bounds[-1] == max(present)


def test_equal_values_make_one_class() -> None:
    classes = classify([5.0, 5.0, None])
    assert (classes.k, classes.counts, classes.missing) == (1, (2,), 1)
    assert classes.labels("fr") == ["5"]


def test_many_values_are_classed_the_same_each_time() -> None:
    values = [float((n * 7919) % 10007) ** 1.5 for n in range(5000)]
    assert classify(values) == classify(list(reversed(values)))


def test_an_unknown_method_names_those_there_are() -> None:
    with pytest.raises(UnknownMethod, match="quantiles"):
        classify([1.0, 2.0], "jenk")


def test_the_legend_says_the_lowest_and_highest_value_of_each_class() -> None:
    incomes = [18650.0, 21000.0, 23980.0, 24110.0, 26450.0, 31000.0]
    assert classify(incomes, "quantiles", 3).labels("en") == [
        "18,650 to 21,000",
        "23,980 to 24,110",
        "26,450 to 31,000",
    ]
    assert classify([100.0, 2000.0, 30000.0], "quantiles", 3).labels("en") == [
        "100",
        "2,000",
        "30,000",
    ]


def test_values_are_rounded_only_as_far_as_they_stay_apart() -> None:
    assert classify([0.011, 0.012, 0.5], "equal_interval", 2).labels("en") == [
        "0.011 to 0.012",
        "0.5",
    ]
    assert classify([36.71, 264.84, 346.02, 3958.4], "fisher_jenks", 2).labels("en") == [
        "37 to 346",
        "3,958",
    ]
    assert classify([0.25, 0.25]).labels("en") == ["0.25"]


def luminance(color: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("k", range(2, 8))
def test_colours_darken_all_the_way(k: int) -> None:
    lights = [luminance(color) for color in ramp(k)]
    assert all(a > b for a, b in pairwise(lights))
    assert (lights[0] + 0.05) / (lights[-1] + 0.05) > 7
