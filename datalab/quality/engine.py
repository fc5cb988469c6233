"""Great Expectations on DuckDB: the reference verdict, and the details of what failed.

The one module that imports great_expectations (5 s of processor time, 260 MB), and only when it
is asked. No context, no store, no analytics: a validator over one read-only table.

Great Expectations 1.24 does not know DuckDB. What is put right here, once per process:

- it closes the connection before it fetches ("list index out of range"), unless the dialect is
  among those whose connection it keeps;
- regular expressions and LIKE are "not supported for dialect duckdb", until told which function
  to call; LIKE needs nothing but the operator.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from datalab.catalog.condition import as_kwargs, read_condition

_LOCK = threading.Lock()
_ONE_LINE = 300
_WITHOUT_RESULT = frozenset({"expect_column_to_exist"})


@dataclass(frozen=True)
class Answer:
    """What Great Expectations says of one expectation.

    ``exception`` is one plain line where it could not say anything; ``success`` is False then.
    """

    success: bool
    result: dict[str, Any]
    exception: str | None = None


def evaluate(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    expectations: Sequence[tuple[str, dict[str, Any]]],
    result_format: str = "BASIC",
) -> list[Answer]:
    """Ask Great Expectations about each ``(type, arguments)``, in that order.

    Parameters
    ----------
    connection
        sees ``table``; Great Expectations works on a cursor of it.
    expectations
        of the vocabulary of the catalog.
    result_format
        ``BOOLEAN_ONLY``, ``BASIC``, ``SUMMARY`` or ``COMPLETE``.
    """
    if not expectations:
        return []
    options = {"result_format": result_format, "catch_exceptions": True}
    # One at a time: its registry and its logger belong to the whole process.
    with _LOCK, _quiet():
        validator = _validator(connection, table)
        from great_expectations.expectations.expectation_configuration import (
            ExpectationConfiguration,
        )

        # Each alone: asked together, two quantile expectations of one column were seen to get the
        # same quantiles (1.24.1), and an error in one may be laid at the door of another.
        try:
            return [
                _alone(
                    validator, ExpectationConfiguration(type=kind, kwargs=_kwargs(given)), options
                )
                for kind, given in expectations
            ]
        finally:
            _close(validator)


def _close(validator: Any) -> None:
    """End its connection now.

    Left to the garbage collector, SQLAlchemy rolls back on a DuckDB connection that is closed by
    then, and logs a traceback at any moment: seen in the middle of an import, which it broke.
    """
    execution = validator.execution_engine
    if execution._connection is not None:
        execution._connection.close()
    execution.engine.dispose()


def _alone(validator: Any, configuration: Any, options: dict[str, Any]) -> Answer:
    try:
        (found,) = validator.graph_validate(
            configurations=[configuration], runtime_configuration=dict(options)
        )
    except Exception as error:  # Great Expectations raises every kind of exception
        return Answer(False, {}, plain(error))
    return _answer(found)


def _answer(found: Any) -> Answer:
    raised = _raised(found.exception_info)
    result = dict(found.result or {})
    kind = found.expectation_config.type
    if raised is None and not found.success and not result and kind not in _WITHOUT_RESULT:
        # What it answers about expectations that it never ran.
        raised = "Great Expectations gave no answer"
    return Answer(bool(found.success) and raised is None, result, raised)


def _kwargs(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as 1.24 wants them: conditions as mappings, no parser."""
    kwargs = {key: value for key, value in arguments.items() if key != "condition_parser"}
    if kwargs.get("row_condition") is not None:
        kwargs["row_condition"] = as_kwargs(read_condition(kwargs["row_condition"]))
    return kwargs


def _raised(info: Any) -> str | None:
    """The message in ``exception_info``, which has two shapes."""
    if not info:
        return None
    parts = [info] if "raised_exception" in info else list(info.values())
    for part in parts:
        if part.get("raised_exception"):
            return plain(part.get("exception_message") or "")
    return None


def plain(error: object) -> str:
    """An exception as one short line: no traceback, no SQL, no address of a web page."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = lines[0] if lines else type(error).__name__
    # SQLAlchemy puts "(module.Class) message" first, and the SQL after.
    head, _, rest = first.partition(") ")
    if head.startswith("(") and "." in head and rest:
        first = rest
    return first[:_ONE_LINE]


def _validator(connection: duckdb.DuckDBPyConnection, table: str) -> Any:
    """A validator over ``table``, without a data context."""
    _patch()
    import sqlalchemy
    from duckdb_engine import ConnectionWrapper
    from great_expectations.core.batch import Batch, LegacyBatchDefinition
    from great_expectations.core.id_dict import IDDict
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
    from great_expectations.execution_engine.sqlalchemy_execution_engine import (
        SqlAlchemyExecutionEngine,
    )
    from great_expectations.validator.validator import Validator

    engine = sqlalchemy.create_engine(
        "duckdb:///:memory:",
        creator=lambda: ConnectionWrapper(connection.cursor()),
        poolclass=sqlalchemy.pool.StaticPool,
    )
    execution = SqlAlchemyExecutionEngine(engine=engine, create_temp_table=False)
    data: Any = SqlAlchemyBatchData(execution_engine=execution, table_name=table)
    batch = Batch(
        data=data,
        batch_definition=LegacyBatchDefinition("staging", "staged", table, IDDict()),
    )
    validator: Any = Validator(execution_engine=execution, batches=[batch])
    # Without a data context nobody else says so, and the bars go to stderr.
    validator._determine_progress_bars = lambda: False
    validator._metrics_calculator._show_progress_bars = False
    return validator


@cache
def _patch() -> None:
    """Teach Great Expectations DuckDB. Once per process, under the lock."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations.execution_engine.sqlalchemy_execution_engine as engines
        import sqlalchemy
        from great_expectations.expectations import core  # noqa: F401 (registers them)
        from great_expectations.expectations.metrics import util
        from great_expectations.expectations.metrics.column_aggregate_metrics import (
            column_values_match_regex_values,
            column_values_not_match_regex_values,
        )
        from great_expectations.expectations.metrics.column_map_metrics import (
            column_values_match_like_pattern,
            column_values_match_like_pattern_list,
            column_values_match_regex,
            column_values_match_regex_list,
            column_values_not_match_like_pattern,
            column_values_not_match_like_pattern_list,
            column_values_not_match_regex,
            column_values_not_match_regex_list,
        )

    class Dialect(str):
        value = "duckdb"

    kept: tuple[Any, ...] = engines._PERSISTED_CONNECTION_DIALECTS
    vars(engines)["_PERSISTED_CONNECTION_DIALECTS"] = (*kept, Dialect("duckdb"))

    def regex(column: Any, pattern: str, dialect: Any, positive: bool = True) -> Any:
        found = sqlalchemy.func.regexp_matches(column, sqlalchemy.literal(pattern))
        return found if positive else sqlalchemy.not_(found)

    def like(column: Any, dialect: Any, pattern: str, positive: bool = True, **options: Any) -> Any:
        found = column.like(sqlalchemy.literal(pattern), escape=options.get("escape"))
        return found if positive else sqlalchemy.not_(found)

    for module in (
        util,
        column_values_match_regex,
        column_values_not_match_regex,
        column_values_match_regex_list,
        column_values_not_match_regex_list,
        column_values_match_regex_values,
        column_values_not_match_regex_values,
    ):
        vars(module)["get_dialect_regex_expression"] = regex
    for module in (
        util,
        column_values_match_like_pattern,
        column_values_not_match_like_pattern,
        column_values_match_like_pattern_list,
        column_values_not_match_like_pattern_list,
    ):
        vars(module)["get_dialect_like_pattern_expression"] = like


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Its warnings and logged tracebacks do not reach a terminal; the answer carries the reason."""
    logger = logging.getLogger("great_expectations")
    before = logger.level, logger.propagate
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before[0])
        logger.propagate = before[1]
