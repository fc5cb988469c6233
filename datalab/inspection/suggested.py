"""Expectations that the rows of a file suggest, for a steward to keep, change or throw away.

What holds today is not a rule: ranges are rounded outwards, and only what would be a mistake if it
changed is suggested.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from typing import Any

from datalab.inspection.found import ColumnFound, Inspection
from datalab.inspection.place import EAST, NORTH, SOUTH, WEST

REGEXES = {
    "insee": r"^(\d{2}|2[AB])\d{3}$",
    "iris": r"^(\d{2}|2[AB])\d{7}$",
    "siren": r"^\d{9}$",
    "siret": r"^\d{14}$",
    "postcode": r"^\d{5}$",
}
_CODE = 15  # values of a set that is worth naming one by one


def suggested(inspection: Inspection) -> Iterator[dict[str, Any]]:
    """Expectations in the catalog's vocabulary, for the columns that were kept."""
    rows = inspection.rows
    if rows:
        yield {
            "type": "expect_table_row_count_to_be_between",
            "min_value": max(1, math.floor(rows * 0.9)),
            "max_value": math.ceil(rows * 1.5),
        }
    for name in inspection.key:
        yield {"type": "expect_column_values_to_be_unique", "column": name}
    for column in inspection.columns:
        if column.empty:
            continue
        if column.nulls == 0 and rows > 1 and not column.marks:
            yield {"type": "expect_column_values_to_not_be_null", "column": column.name}
        yield from _values(column)


def _values(column: ColumnFound) -> Iterator[dict[str, Any]]:
    about = {"column": column.name}
    if column.role in REGEXES:
        regex = REGEXES[column.role]
        yield {"type": "expect_column_values_to_match_regex", **about, "regex": regex}
    elif column.role in ("longitude", "latitude"):
        west, east = (WEST, EAST) if column.role == "longitude" else (SOUTH, NORTH)
        low, high = float(column.minimum or 0), float(column.maximum or 0)
        if west <= low and high <= east:
            yield {
                "type": "expect_column_values_to_be_between",
                **about,
                "min_value": west,
                "max_value": east,
            }
    elif column.values and 1 < len(column.values) <= _CODE and column.personal is None:
        yield {
            "type": "expect_column_values_to_be_in_set",
            **about,
            "value_set": column.values,
            "severity": "warning",
        }
    elif column.type in ("integer", "bigint", "double") and column.minimum is not None:
        yield from _range(column)
    elif column.type in ("date", "timestamp") and column.maximum is not None:
        latest = column.maximum[:10]
        if latest <= datetime.date(9999, 1, 1).isoformat() and column.minimum is not None:
            yield {
                "type": "expect_column_values_to_be_between",
                **about,
                "min_value": f"{column.minimum[:4]}-01-01",
                "severity": "warning",
            }


def _range(column: ColumnFound) -> Iterator[dict[str, Any]]:
    low, high = float(column.minimum or 0), float(column.maximum or 0)
    found: dict[str, Any] = {}
    if column.unit == "%" and low >= 0 and high <= 100:
        found = {"min_value": 0, "max_value": 100}
    elif low >= 0:
        found = {"min_value": 0}
    if found:
        yield {
            "type": "expect_column_values_to_be_between",
            "column": column.name,
            **found,
            "severity": "warning",
        }
