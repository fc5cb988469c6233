"""From a flag to a test: expectations that fit what was flagged, tried on what is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from pydantic import ValidationError

from datalab.catalog.beyond_sentences import observed_in_words
from datalab.catalog.dataset import Column, Dataset, Expectation
from datalab.catalog.expectations import problems_of
from datalab.catalog.units import UNITS
from datalab.catalog.validation import ExpectationResult
from datalab.catalog.words import in_words, row_in_words
from datalab.errors import FlagRefused
from datalab.i18n import Language, Phrase
from datalab.lake.connection import identifier
from datalab.lake.index import Entry
from datalab.lake.neighbours import let_stand
from datalab.lake.reader import open_lakes
from datalab.participation.flag import Flag
from datalab.portal.language import now
from datalab.recheck import tried

NUMBERS = ("smallint", "integer", "bigint", "double", "decimal")
DAYS = ("date", "timestamp", "timestamptz")
SHOWN = 5  # rows that would fail
LIMITS = ("min_value", "max_value")
INFINITE = float("inf")


@dataclass(frozen=True)
class Suggestion:
    """A test that could be made. ``limits`` are those that the steward may change; ``outcome`` is
    held, broken, warning, unchecked or unknown, on what is published now."""

    number: int
    words: str
    type: str
    limits: dict[str, Any]
    outcome: str
    rows: int | None
    observed: str | None
    examples: list[str]


def drafts(lake: Path, entry: Entry, flag: Flag) -> list[dict[str, Any]]:
    """Expectations as written, the likeliest first."""
    dataset = Dataset.from_json(entry.dataset)
    column = dataset.columns.get(flag.column)
    if column is None:
        rows = int((entry.good or {}).get("rows") or 0)
        found: list[dict[str, Any]] = [
            {"type": "expect_table_row_count_to_be_close_to_previous", "max_change": 0.2},
            {"type": "expect_table_row_count_to_be_between", "min_value": 1, "max_value": rows * 2},
        ]
        if dataset.key:
            found.append(
                {"type": "expect_compound_columns_to_be_unique", "column_list": list(dataset.key)}
            )
        return found
    return _of_column(lake, entry, flag, column)


def _of_column(lake: Path, entry: Entry, flag: Flag, column: Column) -> list[dict[str, Any]]:
    about = {"column": flag.column}
    found: list[dict[str, Any]] = []
    if column.type.startswith(NUMBERS) or column.type in DAYS:
        low, high = _limits(lake, entry, flag)
        if low is not None:
            limits = {"min_value": low, "max_value": high}
            found.append({"type": "expect_column_values_to_be_between", **about, **limits})
    if column.unit in UNITS and column.type.startswith(NUMBERS):
        found.append({"type": "expect_column_values_to_be_plausible_for_unit", **about})
    if column.values and column.type == "varchar":
        values = {"value_set": list(column.values)}
        found.append({"type": "expect_column_values_to_be_in_set", **about, **values})
    if column.type == "geometry":
        found.append({"type": "expect_column_values_to_be_valid_geometries", **about})
    found.append({"type": "expect_column_values_to_not_be_null", **about})
    if column.type != "geometry":
        found.append({"type": "expect_column_values_to_be_unique", **about})
    return found


def _limits(lake: Path, entry: Entry, flag: Flag) -> tuple[Any, Any]:
    """Smallest and largest value of the column in the rows that were not flagged."""
    kept = [name for name in flag.row if name in entry.dataset["columns"]]
    others = " OR ".join(f"{identifier(name)}::VARCHAR IS DISTINCT FROM ?" for name in kept)
    try:
        with open_lakes(lake, threads=2, memory_limit="1GB") as connection:
            let_stand(connection, entry)
            row = connection.execute(
                f"SELECT min({identifier(flag.column)}), max({identifier(flag.column)}) "  # noqa: S608
                f"FROM data WHERE {others or 'TRUE'}",
                [str(flag.row[name]) for name in kept],
            ).fetchone()
    except duckdb.Error:
        return None, None
    found = [_plain(value) for value in row or (None, None)]
    if any(value is None or value != value or value in (INFINITE, -INFINITE) for value in found):
        return None, None
    return found[0], found[1]


def _plain(value: Any) -> Any:
    if value is None:
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if isinstance(value, int) else float(value)


def chosen(drafted: list[dict[str, Any]], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The expectation that a form asks for: one of those drafted, its limits as typed.

    Raises
    ------
    FlagRefused
    """
    number = str(fields.get("test") or "")
    if not (number.isascii() and number.isdecimal()) or int(number[:3]) >= len(drafted):
        raise FlagRefused(field="test", reason=Phrase("choose one of the tests"))
    found = dict(drafted[int(number)])
    for name in LIMITS:
        if name not in found:
            continue
        typed = str(fields.get(f"{name}-{number}") or "").strip()
        if not typed:
            del found[name]
            continue
        found[name] = _limit(typed, found[name])
    severity = str(fields.get("severity") or "warning")
    if severity not in ("warning", "error"):
        raise FlagRefused(field="severity", reason=Phrase("choose one of the two"))
    return {**found, "severity": severity}


def _limit(typed: str, drafted: Any) -> Any:
    """A limit as typed, of the kind of the one that was drafted."""
    if isinstance(drafted, str):
        return typed[:40]
    number = typed.replace("\u202f", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
    try:
        return int(number) if number.lstrip("-").isdecimal() else float(number)
    except ValueError:
        raise FlagRefused(field="test", reason=Phrase("a limit is a number")) from None


def checked(entry: Entry, written: Mapping[str, Any]) -> Expectation:
    """An expectation that lint lets pass.

    Raises
    ------
    FlagRefused
    """
    dataset = Dataset.from_json(entry.dataset)
    try:
        expectation = Expectation.model_validate(dict(written))
    except ValidationError:
        raise FlagRefused(field="test", reason=Phrase("choose one of the tests")) from None
    if problems := problems_of(expectation, dataset.columns):
        raise FlagRefused(field="test", reason=problems[0][1])
    return expectation


def suggestions(
    lake: Path, entry: Entry, written: list[dict[str, Any]], language: Language
) -> list[Suggestion]:
    """Each expectation with what would become of it now. Nothing is written down."""
    dataset = Dataset.from_json(entry.dataset)
    expectations = [Expectation.model_validate(one) for one in written]
    results: list[ExpectationResult | None] = [None] * len(written)
    if entry.good is not None:
        results = [*tried(lake, entry, expectations, now())]
    return [
        Suggestion(
            number=number,
            words=in_words(expectation, dataset, language),
            type=expectation.type,
            limits={
                name: expectation.arguments[name]
                for name in LIMITS
                if name in expectation.arguments
            },
            outcome=result.outcome if result else "unknown",
            rows=result.unexpected_count if result else None,
            observed=observed_in_words(result.observed_value, language) if result else None,
            examples=[row_in_words(row, language) for row in result.examples[:SHOWN]]
            if result
            else [],
        )
        for number, (expectation, result) in enumerate(zip(expectations, results, strict=True))
    ]
