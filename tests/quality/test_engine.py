"""Great Expectations answers on DuckDB, quietly and without leaving the machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import duckdb
import pytest

from datalab.quality.engine import evaluate, plain


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE data AS SELECT i AS n, 'c' || i AS t FROM range(9) r(i)")
        yield connection


def test_it_counts_what_breaks_an_expectation(connection: duckdb.DuckDBPyConnection) -> None:
    (answer,) = evaluate(
        connection,
        "data",
        [("expect_column_values_to_be_between", {"column": "n", "max_value": 6})],
    )
    assert not answer.success
    assert answer.exception is None
    assert answer.result["unexpected_count"] == 2
    assert answer.result["partial_unexpected_list"] == [7, 8]


def test_regular_expressions_and_like_are_evaluated(connection: duckdb.DuckDBPyConnection) -> None:
    answers = evaluate(
        connection,
        "data",
        [
            ("expect_column_values_to_match_regex", {"column": "t", "regex": r"^c\d$"}),
            ("expect_column_values_to_match_regex", {"column": "t", "regex": "^d"}),
            ("expect_column_values_to_match_like_pattern", {"column": "t", "like_pattern": "c_"}),
        ],
    )
    assert [(answer.success, answer.exception) for answer in answers] == [
        (True, None),
        (False, None),
        (True, None),
    ]


@pytest.mark.parametrize(
    "kind",
    [
        "expect_column_values_to_be_increasing",
        "expect_column_values_to_be_dateutil_parseable",
        "expect_column_values_to_be_json_parseable",
    ],
)
def test_an_answer_without_having_looked_is_not_a_failure_of_the_data(
    connection: duckdb.DuckDBPyConnection, kind: str
) -> None:
    (answer,) = evaluate(connection, "data", [(kind, {"column": "t"})])
    assert not answer.success
    assert answer.exception


def test_an_error_is_one_plain_line(
    connection: duckdb.DuckDBPyConnection, capfd: pytest.CaptureFixture[str]
) -> None:
    cases = [
        ("expect_column_values_to_not_be_null", {"column": "nothing"}),
        ("expect_column_mean_to_be_between", {"column": "t", "min_value": 0}),
        ("expect_column_values_to_be_between", {"column": "n"}),
        ("expect_something_else", {"column": "n"}),
    ]
    for answer in evaluate(connection, "data", cases):
        assert not answer.success
        assert answer.exception
        assert "\n" not in answer.exception
        assert "Traceback" not in answer.exception
        assert "SELECT" not in answer.exception
    assert capfd.readouterr() == ("", "")


def test_the_sql_and_the_page_of_sqlalchemy_are_left_out() -> None:
    error = (
        "(_duckdb.BinderException) Binder Error: no such column\n\n[SQL: SELECT 1]\n"
        "(Background on this error at: https://sqlalche.me/e/20/f405)"
    )
    assert plain(error) == "Binder Error: no such column"
    assert plain(ValueError()) == "ValueError"


def test_nothing_leaves_the_machine() -> None:
    code = """
import socket, sys
def refuse(*arguments): print("connects to", arguments[1:], flush=True); raise OSError
socket.socket.connect = refuse
socket.getaddrinfo = refuse
import duckdb
from datalab.quality.engine import evaluate
connection = duckdb.connect()
connection.execute("CREATE TABLE data AS SELECT 1 AS n")
case = ("expect_column_values_to_be_unique", {"column": "n"})
assert evaluate(connection, "data", [case])[0].success
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
