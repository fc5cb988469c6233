"""The vocabulary of expectations is that of Great Expectations, and lint refuses the rest."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from datalab.catalog.condition import as_kwargs, read_condition
from datalab.catalog.dataset import Expectation
from datalab.catalog.expectations import REFUSED, VOCABULARY, Term, problems_of
from tests.catalog.described import EVERY_TYPE, described, example

COLUMNS = described().columns


def problems(kind: str, **arguments: Any) -> list[tuple[str, str, str | None]]:
    return problems_of(Expectation(type=kind, **arguments), COLUMNS)


@pytest.fixture(scope="module")
def implementations() -> dict[str, Any]:
    """Great Expectations' own classes, by type."""
    from great_expectations.expectations import core  # noqa: F401 (registers them)
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    return {
        kind: get_expectation_impl(kind) for kind in list_registered_expectation_implementations()
    }


def test_every_expectation_of_great_expectations_is_known_or_refused(
    implementations: dict[str, Any],
) -> None:
    assert set(VOCABULARY) | set(REFUSED) == set(implementations)
    assert set(VOCABULARY).isdisjoint(REFUSED)


@pytest.mark.parametrize(("kind", "term"), EVERY_TYPE)
def test_arguments_are_those_of_great_expectations(
    implementations: dict[str, Any], kind: str, term: Term
) -> None:
    general = {
        "id", "meta", "notes", "result_format", "description", "catch_exceptions", "severity",
        "rendered_content", "windows", "batch_id", "library_metadata", "expectation_type",
    }  # fmt: skip
    fields = implementations[kind].__fields__
    assert set(term.arguments) == set(fields) - general
    assert {name for name, field in fields.items() if field.required} <= set(term.required)


@pytest.mark.parametrize(("kind", "term"), EVERY_TYPE)
def test_a_well_formed_expectation_has_no_problem(kind: str, term: Term) -> None:
    assert problems_of(example(kind, term), COLUMNS) == []


@pytest.mark.parametrize(("kind", "term"), EVERY_TYPE)
def test_an_unknown_argument_is_named_with_the_nearest(kind: str, term: Term) -> None:
    known = term.arguments[0]
    (problem,) = problems_of(example(kind, term, **{f"{known}x": 1}), COLUMNS)
    assert problem[0] == f"{known}x"
    assert problem[2] == known


@pytest.mark.parametrize(
    ("kind", "required"), [(kind, name) for kind, term in EVERY_TYPE for name in term.required]
)
def test_a_missing_argument_is_named(kind: str, required: str) -> None:
    whole = example(kind, VOCABULARY[kind]).arguments
    found = problems(kind, **{name: value for name, value in whole.items() if name != required})
    assert ("type", required) in [(key, suggestion) for key, _, suggestion in found]


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refused_type_says_why_and_what_to_write_instead(kind: str) -> None:
    ((key, message, _),) = problems(kind, column="code")
    assert key == "type"
    for language in ("fr", "en"):
        said = message.in_(language)  # type: ignore[attr-defined]
        assert kind in said
    assert REFUSED[kind].reason in message.in_("en")  # type: ignore[attr-defined]
    assert REFUSED[kind].instead in message.in_("en")  # type: ignore[attr-defined]
    assert REFUSED[kind].reason not in message.in_("fr")  # type: ignore[attr-defined]


def test_an_unknown_type_names_the_nearest() -> None:
    ((key, _, suggestion),) = problems("expect_column_values_to_be_uniqe", column="code")
    assert (key, suggestion) == ("type", "expect_column_values_to_be_unique")


def test_an_unknown_column_names_the_nearest() -> None:
    assert problems("expect_column_values_to_be_unique", column="populaton")[0][2] == "population"
    given = {"column": "code", "row_condition": 'col("yeer") == 2022'}
    assert problems("expect_column_values_to_be_unique", **given)[0][2] == "year"


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("expect_column_values_to_be_between", {"column": "population"}, "type"),
    ("expect_column_values_to_be_between", {"column": "population", "min_value": "a"}, "min_value"),
    ("expect_column_values_to_be_between", {"column": "code", "min_value": 1}, "column"),
    ("expect_column_values_to_be_between", {"column": "start", "min_value": 1}, "min_value"),
    (
        "expect_column_values_to_be_between",
        {"column": "population", "min_value": "2020-01-01"},
        "min_value",
    ),
    (
        "expect_column_values_to_be_between",
        {"column": "population", "min_value": 2, "max_value": 1},
        "min_value",
    ),
    (
        "expect_column_values_to_be_between",
        {"column": "population", "min_value": float("nan")},
        "min_value",
    ),
    ("expect_column_sum_to_be_between", {"column": "code", "min_value": 1}, "column"),
    ("expect_column_mean_to_be_between", {"column": "start", "min_value": 1}, "column"),
    ("expect_column_values_to_be_unique", {"column": "code", "mostly": 1.1}, "mostly"),
    ("expect_column_values_to_be_unique", {"column": "code", "mostly": True}, "mostly"),
    ("expect_column_values_to_match_regex", {"column": "code", "regex": "(?=x)"}, "regex"),
    ("expect_column_values_to_match_regex", {"column": "code", "regex": "("}, "regex"),
    ("expect_column_values_to_match_regex", {"column": "population", "regex": "1"}, "column"),
    (
        "expect_column_values_to_match_regex_list",
        {"column": "code", "regex_list": []},
        "regex_list",
    ),
    ("expect_column_values_to_be_in_set", {"column": "code", "value_set": []}, "value_set"),
    ("expect_column_values_to_be_in_set", {"column": "code", "value_set": ["a", 1]}, "value_set"),
    (
        "expect_column_values_to_be_in_set",
        {"column": "code", "value_set": ["a", None]},
        "value_set",
    ),
    ("expect_column_values_to_be_in_set", {"column": "code", "value_set": [1]}, "value_set"),
    (
        "expect_column_values_to_be_in_set",
        {"column": "population", "value_set": ["1"]},
        "value_set",
    ),
    ("expect_column_values_to_be_in_set", {"column": "open", "value_set": [1, 0]}, "value_set"),
    ("expect_table_row_count_to_equal", {"value": -1}, "value"),
    ("expect_table_row_count_to_equal", {"value": "23"}, "value"),
    ("expect_table_row_count_to_equal", {"value": 1, "row_condition": "year > 1"}, "row_condition"),
    (
        "expect_table_row_count_to_equal",
        {"value": 1, "row_condition": {"type": "x"}},
        "row_condition",
    ),
    (
        "expect_table_row_count_to_equal",
        {"value": 1, "row_condition": 'col("nope") == 1'},
        "row_condition",
    ),
    (
        "expect_column_quantile_values_to_be_between",
        {"column": "rate", "quantile_ranges": {"quantiles": [0.5], "value_ranges": []}},
        "quantile_ranges",
    ),
    (
        "expect_column_pair_values_to_be_equal",
        {"column_A": "start", "column_B": "end", "ignore_row_if": "never"},
        "ignore_row_if",
    ),
    (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["code", "nope"]},
        "column_list",
    ),
    *[
        ("unexpected_rows_expectation", {"unexpected_rows_query": query}, "unexpected_rows_query")
        for query in (
            "DROP TABLE {batch}",
            "SELECT 1",
            "SELECT * FROM {batch}; DROP TABLE data",
            "SELECT * FROM {other}",
            "SELECT * FROM {batch",
            "SELECT * FROM {0}",
            "SELECT {batch.__class__}",
            "SELEC * FROM {batch}",
            "",
            7,
        )
    ],
]


@pytest.mark.parametrize(("kind", "arguments", "key"), WRONG)
def test_a_wrong_argument_is_named_before_any_data_is_read(
    kind: str, arguments: dict[str, Any], key: str
) -> None:
    found = problems(kind, **arguments)
    assert [name for name, _, _ in found] == [key]
    assert all(message for _, message, _ in found)


def test_a_condition_means_the_same_in_both_forms() -> None:
    for written in (
        'col("year") == 2022',
        'col("rate") >= -1.5e3',
        "col(\"zone\") != 'A'",
        'col("code").notnull()',
    ):
        condition = read_condition(written)
        assert read_condition(as_kwargs(condition)) == condition


def test_great_expectations_is_not_imported_for_lint() -> None:
    code = (
        "import sys, datalab.catalog.expectations, datalab.catalog.words; "
        "sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
