"""Expectations of the lab's own, named in the style of Great Expectations.

They say what Great Expectations has no word for: other datasets, earlier snapshots, the time,
places, units and series. Like the rest of the vocabulary this is static: arguments and the kind
of column each can be about. Where what they compare with is not there, they are *not checked*.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datalab.catalog.term import Term

ROWS = ("row_condition", "condition_parser")
MAP = ("mostly", *ROWS)
OTHER = ("other_dataset", "other_column")

OWN: dict[str, Term] = {
    # -- other datasets
    "expect_column_values_to_exist_in_other_dataset": Term(
        ("column", *OTHER), ("other_row_condition", *MAP)
    ),
    "expect_column_values_to_cover_other_dataset": Term(
        ("column", *OTHER), ("other_row_condition", *MAP)
    ),
    "expect_column_sum_to_equal_other_dataset": Term(
        ("column", *OTHER),
        ("other_row_condition", "other_aggregate", "other_date_column", "tolerance", *ROWS),
        subject="number",
    ),
    "expect_table_row_count_to_equal_other_dataset": Term(
        ("other_dataset",),
        (
            "other_column",
            "other_row_condition",
            "other_aggregate",
            "other_date_column",
            "tolerance",
            *ROWS,
        ),
    ),
    # -- the time
    "expect_column_max_to_be_recent": Term(("column",), ("max_age_days", *ROWS), subject="moment"),
    # -- earlier snapshots
    "expect_table_row_count_to_be_close_to_previous": Term(("max_change",), ROWS),
    "expect_column_null_share_to_be_close_to_previous": Term(("column", "max_change"), ROWS),
    "expect_column_distribution_to_be_close_to_previous": Term(
        ("column",), ("method", "max_distance", *ROWS)
    ),
    # -- places
    "expect_column_values_to_be_valid_geometries": Term(("column",), MAP, subject="geometry"),
    "expect_column_values_to_not_be_empty_geometries": Term(("column",), MAP, subject="geometry"),
    "expect_column_values_to_be_within_territory": Term(
        ("column", "territory"), MAP, subject="geometry"
    ),
    "expect_column_pair_values_to_be_coordinates_in_territory": Term(
        ("column_A", "column_B", "territory"), MAP, subject="number"
    ),
    # -- units
    "expect_column_values_to_be_plausible_for_unit": Term(("column",), MAP, subject="number"),
    # -- series
    "expect_column_values_to_not_jump": Term(
        ("column", "order_by"), ("partition_by", "max_deviation", *MAP), subject="number"
    ),
    "expect_column_values_to_follow_time_step": Term(
        ("column", "step"), ("partition_by", *MAP), subject="moment"
    ),
}

# What depends on more than the table itself: it is compared anew at every refresh, also where the
# source brought nothing new.
LOOKS_BEYOND = frozenset(
    kind
    for kind in OWN
    if kind.endswith(("_other_dataset", "_to_previous")) or kind == "expect_column_max_to_be_recent"
)
AGGREGATES = ("one", "sum", "count")
METHODS = ("psi", "ks")
# A population stability index above 0.25 is a major shift (Siddiqi, Credit Risk Scorecards, 2006);
# for Kolmogorov-Smirnov, a tenth of the rows that lie elsewhere is what a reader would notice.
FARTHEST = {"psi": 0.25, "ks": 0.1}
MAX_DEVIATION = 10.0  # robust standard deviations; 3.5 is usual where the noise is normal
STEPS = ("PT1M", "PT5M", "PT10M", "PT15M", "PT30M", "PT1H", "P1D", "P7D", "P1M", "P3M", "P1Y")


def other_of(kind: str, given: Mapping[str, Any]) -> str | None:
    """The dataset that an expectation compares with, None where it has none."""
    named = given.get("other_dataset")
    return named if kind in OWN and isinstance(named, str) else None
