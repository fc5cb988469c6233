"""Conformity: rows of a file held against a Table Schema, with what is wrong and how to mend it.

Most values are accepted by one scan in DuckDB, whose condition is never true for a value that
breaks a rule. What it does not accept is looked at in Python, each different value once
(:mod:`datalab.lake.cell`), so that the verdict is that of the reference whatever the size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import pyarrow as pa

from datalab.catalog.schema import Schema, SchemaField
from datalab.i18n import Language, translate
from datalab.lake import cell
from datalab.lake.connection import identifier, literal
from datalab.lake.quick import sure
from datalab.lake.raw import Lost, Raw, Reject

KEPT = 1000
REPEATED = "the same value as in another row: it has to be the only one"
REPEATED_KEY = "another row has the same key ({columns}): correct or remove one of them"
NO_KEY = "the key of the row ({columns}) is empty: fill it in"
NO_COLUMN = "the file lacks the column '{column}', which the schema requires: add it"
Marks = list[tuple[SchemaField, str, str, dict[str, str]]]


@dataclass(frozen=True)
class Violation:
    """One value that breaks one rule. ``row`` counts the rows of data from 1, ``line`` the lines
    of the file; ``row`` is 0 where the whole file is concerned.
    """

    row: int
    line: int
    column: str
    value: str
    reason: str
    facts: dict[str, str] = field(default_factory=dict)

    def sentence(self, language: Language) -> str:
        """Why it is one, and how to mend it."""
        return translate(self.reason, language, **self.facts)

    def as_json(self, language: Language) -> dict[str, Any]:
        told = {"row": self.row, "line": self.line, "column": self.column, "value": self.value}
        return {**told, "message": self.sentence(language)}


@dataclass(frozen=True)
class Report:
    """What became of a table held against ``schema``.

    ``faulty`` counts rows, each once; ``violations`` are the first thousand; ``counts`` has the
    number of each (column, reason); ``missing`` are required columns that are not there and
    ``unknown`` those that the schema does not know, which is no fault.
    """

    schema: str
    version: str
    rows: int
    faulty: int
    violations: list[Violation]
    counts: dict[tuple[str, str], int]
    missing: list[str]
    unknown: list[str]

    @property
    def valid(self) -> bool:
        return not self.violations

    def as_json(self, language: Language) -> dict[str, Any]:
        return {
            "schema": self.schema,
            "version": self.version,
            "valid": self.valid,
            "rows": self.rows,
            "faulty": self.faulty,
            "missing": self.missing,
            "unknown": self.unknown,
            "violations": [violation.as_json(language) for violation in self.violations],
        }


def check(
    connection: duckdb.DuckDBPyConnection, raw: Raw, schema: Schema, *, kept: int = KEPT
) -> Report:
    """Hold every row of ``raw`` (as a reader of the lake gives it) against ``schema``.

    Parameters
    ----------
    kept
        how many violations are told one by one.
    """
    held = _Held.of(connection, raw, schema)
    found = held.violations(kept)
    missing = held.missing
    first = [Violation(0, 1, name, "", NO_COLUMN, {"column": name}) for name in missing]
    return Report(
        schema.name,
        schema.version,
        held.rows,
        held.faulty,
        first + found,
        held.counts,
        missing,
        [name for name in raw.types if name not in {f.name for f in schema.fields}],
    )


def conforming(raw: Raw, schema: Schema, connection: duckdb.DuckDBPyConnection) -> Raw:
    """``raw`` without the rows that break a rule of ``schema``: those are lost, and it says why."""
    held = _Held.of(connection, raw, schema)
    found = held.violations(KEPT)
    if not held.faulty:
        return replace(raw, relation="held")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE conforming AS "
        "SELECT row_number() OVER (ORDER BY __row) - 1 AS __place, * FROM held "
        "WHERE __row NOT IN (SELECT __row FROM faulty) ORDER BY __row"
    )

    def lines(positions: Sequence[int]) -> list[int]:
        rows = dict(
            connection.execute(
                "SELECT __place, __row FROM conforming "
                "WHERE __place IN (SELECT unnest(?::BIGINT[]))",
                [list(positions)],
            ).fetchall()
        )
        return raw.lines([rows[position] for position in positions])

    def lost() -> Lost:
        before = raw.lost()
        rejects = [Reject(v.line, v.column, v.value, v.reason, v.facts) for v in found]
        return Lost(before.rows + held.faulty, [*before.rejects, *rejects])

    return replace(raw, relation="conforming", lines=lines, lost=lost)


@dataclass
class _Held:
    """A table of the connection with its rows numbered, and the table ``faulty`` beside it."""

    connection: duckdb.DuckDBPyConnection
    raw: Raw
    schema: Schema
    rows: int = 0
    faulty: int = 0
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, raw: Raw, schema: Schema) -> _Held:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE held AS "  # noqa: S608
            f"SELECT row_number() OVER () - 1 AS __row, * FROM {raw.relation}"
        )
        connection.execute("CREATE OR REPLACE TEMP TABLE faulty(__row BIGINT, rule INTEGER)")
        held = cls(connection, raw, schema)
        held.rows = held._number("SELECT count(*) FROM held")
        held.marks = held._mark()
        held.faulty = held._number("SELECT count(DISTINCT __row) FROM faulty")
        return held

    def __post_init__(self) -> None:
        self.marks: Marks = []

    @property
    def fields(self) -> list[SchemaField]:
        """Those that the file has."""
        return [field for field in self.schema.fields if field.name in self.raw.types]

    @property
    def missing(self) -> list[str]:
        return [
            field.name
            for field in self.schema.fields
            if field.constraints.required and field.name not in self.raw.types
        ]

    def violations(self, kept: int) -> list[Violation]:
        """The first ``kept``, in the order of the file."""
        counted = "SELECT rule, count(*) FROM faulty GROUP BY rule ORDER BY rule"
        for rule, number in self.connection.execute(counted).fetchall():
            about, _, reason, _ = self.marks[rule]
            key = (about.name, reason)
            self.counts[key] = self.counts.get(key, 0) + number
        rows = self.connection.execute(
            "SELECT __row, rule FROM faulty ORDER BY __row, rule LIMIT ?", [kept]
        ).fetchall()
        lines = self.raw.lines([row for row, _ in rows])
        return [
            Violation(row + 1, line, *self._told(row, rule))
            for line, (row, rule) in zip(lines, rows, strict=True)
        ]

    def _told(self, row: int, rule: int) -> tuple[str, str, str, dict[str, str]]:
        about, column, reason, facts = self.marks[rule]
        value = self.connection.execute(
            f"SELECT {column} FROM held WHERE __row = ?",  # noqa: S608
            [row],
        ).fetchone()
        return (
            about.name,
            str(value[0])[:200] if value and value[0] is not None else "",
            reason,
            facts,
        )

    def _mark(self) -> Marks:
        marks: Marks = []

        def rule(about: SchemaField, reason: str, facts: dict[str, str], where: str) -> None:
            text = f"{identifier(about.name)}::VARCHAR"
            if (about, text, reason, facts) not in marks:
                marks.append((about, text, reason, facts))
            number = marks.index((about, text, reason, facts))
            self.connection.execute(
                f"INSERT INTO faulty SELECT __row, {number} FROM held WHERE {where}"  # noqa: S608
            )

        for about, (empty_, doubtful) in zip(self.fields, self._suspects(), strict=True):
            text, absent = f"{identifier(about.name)}::VARCHAR", self._absent(about)
            if about.constraints.required and empty_:
                rule(about, cell.REQUIRED, {}, absent)
            wrong = self._wrong(about, text, self._doubt(about)) if doubtful else {}
            for (reason, said), values in wrong.items():
                table = pa.table({"value": pa.array(values, pa.string())})
                self.connection.register("wrong", table)
                rule(about, reason, dict(said), f"NOT ({absent}) AND {text} IN (FROM wrong)")
                self.connection.unregister("wrong")
            if about.constraints.unique:
                rule(about, REPEATED, {}, self._again([about]))
        keys = [field for field in self.fields if field.name in self.schema.primary_key]
        if keys and len(keys) == len(self.schema.primary_key):
            facts = {"columns": ", ".join(self.schema.primary_key)}
            empty = " AND ".join(f"({self._absent(key)})" for key in keys)
            rule(keys[0], NO_KEY, facts, empty)
            rule(keys[0], REPEATED_KEY, facts, f"NOT ({empty}) AND {self._again(keys)}")
        return marks

    def _suspects(self) -> list[tuple[int, int]]:
        """In one scan: how many values of each field are missing, and how many have to be looked
        at one by one.
        """
        if not self.fields:
            return []
        asked = ", ".join(
            f"count(*) FILTER ({condition})"
            for about in self.fields
            for condition in (self._absent(about), self._doubt(about))
        )
        counts = self.connection.execute(f"SELECT {asked} FROM held").fetchone() or ()  # noqa: S608
        return list(zip(counts[::2], counts[1::2], strict=True))

    def _doubt(self, about: SchemaField) -> str:
        text = f"{identifier(about.name)}::VARCHAR"
        quick = sure(about, text, self.connection)
        return f"NOT ({self._absent(about)}) AND NOT coalesce({quick}, false)"

    def _wrong(
        self, about: SchemaField, text: str, doubt: str
    ) -> dict[tuple[str, tuple[tuple[str, str], ...]], list[str]]:
        """The different values that break a rule, by the rule and its facts."""
        doubtful = self.connection.execute(
            f"SELECT DISTINCT {text} FROM held WHERE {doubt}"  # noqa: S608
        )
        found: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
        for value in _values(doubtful):
            for reason, facts in cell.faults(about, value):
                found.setdefault((reason, tuple(facts.items())), []).append(value)
        return found

    def _absent(self, about: SchemaField) -> str:
        text = f"{identifier(about.name)}::VARCHAR"
        words = ", ".join(literal(value) for value in self.schema.missing_values)
        return f"{text} IS NULL OR {text} IN ({words})" if words else f"{text} IS NULL"

    def _again(self, keys: list[SchemaField]) -> str:
        """Rows whose key was in an earlier row."""
        columns = ", ".join(f"{identifier(key.name)}::VARCHAR" for key in keys)
        present = " AND ".join(f"NOT ({self._absent(key)})" for key in keys[:1])
        return (
            f"{present} AND __row NOT IN (SELECT min(__row) FROM held WHERE {present} "  # noqa: S608
            f"GROUP BY {columns})"
        )

    def _number(self, query: str) -> int:
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0


def _values(result: duckdb.DuckDBPyConnection) -> Iterator[str]:
    while batch := result.fetchmany(10_000):
        for (value,) in batch:
            yield value
