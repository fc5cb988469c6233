"""The quick half of conformity: SQL that accepts most values of a field without looking twice."""

from __future__ import annotations

from typing import Any

import duckdb

from datalab.catalog.schema import SchemaField
from datalab.lake.connection import literal


def sure(about: SchemaField, text: str, connection: duckdb.DuckDBPyConnection) -> str:
    """SQL that is true only of texts that keep every rule of ``about``; never of all of them."""
    keeps, number = about.constraints, f"TRY_CAST({text} AS DOUBLE)"
    if about.check or about.items or (keeps.enum is not None and about.type != "string"):
        return "false"
    parts = {
        "string": ["true" if about.format == "default" else "false"],
        "integer": [rf"regexp_full_match({text}, '[+-]?\d{{1,15}}')"],
        "number": [rf"regexp_full_match({text}, '[+-]?\d{{1,9}}(\.\d{{0,9}})?')"],
        "boolean": [f"{text} IN ({_listed([*about.true_values, *about.false_values])})"],
        "date": [
            rf"regexp_full_match({text}, '[12]\d{{3}}-\d\d-\d\d')",
            f"TRY_CAST({text} AS DATE) IS NOT NULL",
        ],
        "datetime": [
            rf"regexp_full_match({text}, '[12]\d{{3}}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?')",
            f"TRY_CAST(left({text}, 19) AS TIMESTAMP) IS NOT NULL",
            rf"regexp_full_match(substr({text}, 20), '(Z|[+-](0\d|1[0-4]):[0-5]\d)?')",
        ],
        "year": [rf"regexp_full_match({text}, '\d{{4}}')"],
        "geopoint": [_sure_point(about, text)],
    }.get(about.type, ["false"])
    if about.type in ("date", "datetime") and about.format != "default":
        return "false"
    if keeps.minimum is not None or keeps.maximum is not None:
        if about.type not in ("integer", "number", "year"):
            return "false"
        # Strictly inside: a double may be rounded onto the bound.
        if keeps.minimum is not None:
            parts.append(f"{number} > {float(keeps.minimum)}")
        if keeps.maximum is not None:
            parts.append(f"{number} < {float(keeps.maximum)}")
    if keeps.min_length is not None:
        parts.append(f"length({text}) >= {keeps.min_length}")
    if keeps.max_length is not None:
        parts.append(f"length({text}) <= {keeps.max_length}")
    if keeps.enum is not None:
        parts.append(f"{text} IN ({_listed([str(value) for value in keeps.enum])})")
    if keeps.pattern is not None:
        parts.append(_sure_pattern(keeps.pattern, text, connection))
    return " AND ".join(parts)


def _sure_point(about: SchemaField, text: str) -> str:
    decimal = r"-?\d{1,3}(\.\d{1,15})?"
    if about.format == "object":
        return "false"
    form = rf"\[{decimal}, ?{decimal}\]" if about.format == "array" else f"{decimal}, ?{decimal}"
    pair = f"string_split(trim({text}, '[]'), ',')"
    return (
        f"regexp_full_match({text}, {literal(form)}) "
        f"AND abs(TRY_CAST(trim({pair}[1]) AS DOUBLE)) < 180 "
        f"AND abs(TRY_CAST(trim({pair}[2]) AS DOUBLE)) < 90"
    )


def _sure_pattern(pattern: str, text: str, connection: duckdb.DuckDBPyConnection) -> str:
    """DuckDB's expressions (RE2) say what Python's say wherever the text is plain ASCII.

    A full match is also one between ``^`` and ``$``, alternatives included.
    """
    try:
        connection.execute(f"SELECT regexp_full_match('', {literal(pattern)})")
    except duckdb.Error:
        return "false"  # look-around, back-references
    plain = f"regexp_full_match({text}, '[ -~]*')"
    return f"regexp_full_match({text}, {literal(pattern)}) AND {plain}"


def _listed(values: list[Any]) -> str:
    return ", ".join(literal(value) for value in values) or "NULL"
