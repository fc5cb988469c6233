"""Running a compiled suite: one scan for all fragments, and the queries that stand alone."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from datalab.quality.beside import Unchecked
from datalab.quality.engine import plain
from datalab.quality.subject import Compiled
from datalab.quality.unique import proven
from datalab.quality.verdict import Row, Verdict

Outcome = Verdict | Unchecked | str
"""A verdict, or that there is nothing to compare with, or in one plain line why it broke."""


def scan(
    connection: duckdb.DuckDBPyConnection, table: str, suite: Sequence[Compiled]
) -> list[Outcome]:
    """The outcome of each expectation, in order.

    One expectation that DuckDB cannot evaluate does not take the others with it: where the shared
    scan fails, each is evaluated alone and the ones at fault say why.
    """
    try:
        shared = _fragments(connection, table, suite)
    except duckdb.Error:
        return [_alone(connection, table, one) for one in suite]
    return [_outcome(connection, table, one, row) for one, row in zip(suite, shared, strict=True)]


def _fragments(
    connection: duckdb.DuckDBPyConnection, table: str, suite: Sequence[Compiled]
) -> list[Row]:
    """The values of each expectation's fragments; what several share is computed once."""
    distinct = list(dict.fromkeys(fragment for one in suite for fragment in one.fragments))
    if not distinct:
        return [() for _ in suite]
    row = connection.execute(f"SELECT {', '.join(distinct)} FROM {table}").fetchone()  # noqa: S608
    values = dict(zip(distinct, row or (), strict=True))
    return [tuple(values[fragment] for fragment in one.fragments) for one in suite]


def _alone(connection: duckdb.DuckDBPyConnection, table: str, one: Compiled) -> Outcome:
    try:
        (row,) = _fragments(connection, table, [one])
    except duckdb.Error as error:
        return plain(error)
    return _outcome(connection, table, one, row)


def _outcome(connection: duckdb.DuckDBPyConnection, table: str, one: Compiled, row: Row) -> Outcome:
    try:
        if one.repeated and proven(connection, table, one, int(row[0] or 0)):
            return one.judge((*row, 0))
        if one.query is not None:
            row = (*row, *(connection.execute(one.query).fetchone() or ()))
        return one.judge(row)
    except Unchecked as reason:
        return reason
    except (duckdb.Error, ArithmeticError, TypeError, ValueError) as error:
        return plain(error)
