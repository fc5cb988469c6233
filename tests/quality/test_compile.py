"""A compiled verdict is the verdict of Great Expectations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from datalab.catalog.expectations import VOCABULARY
from datalab.quality.batch import types_of
from datalab.quality.compile import compiled
from datalab.quality.engine import Answer, evaluate
from datalab.quality.scan import scan
from datalab.quality.subject import Compiled
from datalab.quality.verdict import Verdict
from tests.quality.tables import CASES, ON_PURPOSE, TABLES, Case, build


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        build(connection)
        yield connection


def ours(connection: duckdb.DuckDBPyConnection, table: str, cases: list[Case]) -> list[Any]:
    types = types_of(connection, table)
    suite = [compiled(kind, given, f'"{table}"', types) for kind, given in cases]
    assert all(isinstance(one, Compiled) for one in suite)
    return scan(connection, f'"{table}"', [one for one in suite if one is not None])


def told(case: Case, mine: Verdict | str, theirs: Answer) -> str:
    return f"{case}\n    compiled: {mine}\n    Great Expectations: {theirs}"


def disagree(mine: Verdict | str, theirs: Answer) -> bool:
    if isinstance(mine, str) or theirs.exception is not None:
        return not (isinstance(mine, str) and theirs.exception is not None)
    if mine.success != theirs.success:
        return True
    for key in ("element_count", "unexpected_count", "unexpected_percent"):
        expected = theirs.result.get(key)
        found = getattr(mine, key)
        if expected is not None and found is not None and expected != pytest.approx(found):
            # The number of distinct values outside a set, where ours is the number of rows.
            if "partial_unexpected_list" in theirs.result and "element_count" not in theirs.result:
                continue
            return True
    return False


@pytest.mark.parametrize("table", TABLES)
def test_compiled_verdicts_are_those_of_great_expectations(
    connection: duckdb.DuckDBPyConnection, table: str
) -> None:
    mine = ours(connection, table, CASES)
    theirs = evaluate(connection, table, CASES)
    wrong = [
        told(case, one, other)
        for case, one, other in zip(CASES, mine, theirs, strict=True)
        if disagree(one, other)
    ]
    assert not wrong, "\n".join(wrong)


def test_it_differs_on_purpose_where_great_expectations_is_wrong(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """When a new version of Great Expectations mends one of these, this test says so."""
    cases = [case for case, _ in ON_PURPOSE]
    mine = [outcome.success for outcome in ours(connection, "dirty", cases)]
    theirs = [answer.success for answer in evaluate(connection, "dirty", cases)]
    assert mine == [expected for _, expected in ON_PURPOSE]
    assert theirs == [not expected for _, expected in ON_PURPOSE]


def test_every_type_of_the_vocabulary_is_compared() -> None:
    assert {kind for kind, _ in CASES} == set(VOCABULARY)


def test_every_type_both_holds_and_fails_somewhere(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """A comparison in which nothing ever fails, or holds, would prove nothing."""
    seen: dict[str, set[bool]] = {}
    for table in TABLES:
        for (kind, _), outcome in zip(CASES, ours(connection, table, CASES), strict=True):
            if isinstance(outcome, Verdict):
                seen.setdefault(kind, set()).add(outcome.success)
    assert {kind: answers for kind, answers in seen.items() if len(answers) < 2} == {}
