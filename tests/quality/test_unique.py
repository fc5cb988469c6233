"""Dense keys are proven unique without grouping, and never wrongly."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from datalab.quality import unique
from datalab.quality.batch import types_of
from datalab.quality.compile import compiled
from datalab.quality.scan import scan
from datalab.quality.subject import Compiled
from datalab.quality.verdict import Verdict

READINGS = """
CREATE TABLE readings AS SELECT (1 + i // 480)::INTEGER AS household,
  TIMESTAMP '2023-01-01' + to_minutes(30 * (i % 480)) AS read_at,
  DATE '2020-01-01' + (i % 480)::INTEGER AS day,
  i * 10 AS number, hash(i)::VARCHAR AS text, (hash(i) >> 1)::BIGINT AS sparse
FROM range(4800) r(i)"""


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    """Small tables, for which the proof is otherwise not worth its while."""
    monkeypatch.setattr(unique, "WORTHWHILE", 1)
    with duckdb.connect() as connection:
        connection.execute(READINGS)
        yield connection


def key(connection: duckdb.DuckDBPyConnection, *columns: str, **more: object) -> Compiled:
    found = compiled(
        "expect_compound_columns_to_be_unique",
        {"column_list": list(columns), **more},
        '"readings"',
        types_of(connection, "readings"),
    )
    assert found is not None
    return found


def proven(connection: duckdb.DuckDBPyConnection, *columns: str, **more: object) -> bool:
    return unique.proven(connection, '"readings"', key(connection, *columns, **more), 4800)


def judged(connection: duckdb.DuckDBPyConnection, *columns: str, **more: object) -> Verdict:
    (found,) = scan(connection, '"readings"', [key(connection, *columns, **more)])
    assert isinstance(found, Verdict)
    return found


@pytest.mark.parametrize(
    "columns",
    [("household", "read_at"), ("read_at", "household"), ("day", "household")],
)
def test_a_dense_key_is_proven(
    connection: duckdb.DuckDBPyConnection, columns: tuple[str, ...]
) -> None:
    assert proven(connection, *columns)
    assert judged(connection, *columns).success


@pytest.mark.parametrize(
    "columns", [("text", "read_at"), ("sparse", "household"), ("number", "day")]
)
def test_text_and_sparse_keys_are_grouped(
    connection: duckdb.DuckDBPyConnection, columns: tuple[str, ...]
) -> None:
    assert not proven(connection, *columns)
    assert judged(connection, *columns).success


def test_one_repetition_in_thousands_is_found(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "UPDATE readings SET read_at = read_at + INTERVAL 30 MINUTE WHERE rowid = 4321"
    )
    assert not proven(connection, "household", "read_at")
    verdict = judged(connection, "household", "read_at")
    assert (verdict.success, verdict.unexpected_count) == (False, 2)


def test_a_reading_between_two_steps_is_not_taken_for_its_neighbour(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """The step is guessed from a sample, and this row lies outside the sample."""
    connection.execute(
        "UPDATE readings SET read_at = read_at + INTERVAL 1 MICROSECOND WHERE rowid = 4799"
    )
    assert not proven(connection, "household", "read_at")
    assert judged(connection, "household", "read_at").success


def test_keys_with_a_null_neither_repeat_nor_count(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("UPDATE readings SET household = NULL WHERE rowid % 7 = 0")
    assert proven(connection, "household", "read_at")
    connection.execute("UPDATE readings SET household = NULL")
    assert proven(connection, "household", "read_at")
    assert judged(connection, "household", "read_at").success


def test_a_row_condition_limits_the_proof(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "UPDATE readings SET household = 1, read_at = '2023-01-01' WHERE number = 7770"
    )
    assert not proven(connection, "household", "read_at")
    assert proven(connection, "household", "read_at", row_condition='col("number") < 7000')


def test_extreme_and_infinite_values_are_grouped(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("UPDATE readings SET read_at = 'infinity' WHERE rowid = 3")
    connection.execute("UPDATE readings SET number = -9223372036854775808 WHERE rowid = 3")
    connection.execute("UPDATE readings SET number = 9223372036854775807 WHERE rowid = 4")
    for columns in (("household", "read_at"), ("number", "household")):
        assert not proven(connection, *columns)
        assert judged(connection, *columns).success
