"""Whatever the values, the compiled verdict is that of Great Expectations."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datalab.quality.batch import types_of
from datalab.quality.compile import compiled
from datalab.quality.engine import evaluate
from datalab.quality.scan import scan
from datalab.quality.verdict import Verdict
from tests.quality.tables import Case

CELLS = {
    "n": st.none() | st.integers(-3, 3) | st.integers(-(2**52), 2**52),
    "x": st.none() | st.floats(width=32) | st.sampled_from([0.1, -0.0, 0.3]),
    "dec": st.none() | st.decimals(-10, 10, places=2),
    "t": st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=4),
    "d": st.none() | st.dates(datetime.date(1, 1, 1), datetime.date(9999, 12, 31)),
}
ROW = st.tuples(*CELLS.values())
MOSTLY = st.sampled_from([0, 0.5, 0.9, 1])
LIMIT = st.sampled_from([-1, 0, 0.1, 0.3, 2])


@st.composite
def suite(draw: st.DrawFn) -> list[Case]:
    low, mostly = draw(LIMIT), draw(MOSTLY)
    number = draw(st.sampled_from(["n", "x", "dec"]))
    any_of = draw(st.sampled_from(list(CELLS)))
    limits: dict[str, Any] = {
        "min_value": low,
        "max_value": low + 2,
        "strict_min": draw(st.booleans()),
    }
    moment = str(draw(st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1))))
    text = draw(st.text(st.sampled_from("ab'%_\\é ;-"), min_size=1, max_size=3))
    return [
        ("expect_column_values_to_be_between", {"column": number, "mostly": mostly, **limits}),
        ("expect_column_values_to_be_between", {"column": "d", "min_value": moment}),
        ("expect_column_values_to_not_be_null", {"column": any_of, "mostly": mostly}),
        ("expect_column_values_to_be_unique", {"column": any_of, "mostly": mostly}),
        ("expect_column_values_to_be_in_set", {"column": "t", "value_set": [text, "a"]}),
        ("expect_column_values_to_not_be_in_set", {"column": "n", "value_set": [1, 0]}),
        ("expect_column_value_lengths_to_be_between", {"column": "t", "max_value": 2}),
        ("expect_column_min_to_be_between", {"column": number, **limits}),
        ("expect_column_max_to_be_between", {"column": "d", "max_value": moment}),
        ("expect_column_median_to_be_between", {"column": "dec", **limits}),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "x", "column_B": "n"}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["n", any_of, "dec"][:2]}),
    ]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(rows=st.lists(ROW, max_size=6), cases=suite())
def test_any_table_gets_the_verdict_of_great_expectations(
    rows: list[tuple[int | None, float | None, Decimal | None, str | None, datetime.date | None]],
    cases: list[Case],
) -> None:
    cases = [case for case in cases if len(set(case[1].get("column_list", [1]))) != 0]
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE data (n BIGINT, x DOUBLE, dec DECIMAL(10,2), t VARCHAR, d DATE)"
        )
        if rows:
            connection.executemany("INSERT INTO data VALUES (?, ?, ?, ?, ?)", rows)
        types = types_of(connection, "data")
        made = [compiled(kind, arguments, '"data"', types) for kind, arguments in cases]
        ours = scan(connection, '"data"', [one for one in made if one is not None])
        theirs = evaluate(connection, "data", cases)
    for case, mine, answer in zip(cases, ours, theirs, strict=True):
        assert isinstance(mine, Verdict), (case, mine)
        assert answer.exception is None, (case, answer)
        assert mine.success == answer.success, (case, mine, answer)
