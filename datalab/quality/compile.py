"""An expectation as SQL: fragments of the one scan, or a query of its own, and how to judge them.

The forms follow what Great Expectations 1.24 sends to a database, NULL logic included: a row is
unexpected where its condition is false, not where it is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from datalab.catalog.condition import read_condition
from datalab.quality.aggregates import AGGREGATES
from datalab.quality.literal import where
from datalab.quality.rows import ROWS
from datalab.quality.subject import Compiled, Subject, Types

FORMS = {**ROWS, **AGGREGATES}


def compiled(kind: str, given: Mapping[str, Any], table: str, types: Types) -> Compiled | None:
    """The SQL of one expectation, or None where only Great Expectations evaluates it.

    ``table`` is quoted SQL; ``types`` are the DuckDB types of its columns, in order.
    """
    make = FORMS.get(kind)
    if make is None:
        return None
    domain = "TRUE"
    if given.get("row_condition") is not None:
        domain = where(read_condition(given["row_condition"]), types)
    return replace(make(Subject(table, types, given, domain)), domain=domain)
