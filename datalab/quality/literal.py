"""SQL text of names, values and row conditions, compared as DuckDB compares bound values.

Great Expectations binds its arguments. A bound ``float`` is a DOUBLE and a bound ``str`` a VARCHAR
that DuckDB casts to the type of the column; the literals here say the same thing in the text.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from datalab.catalog.condition import Comparison, Condition, Nullity

# Types whose values are written as text and compared as moments.
MOMENTS = ("DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS", "TIMESTAMP_S")


def name(identifier: str) -> str:
    """``identifier`` quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: Any, held: str = "") -> str:
    """``value`` as SQL text, to be compared with a column of the DuckDB type ``held``."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f"CAST('{value}' AS DOUBLE)"
    if isinstance(value, float | Decimal):
        whole = value == value.to_integral_value() if isinstance(value, Decimal) else value % 1 == 0
        # Only integers are compared exactly with integers; the rest as DOUBLE, as bound values are.
        if (whole and held.endswith("INT")) or (whole and held == "INTEGER"):
            return str(int(value))
        return f"CAST({float(value)!r} AS DOUBLE)"
    if isinstance(value, datetime.date | datetime.time):
        value = value.isoformat()
    quoted = "'" + str(value).replace("'", "''") + "'"
    return f"CAST({quoted} AS {held})" if held in MOMENTS else quoted


def literals(values: Sequence[Any], held: str = "") -> str:
    """``(a, b, …)``"""
    return "(" + ", ".join(literal(value, held) for value in values) + ")"


def where(condition: Condition, types: Mapping[str, str]) -> str:
    """A row condition as SQL. ``types`` are the DuckDB types of the columns by name."""
    if isinstance(condition, Nullity):
        return f"{name(condition.column)} IS {'' if condition.is_null else 'NOT '}NULL"
    if isinstance(condition, Comparison):
        held = types[condition.column]
        column = name(condition.column)
        if condition.operator in ("IN", "NOT_IN"):
            if not condition.value:
                return "FALSE" if condition.operator == "IN" else "TRUE"
            negation = "NOT " if condition.operator == "NOT_IN" else ""
            return f"{column} {negation}IN {literals(condition.value, held)}"
        operator = {"==": "=", "!=": "<>"}.get(condition.operator, condition.operator)
        return f"{column} {operator} {literal(condition.value, held)}"
    joined = f" {condition.word.upper()} ".join(where(part, types) for part in condition.parts)
    return f"({joined})"
