"""What failed, in detail: the answer of Great Expectations itself, and rows to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.catalog.expectations import VOCABULARY
from datalab.catalog.validation import ExpectationResult
from datalab.quality.engine import Answer, evaluate
from datalab.quality.examples import as_plain, examples, query_examples
from datalab.quality.literal import name
from datalab.quality.subject import Compiled

# Beyond this Great Expectations takes minutes and gigabytes (43 s and 4.6 GB for the uniqueness of
# two columns over 42 million rows) to repeat numbers that the scan already gave.
LARGEST = 5_000_000


def detailed(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    table: str,
    suite: Sequence[object],
    results: Sequence[ExpectationResult],
    asked: bool = True,
) -> list[ExpectationResult]:
    """``results``, with the details of those that failed; those of Great Expectations if ``asked``.

    The verdict of the scan stands where there is one: tests hold it against that of Great
    Expectations, and the few differences are errors of the latter. Where the scan could not
    evaluate, Great Expectations decides.
    """
    failed = [
        position
        for position, (one, result) in enumerate(zip(suite, results, strict=True))
        if isinstance(one, Compiled) and result.outcome in ("broken", "warning")
    ]
    # Great Expectations has no word for ours.
    known = [place for place in failed if results[place].type in VOCABULARY] if asked else []
    answers = dict(zip(known, _ask(connection, dataset, table, known), strict=False))
    found = list(results)
    for position in failed:
        one, result = suite[position], results[position]
        if answer := answers.get(position):
            result = _merged(result, answer)
        if not result.success and isinstance(one, Compiled):
            result = replace(result, examples=_examples(connection, table, one, result, dataset))
        found[position] = result
    return found


def _ask(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, table: str, failed: Sequence[int]
) -> list[Answer]:
    if not failed:
        return []
    rows = connection.execute(f"SELECT count(*) FROM {name(table)}").fetchone()  # noqa: S608
    if rows is None or rows[0] > LARGEST:
        return []
    asked = [dataset.expectations[position] for position in failed]
    return evaluate(connection, table, [(one.type, one.arguments) for one in asked])


def _merged(result: ExpectationResult, answer: Answer) -> ExpectationResult:
    if answer.exception is not None or (answer.success and result.exception is None):
        return result
    details = answer.result
    observed = details.get("observed_value")
    if observed is None and result.type.startswith("expect_column_distinct_values"):
        lists = {"unexpected": "partial_unexpected_list", "missing": "partial_missing_list"}
        observed = {word: details[key] for word, key in lists.items() if details.get(key)} or None
    return replace(
        result,
        success=answer.success,
        element_count=_first(details.get("element_count"), result.element_count),
        unexpected_count=_first(details.get("unexpected_count"), result.unexpected_count),
        unexpected_percent=_first(details.get("unexpected_percent"), result.unexpected_percent),
        observed_value=as_plain(_first(observed, result.observed_value)),
        engine="great_expectations",
        exception=None,
    )


def _first(preferred: Any, other: Any) -> Any:
    return other if preferred is None else preferred


def _examples(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    one: Compiled,
    result: ExpectationResult,
    dataset: Dataset,
) -> list[dict[str, Any]]:
    try:
        if one.rows is not None:
            query = {"unexpected_rows_query": one.rows}
            return query_examples(connection, name(table), query, dataset)
        if result.type == "unexpected_rows_expectation":
            return query_examples(connection, name(table), result.kwargs, dataset)
        return examples(connection, name(table), one, dataset)
    except duckdb.Error:
        # The verdict stands without rows to show (a view has no row numbers, for example).
        return []
