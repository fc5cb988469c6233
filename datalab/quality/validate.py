"""Expectations of a dataset against its staged table: the ValidationResult that route 1 needs."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from datalab.catalog.beyond import LOOKS_BEYOND
from datalab.catalog.dataset import Dataset, Expectation
from datalab.catalog.expectations import problems_of
from datalab.catalog.validation import ExpectationResult, ValidationResult
from datalab.i18n import translate
from datalab.quality.batch import opened, types_of
from datalab.quality.beside import Around, Beside, Unchecked
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
    beside: Beside | None = None,
) -> ValidationResult:
    """Evaluate every expectation of ``dataset`` on ``table`` of the DuckDB file ``staged``.

    All expectations share one scan. Only for what failed is Great Expectations asked, and are
    failing rows looked up. An expectation that cannot be evaluated never holds: its result says
    why, and keeps the dataset from being published whatever its severity. One that has nothing to
    compare with yet is neither: its result says "not checked".

    Parameters
    ----------
    at
        when this happens; now where it is None.
    threads, memory
        limits of DuckDB.
    beside
        the other datasets and earlier snapshots; asked only where an expectation needs them.
    """
    at = at or datetime.datetime.now(datetime.UTC)
    geometry = any(column.type == "geometry" for column in dataset.columns.values())
    attach = beside.attach if beside is not None and looks_beyond(dataset) else None
    with opened(
        staged, spatial=geometry, threads=threads, memory=memory, attach=attach
    ) as connection:
        return evaluated(connection, dataset, table, at=at, beside=beside)


def evaluated(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    table: str = "data",
    *,
    at: datetime.datetime,
    beside: Beside | None = None,
    details: bool = True,
) -> ValidationResult:
    """Evaluate on a table or view that ``connection`` sees, such as a published snapshot.

    ``details`` asks Great Expectations about what failed; without, the verdicts are the same.
    """
    around = Around(at, dataset.columns, dataset.periodicity, beside)
    types = types_of(connection, table)
    suite = [
        _compiled(expectation, dataset, table, types, around)
        for expectation in dataset.expectations
    ]
    outcomes = iter(
        scan(connection, name(table), [one for one in suite if isinstance(one, Compiled)])
    )
    answers = [next(outcomes) if isinstance(one, Compiled) else one for one in suite]
    results = [
        _result(expectation, outcome)
        for expectation, outcome in zip(dataset.expectations, answers, strict=True)
    ]
    results = detailed(connection, dataset, table, suite, results, details)
    results = [_discreet(result, dataset) for result in results]
    return ValidationResult(
        success=not any(result.blocking for result in results),
        results=results,
        evaluated_at=at.isoformat(timespec="seconds"),
    )


def looks_beyond(dataset: Dataset) -> bool:
    """Whether an expectation compares the dataset with more than its own table."""
    return any(expectation.type in LOOKS_BEYOND for expectation in dataset.expectations)


def compared_anew(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    table: str,
    before: ValidationResult | None,
    *,
    at: datetime.datetime,
    beside: Beside,
) -> ValidationResult:
    """The verdict on a snapshot that stands, with what looks beyond it compared again.

    The rest was evaluated when it was published, and its table has not changed since.
    """
    whole = dataset.model_copy(
        update={"expectations": [e for e in dataset.expectations if e.type in LOOKS_BEYOND]}
    )
    fresh = evaluated(connection, whole, table, at=at, beside=beside)
    kept = [
        result for result in (before.results if before else []) if result.type not in LOOKS_BEYOND
    ]
    results = [*kept, *fresh.results]
    success = not any(result.blocking for result in results)
    return ValidationResult(success, results, fresh.evaluated_at)


def _compiled(
    expectation: Expectation, dataset: Dataset, table: str, types: dict[str, str], around: Around
) -> Compiled | Unchecked | str:
    """The SQL of an expectation, or why it has none. Lint says the same, earlier."""
    problems = problems_of(expectation, dataset.columns)
    if problems:
        key, message, _ = problems[0]
        return str(message) if key == "type" else f"{key}: {message}"
    try:
        found = compiled(expectation.type, expectation.arguments, name(table), types, around)
    except Unchecked as reason:
        return reason
    except KeyError as missing:
        return translate("the staged table has no column '{column}'", column=missing.args[0])
    except ValueError as error:
        return str(error)
    return found or translate("it is not an expectation that the lab evaluates")


def _result(expectation: Expectation, outcome: Verdict | Unchecked | str) -> ExpectationResult:
    kwargs: dict[str, Any] = as_plain(expectation.arguments, longest=None)
    given = (expectation.type, kwargs, expectation.severity)
    if isinstance(outcome, Unchecked):
        return ExpectationResult(*given, success=False, unchecked=outcome.words)
    if isinstance(outcome, str):
        return ExpectationResult(*given, success=False, exception=outcome)
    return ExpectationResult(
        *given,
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
