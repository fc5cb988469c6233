"""Expectations of a dataset against its staged table: the ValidationResult that route 1 needs."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset, Expectation
from datalab.catalog.expectations import problems_of
from datalab.catalog.validation import ExpectationResult, ValidationResult
from datalab.i18n import translate
from datalab.quality.batch import opened, types_of
from datalab.quality.compile import compiled
from datalab.quality.details import detailed
from datalab.quality.examples import HIDDEN, as_plain
from datalab.quality.literal import name
from datalab.quality.scan import scan
from datalab.quality.subject import Compiled
from datalab.quality.verdict import Verdict


def validate(
    dataset: Dataset,
    staged: Path,
    table: str = "data",
    *,
    at: datetime.datetime | None = None,
    threads: int | None = None,
    memory: str | None = None,
) -> ValidationResult:
    """Evaluate every expectation of ``dataset`` on ``table`` of the DuckDB file ``staged``.

    All expectations share one scan. Only for what failed is Great Expectations asked, and are
    failing rows looked up. An expectation that cannot be evaluated never holds: its result says
    why, and keeps the dataset from being published whatever its severity.

    Parameters
    ----------
    at
        when this happens; now where it is None.
    threads, memory
        limits of DuckDB.
    """
    at = at or datetime.datetime.now(datetime.UTC)
    geometry = any(column.type == "geometry" for column in dataset.columns.values())
    with opened(staged, spatial=geometry, threads=threads, memory=memory) as connection:
        results = _results(connection, dataset, table)
    return ValidationResult(
        success=not any(result.blocking for result in results),
        results=results,
        evaluated_at=at.isoformat(timespec="seconds"),
    )


def _results(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, table: str
) -> list[ExpectationResult]:
    types = types_of(connection, table)
    suite: list[Compiled | str] = [
        _compiled(expectation, dataset, table, types) for expectation in dataset.expectations
    ]
    outcomes = iter(
        scan(connection, name(table), [one for one in suite if isinstance(one, Compiled)])
    )
    answers = [one if isinstance(one, str) else next(outcomes) for one in suite]
    results = [
        _result(expectation, outcome)
        for expectation, outcome in zip(dataset.expectations, answers, strict=True)
    ]
    results = detailed(connection, dataset, table, suite, results)
    return [_discreet(result, dataset) for result in results]


def _compiled(
    expectation: Expectation, dataset: Dataset, table: str, types: dict[str, str]
) -> Compiled | str:
    """The SQL of an expectation, or why it has none. Lint says the same, earlier."""
    problems = problems_of(expectation, dataset.columns)
    if problems:
        key, message, _ = problems[0]
        return str(message) if key == "type" else f"{key}: {message}"
    try:
        found = compiled(expectation.type, expectation.arguments, name(table), types)
    except KeyError as missing:
        return translate("the staged table has no column '{column}'", column=missing.args[0])
    except ValueError as error:
        return str(error)
    return found or translate("it is not an expectation that the lab evaluates")


def _result(expectation: Expectation, outcome: Verdict | str) -> ExpectationResult:
    kwargs: dict[str, Any] = as_plain(expectation.arguments, longest=None)
    if isinstance(outcome, str):
        return ExpectationResult(
            expectation.type, kwargs, expectation.severity, success=False, exception=outcome
        )
    return ExpectationResult(
        expectation.type,
        kwargs,
        expectation.severity,
        success=outcome.success,
        element_count=outcome.element_count,
        unexpected_count=outcome.unexpected_count,
        unexpected_percent=outcome.unexpected_percent,
        observed_value=as_plain(outcome.observed_value),
    )


def _discreet(result: ExpectationResult, dataset: Dataset) -> ExpectationResult:
    """``result`` without the values of a personal column that it observed."""
    column = dataset.columns.get(result.kwargs.get("column", ""))
    shows = isinstance(result.observed_value, list | dict) or result.type.endswith(
        ("_min_to_be_between", "_max_to_be_between")
    )
    if column is None or not column.personal or not shows or result.observed_value is None:
        return result
    return replace(result, observed_value=HIDDEN)
