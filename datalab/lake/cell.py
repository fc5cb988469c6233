"""Whether one text is what a field of a Table Schema asks for, decided in Python.

The reference: what :mod:`datalab.lake.conformity` decides in SQL for most values, this decides for
all. Values are read as the Table Schema specification says; frictionless reads them the same way,
which a test holds.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from datalab.catalog.schema import SchemaField

_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*")
_DURATION = re.compile(
    r"[+-]?P(?!$)(\d+([.,]\d+)?Y)?(\d+([.,]\d+)?M)?(\d+([.,]\d+)?W)?(\d+([.,]\d+)?D)?"
    r"(T(?!$)(\d+([.,]\d+)?H)?(\d+([.,]\d+)?M)?(\d+([.,]\d+)?S)?)?"
)
_GEOMETRIES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
)

# Reasons are English msgids, translated where they are shown; each says how to mend the value.
REQUIRED = "a value is required here: fill it in"
REASONS = {
    "integer": "not a whole number: write digits only, such as 12",
    "number": "not a number: write digits with a point for decimals, such as 12.5",
    "boolean": "neither true nor false: write one of {allowed}",
    "date": "not a date: write it as {form}",
    "datetime": "not a date and time: write it as 2026-11-22T08:30:00Z",
    "time": "not a time: write it as 08:30:00",
    "year": "not a year: write four digits, such as 2026",
    "geopoint": "not a point: write longitude, then latitude, as {form}",
    "geojson": "not a GeoJSON geometry",
    "array": 'not a list: write it as ["one", "two"]',
    "duration": "not a duration: write it as PT15M",
    "email": "not an e-mail address",
    "uri": "not an address: begin with https://",
    "uuid": "not a UUID",
}
PATTERN = "not written as the schema asks: it has to match {pattern}"
ENUM = "not one of the values allowed: {allowed}"
ITEM = "the list holds a value that is not allowed; allowed are: {allowed}"
MINIMUM = "less than {minimum}, the least allowed"
MAXIMUM = "more than {maximum}, the most allowed"
SHORT = "shorter than {length} characters"
LONG = "longer than {length} characters"
CHECKED = {
    "siret": "not a SIRET: 14 digits, the last one a check digit",
    "siren": "not a SIREN: 9 digits, the last one a check digit",
}

Fault = tuple[str, dict[str, str]]


def faults(field: SchemaField, text: str) -> Iterator[Fault]:
    """Each rule of ``field`` that ``text`` breaks: an English msgid and its facts.

    ``text`` is none of the schema's missing values.
    """
    value = _reader(field)(text)
    if value is None:
        yield wrong_type(field)
        return
    keeps = field.constraints
    if keeps.min_length is not None and len(value) < keeps.min_length:
        yield SHORT, {"length": str(keeps.min_length)}
    if keeps.max_length is not None and len(value) > keeps.max_length:
        yield LONG, {"length": str(keeps.max_length)}
    if keeps.minimum is not None and not _at_least(field, value, keeps.minimum):
        yield MINIMUM, {"minimum": str(keeps.minimum)}
    if keeps.maximum is not None and not _at_most(field, value, keeps.maximum):
        yield MAXIMUM, {"maximum": str(keeps.maximum)}
    if keeps.pattern is not None and not compiled(keeps.pattern).match(text):
        yield PATTERN, {"pattern": keeps.pattern}
    if keeps.enum is not None and value not in allowed(field):
        yield ENUM, {"allowed": shown(keeps.enum)}
    if field.items is not None and any(item not in field.items for item in value):
        yield ITEM, {"allowed": shown(field.items)}
    if field.check is not None and not is_registered(text, field.check):
        yield CHECKED[field.check], {}


def wrong_type(field: SchemaField) -> Fault:
    """What is said of a text that is not of the type of ``field``."""
    if field.type == "string":
        return REASONS[field.format], {}
    if field.type == "boolean":
        return REASONS["boolean"], {"allowed": shown([*field.true_values, *field.false_values])}
    if field.type == "date":
        form = "%Y-%m-%d" if field.format == "default" else field.format
        return REASONS["date"], {"form": datetime.date(2026, 11, 22).strftime(form)}
    if field.type == "geopoint":
        return REASONS["geopoint"], {
            "form": "[5.04, 47.32]" if field.format == "array" else "5.04, 47.32"
        }
    return REASONS[field.type], {}


def shown(values: list[Any]) -> str:
    """A code list, short enough for a sentence."""
    words = [str(value) for value in values]
    return ", ".join(words[:12]) + (", …" if len(words) > 12 else "")


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(f"^{pattern}$")


def allowed(field: SchemaField) -> list[Any]:
    """The code list of a field as values of its type."""
    return [_reader(field)(str(value)) for value in field.constraints.enum or []]


def is_registered(text: str, kind: str) -> bool:
    """Whether ``text`` can be a number of SIRENE: its length and Luhn's check digit.

    La Poste's establishments (SIREN 356000000) keep another rule: the sum of digits is a multiple
    of five (INSEE, documentation of the SIRENE register).
    """
    digits = text.replace(" ", "")
    if len(digits) != (14 if kind == "siret" else 9) or not (digits.isascii() and digits.isdigit()):
        return False
    if kind == "siret" and digits.startswith("356000000") and sum(map(int, digits)) % 5 == 0:
        return True
    doubled = (
        sum(divmod(2 * int(digit), 10)) if place % 2 else int(digit)
        for place, digit in enumerate(reversed(digits))
    )
    return sum(doubled) % 10 == 0


def _at_least(field: SchemaField, value: Any, bound: Any) -> bool:
    return _compared(value, _reader(field)(str(bound)), lambda a, b: bool(a >= b))


def _at_most(field: SchemaField, value: Any, bound: Any) -> bool:
    return _compared(value, _reader(field)(str(bound)), lambda a, b: bool(a <= b))


def _compared(value: Any, bound: Any, holds: Callable[[Any, Any], bool]) -> bool:
    try:
        return holds(value, bound)
    except (TypeError, InvalidOperation):  # not a number (NaN), or one of two times has a zone
        return False


Reader = Callable[[str], Any]


def _reader(field: SchemaField) -> Reader:
    """The value of a text, or None where it is not of the type of ``field``."""
    form = field.format
    if field.type == "string":
        return {"email": _email, "uri": _uri, "uuid": _uuid}.get(form, str)
    if field.type == "boolean":
        known = dict.fromkeys(field.true_values, True) | dict.fromkeys(field.false_values, False)
        return known.get
    if field.type == "date" and form != "any":
        return lambda text: _parsed(text, "%Y-%m-%d" if form == "default" else form, "date")
    if field.type == "datetime":
        return _datetime if form == "default" else lambda text: _parsed(text, form, "datetime")
    if field.type == "time":
        return _time if form == "default" else lambda text: _parsed(text, form, "time")
    if field.type == "geopoint":
        return lambda text: _point(text, form)
    return {
        "integer": _integer,
        "number": _number,
        "year": _year,
        "geojson": _geojson,
        "array": _array,
        "duration": lambda text: text if _DURATION.fullmatch(text) else None,
    }[field.type]


def _integer(text: str) -> int | None:
    try:
        return int(text.strip()) if len(text) < 4000 else None
    except ValueError:
        return None


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text.strip()) if len(text) < 4000 else None
    except InvalidOperation:
        return None


def _year(text: str) -> int | None:
    value = _integer(text) if len(text) == 4 else None
    return value if value is not None and value >= 0 else None


def _parsed(text: str, form: str, part: str) -> Any:
    try:
        moment = datetime.datetime.strptime(text, form)
    except ValueError:
        return None
    return moment.date() if part == "date" else moment.timetz() if part == "time" else moment


def _datetime(text: str) -> datetime.datetime | None:
    """ISO 8601 to the second at least (Table Schema: YYYY-MM-DDThh:mm:ssZ)."""
    if len(text) < 19 or text[16] != ":" or "W" in text[:10]:
        return None
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> datetime.time | None:
    if len(text) < 8 or text[5] != ":":
        return None
    try:
        return datetime.time.fromisoformat(text)
    except ValueError:
        return None


def _point(text: str, form: str) -> tuple[Decimal, Decimal] | None:
    try:
        pair: Any = json.loads(text) if form == "array" else text.split(",")
        if form == "object":
            found = json.loads(text)
            pair = (found["lon"], found["lat"]) if len(found) == 2 else ()
        longitude, latitude = (
            Decimal(part.strip() if isinstance(part, str) else part) for part in pair
        )
        inside = -180 <= longitude <= 180 and -90 <= latitude <= 90
    except (ValueError, TypeError, KeyError, InvalidOperation, RecursionError):
        return None
    return (longitude, latitude) if inside else None


def _geojson(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("type") not in _GEOMETRIES:
        return None
    return found if isinstance(found.get("coordinates"), list) else None


def _array(text: str) -> list[Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _email(text: str) -> str | None:
    return text if _EMAIL.fullmatch(text) and len(text) <= 320 else None


def _uuid(text: str) -> str | None:
    whole = re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text)
    return text if whole else None


def _uri(text: str) -> str | None:
    try:
        urlsplit(text)
    except ValueError:
        return None
    return text if _URI.fullmatch(text) else None
