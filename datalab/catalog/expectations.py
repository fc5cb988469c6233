"""The vocabulary of expectations: Great Expectations' own names and arguments, and a few of ours.

Static on purpose, so that lint and pages never import Great Expectations; a test holds it against
the classes of the pinned version. Every expectation of that version is either in
:data:`VOCABULARY` or in :data:`REFUSED` with the reason and what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from datalab.catalog.arguments import column_problems, value_problem
from datalab.catalog.beyond import OWN
from datalab.catalog.dataset import Column, Expectation
from datalab.catalog.term import Subject, Term
from datalab.errors import nearest
from datalab.i18n import Phrase

Wrong = tuple[str, Phrase, str | None]


_ROWS = ("row_condition", "condition_parser")
_MAP = ("mostly", *_ROWS)
_LIMITS = ("min_value", "max_value")
_STRICT = ("strict_min", "strict_max")


def _values(*required: str, optional: tuple[str, ...] = (), subject: Subject = "any") -> Term:
    """An expectation about every value of one column."""
    return Term(("column", *required), (*optional, *_MAP), subject=subject)


def _aggregate(subject: Subject) -> Term:
    """An expectation about one number computed from a column."""
    return Term(("column",), (*_STRICT, *_ROWS), _LIMITS, subject)


def _pair(*required: str, optional: tuple[str, ...] = (), subject: Subject = "any") -> Term:
    return Term(
        ("column_A", "column_B", *required), (*optional, "ignore_row_if", *_MAP), subject=subject
    )


def _record(*required: str, subject: Subject = "any") -> Term:
    return Term(("column_list", *required), ("ignore_row_if", *_MAP), subject=subject)


VOCABULARY: dict[str, Term] = {
    "expect_table_row_count_to_equal": Term(("value",), _ROWS),
    "expect_table_row_count_to_be_between": Term((), (*_STRICT, *_ROWS), _LIMITS),
    "expect_table_column_count_to_equal": Term(("value",)),
    "expect_table_column_count_to_be_between": Term((), (), _LIMITS),
    "expect_table_columns_to_match_set": Term(("column_set",), ("exact_match",)),
    "expect_table_columns_to_match_ordered_list": Term(("column_list",)),
    "expect_column_to_exist": Term(("column",), ("column_index",)),
    "expect_column_values_to_not_be_null": _values(),
    "expect_column_values_to_be_null": _values(),
    "expect_column_values_to_be_unique": _values(),
    "expect_column_values_to_be_in_set": _values("value_set"),
    "expect_column_values_to_not_be_in_set": _values("value_set"),
    "expect_column_values_to_be_between": Term(
        ("column",), (*_STRICT, *_MAP), _LIMITS, subject="ordered"
    ),
    "expect_column_values_to_match_regex": _values("regex", subject="text"),
    "expect_column_values_to_not_match_regex": _values("regex", subject="text"),
    "expect_column_values_to_match_regex_list": _values(
        "regex_list", optional=("match_on",), subject="text"
    ),
    "expect_column_values_to_not_match_regex_list": _values("regex_list", subject="text"),
    "expect_column_values_to_match_like_pattern": _values(
        "like_pattern", optional=("escape",), subject="text"
    ),
    "expect_column_values_to_not_match_like_pattern": _values(
        "like_pattern", optional=("escape",), subject="text"
    ),
    "expect_column_values_to_match_like_pattern_list": _values(
        "like_pattern_list", optional=("match_on", "escape"), subject="text"
    ),
    "expect_column_values_to_not_match_like_pattern_list": _values(
        "like_pattern_list", optional=("escape",), subject="text"
    ),
    "expect_column_value_lengths_to_equal": _values("value", subject="text"),
    "expect_column_value_lengths_to_be_between": Term(
        ("column",), (*_STRICT, *_MAP), _LIMITS, subject="text"
    ),
    "expect_column_min_to_be_between": _aggregate("ordered"),
    "expect_column_max_to_be_between": _aggregate("ordered"),
    "expect_column_mean_to_be_between": _aggregate("number"),
    "expect_column_median_to_be_between": _aggregate("number"),
    "expect_column_sum_to_be_between": _aggregate("number"),
    "expect_column_stdev_to_be_between": _aggregate("number"),
    "expect_column_unique_value_count_to_be_between": _aggregate("any"),
    "expect_column_proportion_of_unique_values_to_be_between": _aggregate("any"),
    "expect_column_proportion_of_non_null_values_to_be_between": _aggregate("any"),
    "expect_column_quantile_values_to_be_between": Term(
        ("column", "quantile_ranges"), ("allow_relative_error", *_ROWS), subject="number"
    ),
    "expect_column_distinct_values_to_be_in_set": Term(("column", "value_set"), _ROWS),
    "expect_column_distinct_values_to_contain_set": Term(("column", "value_set"), _ROWS),
    "expect_column_distinct_values_to_equal_set": Term(("column", "value_set"), _ROWS),
    "expect_column_most_common_value_to_be_in_set": Term(
        ("column", "value_set"), ("ties_okay", *_ROWS)
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": _pair(
        optional=("or_equal",), subject="ordered"
    ),
    "expect_column_pair_values_to_be_equal": _pair(),
    "expect_column_pair_values_to_be_in_set": _pair("value_pairs_set"),
    "expect_compound_columns_to_be_unique": _record(),
    "expect_select_column_values_to_be_unique_within_record": _record(),
    "expect_multicolumn_values_to_be_equal": _record(),
    "expect_multicolumn_sum_to_equal": _record("sum_total", subject="number"),
    "unexpected_rows_expectation": Term(("unexpected_rows_query",)),
}

# Those of Great Expectations, and those of the lab (:mod:`datalab.catalog.beyond`).
KNOWN: dict[str, Term] = {**VOCABULARY, **OWN}


@dataclass(frozen=True)
class Refusal:
    """Why an expectation cannot be evaluated faithfully here, and what says the same.

    English sentences, translated where they are said.
    """

    reason: str
    instead: str


_UNSEEN = (
    "on a database Great Expectations answers 'failed' without having looked at a single value"
)
_TYPES = Refusal(
    "a published column always has the type declared for it, and Great Expectations cannot read "
    "the types of DuckDB",
    "the 'type' of the column under 'columns'",
)
_DATES = Refusal(
    _UNSEEN,
    "type 'date' or 'timestamp' for the column, with 'date_format' or 'timestamp_format' under "
    "'source.csv'",
)
_JSON = Refusal(
    _UNSEEN,
    "unexpected_rows_expectation with SELECT * FROM {batch} WHERE NOT json_valid(column)",
)
_ORDER = Refusal(
    "the rows of a table have no order of their own",
    "expect_column_values_to_follow_time_step, or unexpected_rows_expectation with "
    "lag(column) OVER (ORDER BY …) in its query",
)
_RELATIVE = Refusal(
    "it measures each value against its own batch, so that a spoilt file moves its own limits",
    "expect_column_values_to_be_between or expect_column_quantile_values_to_be_between",
)
_OTHER = Refusal(
    "it knows nothing of the other datasets of the lab, nor of their access",
    "expect_table_row_count_to_equal_other_dataset or expect_column_sum_to_equal_other_dataset",
)

REFUSED: dict[str, Refusal] = {
    "expect_column_type_to_be": _TYPES,
    "expect_column_values_to_be_of_type": _TYPES,
    "expect_column_values_to_be_in_type_list": _TYPES,
    "expect_column_values_to_be_dateutil_parseable": _DATES,
    "expect_column_values_to_match_strftime_format": _DATES,
    "expect_column_values_to_be_json_parseable": _JSON,
    "expect_column_values_to_match_json_schema": _JSON,
    "expect_column_values_to_be_increasing": _ORDER,
    "expect_column_values_to_be_decreasing": _ORDER,
    "expect_column_value_z_scores_to_be_less_than": _RELATIVE,
    "expect_column_values_to_not_be_outliers": _RELATIVE,
    "expect_column_kl_divergence_to_be_less_than": _RELATIVE,
    "expect_query_results_to_match_comparison": _OTHER,
    "expect_table_row_count_to_equal_other_table": _OTHER,
}


def problems_of(expectation: Expectation, columns: Mapping[str, Column]) -> list[Wrong]:
    """What is wrong with an expectation as written, before any data is read.

    Parameters
    ----------
    expectation
        as it stands in the YAML.
    columns
        the columns of the dataset, by name.

    Returns
    -------
    list of (key, message, suggestion)
        ``key`` is the argument at fault, or ``"type"``; ``suggestion`` the nearest valid word.
    """
    kind = expectation.type
    if kind in REFUSED:
        message = Phrase(
            "{type} cannot be evaluated here: {reason}. Write instead: {instead}.",
            type=kind,
            reason=Phrase(REFUSED[kind].reason),
            instead=Phrase(REFUSED[kind].instead),
        )
        return [("type", message, None)]
    term = KNOWN.get(kind)
    if term is None:
        message = Phrase("'{type}' is not an expectation of Great Expectations", type=kind)
        return [("type", message, nearest(kind, KNOWN))]
    given = expectation.arguments
    # The columns are only looked at where each argument is at least of the right shape.
    return list(_shape_problems(kind, given, term)) or list(
        column_problems(kind, given, term.subject, columns)
    )


def _shape_problems(kind: str, given: Mapping[str, Any], term: Term) -> Iterator[Wrong]:
    for name in given:
        if name not in term.arguments:
            message = Phrase("{type} has no argument '{name}'", type=kind, name=name)
            yield name, message, nearest(name, term.arguments)
    for name in term.required:
        if name not in given:
            yield "type", Phrase("{type} needs the argument '{name}'", type=kind, name=name), name
    if term.either and all(given.get(name) is None for name in term.either):
        first, second = term.either
        message = Phrase(
            "{type} needs '{first}' or '{second}'", type=kind, first=first, second=second
        )
        yield "type", message, None
    for name, value in given.items():
        if name in term.arguments and (wrong := value_problem(kind, name, value)):
            yield name, wrong, None
