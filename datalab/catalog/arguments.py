"""The arguments of expectations: what each may hold, and how it fits the columns of a dataset."""

from __future__ import annotations

import datetime
import string
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from datalab.catalog.beyond_arguments import own_columns, own_problem, unit_problem
from datalab.catalog.condition import InvalidCondition, columns_of, read_condition
from datalab.catalog.dataset import Column
from datalab.errors import nearest
from datalab.i18n import Phrase

NUMBERS = ("smallint", "integer", "bigint", "double", "decimal")
TIMES = ("date", "time", "timestamp", "timestamptz")
IGNORE_PAIR = ("both_values_are_missing", "either_value_is_missing", "neither")
IGNORE_RECORD = ("all_values_are_missing", "any_value_is_missing", "never")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _limit(value: object) -> bool:
    return value is None or _number(value) or _moment(value)


def _moment(value: object) -> bool:
    """A date or time, as YAML reads it or as ISO 8601 text."""
    if isinstance(value, datetime.date | datetime.time):
        return True
    if not isinstance(value, str):
        return False
    for read in (datetime.datetime.fromisoformat, datetime.time.fromisoformat):
        try:
            read(value)
        except ValueError:
            continue
        return True
    return False


def _some(test: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, list) and bool(value) and all(test(item) for item in value)
    )


def _family(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if _number(value):
        return "number"
    if isinstance(value, datetime.date | datetime.time):
        return "time"
    return "text" if isinstance(value, str) else "other"


def _same_family(value: object) -> bool:
    families = {_family(item) for item in value} if isinstance(value, list) else {"other"}
    return len(families) == 1 and "other" not in families


def _pairs(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, list) and len(item) == 2 for item in value)
        and all(_same_family([item[side] for item in value]) for side in (0, 1))
    )


def _quantiles(value: object) -> bool:
    if not isinstance(value, Mapping) or set(value) != {"quantiles", "value_ranges"}:
        return False
    quantiles, ranges = value["quantiles"], value["value_ranges"]
    return (
        _some(lambda q: _number(q) and 0 <= q <= 1)(quantiles)  # type: ignore[operator]
        and isinstance(ranges, list)
        and len(ranges) == len(quantiles)
        and all(
            isinstance(pair, list)
            and len(pair) == 2
            and any(side is not None for side in pair)
            and all(side is None or _number(side) for side in pair)
            for pair in ranges
        )
    )


# Argument -> (test, English sentence of what it must be). One name means one thing everywhere,
# except where value_problem says otherwise.
_SHAPES: dict[str, tuple[Callable[[object], bool], str]] = {
    "column": (_text, "must be the name of a column"),
    "column_A": (_text, "must be the name of a column"),
    "column_B": (_text, "must be the name of a column"),
    "column_list": (_some(_text), "must be a list of column names"),
    "column_set": (_some(_text), "must be a list of column names"),
    "column_index": (_whole, "must be a whole number"),
    "value": (lambda v: _whole(v) and v >= 0, "must be a whole number, 0 or more"),  # type: ignore[operator]
    "sum_total": (_number, "must be a number"),
    "min_value": (_limit, "must be a number or an ISO 8601 date or time"),
    "max_value": (_limit, "must be a number or an ISO 8601 date or time"),
    "mostly": (
        lambda v: _number(v) and 0 <= v <= 1,  # type: ignore[operator]
        "must be a share between 0 and 1",
    ),
    "value_set": (_same_family, "must be a list of values of one kind, without null"),
    "value_pairs_set": (_pairs, "must be a list of pairs, each side of one kind, without null"),
    "regex_list": (_some(_text), "must be a list of regular expressions"),
    "like_pattern": (_text, "must be text"),
    "like_pattern_list": (_some(_text), "must be a list of texts"),
    "escape": (lambda v: isinstance(v, str) and len(v) == 1, "must be a single character"),
    "match_on": (lambda v: v in ("any", "all"), "must be 'any' or 'all'"),
    "quantile_ranges": (
        _quantiles,
        "must give 'quantiles' (shares) and as many 'value_ranges' ([min, max])",
    ),
    "condition_parser": (
        lambda v: v == "great_expectations",
        "must be 'great_expectations', or left out",
    ),
}
_FLAG = (lambda value: isinstance(value, bool), "must be true or false")


def value_problem(kind: str, name: str, value: object) -> Phrase | None:
    """What is wrong with one argument by itself, or None."""
    ours, wrong = own_problem(name, value)
    if ours:
        return wrong
    if name in ("regex", "regex_list", "unexpected_rows_query", "row_condition"):
        return _deep_problem(name, value)
    if name == "other_row_condition":
        return _deep_problem("row_condition", value)
    test, sentence = _SHAPES.get(name, _FLAG)
    if name == "ignore_row_if":
        choices = IGNORE_PAIR if "_pair_" in kind else IGNORE_RECORD
        if value in choices:
            return None
        return Phrase("must be one of: {choices}", choices=", ".join(choices))
    return None if test(value) else Phrase(sentence)


def _deep_problem(name: str, value: object) -> Phrase | None:
    """Regular expressions, conditions and SQL are read by what will run them."""
    if name == "row_condition":
        try:
            read_condition(value)
        except InvalidCondition:
            return Phrase("is not a condition; write for example: col(\"column\") == 'value'")
        return None
    if name == "unexpected_rows_query":
        return _query_problem(value)
    patterns = value if isinstance(value, list) and name == "regex_list" else [value]
    if not patterns or not all(_text(pattern) for pattern in patterns):
        return Phrase("must be a regular expression (or a list of them)")
    import duckdb

    for pattern in patterns:
        try:
            duckdb.execute("SELECT regexp_matches('', ?)", [pattern])
        except duckdb.Error as error:
            return Phrase(
                "'{regex}' is not a regular expression that DuckDB (RE2) reads: {reason}",
                regex=pattern,
                reason=str(error).split("\n")[0],
            )
    return None


def _query_problem(value: object) -> Phrase | None:
    wrong = Phrase(
        "must be one SELECT over {batch} that returns the rows that should not be there",
        batch="{batch}",
    )
    if not isinstance(value, str):
        return wrong
    try:
        places = {place for _, place, _, _ in string.Formatter().parse(value) if place is not None}
        sql = value.format(batch="batch")
    except (ValueError, LookupError):
        return wrong
    if places != {"batch"}:
        return wrong
    import duckdb

    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        return Phrase("is not SQL: {reason}", reason=str(error).splitlines()[0])
    one = len(statements) == 1 and statements[0].type == duckdb.StatementType.SELECT
    return None if one else wrong


def column_problems(
    kind: str,
    given: Mapping[str, Any],
    subject: str,
    columns: Mapping[str, Column],
) -> Iterator[tuple[str, Phrase, str | None]]:
    """Columns that are not there, or of a type that the expectation cannot be about."""
    if kind.startswith("expect_table_"):
        named = []
        if "row_condition" in given:
            named = [
                ("row_condition", c) for c in columns_of(read_condition(given["row_condition"]))
            ]
    else:
        named = list(_named_columns(given))
    unknown = [(name, column) for name, column in named if column not in columns]
    for name, column in unknown:
        message = Phrase("the dataset has no column '{column}'", column=column)
        yield name, message, nearest(column, columns)
    if unknown:
        return
    for name, column in named:
        declared = columns[column].type
        if name not in ("row_condition", "order_by", "partition_by") and not _suits(
            declared, subject
        ):
            message = Phrase(
                "{type} cannot be about column '{column}' of type {declared}",
                type=kind,
                column=column,
                declared=declared,
            )
            yield name, message, None
    if wrong := unit_problem(kind, given, columns):
        yield wrong
    yield from _value_fits(kind, given, columns)


def _named_columns(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("column", "column_A", "column_B"):
        if name in given:
            yield name, given[name]
    for column in given.get("column_list", ()):
        yield "column_list", column
    yield from own_columns(given)
    if "row_condition" in given:
        for column in columns_of(read_condition(given["row_condition"])):
            yield "row_condition", column


def _suits(declared: str, subject: str) -> bool:
    number = declared.startswith(NUMBERS)
    return {
        "any": True,
        "text": declared == "varchar",
        "number": number,
        "ordered": number or declared in TIMES,
        "geometry": declared == "geometry",
        "moment": declared in ("date", "timestamp", "timestamptz"),
    }[subject]


def _value_fits(
    kind: str, given: Mapping[str, Any], columns: Mapping[str, Column]
) -> Iterator[tuple[str, Phrase, str | None]]:
    """Limits and sets must be of the kind of value that the column holds."""
    low, high = given.get("min_value"), given.get("max_value")
    if low is not None and high is not None:
        numbers = _number(low), _number(high)
        if numbers[0] != numbers[1] or (low > high if all(numbers) else str(low) > str(high)):
            yield "min_value", Phrase("min_value must not be above max_value"), None
            return
    held = columns[given["column"]].type if given.get("column") in columns else None
    of_values = kind.endswith(("values_to_be_between", "_min_to_be_between", "_max_to_be_between"))
    counted = held is None or not of_values
    for name in ("min_value", "max_value"):
        value = given.get(name)
        if value is None or _number(value) == (counted or held not in TIMES):
            continue
        if counted:
            yield name, Phrase("must be a number"), None
        else:
            yield name, _misfit(given["column"], held), None
    if held is not None and "value_set" in given:
        family = _family(given["value_set"][0])
        expected = (
            "number" if held.startswith(NUMBERS) else "boolean" if held == "boolean" else "text"
        )
        if family != expected and not (family == "time" and held in TIMES):
            yield "value_set", _misfit(given["column"], held), None


def _misfit(column: str, declared: str | None) -> Phrase:
    return Phrase(
        "does not fit column '{column}' of type {declared}", column=column, declared=declared
    )
