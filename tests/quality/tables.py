"""Tables and expectations that compiled and reference verdicts are compared on."""

from __future__ import annotations

from typing import Any

import duckdb

Case = tuple[str, dict[str, Any]]

SCHEMA = (
    "n BIGINT, m INTEGER, x DOUBLE, dec DECIMAL(10,2), t VARCHAR, u VARCHAR, "
    "d DATE, d2 DATE, b BOOLEAN, ts TIMESTAMP"
)
TABLES = {
    "clean": """
        SELECT i, i + 1, i * 1.5, i * 0.1, 'c' || lpad(i::VARCHAR, 3, '0'), 'K',
               DATE '2020-01-01' + i::INTEGER, DATE '2020-02-01' + i::INTEGER, i % 2 = 0,
               TIMESTAMP '2020-01-01' + to_hours(i)
        FROM range(1, 11) r(i)""",
    "dirty": """
        SELECT * FROM (VALUES
          (1, 2, 1.5, 0.10, 'c001', 'K', DATE '2020-01-02', DATE '2020-02-01', true,
           TIMESTAMP '2020-01-01 01:00'),
          (1, 1, 1.5, 0.10, 'c001', 'k', DATE '2020-01-02', DATE '2020-01-02', true,
           TIMESTAMP '2020-01-01 01:00'),
          (5, NULL, 'NaN'::DOUBLE, NULL, '', NULL, NULL, DATE '2020-01-01', NULL, NULL),
          (NULL, 3, 'inf'::DOUBLE, -1.00, 'é漢字', '%', DATE '1900-01-01', NULL, true, NULL),
          (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
          (-3, -3, NULL, 1.25, 'C001''; DROP', 'a_b', DATE '2020-01-02', DATE '2020-01-02', false,
           TIMESTAMP '1999-12-31 23:59:59'),
          (9007199254740993, 0, -0.0::DOUBLE, 99999999.99, ' c001 ', '\\', DATE '2020-12-31',
           DATE '1970-01-01', false, TIMESTAMP '2020-12-31 00:00:00'))""",
    "nan": """
        SELECT i, i, 'NaN'::DOUBLE, i * 0.3, chr(127 + i::INTEGER), '', DATE '2021-01-01',
               DATE '2021-01-01', NULL, TIMESTAMP '2021-01-01' FROM range(1, 4) r(i)""",
    "one": """
        SELECT 4, 4, 0.3, 0.30, 'c004', 'c004', DATE '2020-06-01', DATE '2020-06-01', true,
               TIMESTAMP '2020-06-01 12:00'""",
    "nulls": """
        SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM range(3)""",
    "empty": "SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE false",
}


def build(connection: duckdb.DuckDBPyConnection) -> None:
    """Create every table of :data:`TABLES`."""
    for name, rows in TABLES.items():
        connection.execute(f"CREATE TABLE {name} ({SCHEMA})")
        connection.execute(f"INSERT INTO {name} {rows}")


def _column(name: str, *arguments: dict[str, Any], **fixed: Any) -> list[Case]:
    return [(f"expect_column_{name}", {**fixed, **one}) for one in arguments]


COLUMNS = ["n", "m", "x", "dec", "t", "u", "d", "d2", "b", "ts"]
PUBLIC = 'col("u") == "K"'
NESTED = {
    "type": "or",
    "conditions": [
        {"type": "comparison", "column": {"name": "n"}, "operator": ">", "parameter": 3},
        {"type": "nullity", "column": {"name": "b"}, "is_null": True},
    ],
}

CASES: list[Case] = [
    ("expect_table_row_count_to_equal", {"value": 10}),
    ("expect_table_row_count_to_equal", {"value": 2, "row_condition": 'col("n") == 1'}),
    ("expect_table_row_count_to_be_between", {"min_value": 1, "max_value": 10}),
    ("expect_table_row_count_to_be_between", {"max_value": 10, "strict_max": True}),
    ("expect_table_column_count_to_equal", {"value": 10}),
    ("expect_table_column_count_to_equal", {"value": 9}),
    ("expect_table_column_count_to_be_between", {"min_value": 11}),
    ("expect_table_column_count_to_be_between", {"max_value": 11}),
    ("expect_table_columns_to_match_set", {"column_set": COLUMNS[::-1]}),
    ("expect_table_columns_to_match_set", {"column_set": ["n", "N"]}),
    ("expect_table_columns_to_match_set", {"column_set": ["n", "x"], "exact_match": False}),
    ("expect_table_columns_to_match_ordered_list", {"column_list": COLUMNS}),
    ("expect_table_columns_to_match_ordered_list", {"column_list": COLUMNS[::-1]}),
    *_column("to_exist", {"column": "n"}, {"column": "n", "column_index": 0}),
    *_column("to_exist", {"column": "x", "column_index": 1}, {"column": "x", "column_index": 2}),
    *[
        case
        for column in ("n", "x", "dec", "t", "d", "b")
        for case in (
            ("expect_column_values_to_not_be_null", {"column": column}),
            ("expect_column_values_to_not_be_null", {"column": column, "mostly": 0.7}),
            ("expect_column_values_to_be_null", {"column": column, "mostly": 0.2}),
            ("expect_column_values_to_be_unique", {"column": column}),
            ("expect_column_values_to_be_unique", {"column": column, "mostly": 0.6}),
            (
                "expect_column_unique_value_count_to_be_between",
                {"column": column, "min_value": 1, "max_value": 5},
            ),
            (
                "expect_column_proportion_of_unique_values_to_be_between",
                {"column": column, "min_value": 0.5, "max_value": 1},
            ),
            (
                "expect_column_proportion_of_non_null_values_to_be_between",
                {"column": column, "min_value": 0.5, "strict_min": True},
            ),
        )
    ],
    *_column("values_to_be_in_set", {"column": "n", "value_set": [1, 5, -3]}),
    *_column("values_to_be_in_set", {"column": "dec", "value_set": [0.1, 0.2, 0.3]}),
    *_column("values_to_be_in_set", {"column": "x", "value_set": [1.5, 0, 0.3], "mostly": 0.5}),
    *_column("values_to_be_in_set", {"column": "t", "value_set": ["c001", "", "C001'; DROP"]}),
    *_column("values_to_be_in_set", {"column": "d", "value_set": ["2020-01-02", "2021-01-01"]}),
    *_column("values_to_be_in_set", {"column": "b", "value_set": [True]}),
    *_column("values_to_not_be_in_set", {"column": "t", "value_set": ["c001"]}),
    *_column("values_to_not_be_in_set", {"column": "n", "value_set": [1], "mostly": 0.5}),
    *_column("values_to_not_be_in_set", {"column": "d", "value_set": ["1900-01-01"]}),
    *_column("values_to_be_between", {"min_value": 1, "max_value": 10}, column="n"),
    *_column("values_to_be_between", {"min_value": 1, "strict_min": True}, column="n"),
    *_column("values_to_be_between", {"min_value": 0.3, "max_value": 15}, column="x"),
    *_column("values_to_be_between", {"min_value": 0}, column="x", mostly=0.5),
    *_column("values_to_be_between", {"min_value": 0.1, "max_value": 1}, column="dec"),
    *_column("values_to_be_between", {"min_value": 0.3, "strict_min": True}, column="dec"),
    *_column("values_to_be_between", {"min_value": "2020-01-02"}, column="d"),
    *_column("values_to_be_between", {"max_value": "2020-12-31"}, column="ts"),
    *_column("values_to_be_between", {"min_value": "2020-01-01T01:00:00"}, column="ts"),
    *_column("values_to_be_between", {"min_value": 2, "row_condition": PUBLIC}, column="n"),
    *_column("values_to_be_between", {"min_value": 2, "row_condition": NESTED}, column="n"),
    *_column("values_to_match_regex", {"regex": r"^c\d{3}$"}, {"regex": "é"}, column="t"),
    *_column("values_to_match_regex", {"regex": "(?i)^c", "mostly": 0.5}, column="t"),
    *_column("values_to_not_match_regex", {"regex": r"\s"}, {"regex": "'"}, column="t"),
    *_column("values_to_match_regex_list", {"regex_list": ["^c", "1$"]}, column="t"),
    *_column(
        "values_to_match_regex_list",
        {"regex_list": ["^c", "1$"], "match_on": "all", "mostly": 0.1},
        column="t",
    ),
    *_column("values_to_not_match_regex_list", {"regex_list": ["^z", "^$"]}, column="t"),
    *_column("values_to_match_like_pattern", {"like_pattern": "c%"}, column="t"),
    *_column("values_to_match_like_pattern", {"like_pattern": "K"}, column="u", mostly=0.2),
    *_column("values_to_match_like_pattern", {"like_pattern": "a!_b", "escape": "!"}, column="u"),
    *_column("values_to_not_match_like_pattern", {"like_pattern": "a_b"}, column="u"),
    *_column("values_to_not_match_like_pattern", {"like_pattern": "!%", "escape": "!"}, column="u"),
    *_column("values_to_match_like_pattern_list", {"like_pattern_list": ["c%", "%1"]}, column="t"),
    *_column(
        "values_to_match_like_pattern_list",
        {"like_pattern_list": ["c%", "%1"], "match_on": "all"},
        column="t",
    ),
    *_column(
        "values_to_not_match_like_pattern_list",
        {"like_pattern_list": ["z%", "x%"]},
        {"like_pattern_list": ["z%", "c%"]},
        column="t",
    ),
    *_column("value_lengths_to_equal", {"value": 4}, {"value": 3, "mostly": 0.1}, column="t"),
    *_column("value_lengths_to_be_between", {"min_value": 1, "max_value": 4}, column="t"),
    *_column("value_lengths_to_be_between", {"min_value": 0, "strict_min": True}, column="u"),
    *[
        (f"expect_column_{function}_to_be_between", {"column": column, **limits})
        for function in ("min", "max")
        for column, limits in (
            ("n", {"min_value": 1, "max_value": 10}),
            ("x", {"min_value": 0.3, "max_value": 15}),
            ("dec", {"min_value": 0.1, "max_value": 1}),
            ("dec", {"min_value": 0.3, "max_value": 0.9}),
            ("d", {"min_value": "2020-01-02", "max_value": "2020-12-31"}),
            ("ts", {"min_value": "2020-01-01", "max_value": "2020-12-31"}),
            ("n", {"min_value": 1, "strict_min": True, "row_condition": 'col("b").notnull()'}),
        )
    ],
    *[
        (f"expect_column_{function}_to_be_between", {"column": column, **limits})
        for function in ("mean", "median", "sum", "stdev")
        for column, limits in (
            ("m", {"min_value": 0, "max_value": 65}),
            ("m", {"max_value": 6.5, "strict_max": True}),
            ("dec", {"min_value": 0.3, "max_value": 5.5}),
        )
    ],
    ("expect_column_mean_to_be_between", {"column": "x", "min_value": 0}),
    ("expect_column_sum_to_be_between", {"column": "x", "max_value": 82.5}),
    *_column(
        "quantile_values_to_be_between",
        {"quantile_ranges": {"quantiles": [0.1, 0.5], "value_ranges": [[1, 2], [None, 5]]}},
        {"quantile_ranges": {"quantiles": [0, 1], "value_ranges": [[-3, 1], [10, None]]}},
        {"quantile_ranges": {"quantiles": [0.5], "value_ranges": [[5.0002, 6]]}},
        column="n",
    ),
    *_column(
        "quantile_values_to_be_between",
        {"quantile_ranges": {"quantiles": [0.9], "value_ranges": [[0, 0.9]]}},
        column="dec",
    ),
    *[
        (f"expect_column_{kind}", {"column": column, "value_set": values})
        for kind in (
            "distinct_values_to_be_in_set",
            "distinct_values_to_contain_set",
            "distinct_values_to_equal_set",
            "most_common_value_to_be_in_set",
        )
        for column, values in (
            ("n", [1, 2, 3]),
            ("t", ["c001", "c004", "é漢字"]),
            ("b", [True, False]),
        )
    ],
    ("expect_column_distinct_values_to_be_in_set", {"column": "dec", "value_set": [0.1, 0.3]}),
    ("expect_column_distinct_values_to_contain_set", {"column": "dec", "value_set": [0.1, 0.3]}),
    ("expect_column_distinct_values_to_contain_set", {"column": "d", "value_set": ["2020-01-02"]}),
    (
        "expect_column_most_common_value_to_be_in_set",
        {"column": "t", "value_set": ["c001", "c002"], "ties_okay": True},
    ),
    *[
        (kind, {"column_A": first, "column_B": second, **extra})
        for kind, extra in (
            ("expect_column_pair_values_a_to_be_greater_than_b", {}),
            ("expect_column_pair_values_a_to_be_greater_than_b", {"or_equal": True}),
            ("expect_column_pair_values_to_be_equal", {}),
        )
        for first, second in (("m", "n"), ("d2", "d"), ("n", "x"))
        for extra in (
            extra,
            {**extra, "ignore_row_if": "either_value_is_missing"},
            {**extra, "ignore_row_if": "neither", "mostly": 0.4},
        )
    ],
    *_column(
        "pair_values_to_be_in_set",
        {"value_pairs_set": [[1, 2], [2, 3], [3, 4]]},
        {"value_pairs_set": [[1, 2], [1, 1]], "ignore_row_if": "either_value_is_missing"},
        column_A="n",
        column_B="m",
    ),
    *[
        (kind, {"column_list": columns, **extra})
        for kind, fixed in (
            ("expect_compound_columns_to_be_unique", {}),
            ("expect_select_column_values_to_be_unique_within_record", {}),
            ("expect_multicolumn_values_to_be_equal", {}),
            ("expect_multicolumn_sum_to_equal", {"sum_total": 3}),
        )
        for columns in (["n", "m"], ["n", "x", "m"])
        for extra in (
            {**fixed},
            {**fixed, "ignore_row_if": "any_value_is_missing"},
            {**fixed, "ignore_row_if": "never", "mostly": 0.3},
        )
    ],
    ("expect_compound_columns_to_be_unique", {"column_list": ["t", "d"]}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["t", "d"], "mostly": 0.5}),
    (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["t", "d"], "row_condition": 'col("n") > 1'},
    ),
    ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch} WHERE n < 0"}),
    (
        "unexpected_rows_expectation",
        {"unexpected_rows_query": "SELECT t FROM {batch} GROUP BY t HAVING count(*) > 1;"},
    ),
]

# Where the compiled verdict is another one on purpose, on the table "dirty": ours first. Great
# Expectations takes position 0 for no position, compares integers as floats beyond 2^53, and finds
# no decimal in a set of floats.
ON_PURPOSE: list[tuple[Case, bool]] = [
    (("expect_column_to_exist", {"column": "x", "column_index": 0}), False),
    (
        (
            "expect_column_values_to_be_between",
            {"column": "n", "max_value": 9007199254740992},
        ),
        False,
    ),
    (
        ("expect_column_most_common_value_to_be_in_set", {"column": "dec", "value_set": [0.1]}),
        True,
    ),
]
