"""SQL that turns rows into the text of a file: CSV lines, spreadsheet lines, GeoJSON features.

DuckDB builds the text, so that a file of any size leaves as fast as it is read. Two dialects of
CSV: ``rfc4180`` for machines (comma, decimal point, ISO dates, UTF-8 without mark, an absent value
empty and an empty text ``""``) and ``excel`` for a French spreadsheet (byte order mark, semicolon,
decimal comma, and text that a spreadsheet would run as a formula made harmless).
"""

from __future__ import annotations

from typing import Literal

from datalab.lake.connection import identifier, literal
from datalab.portal.rows import is_geometry

Dialect = Literal["rfc4180", "excel"]
MARK = "\ufeff"
END = "\r\n"
# OWASP, "CSV injection": a cell that starts like this is evaluated, in its full-width forms too.
FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
FRACTIONAL = ("double", "float", "decimal")


def head(columns: dict[str, str], dialect: Dialect) -> str:
    """The first line of a CSV file."""
    if dialect == "excel":
        return MARK + ";".join(columns) + END
    return ",".join(columns) + END


def csv_line(columns: dict[str, str], dialect: Dialect) -> str:
    """An expression that gives one CSV line per row, its end included."""
    separator = ";" if dialect == "excel" else ","
    cells = [_csv_cell(name, type_, dialect) for name, type_ in columns.items()]
    joined = f" || {literal(separator)} || ".join(cells)
    return f"{joined} || chr(13) || chr(10)"


def _csv_cell(name: str, type_: str, dialect: Dialect) -> str:
    column = identifier(name)
    if is_geometry(type_):
        return f"coalesce({_quoted(f'ST_AsText({column})')}, '')"
    if type_ == "varchar":
        if dialect == "excel":
            guarded = f"regexp_matches({column}, {literal(FORMULA)})"
            safe = f"CASE WHEN {guarded} THEN '''' || {column} ELSE {column} END"
            return f"coalesce({_quoted(f'({safe})')}, '')"
        return f"CASE WHEN {column} = '' THEN '\"\"' ELSE coalesce({_quoted(column)}, '') END"
    text = f"coalesce({text_of(column, type_)}, '')"
    if dialect == "excel" and type_.startswith(FRACTIONAL):
        return f"replace({text}, '.', ',')"
    return text


def _quoted(text: str) -> str:
    """Quoted only where a separator of either dialect, a quote or a line end asks for it."""
    return (
        f"CASE WHEN regexp_matches({text}, '[\",;\\r\\n]') "
        f"THEN '\"' || replace({text}, '\"', '\"\"') || '\"' ELSE {text} END"
    )


def text_of(column: str, type_: str) -> str:
    """The text of a value that is neither words nor a shape; null where it is not a number."""
    if type_ in {"double", "float"}:
        return f"CASE WHEN isfinite({column}) THEN CAST({column} AS VARCHAR) END"
    if type_.startswith("timestamp"):
        zone = "Z" if type_ in {"timestamptz", "timestamp with time zone"} else ""
        moment = f"strftime(CAST({column} AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%f')"
        return f"regexp_replace({moment}, '\\.0+$', '') || '{zone}'"
    return f"CAST({column} AS VARCHAR)"


def feature(columns: dict[str, str], geometry: str, identity: str | None) -> str:
    """An expression that gives one GeoJSON Feature per row (RFC 7946).

    ``geometry`` is an SQL expression of type GEOMETRY in longitude and latitude.
    """
    pairs = []
    for name, type_ in columns.items():
        if is_geometry(type_):
            continue
        column = identifier(name)
        value = column
        if type_ in {"double", "float"}:
            value = f"CASE WHEN isfinite({column}) THEN {column} END"
        elif type_.startswith("timestamp"):
            value = text_of(column, type_)
        pairs.append(f"{literal(name)}, {value}")
    member = f"'\"id\":' || to_json({identifier(identity)}) || ','" if identity else "''"
    shape = f"coalesce(CAST(ST_AsGeoJSON({geometry}) AS VARCHAR), 'null')"
    properties = f"CAST(json_object({', '.join(pairs)}) AS VARCHAR)"
    return (
        f'\'{{"type":"Feature",\' || {member} || \'"geometry":\' || {shape} || '
        f"',\"properties\":' || {properties} || '}}'"
    )
