"""A total that is wrong names the rows that changed since the last good snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.test_refresh import CSV, Place

TOTAL = {
    "type": "expect_column_sum_to_be_between",
    "column": "height",
    "min_value": 15,
    "max_value": 15,
}
COUNT = {"type": "expect_table_row_count_to_equal", "value": 2}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.write("trees", CSV, expectations=[TOTAL, COUNT])
    assert made.refresh("trees")["trees"].state == "published"
    return made


def broken(place: Place, text: str) -> dict[str, list[dict[str, Any]]]:
    """Examples by expectation, after the file was replaced and kept out."""
    place.write("trees", text, expectations=[TOTAL, COUNT])
    record = place.refresh("trees")["trees"]
    assert record.state == "kept"
    assert record.validation is not None
    return {r.type: r.examples for r in record.validation.results if not r.success}


def test_a_wrong_total_names_the_changed_row_and_what_it_was(place: Place) -> None:
    found = broken(place, CSV.replace("érable,3", "érable,30"))
    assert found == {
        "expect_column_sum_to_be_between": [
            {"row": 2, "species": "érable", "height": 30, "before": "3"}
        ]
    }


def test_a_wrong_row_count_names_what_came_and_what_went(place: Place) -> None:
    found = broken(place, "species,height\ntilleul,12\nif,1\ncharme,2\n")
    assert found == {
        "expect_table_row_count_to_equal": [
            {"row": 2, "species": "if"},
            {"row": 3, "species": "charme"},
            {"species": "érable"},
        ]
    }


def test_a_first_publish_has_nothing_to_compare_with(tmp_path: Path) -> None:
    made = Place(tmp_path)
    made.write("trees", CSV.replace(",3", ",30"), expectations=[TOTAL])
    validation = made.refresh("trees")["trees"].validation
    assert validation is not None
    assert validation.results[0].examples == []


def test_the_command_says_the_changed_row(place: Place) -> None:
    place.write("trees", CSV.replace("érable,3", "érable,30"), expectations=[TOTAL])
    code, out, err = place.run("refresh", "trees")
    assert code == 1
    assert "érable" in out + err
    assert "30" in out + err


def test_an_attempt_that_is_kept_out_does_not_hide_the_rejects_of_the_published_table(
    tmp_path: Path,
) -> None:
    from datalab.lake.index import read_index
    from datalab.lake.rejected import read_rejected

    made = Place(tmp_path)
    rules = {"expectations": [COUNT], "max_reject_ratio": 0.5}
    made.write("trees", CSV + "if,haut\n", **rules)
    assert made.refresh("trees")["trees"].state == "published"
    made.write("trees", "species,height\n", **rules)
    assert made.refresh("trees")["trees"].state == "kept"

    told = read_rejected(made.settings.lake, read_index(made.settings.lake)["trees"])

    assert (told.count, told.published) == (1, True)
    assert [(row["line"], row["value"]) for row in told.rows] == [(4, "haut")]
