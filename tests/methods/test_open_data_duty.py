"""Who is concerned by the open-data duty: thresholds, disagreement, what nobody has said."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalab.methods.open_data_duty import (
    Population,
    Verdict,
    applies,
    concerned,
    count,
    over,
)
from datalab.settings import CHECKOUT


def measures(*inhabitants: int | None) -> list[Population]:
    return [Population("municipal", 2022 + n, one) for n, one in enumerate(inhabitants)]


@pytest.mark.parametrize(
    ("inhabitants", "staff", "answer"),
    [
        ((3499, 3499), None, "no"),  # whatever its staff
        ((3499,), 900.0, "no"),
        ((3501,), 51.0, "yes"),
        ((3501,), 49.9, "no"),
        ((3501,), None, "unknown"),
        ((3501,), 50.0, "unknown"),  # the law says "fewer than", the CNIL "more than"
        ((3500,), 60.0, "unknown"),
        ((3430, 3588), 60.0, "unknown"),  # Neuilly-Crimolois: municipal, 2022 and 2023
        ((3430, 3588), 20.0, "no"),
        ((None,), 60.0, "unknown"),
    ],
)
def test_both_thresholds_have_to_be_reached(
    inhabitants: tuple[int | None, ...], staff: float | None, answer: str
) -> None:
    assert concerned(measures(*inhabitants), staff).answer == answer


def test_an_answer_says_why() -> None:
    assert concerned(measures(3430, 3588), None).reasons == (
        "population-disagrees",
        "staff-missing",
    )
    assert concerned(measures(3500), 50.0).reasons == ("population-at", "staff-at")


def test_numbers_that_cannot_be_are_refused() -> None:
    for wrong in (-1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="agents"):
            concerned(measures(4000), wrong)
    with pytest.raises(ValueError, match="negative"):
        over(measures(-3))


def test_each_kind_of_duty_follows_its_own_rule() -> None:
    large = measures(159_941, 163_000)
    small = measures(2_125, 2_170)
    unsure, no = concerned(large, None), concerned(small, None)
    assert applies("crpa", unsure, large) == "unknown"
    assert applies("crpa", no, small) == "no"
    assert applies("over-3500", unsure, large) == "yes"
    assert applies("over-80000", unsure, large) == "yes"
    assert applies("over-80000", no, small) == "no"
    assert applies("over-3500-or-unclear", no, small) == "unknown"
    assert applies("all", no, small) == "yes"
    assert applies("if", no, small) == "if"
    assert applies("none", no, small) == "recommended"


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
    st.one_of(st.none(), st.floats(0, 10**5)),
)
def test_more_inhabitants_never_take_a_commune_out(
    inhabitants: list[int], staff: float | None
) -> None:
    rank = {"no": 0, "unknown": 1, "yes": 2}
    before: Verdict = concerned(measures(*inhabitants), staff)
    after = concerned(measures(*(one + 500 for one in inhabitants)), staff)
    assert rank[after.answer] >= rank[before.answer]
    assert (staff is None) <= (before.answer != "yes")


def test_nine_of_the_23_communes_are_over_by_every_measure_and_one_straddles() -> None:
    """INSEE: Neuilly-Crimolois has 3,430 inhabitants in 2022 (3,463 in all) and 3,588 in 2023."""
    with (CHECKOUT / "catalog" / "territory" / "communes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    answers = {
        row["name"]: over(
            [
                Population("municipal", 2022, int(row["population"])),
                Population("total", 2022, int(row["population_total"])),
                Population("municipal", 2023, int(row["population_2023"])),
            ]
        )[0]
        for row in rows
    }
    found = count(list(answers.values()))
    assert (found.yes, found.unknown, found.no, found.total) == (9, 1, 13, 23)
    assert answers["Neuilly-Crimolois"] == "unknown"
    assert answers["Sennecey-lès-Dijon"] == "no"
