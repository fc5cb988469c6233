"""A staged table against the expectations of its dataset."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datalab.catalog.dataset import Dataset, Expectation
from datalab.catalog.expectations import REFUSED
from datalab.catalog.validation import ExpectationResult, ValidationResult
from datalab.quality.batch import load_spatial
from datalab.quality.validate import validate

ROWS = """
SELECT '21' || lpad(i::VARCHAR, 3, '0') AS code, (i * 100)::INTEGER AS population,
       DATE '2020-01-01' + i::INTEGER AS day, (i * 1.5)::DOUBLE AS rate, 'é' || i AS name
FROM range(1, 24) r(i)"""


def staged(folder: Path, *changes: str, rows: str = ROWS) -> Path:
    path = folder / "staged.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(f"CREATE TABLE data AS {rows}")
        for change in changes:
            connection.execute(change)
    return path


def opened_spatial(path: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(path)
    load_spatial(connection)
    return connection


def dataset(expectations: Sequence[dict[str, Any]], **more: Any) -> Dataset:
    text = {"fr": "Communes", "en": "Municipalities"}
    types = {
        "code": "varchar", "population": "integer", "day": "date", "rate": "double",
        "name": "varchar",
    }  # fmt: skip
    columns = {name: {"type": type, "description": text} for name, type in types.items()}
    personal = more.pop("personal", ())
    return Dataset.model_validate(
        {
            "id": "communes",
            "title": text,
            "description": text,
            "publisher": "INSEE",
            "license": "lov2",
            "steward": "observatoire",
            "periodicity": "annual",
            "key": ["code"],
            "source": {"connector": "file", "path": "communes.csv"},
            "columns": {
                name: {**column, "personal": name in personal} for name, column in columns.items()
            },
            "expectations": list(expectations),
            **more,
        }
    )


def one(folder: Path, change: str, expectation: dict[str, Any], **more: Any) -> ExpectationResult:
    """The result of one expectation on a table with one change."""
    (result,) = validate(dataset([expectation], **more), staged(folder, change)).results
    return result


POSITIVE = {
    "type": "expect_column_values_to_be_between",
    "column": "population",
    "min_value": 0,
}
UNIQUE = {"type": "expect_column_values_to_be_unique", "column": "code"}
COUNT = {"type": "expect_table_row_count_to_equal", "value": 23}


def test_what_holds_is_judged_without_great_expectations(tmp_path: Path) -> None:
    staged(tmp_path)
    described = dataset([POSITIVE, UNIQUE, COUNT]).model_dump_json(by_alias=True)
    code = (
        "import sys; from pathlib import Path; from datalab.catalog.dataset import Dataset; "
        "from datalab.quality.validate import validate; "
        "dataset = Dataset.model_validate_json(sys.argv[1]); "
        "assert validate(dataset, Path(sys.argv[2])).success; "
        "sys.exit('great_expectations' in sys.modules)"
    )
    command = [sys.executable, "-c", code, described, str(tmp_path / "staged.duckdb")]
    assert subprocess.run(command, check=False).returncode == 0


def test_a_failing_row_is_shown_with_its_number_and_key(tmp_path: Path) -> None:
    result = one(tmp_path, "UPDATE data SET population = -5 WHERE code = '21004'", POSITIVE)
    assert not result.success
    assert result.examples == [{"row": 4, "code": "21004", "population": -5}]
    assert (result.element_count, result.unexpected_count) == (23, 1)
    assert result.unexpected_percent == pytest.approx(100 / 23)
    assert result.engine == "great_expectations"


def test_both_rows_of_a_repeated_key_are_shown(tmp_path: Path) -> None:
    result = one(tmp_path, "UPDATE data SET code = '21005' WHERE code = '21006'", UNIQUE)
    assert result.examples == [{"row": 5, "code": "21005"}, {"row": 6, "code": "21005"}]
    assert result.unexpected_count == 2


def test_a_repeated_pair_is_shown_but_not_a_half_empty_one(tmp_path: Path) -> None:
    change = (
        "UPDATE data SET name = CASE WHEN population <= 200 THEN 'x' END, rate = 1 "
        "WHERE population <= 400"
    )
    expectation = {"type": "expect_compound_columns_to_be_unique", "column_list": ["name", "rate"]}
    assert [row["row"] for row in one(tmp_path, change, expectation).examples] == [1, 2]


@pytest.mark.parametrize(
    ("change", "expectation", "rows"),
    [
        (
            "UPDATE data SET name = NULL WHERE population = 700",
            {"type": "expect_column_values_to_not_be_null", "column": "name"},
            [7],
        ),
        (
            "UPDATE data SET day = DATE '1900-01-01' WHERE population = 300",
            {"type": "expect_column_min_to_be_between", "column": "day", "min_value": "2020-01-01"},
            [3],
        ),
        (
            "UPDATE data SET rate = 'NaN' WHERE population = 200",
            {"type": "expect_column_values_to_be_between", "column": "rate", "max_value": 1000},
            [2],
        ),
        (
            "UPDATE data SET code = '21x' WHERE population IN (100, 2300)",
            {
                "type": "expect_column_values_to_match_regex",
                "column": "code",
                "regex": r"^21\d{3}$",
            },
            [1, 23],
        ),
        (
            "UPDATE data SET population = 0 WHERE population = 500",
            {
                "type": "unexpected_rows_expectation",
                "unexpected_rows_query": "SELECT * FROM {batch} AS b WHERE b.population = 0",
            },
            [5],
        ),
        (
            "UPDATE data SET code = 'zz' WHERE population = 900",
            {
                "type": "expect_column_values_to_not_be_null",
                "column": "name",
                "row_condition": 'col("code") == "zz"',
            },
            [],
        ),
    ],
)
def test_the_examples_name_the_right_rows(
    tmp_path: Path, change: str, expectation: dict[str, Any], rows: list[int]
) -> None:
    result = one(tmp_path, change, expectation)
    assert result.success == (not rows)
    assert [example["row"] for example in result.examples] == rows


def test_at_most_ten_examples_are_kept(tmp_path: Path) -> None:
    result = one(tmp_path, "UPDATE data SET population = -1", POSITIVE)
    assert [example["row"] for example in result.examples] == list(range(1, 11))
    assert result.unexpected_count == 23


def test_personal_values_are_never_shown(tmp_path: Path) -> None:
    change = "UPDATE data SET code = '21005' WHERE code = '21006'"
    result = one(tmp_path, change, UNIQUE, personal=["code"])
    assert result.examples == [{"row": 5, "code": "•••"}, {"row": 6, "code": "•••"}]
    lowest = {"type": "expect_column_min_to_be_between", "column": "population", "min_value": 1}
    sets = {
        "type": "expect_column_distinct_values_to_be_in_set",
        "column": "name",
        "value_set": ["x"],
    }
    found = validate(
        dataset([lowest, sets], personal=["population", "name"]), tmp_path / "staged.duckdb"
    )
    assert [result.observed_value for result in found.results] == ["•••", "•••"]
    assert "é1" not in json.dumps(found.as_json(), ensure_ascii=False)


def test_a_warning_does_not_stand_in_the_way(tmp_path: Path) -> None:
    path = staged(tmp_path, "UPDATE data SET population = -1 WHERE code = '21001'")
    result = validate(dataset([{**POSITIVE, "severity": "warning"}, UNIQUE]), path)
    assert result.success
    assert [one.type for one in result.warnings] == [POSITIVE["type"]]
    assert result.failed == []
    counts = {"evaluated": 2, "successful": 1, "failed": 0, "warnings": 1, "unchecked": 0}
    assert result.counts == counts


BROKEN = {
    "type": "unexpected_rows_expectation",
    "unexpected_rows_query": "SELECT nothing_of_the_sort FROM {batch}",
    "severity": "warning",
}


def test_what_cannot_be_evaluated_keeps_the_dataset_whatever_its_severity(tmp_path: Path) -> None:
    result = validate(dataset([COUNT, BROKEN, UNIQUE]), staged(tmp_path))
    assert not result.success
    (broken,) = result.failed
    assert broken.exception is not None
    assert "nothing_of_the_sort" in broken.exception
    assert "\n" not in broken.exception
    assert "Traceback" not in broken.exception
    assert [one.success for one in result.results] == [True, False, True]


def test_one_that_fails_in_the_shared_scan_does_not_take_the_others_along(tmp_path: Path) -> None:
    overflow = {
        "type": "expect_multicolumn_sum_to_equal",
        "column_list": ["population", "huge"],
        "sum_total": 1,
    }
    path = staged(tmp_path, "ALTER TABLE data ADD COLUMN huge BIGINT DEFAULT 9223372036854775807")
    described = dataset([COUNT, overflow, POSITIVE])
    columns = {**described.columns, "huge": described.columns["population"]}
    result = validate(described.model_copy(update={"columns": columns}), path)
    assert [one.exception is None for one in result.results] == [True, False, True]
    assert [one.success for one in result.results] == [True, False, True]


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refused_expectation_is_never_a_data_failure(tmp_path: Path, kind: str) -> None:
    path = staged(tmp_path)
    described = dataset([]).model_copy(
        update={"expectations": [Expectation(type=kind, column="code")]}
    )
    (result,) = validate(described, path).results
    assert not result.success
    assert result.exception is not None
    assert kind in result.exception
    assert result.unexpected_count is None


def test_a_column_that_the_staged_table_lacks_is_named(tmp_path: Path) -> None:
    path = staged(tmp_path, "ALTER TABLE data DROP COLUMN name")
    expectation = {"type": "expect_column_values_to_not_be_null", "column": "name"}
    (result,) = validate(dataset([expectation, COUNT][:1]), path).results
    assert result.exception is not None
    assert "name" in result.exception


def test_a_query_sees_no_file_and_changes_no_setting(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    queries = [
        f"SELECT * FROM read_csv('{secret}') WHERE (SELECT count(*) FROM {{batch}}) > 0",
        f"SELECT * FROM '{secret}', {{batch}}",
        f"SELECT content, b.* FROM read_text('{secret}'), {{batch}} b",
    ]
    expectations = [
        {"type": "unexpected_rows_expectation", "unexpected_rows_query": query} for query in queries
    ]
    result = validate(dataset(expectations), staged(tmp_path))
    assert all(one.exception for one in result.results)
    assert all(not one.examples for one in result.results)


def test_zero_rows_satisfy_values_but_no_aggregate(tmp_path: Path) -> None:
    path = staged(tmp_path, rows=f"SELECT * FROM ({ROWS}) WHERE false")
    total = {"type": "expect_column_sum_to_be_between", "column": "population", "min_value": 0}
    result = validate(dataset([POSITIVE, UNIQUE, total]), path)
    assert [one.success for one in result.results] == [True, True, False]
    assert all(one.exception is None for one in result.results)


def test_no_expectation_is_a_success(tmp_path: Path) -> None:
    assert validate(dataset([]), staged(tmp_path)).success


def test_a_result_survives_json(tmp_path: Path) -> None:
    path = staged(
        tmp_path, "UPDATE data SET rate = 'inf', day = NULL, name = 'x' WHERE code = '21002'"
    )
    expectations: list[dict[str, Any]] = [
        {"type": "expect_column_max_to_be_between", "column": "rate", "max_value": 9},
        {
            "type": "expect_column_values_to_be_between",
            "column": "day",
            "min_value": datetime.date(2021, 1, 1),
        },
        {"type": "expect_column_values_to_not_be_null", "column": "day"},
        BROKEN,
    ]
    at = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    result = validate(dataset(expectations), path, at=at)
    text = json.dumps(result.as_json(), allow_nan=False)
    assert ValidationResult.from_json(json.loads(text)) == result
    assert result.evaluated_at == "2026-01-02T03:04:05+00:00"
    assert result.results[1].kwargs["min_value"] == "2021-01-01"


def test_names_and_values_are_never_sql(tmp_path: Path) -> None:
    hostile = '"; DROP TABLE data; --'
    rows = f"""SELECT '''); DROP TABLE data; --' AS "{hostile.replace('"', '""')}" """
    described = dataset([])
    column = described.columns["code"]
    expectations = [
        Expectation(type="expect_column_values_to_be_unique", column=hostile),
        Expectation(
            type="expect_column_values_to_be_in_set",
            column=hostile,
            value_set=["x'); DROP TABLE data; --"],
        ),
        Expectation(
            type="expect_column_values_to_match_regex", column=hostile, regex="'; DROP TABLE data"
        ),
    ]
    described = described.model_copy(
        update={"columns": {hostile: column}, "key": [], "expectations": expectations}
    )
    result = validate(described, staged(tmp_path, rows=rows))
    assert [one.success for one in result.results] == [True, False, False]
    assert [one.exception for one in result.results] == [None, None, None]
    assert result.results[1].examples == [{"row": 1, hostile: "'); DROP TABLE data; --"}]


def test_suites_are_evaluated_side_by_side(tmp_path: Path) -> None:
    """Great Expectations keeps state in its modules; one process validates in several threads."""
    folders = [tmp_path / str(number) for number in range(4)]
    for number, folder in enumerate(folders):
        folder.mkdir()
        staged(folder, f"UPDATE data SET population = -1 WHERE code = '2100{number + 1}'")
    described = dataset([POSITIVE, UNIQUE])
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda folder: validate(described, folder / "staged.duckdb"), folders)
        )
    assert [result.results[0].examples[0]["row"] for result in found] == [1, 2, 3, 4]


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = staged(tmp_path, "UPDATE data SET population = -1")
    assert not validate(dataset([POSITIVE, BROKEN, UNIQUE]), path).success
    assert capfd.readouterr() == ("", "")


def test_a_geometry_can_be_expected_and_measured(tmp_path: Path) -> None:
    rows = "SELECT '21001' AS code, ST_Point(5, 47) AS shape UNION ALL SELECT '21002', NULL"
    path = tmp_path / "staged.duckdb"
    with opened_spatial(path) as connection:
        connection.execute(f"CREATE TABLE data AS {rows}")
    described = dataset([])
    columns = {
        "code": described.columns["code"],
        "shape": described.columns["name"].model_copy(update={"type": "geometry"}),
    }
    expectations = [
        Expectation(type="expect_column_values_to_not_be_null", column="shape"),
        Expectation(
            type="unexpected_rows_expectation",
            unexpected_rows_query="SELECT code FROM {batch} WHERE NOT ST_IsValid(shape)",
        ),
    ]
    described = described.model_copy(update={"columns": columns, "expectations": expectations})
    result = validate(described, path)
    assert [one.exception for one in result.results] == [None, None]
    assert [one.success for one in result.results] == [False, True]
    assert result.results[0].examples == [{"row": 2, "code": "21002", "shape": None}]
