"""Strict reading of a value as its declared type, as DuckDB SQL.

DuckDB's own casts are generous and silent: ``'1.5'::INTEGER`` is 2, ``'2E3'::INTEGER`` is 2000,
``'1_000'`` is 1000, ``'inf'`` is a double, ``'2020-01-02 03:04:05+02'::TIMESTAMP`` drops the
offset, and a CSV read with ``thousands='.'`` turns ``12.5`` into 125 (all seen with 1.5.5). Here a
text has to be written as its type is written; anything else is NULL, which the caller turns into a
rejected row. The quick half of each condition compares the value written back with its text; the
regular expression runs on the rest only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalab.lake.connection import literal
from datalab.lake.months import english

if TYPE_CHECKING:
    from datalab.catalog.dataset import CsvOptions

WHOLE = ("smallint", "integer", "bigint")
SPACES = (" ", "\u00a0", "\u202f", "\u2009")  # the others are what typography puts in numbers
BLANK = "".join(SPACES) + "\t"
_TRUE = ("true", "1", "t", "yes", "y", "oui", "o", "vrai", "v")
_FALSE = ("false", "0", "f", "no", "n", "non", "faux")
_DATE = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(:\d{2}(\.\d{1,6}0*)?)?"
_OFFSET = r" ?(Z|[+-]\d{2}(:?\d{2})?)"

# Reasons are English msgids, translated where they are shown.
NOT_WHOLE = "not a whole number"
NOT_NUMBER = "not a number"
NOT_DECIMAL = "not a number with the declared number of decimals"
NOT_BOOLEAN = "not true or false"
NOT_DATE = "not a date written year-month-day"
NOT_FORMAT = "not written in the declared date or time format"
NOT_TIME = "not a time written hours:minutes:seconds"
NOT_TIMESTAMP = "not a date and time without offset"
NOT_TIMESTAMPTZ = "not a date and time with its offset from UTC"
NOT_GEOMETRY = "not a geometry in longitude and latitude"
NOT_CONVERTIBLE = "cannot be converted to the declared type without loss"


def reason(wanted: str, options: CsvOptions) -> str:
    """Why a text is not a ``wanted``, as an English msgid."""
    if wanted in WHOLE:
        return NOT_WHOLE
    if wanted == "date":
        return NOT_FORMAT if options.date_format else NOT_DATE
    if wanted in ("timestamp", "timestamptz") and options.timestamp_format:
        return NOT_FORMAT
    if wanted == "time" and options.time_format:
        return NOT_FORMAT
    if wanted.startswith("decimal"):
        return NOT_DECIMAL
    return {
        "double": NOT_NUMBER,
        "boolean": NOT_BOOLEAN,
        "time": NOT_TIME,
        "timestamp": NOT_TIMESTAMP,
        "timestamptz": NOT_TIMESTAMPTZ,
        "geometry": NOT_GEOMETRY,
    }.get(wanted, NOT_CONVERTIBLE)


@dataclass(frozen=True)
class Reading:
    """How a text becomes a value: ``value`` is SQL that may be too generous, ``valid`` holds it.

    ``valid`` takes SQL that stands for the value, so that the value is computed once: DuckDB does
    not share what stands inside a CASE.
    """

    value: str
    valid: Callable[[str], str]


def reading(text: str, wanted: str, options: CsvOptions) -> Reading:
    """SQL that reads the VARCHAR expression ``text`` as ``wanted``."""
    if wanted in WHOLE or wanted == "double" or wanted.startswith("decimal"):
        return _number(text, wanted, options)
    if wanted == "boolean":
        lowered = f"lower(trim({text}))"
        value = (
            f"CASE WHEN {lowered} IN ({_list(_TRUE)}) THEN true "
            f"WHEN {lowered} IN ({_list(_FALSE)}) THEN false END"
        )
        return Reading(value, lambda value: f"{value} IS NOT NULL")
    if wanted == "geometry":
        return Reading(_geometry(text), _within)
    return _moment(text, wanted, options)


def from_text(text: str, wanted: str, options: CsvOptions) -> str:
    """SQL that reads the VARCHAR expression ``text`` as ``wanted``, or gives NULL."""
    if wanted == "varchar":
        return text
    found = reading(text, wanted, options)
    return f"CASE WHEN {found.valid(found.value)} THEN {found.value} END"


def from_native(value: str, have: str, wanted: str) -> str:
    """SQL that turns a typed expression into ``wanted`` without loss, or gives NULL.

    ``have`` is DuckDB's name of the type of ``value``. Rounding to the decimals of a declared
    ``decimal`` is not counted as loss: that is what declaring them asks for.
    """
    have = have.lower()
    if wanted == "geometry":
        inside = f"CASE WHEN {_within(value)} THEN {value} END"
        return inside if have.startswith("geometry") else "NULL::GEOMETRY"
    if wanted == "double" and have in ("double", "float"):
        return f"CASE WHEN isfinite({value}) THEN {value}::DOUBLE END"
    if have == wanted or (wanted.startswith("decimal") and have == wanted.replace(" ", "")):
        return value
    cast = f"TRY_CAST({value} AS {wanted})"
    if wanted in WHOLE and (have in ("double", "float") or have.startswith("decimal")):
        return f"CASE WHEN {cast} = {value} THEN {cast} END"
    if wanted in ("date", "timestamp", "timestamptz") and have.startswith(("date", "timestamp")):
        return f"CASE WHEN isfinite({value}) AND {cast} = {value} THEN {cast} END"
    return cast


def _number(text: str, wanted: str, options: CsvOptions) -> Reading:
    plain = text
    grouped = ""
    if options.affix:
        plain = f"replace({plain}, {literal(options.affix)}, '')"
    if options.thousands:
        groups = SPACES if options.thousands in SPACES else (options.thousands,)
        for group in groups:
            plain = f"replace({plain}, {literal(group)}, '')"
        grouped = rf"|\d{{1,3}}([{''.join(_escaped(group) for group in groups)}]\d{{3}})+"
    if options.decimal == ",":
        plain = f"replace({plain}, ',', '.')"
    point = _escaped(options.decimal)
    if options.affix:
        plain = f"trim({plain}, {literal(BLANK)})"
    cast = f"TRY_CAST({plain} AS {wanted})"
    if wanted in WHOLE:
        pattern = rf"\s*[+-]?(\d+{grouped})\s*"
    elif wanted == "double":
        pattern = rf"\s*[+-]?((\d+{grouped})({point}\d*)?|{point}\d+)([eE][+-]?\d+)?\s*"
    else:
        scale = int(wanted.split(",")[1].strip(" )"))
        pattern = (
            rf"\s*[+-]?((\d+{grouped})({point}\d{{0,{scale}}}0*)?|{point}\d{{1,{scale}}}0*)\s*"
        )
    if options.affix:
        beside = rf"({re.escape(options.affix)})?[\s{''.join(SPACES)}]*"
        sign, _, number = pattern.removeprefix(r"\s*").removesuffix(r"\s*").partition("?")
        pattern = rf"\s*{sign}?{beside}{number}[\s{''.join(SPACES)}]*{beside}"
    matches = f"regexp_full_match({text}, {literal(pattern)})"
    if wanted == "double" and options.thousands is None and options.affix is None:
        # A double that DuckDB reads is written as one but for infinities, NaN and underscores.
        wrong = ["_"] if options.decimal == "." else ["_", "."]
        without = " AND ".join(f"NOT contains({text}, {literal(mark)})" for mark in wrong)
        return Reading(cast, lambda value: f"isfinite({value}) AND {without}")
    if wanted == "double":
        return Reading(cast, lambda value: f"isfinite({value}) AND {matches}")
    if plain != text:
        return Reading(cast, lambda value: f"{value} IS NOT NULL AND {matches}")
    return Reading(
        cast, lambda value: f"{value}::VARCHAR = {text} OR ({value} IS NOT NULL AND {matches})"
    )


def _moment(text: str, wanted: str, options: CsvOptions) -> Reading:
    form = {"date": options.date_format, "time": options.time_format}.get(
        wanted, options.timestamp_format
    )
    if form:
        spoken = english(text) if any(part in form for part in ("%B", "%b", "%A", "%a")) else text
        parsed = f"try_strptime({spoken}, {literal(form)})::{wanted}"
        if wanted == "time":
            return Reading(parsed, lambda value: f"{value} IS NOT NULL")
        # '%Y' also takes '20' as the year 20.
        return Reading(parsed, lambda value: f"year({value}) >= 1000")
    cast = f"TRY_CAST({text} AS {wanted})"
    pattern = {
        "date": rf"\s*{_DATE}\s*",
        "time": rf"\s*{_CLOCK}\s*",
        "timestamp": rf"\s*{_DATE}([ T]{_CLOCK})?\s*",
        "timestamptz": rf"\s*{_DATE}[ T]{_CLOCK}{_OFFSET}\s*",
    }[wanted]
    matches = f"regexp_full_match({text}, {literal(pattern)})"

    def valid(value: str) -> str:
        if wanted == "timestamptz":
            return f"{value} IS NOT NULL AND {matches}"
        if wanted == "timestamp":
            # Cheaper than writing it back; from year 1000 on the first four places are digits.
            quick = f"{value} >= TIMESTAMP '1000-01-01' AND {text} LIKE '____-__-__ __:__:__'"
        elif wanted == "date":
            quick = f"isfinite({value}) AND {value}::VARCHAR = {text}"
        else:
            quick = f"{value}::VARCHAR = {text}"
        return f"({quick}) OR ({value} IS NOT NULL AND {matches})"

    return Reading(cast, valid)


def _geometry(text: str) -> str:
    return (
        f"(CASE WHEN {text} LIKE '{{%' THEN TRY(ST_GeomFromGeoJSON({text})) "
        f"WHEN regexp_full_match({text}, '([0-9A-Fa-f]{{2}})+') "
        f"THEN TRY(ST_GeomFromHEXWKB({text})) "
        f"ELSE TRY(ST_GeomFromText({text})) END)"
    )


def _within(geometry: str) -> str:
    """Longitude and latitude have bounds; metres of Lambert-93 lie outside them."""
    return (
        f"ST_XMin({geometry}) >= -180 AND ST_XMax({geometry}) <= 180 "
        f"AND ST_YMin({geometry}) >= -90 AND ST_YMax({geometry}) <= 90"
    )


def _escaped(character: str) -> str:
    return character if character.isalnum() or character in SPACES else f"\\{character}"


def _list(words: tuple[str, ...]) -> str:
    return ", ".join(literal(word) for word in words)
