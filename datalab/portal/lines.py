"""SQL that turns rows into the text of a file: CSV lines, spreadsheet lines, GeoJSON features.

DuckDB builds the text, so that a file of any size leaves as fast as it is read. Three dialects of
CSV, numbers being numbers in each of them:

``safe``
    what is given where nothing is asked: comma, decimal point, ISO dates, UTF-8. A text that a
    spreadsheet would run as a formula has an apostrophe before it. A text that already begins with
    apostrophes before such a sign gets one more, so that taking one away restores every text.
``lossless`` (also ``rfc4180``)
    the same without apostrophes, for programs: an absent value empty, an empty text ``""``.
``excel``
    for a French spreadsheet: byte order mark, semicolon, decimal comma, apostrophes as in ``safe``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from datalab.lake.connection import identifier, literal
from datalab.portal.rows import is_geometry, is_long

DialectName = Literal["safe", "lossless", "rfc4180", "excel"]
MARK = "\ufeff"
END = "\r\n"
# OWASP, "CSV injection": a cell that starts like this is evaluated, in its full-width forms too.
FORMULA = r"^'*[=+\-@\t\r\n＝＋－＠]"
FRACTIONAL = ("double", "float", "decimal")


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written."""

    name: str
    separator: str = ","
    mark: bool = False
    decimal_comma: bool = False
    guarded: bool = True

    def with_mark(self, mark: bool) -> Dialect:
        """This dialect, with a byte order mark where one is asked for."""
        return replace(self, mark=self.mark or mark)

    @property
    def said(self) -> str:
        """What the header ``Datalab-Dialect`` says, with the way back where text was changed."""
        if not self.guarded:
            return f"{self.name}; text=unchanged"
        return (
            f"{self.name}; text=guarded; "
            "undo=\"take one ' from the start of a text that matches ^'+[=+@-]\""
        )


DIALECTS = {
    "safe": Dialect("safe"),
    "lossless": Dialect("lossless", guarded=False),
    "rfc4180": Dialect("lossless", guarded=False),
    "excel": Dialect("excel", ";", True, True),
}


def head(columns: dict[str, str], dialect: Dialect) -> str:
    """The first line of a CSV file."""
    names = [_header(name) for name in columns]
    return (MARK if dialect.mark else "") + dialect.separator.join(names) + END


def _header(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',;"\r\n') else name


def csv_line(columns: dict[str, str], dialect: Dialect) -> str:
    """An expression that gives one CSV line per row, its end included."""
    cells = [_csv_cell(name, type_, dialect) for name, type_ in columns.items()]
    joined = f" || {literal(dialect.separator)} || ".join(cells)
    return f"{joined} || chr(13) || chr(10)"


def _csv_cell(name: str, type_: str, dialect: Dialect) -> str:
    column = identifier(name)
    if is_geometry(type_):
        return f"coalesce({_quoted(f'ST_AsText({column})')}, '')"
    if type_ == "varchar":
        text = column
        if dialect.guarded:
            guarded = f"regexp_matches({column}, {literal(FORMULA)})"
            text = f"(CASE WHEN {guarded} THEN '''' || {column} ELSE {column} END)"
        return f"CASE WHEN {column} = '' THEN '\"\"' ELSE coalesce({_quoted(text)}, '') END"
    text = f"coalesce({text_of(column, type_)}, '')"
    if dialect.decimal_comma and type_.startswith(FRACTIONAL):
        return f"replace({text}, '.', ',')"
    return text


def _quoted(text: str) -> str:
    """Quoted only where a separator of any dialect, a quote or a line end asks for it."""
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

    ``geometry`` is an SQL expression of type GEOMETRY in longitude and latitude; ``identity`` one
    that gives the feature's id.
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
        elif is_long(type_):
            value = f"CAST({column} AS VARCHAR)"
        pairs.append(f"{literal(name)}, {value}")
    member = f"'\"id\":' || to_json({identity}) || ','" if identity else "''"
    shape = f"coalesce(CAST(ST_AsGeoJSON({geometry}) AS VARCHAR), 'null')"
    properties = f"CAST(json_object({', '.join(pairs)}) AS VARCHAR)"
    return (
        f'\'{{"type":"Feature",\' || {member} || \'"geometry":\' || {shape} || '
        f"',\"properties\":' || {properties} || '}}'"
    )
