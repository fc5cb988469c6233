"""Proof that no key repeats, for keys of whole numbers and moments that fill their range.

A household and a half-hour, an INSEE code as a number, a day: such keys are dense. Numbered within
their range they are positions in a bit string, and as many bits are set as there are distinct
keys. Over 42 million rows this takes a sixth of the time and a twentieth of the memory of grouping
by the key, which stays the way to count what does repeat.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from datalab.quality.literal import name
from datalab.quality.subject import Compiled

# Below this grouping takes no time worth saving.
WORTHWHILE = 200_000
# DuckDB's bitstring_agg refuses more; each thread holds one string, 125 MB at most.
LARGEST = 1_000_000_000
# Bits per row: beyond this the keys are too sparse for the bits to pay.
SPARSEST = 64

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
MOMENTS = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
# Rows from which the step of a column is guessed; the scan that sets the bits checks the guess.
SAMPLE = 2_048


@dataclass(frozen=True)
class _Key:
    """One column of the key as whole numbers: ``lowest + step * (0 … size - 1)``."""

    expression: str
    lowest: int
    step: int
    size: int


def proven(connection: duckdb.DuckDBPyConnection, table: str, one: Compiled, rows: int) -> bool:
    """Whether it is certain that no key of ``one`` repeats; False where it is not, or unknown.

    ``rows`` of ``table`` are considered; ``table`` is quoted SQL.
    """
    if rows < WORTHWHILE or not all(_dense(held) for held in one.repeated.values()):
        return False
    condition = f"({one.domain}) AND ({one.failing})"
    try:
        return _all_apart(connection, table, one, condition)
    except duckdb.Error:
        # Numbers at the ends of their type overflow, for example. Grouping copes with them.
        return False


def _all_apart(
    connection: duckdb.DuckDBPyConnection, table: str, one: Compiled, condition: str
) -> bool:
    complete, keys = _profile(connection, table, one, condition)
    size = math.prod(key.size for key in keys)
    if complete <= 1:
        return True
    if complete > size or size > min(LARGEST, SPARSEST * complete):
        return False
    uneven = " OR ".join(
        f"({key.expression} - {key.lowest}) % {key.step} <> 0" for key in keys if key.step > 1
    )
    found = connection.execute(
        f"SELECT bit_count(bitstring_agg({_position(keys)}, 0::BIGINT, {size - 1}::BIGINT)), "  # noqa: S608
        f"count(*) FILTER (WHERE {uneven or 'FALSE'}) FROM {table} WHERE {condition}"
    ).fetchone()
    return found == (complete, 0)


def _dense(held: str) -> bool:
    return held in WHOLE or held in MOMENTS or held == "DATE"


def _number(column: str, held: str) -> str:
    """A column as a BIGINT: itself, days or microseconds since 1970."""
    if held == "DATE":
        return f"CAST({name(column)} - DATE '1970-01-01' AS BIGINT)"
    if held in MOMENTS:
        return f"epoch_us({name(column)})"
    return f"CAST({name(column)} AS BIGINT)"


def _profile(
    connection: duckdb.DuckDBPyConnection, table: str, one: Compiled, condition: str
) -> tuple[int, Sequence[_Key]]:
    """Rows with a complete key; the range and the probable step of each of its columns."""
    numbers = [_number(column, held) for column, held in one.repeated.items()]
    limits = ", ".join(f"min({number}), max({number})" for number in numbers)
    row = connection.execute(
        f"SELECT count(*), {limits} FROM {table} WHERE {condition}"  # noqa: S608
    ).fetchone()
    if not row or not row[0]:
        return 0, []
    sample = connection.execute(
        f"SELECT {', '.join(numbers)} FROM {table} WHERE {condition} LIMIT {SAMPLE}"  # noqa: S608
    ).fetchall()
    if any(value is None for seen in (row, *sample) for value in seen):
        # Infinite moments have no number.
        return row[0], []
    keys = []
    for place, number in enumerate(numbers):
        lowest, highest = row[1 + 2 * place], row[2 + 2 * place]
        # A sample of one value says nothing of the step.
        apart = math.gcd(*(seen[place] - lowest for seen in sample))
        step = math.gcd(highest - lowest, apart) if apart else 1
        keys.append(_Key(number, lowest, step, (highest - lowest) // step + 1))
    return row[0], keys


def _position(keys: Sequence[_Key]) -> str:
    """The number of a key among all keys of the range, from 0."""
    position = "0::BIGINT"
    for key in keys:
        place = f"({key.expression} - {key.lowest})"
        if key.step > 1:
            place += f" // {key.step}"
        position = f"({position} * {key.size} + {place})"
    return position
