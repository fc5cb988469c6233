"""Two snapshots compared by DuckDB say what pandas says, whatever is in them."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datalab.lake.connection import connect
from datalab.lake.diff import Change, Comparison, Side, changes, compare, counts

CELLS: dict[str, tuple[str, pa.DataType, st.SearchStrategy[Any]]] = {
    "n": ("integer", pa.int32(), st.integers(-3, 3)),
    "x": ("double", pa.float64(), st.sampled_from([0.0, 0.1, -1e300, math.nan, math.inf])),
    "t": ("varchar", pa.string(), st.sampled_from(["", "a", "A", "é", "e\u0301", "'; --", "a\nb"])),
    "d": ("date", pa.date32(), st.dates(date(2026, 1, 1), date(2026, 1, 3))),
    "f": ("boolean", pa.bool_(), st.booleans()),
}
Row = dict[str, Any]


def rows(unique: bool) -> st.SearchStrategy[list[Row]]:
    """Tables whose column ``k there`` tells rows apart, or does not."""
    row = st.fixed_dictionaries(
        {
            "k there": st.none() | st.integers(0, 12),
            **{name: st.none() | cell for name, (_, _, cell) in CELLS.items()},
        }
    )
    if unique:
        return st.lists(row, max_size=12, unique_by=lambda one: one["k there"])
    return st.lists(row, max_size=10)


def side(connection: duckdb.DuckDBPyConnection, name: str, table: list[Row], number: int) -> Side:
    schema = pa.schema(
        [("k there", pa.int64()), *((n, type_) for n, (_, type_, _) in CELLS.items())]
    )
    connection.register(f"arrow_{name}", pa.Table.from_pylist(table, schema))
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM arrow_{name}")
    types = {"k there": "bigint", **{n: type_ for n, (type_, _, _) in CELLS.items()}}
    return Side(name, types, number)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return connect(threads=1)


def compared(
    connection: duckdb.DuckDBPyConnection, old: list[Row], new: list[Row], key: list[str]
) -> Comparison:
    return compare(
        connection, side(connection, "old", old, 1), side(connection, "new", new, 2), key
    )


def same(one: Any, other: Any) -> bool:
    """Equal as SQL's IS NOT DISTINCT FROM, where NaN is NaN."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return one is other or (one == other and type(one) is type(other))


def words(row: Any) -> tuple[Any, ...]:
    """A row that counts: NaN is not equal to itself in Python."""
    values = [row["k there"], *(row[name] for name in CELLS)]
    return tuple("NaN" if isinstance(v, float) and math.isnan(v) else v for v in values)


EASY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@EASY
@given(old=rows(unique=True), new=rows(unique=True))
def test_by_key_it_says_what_pandas_says(
    connection: duckdb.DuckDBPyConnection, old: list[Row], new: list[Row]
) -> None:
    comparison = compared(connection, old, new, ["k there"])
    assert comparison.by == "key"
    found = list(changes(connection, comparison))
    # The oracle: an outer merge in pandas, cells compared one by one in Python.
    keys = [pd.DataFrame({"k": [str(r["k there"]) for r in table]}, dtype=object)
            for table in (old, new)]  # fmt: skip
    merged = keys[0].merge(keys[1], on="k", how="outer", indicator=True)
    before = {str(row["k there"]): row for row in old}
    after = {str(row["k there"]): row for row in new}
    expected: dict[str, set[str]] = {"added": set(), "removed": set(), "changed": set()}
    cells: Counter[str] = Counter()
    for k, where in zip(merged["k"], merged["_merge"], strict=True):
        if where != "both":
            expected["added" if where == "right_only" else "removed"].add(k)
            continue
        differing = [n for n in CELLS if not same(before[k][n], after[k][n])]
        cells.update(differing)
        if differing:
            expected["changed"].add(k)
    told = {kind: {str(c.key["k there"]) for c in found if c.kind == kind} for kind in expected}
    assert told == expected
    numbers = counts(connection, comparison)
    assert (numbers.added, numbers.removed, numbers.changed) == tuple(map(len, expected.values()))
    assert dict(numbers.cells) == dict(cells)
    assert numbers.same == len(set(before) & set(after)) - len(expected["changed"])
    for change in found:
        if change.kind == "changed":
            assert change.before is not None
            assert change.after is not None
            key = str(change.key["k there"])
            assert all(same(change.before[n], before[key][n]) for n in CELLS)
            assert all(same(change.after[n], after[key][n]) for n in CELLS)
            assert set(change.changed) == {
                n for n in CELLS if not same(before[key][n], after[key][n])
            }


@EASY
@given(old=rows(unique=False), new=rows(unique=False))
def test_without_a_key_whole_rows_are_counted(
    connection: duckdb.DuckDBPyConnection, old: list[Row], new: list[Row]
) -> None:
    comparison = compared(connection, old, new, [])
    assert comparison.by == "row"
    assert comparison.reason is not None
    had = Counter(map(words, old))
    has = Counter(map(words, new))

    def listed(kind: str) -> Counter[Any]:
        found: Counter[Any] = Counter()
        for change in changes(connection, comparison):
            values = change.after if change.kind == "added" else change.before
            if change.kind == kind and values is not None:
                found[words(values)] += change.times
        return found

    assert listed("added") == has - had
    assert listed("removed") == had - has
    numbers = counts(connection, comparison)
    assert (numbers.added, numbers.removed) == ((has - had).total(), (had - has).total())
    assert numbers.same == (had & has).total()


def test_a_page_of_it_is_a_piece_of_the_whole(connection: duckdb.DuckDBPyConnection) -> None:
    def table(count: int, step: int) -> list[Row]:
        blank: Row = dict.fromkeys(CELLS)
        return [{"k there": k, **blank, "n": k % step} for k in range(count)]

    comparison = compared(connection, table(50, 7), table(40, 5), ["k there"])
    whole = list(changes(connection, comparison))
    pieces: list[Change] = []
    for offset in range(0, len(whole) + 9, 9):
        pieces += changes(connection, comparison, limit=9, offset=offset)
    assert pieces == whole
    only = list(changes(connection, comparison, kinds=("removed",)))
    assert only == [change for change in whole if change.kind == "removed"]
    assert len(only) == 10


def test_a_key_that_tells_no_rows_apart_is_not_used(connection: duckdb.DuckDBPyConnection) -> None:
    blank: Row = dict.fromkeys(CELLS)
    twice = [{"k there": 1, **blank}, {"k there": 1, **blank}]
    comparison = compared(connection, twice, twice[:1], ["k there"])
    assert comparison.by == "row"
    assert "1" in str(comparison.reason)
    assert counts(connection, comparison).removed == 1


def test_other_types_columns_and_shapes_are_compared_as_far_as_they_go(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute(
        "CREATE OR REPLACE TABLE was AS SELECT 1 AS id, 10::INTEGER AS wide, '5' AS said, "
        "1 AS gone, ST_Point(5, 47) AS place UNION ALL SELECT 2, 20, '7', 1, ST_Point(5, 47)"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE is_now AS SELECT 1 AS id, 10::BIGINT AS wide, 5 AS said, "
        "'x' AS new, ST_Point(5, 47) AS place UNION ALL SELECT 2, 20, 7, 'y', ST_Point(5, 48)"
    )
    old = {"id": "integer", "wide": "integer", "said": "varchar", "gone": "integer",
           "place": "geometry"}  # fmt: skip
    new = {"id": "integer", "wide": "bigint", "said": "integer", "new": "varchar",
           "place": "geometry"}  # fmt: skip
    comparison = compare(connection, Side("was", old, 1), Side("is_now", new, 2), ["id"])
    assert comparison.columns == ("id", "wide", "said", "place")
    (change,) = changes(connection, comparison)
    assert change.changed == ("place",)
    assert change.after is not None
    assert "48" in change.after["place"]
    assert change.after["new"] == "y"
    by_row = compare(connection, Side("was", old, 1), Side("is_now", new, 2), [])
    assert {c.kind for c in changes(connection, by_row)} == {"removed", "added"}


def test_tables_with_nothing_in_common_are_counted(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE OR REPLACE TABLE l AS SELECT 1 AS a")
    connection.execute("CREATE OR REPLACE TABLE r AS SELECT 1 AS b UNION ALL SELECT 2")
    comparison = compare(
        connection, Side("l", {"a": "integer"}, 1), Side("r", {"b": "integer"}, 2), ["a"]
    )
    numbers = counts(connection, comparison)
    assert (numbers.removed, numbers.added) == (1, 2)
    assert list(changes(connection, comparison)) == []
