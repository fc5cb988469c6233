"""Expectations that look beyond their table: other datasets, earlier snapshots, the time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datalab.catalog.beyond import OWN
from datalab.catalog.beyond_sentences import observed_in_words
from datalab.catalog.catalog import Catalog
from datalab.catalog.dataset import Dataset
from datalab.catalog.words import in_words
from datalab.quality.drift import stability
from tests.quality.shelf import Shelf, described, results

EXISTS = "expect_column_values_to_exist_in_other_dataset"
COVERS = "expect_column_values_to_cover_other_dataset"
COUNT = "expect_table_row_count_to_equal_other_dataset"
SUM = "expect_column_sum_to_equal_other_dataset"
RECENT = "expect_column_max_to_be_recent"
ROWS = "expect_table_row_count_to_be_close_to_previous"
NULLS = "expect_column_null_share_to_be_close_to_previous"
SPREAD = "expect_column_distribution_to_be_close_to_previous"
COMMUNES = {"column": "code", "other_dataset": "communes", "other_column": "code"}
FIGURE = {
    "other_dataset": "figures",
    "other_column": "value",
    "other_date_column": "date",
    "other_row_condition": 'col("figure") == "lights"',
}


def warning(kind: str, **given: Any) -> dict[str, Any]:
    return {"type": kind, "severity": "warning", **given}


def lights(*expectations: dict[str, Any], **more: Any) -> dict[str, Any]:
    columns = {"id": "integer", "code": "varchar", "power": "double", "at": "date"}
    return described("lights", columns, key=["id"], expectations=list(expectations), **more)


def rows(count: int, codes: int = 3, power: float = 10) -> str:
    lines = [
        f"{i},2100{1 + i % codes},{power + i % 7},2026-01-{1 + i % 28:02}" for i in range(count)
    ]
    return "id,code,power,at\n" + "\n".join(lines) + "\n"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path)
    made.write(described("communes", {"code": "varchar"}), "code\n21001\n21002\n21003\n")
    made.write(
        described("figures", {"figure": "varchar", "value": "double", "date": "varchar"}),
        "figure,value,date\nlights,60,2019-04-12\npower,779,2019\n",
    )
    return made


def test_keys_coverage_and_published_totals_are_compared_with_other_datasets(shelf: Shelf) -> None:
    power = {**FIGURE, "column": "power", "other_row_condition": 'col("figure") == "power"'}
    suite = [
        {"type": EXISTS, **COMMUNES},
        {"type": COVERS, **COMMUNES},
        {"type": COUNT, **FIGURE},
        {"type": SUM, **power, "tolerance": 0.01},
    ]
    shelf.write(lights(*suite), rows(60))
    assert shelf.refresh()["lights"].state == "published"

    shelf.write(lights(*suite), rows(58, codes=4))
    record = shelf.refresh("lights")["lights"]
    assert record.state == "kept"
    found = results(record)
    assert found[EXISTS].unexpected_count == 14
    assert found[EXISTS].examples[0] == {"row": 4, "id": 3, "code": "21004"}
    assert found[COVERS].success
    assert found[COUNT].observed_value["found"] == 58
    assert found[COUNT].observed_value["date"] == "2019-04-12"

    shelf.write(lights(*suite), rows(60, codes=2))
    found = results(shelf.refresh("lights")["lights"])
    assert found[COVERS].observed_value["missing"] == ["21003"]
    assert found[EXISTS].success


def test_what_is_not_there_yet_is_neither_held_nor_broken(shelf: Shelf) -> None:
    (shelf.theme / "communes.csv").unlink()
    shelf.write(lights({"type": EXISTS, **COMMUNES}, warning(ROWS, max_change=0.1)), rows(5))
    record = shelf.refresh()["lights"]
    assert record.state == "published"
    assert record.validation is not None
    assert record.validation.counts == {
        "evaluated": 0, "successful": 0, "failed": 0, "warnings": 0, "unchecked": 2,
    }  # fmt: skip
    assert results(record)[EXISTS].unchecked == {
        "fr": "« communes » n’est pas encore publié".replace("« ", "«\u00a0").replace(
            " »", "\u00a0»"
        ),
        "en": "'communes' is not published yet",
    }
    assert record.validation.as_json()["results"][0]["success"] is None


def test_a_table_that_stands_is_compared_anew_when_another_dataset_changed(shelf: Shelf) -> None:
    shelf.write(lights({"type": EXISTS, **COMMUNES}), rows(6))
    assert shelf.refresh()["lights"].state == "published"
    shelf.rows("communes", "code\n21001\n")
    record = shelf.refresh()["lights"]
    assert record.state == "unchanged"
    assert record.warning
    assert results(record)[EXISTS].unexpected_count == 4
    good = shelf.entry("lights").good
    assert good is not None
    assert good["validation"]["statistics"]["successful"] == 1

    shelf.rows("communes", "code\n21001\n21002\n21003\n")
    record = shelf.refresh()["lights"]
    assert not record.warning
    assert results(record)[EXISTS].success


def test_drift_is_measured_against_the_version_before(shelf: Shelf) -> None:
    suite = [
        warning(ROWS, max_change=0.2),
        warning(NULLS, column="power", max_change=0.05),
        warning(SPREAD, column="power"),
    ]
    shelf.write(lights(*suite), rows(100))
    first = results(shelf.refresh("lights")["lights"])
    assert {result.outcome for result in first.values()} == {"unchecked"}
    shelf.rows("lights", rows(110))
    assert all(one.success for one in results(shelf.refresh("lights")["lights"]).values())
    shelf.rows(
        "lights", rows(40, power=30) + "".join(f"{i},21001,,2026-02-01\n" for i in range(90, 99))
    )
    found = results(shelf.refresh("lights")["lights"])
    assert {result.outcome for result in found.values()} == {"warning"}
    assert found[ROWS].observed_value["before"] == 110
    assert found[NULLS].observed_value["now"] == pytest.approx(9 / 49)
    assert found[SPREAD].observed_value["distance"] > 0.25


@pytest.mark.parametrize(("column", "method"), [("power", "ks"), ("code", "psi"), ("at", "ks")])
def test_any_kind_of_column_has_a_distribution(shelf: Shelf, column: str, method: str) -> None:
    shelf.write(lights(warning(SPREAD, column=column, method=method)), rows(60))
    shelf.refresh("lights")
    shelf.rows("lights", rows(61))
    found = results(shelf.refresh("lights")["lights"])[SPREAD]
    assert found.success, found
    assert 0 <= found.observed_value["distance"] < 0.1


def test_the_stability_index_is_that_of_the_book() -> None:
    assert stability([(10, 10), (20, 20)]) == 0
    # (0.6 - 0.5) ln(0.6 / 0.5) + (0.4 - 0.5) ln(0.4 / 0.5), by hand.
    assert stability([(60, 50), (40, 50)]) == pytest.approx(0.040547, abs=1e-6)


def test_data_are_as_recent_as_promised(shelf: Shelf) -> None:
    shelf.write(lights(warning(RECENT, column="at"), periodicity="daily"), rows(5))
    found = results(shelf.refresh("lights")["lights"])[RECENT]
    assert found.outcome == "warning"
    assert found.observed_value["allowed_days"] == 2
    shelf.write(lights(warning(RECENT, column="at", max_age_days=40_000)), rows(5))
    assert results(shelf.refresh("lights")["lights"])[RECENT].success


def test_a_dataset_is_never_compared_with_one_that_fewer_may_read(shelf: Shelf) -> None:
    closed = described("closed", {"code": "varchar"}, access="members")
    shelf.write(closed, "code\n21001\n")
    shelf.write(lights({"type": COVERS, **COMMUNES, "other_dataset": "closed"}), rows(5))
    catalog = Catalog.load(shelf.settings.catalog)
    assert ["more closed" in problem.in_("en") for problem in catalog.problems] == [True]
    record = shelf.refresh()["lights"]
    assert results(record)[COVERS].outcome == "unchecked"
    assert "21001" not in str(record.as_json()["validation"]["results"])


def test_lint_names_what_the_other_dataset_lacks(shelf: Shelf) -> None:
    suite = [
        {"type": EXISTS, **COMMUNES, "other_column": "cod"},
        {"type": EXISTS, **COMMUNES, "other_dataset": "commune"},
        {"type": COUNT, **FIGURE, "other_row_condition": 'col("figur") == "x"'},
        {"type": RECENT, "column": "at"},
        {"type": SPREAD, "column": "power", "method": "chi2"},
    ]
    shelf.write(lights(*suite[:4], periodicity="irregular"), rows(1))
    said = [str(problem.suggestion) for problem in Catalog.load(shelf.settings.catalog).problems]
    assert sorted(said) == ["None", "code", "communes", "figure"]
    shelf.write(lights(suite[4]), rows(1))
    (problem,) = Catalog.load(shelf.settings.catalog).problems
    assert "psi, ks" in problem.in_("en")


ARGUMENTS: dict[str, dict[str, Any]] = {
    EXISTS: {**COMMUNES, "mostly": 0.9},
    COVERS: {**COMMUNES, "mostly": 0.5},
    SUM: {**FIGURE, "column": "power", "tolerance": 0.02},
    COUNT: FIGURE,
    RECENT: {"column": "at", "max_age_days": 3},
    ROWS: {"max_change": 0.1},
    NULLS: {"column": "power", "max_change": 0.1},
    SPREAD: {"column": "power"},
    "expect_column_values_to_be_valid_geometries": {"column": "shape"},
    "expect_column_values_to_not_be_empty_geometries": {"column": "shape"},
    "expect_column_values_to_be_within_territory": {"column": "shape", "territory": "cote-d-or"},
    "expect_column_pair_values_to_be_coordinates_in_territory": {
        "column_A": "power",
        "column_B": "power",
        "territory": "france",
    },
    "expect_column_values_to_be_plausible_for_unit": {"column": "power"},
    "expect_column_values_to_not_jump": {"column": "power", "order_by": "at"},
    "expect_column_values_to_follow_time_step": {"column": "at", "step": "P1D"},
}


def test_each_of_them_is_one_sentence_in_both_languages() -> None:
    assert set(ARGUMENTS) == set(OWN)
    suite = [{"type": kind, **given} for kind, given in ARGUMENTS.items()]
    document = lights(*suite)
    document["columns"]["power"]["unit"] = "W"
    document["columns"]["shape"] = {"type": "geometry", "description": {"fr": "F", "en": "S"}}
    dataset = Dataset.model_validate(document).located("territory", Path())
    for expectation in dataset.expectations:
        french, english = (in_words(expectation, dataset, lang) for lang in ("fr", "en"))
        assert french != english
        assert not {"{", "}", "expect_"} & {*french.split(), *english.split()}, french
        assert english[0].isupper() or english[0] == "“"


def test_what_was_observed_is_said_in_words() -> None:
    published = {"found": 58, "published": 60.0, "date": "2019", "dataset": "figures"}
    assert observed_in_words(published, "en") == "58 here, 60 published (2019) by “figures”"
    covered = {"covered": 22, "of": 23, "missing": ["21003"], "dataset": "communes"}
    assert "21003" in str(observed_in_words(covered, "fr"))
    whole = {"covered": 23, "of": 23, "missing": [], "dataset": "communes"}
    assert observed_in_words(whole, "en") == "23 of 23"
    assert observed_in_words({"quantiles": [0.5]}, "fr") is None


def test_each_of_them_is_documented_with_its_arguments() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "quality.md").read_text(encoding="utf-8")
    lines = {
        kind: next(line for line in page.splitlines() if f"| `{kind}` |" in line) for kind in OWN
    }
    for kind in (EXISTS, SUM, SPREAD, RECENT):
        for name in OWN[kind].required:
            assert f"`{name}`" in lines[kind], (kind, name)
