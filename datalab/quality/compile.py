"""An expectation as SQL: fragments of the one scan, or a query of its own, and how to judge them.

The forms follow what Great Expectations 1.24 sends to a database, NULL logic included: a row is
unexpected where its condition is false, not where it is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from datalab.catalog.condition import read_condition
from datalab.quality.across import ACROSS
from datalab.quality.aggregates import AGGREGATES
from datalab.quality.beside import Around
from datalab.quality.drift import DRIFT
from datalab.quality.literal import where
from datalab.quality.places import PLACES
from datalab.quality.rows import ROWS
from datalab.quality.series import SERIES
from datalab.quality.subject import NOTHING, Compiled, Subject, Types

FORMS = {**ROWS, **AGGREGATES, **PLACES, **SERIES, **ACROSS, **DRIFT}


def compiled(
    kind: str, given: Mapping[str, Any], table: str, types: Types, around: Around = NOTHING
) -> Compiled | None:
    """The SQL of one expectation, or None where only Great Expectations evaluates it.

    Parameters
    ----------
    table
        quoted SQL.
    types
        DuckDB types of its columns, in order.
    around
        what those expectations need that look beyond the table.

    Raises
    ------
    Unchecked
        where what it compares with is not there.
    """
    make = FORMS.get(kind)
    if make is None:
        return None
    domain, condition = "TRUE", None
    if given.get("row_condition") is not None:
        condition = read_condition(given["row_condition"])
        domain = where(condition, types)
    return replace(make(Subject(table, types, given, domain, condition, around)), domain=domain)
