"""What an address asks of the rows: ``population__gt=1000`` typed, checked and turned into SQL.

A filter is ``column=value`` or ``column__operator=value``. The value is read as the type of the
column before anything reaches DuckDB, and travels as a parameter; a name that is neither a column
nor a known parameter is refused, since an ignored filter would give rows that nobody asked for.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from datalab.errors import InvalidParameter
from datalab.errors.root import nearest
from datalab.i18n import Language, translate
from datalab.lake.connection import identifier
from datalab.portal.rows import TEXT, is_geometry

COMPARED = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
OPERATORS = (*COMPARED, "in", "null", "contains", "startswith")
TEXT_ONLY = ("contains", "startswith")
WHOLE = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
MOST_FILTERS = 30
MOST_VALUES = 200  # of one ``__in``
LONGEST = 500  # characters of one value
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?", re.IGNORECASE)
WHOLE_NUMBER = re.compile(r"[+-]?\d{1,25}")


@dataclass(frozen=True)
class Filter:
    """One condition on one column; ``values`` are of the column's type."""

    column: str
    operator: str
    values: tuple[Any, ...]

    def sql(self) -> tuple[str, list[Any]]:
        """The condition, and its parameters. An absent value meets ``null`` alone, and ``ne``."""
        column = identifier(self.column)
        if self.operator == "null":
            return f"{column} IS {'' if self.values[0] else 'NOT '}NULL", []
        if self.operator == "in":
            if not self.values:
                return "false", []
            return f"{column} IN ({', '.join('?' * len(self.values))})", list(self.values)
        if self.operator == "contains":
            folded = f"contains(lower(strip_accents({column})), lower(strip_accents(?)))"
            return folded, list(self.values)
        if self.operator == "startswith":
            return f"starts_with({column}, ?)", list(self.values)
        if self.operator == "ne":
            return f"{column} IS DISTINCT FROM ?", list(self.values)
        return f"{column} {COMPARED[self.operator]} ?", list(self.values)


def filters_of(
    pairs: Iterable[tuple[str, str]],
    columns: dict[str, str],
    reserved: Iterable[str],
    language: Language,
) -> list[Filter]:
    """The filters among the parameters of an address.

    A column that is named like a parameter of the door is asked with an operator: ``limit__eq``.

    Raises
    ------
    InvalidParameter
        naming the parameter, and what would be possible.
    """
    reserved, found = set(reserved), []
    for name, value in pairs:
        if name in reserved:
            continue
        found.append(_filter(name, value, columns, reserved, language))
    if len(found) > MOST_FILTERS:
        reason = translate("at most {highest} is possible", language, highest=MOST_FILTERS)
        raise InvalidParameter(name="filter", value=str(len(found)), reason=reason)
    return found


def where(filters: Iterable[Filter]) -> tuple[str, list[Any]]:
    """All conditions as one ``WHERE`` (empty where there is none), and their parameters."""
    parts, values = [], []
    for one in filters:
        text, held = one.sql()
        parts.append(text)
        values += held
    return (" WHERE " + " AND ".join(parts) if parts else ""), values


def column_of(name: str, value: str, columns: Iterable[str], language: Language) -> str:
    """``value`` where it is a column that may be read.

    Raises
    ------
    InvalidParameter
        with the nearest column.
    """
    columns = list(columns)
    if value in columns:
        return value
    near = nearest(value, columns)
    if near:
        reason = translate("there is no such column; the nearest is '{near}'", language, near=near)
    else:
        known = ", ".join(columns)
        reason = translate("there is no such column; there are: {known}", language, known=known)
    raise InvalidParameter(name=name[:80], value=value[:80], reason=reason)


def _filter(
    name: str, value: str, columns: dict[str, str], reserved: set[str], language: Language
) -> Filter:
    column, _, operator = name.rpartition("__")
    if name in columns:
        column, operator = name, "eq"
    elif not column:
        known = [*columns, *sorted(reserved)]
        near = nearest(name, known)
        reason = (
            translate("it is not known here; the nearest is '{near}'", language, near=near)
            if near
            else translate("it is neither a column nor known here", language)
        )
        raise InvalidParameter(name=name[:80], value=value[:80], reason=reason)
    column_of(name, column, columns, language)
    type_ = columns[column]
    possible = _operators(type_)
    if operator not in possible:
        reason = translate(
            "'{operator}' is not possible for this column; use one of: {known}",
            language,
            operator=operator[:40],
            known=", ".join(possible),
        )
        raise InvalidParameter(name=name[:80], value=value[:80], reason=reason)
    if len(value) > LONGEST * (MOST_VALUES if operator == "in" else 1):
        reason = translate("it is too long or not written as expected", language)
        raise InvalidParameter(name=name[:80], value=value[:80], reason=reason)

    def read(text: str, as_type: str) -> Any:
        try:
            return value_of(text, as_type)
        except (ValueError, InvalidOperation, OverflowError):
            reason = _expected(as_type, language)
            raise InvalidParameter(name=name[:80], value=text[:80], reason=reason) from None

    if operator == "null":
        return Filter(column, operator, (read(value, "boolean"),))
    if operator == "in":
        texts = next(csv.reader([value]), [])
        if len(texts) > MOST_VALUES:
            reason = translate("at most {highest} is possible", language, highest=MOST_VALUES)
            raise InvalidParameter(name=name[:80], value=value[:80], reason=reason)
        return Filter(column, operator, tuple(read(text, type_) for text in texts))
    return Filter(column, operator, (read(value, type_),))


def _operators(type_: str) -> tuple[str, ...]:
    if is_geometry(type_):
        return ("null",)
    if type_ == TEXT:
        return OPERATORS
    return tuple(operator for operator in OPERATORS if operator not in TEXT_ONLY)


def value_of(text: str, type_: str) -> Any:
    """``text`` as a value of a column type.

    Raises
    ------
    ValueError, InvalidOperation, OverflowError
        where it is none. A number with more decimals than the column holds is a number: it equals
        no row, and rows can be greater than it.
    """
    if type_ == TEXT:
        return text
    kind = next((kind for kind in READERS if type_.startswith(kind)), None)
    if kind is None:
        raise ValueError(type_)
    return READERS[kind](text.strip())


def _whole(text: str) -> int:
    if not WHOLE_NUMBER.fullmatch(text):
        raise ValueError(text)
    found = int(text)
    if abs(found) >= 2**120:  # within DuckDB's widest
        raise OverflowError(text)
    return found


def _double(text: str) -> float:
    found = float(text) if NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(found):
        raise ValueError(text)
    return found


def _decimal(text: str) -> Decimal:
    if not NUMBER.fullmatch(text):
        raise ValueError(text)
    found = Decimal(text)
    digits = len(found.as_tuple().digits)
    exponent = found.as_tuple().exponent
    if not isinstance(exponent, int) or digits + max(exponent, 0) > 38 or -exponent > 38:
        raise OverflowError(text)
    return found


def _boolean(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.lower()) or _false(text)


def _false(text: str) -> bool:
    if text.lower() not in {"false", "0"}:
        raise ValueError(text)
    return False


def _moment(text: str) -> datetime:
    """An ISO 8601 time without a zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is not None:
        raise ValueError(text)
    return found


def _instant(text: str) -> datetime:
    """An ISO 8601 time with its zone; one without is UTC, as what the doors give out."""
    # A plus in an address is a space: 12:00+02:00 arrives so.
    found = datetime.fromisoformat(re.sub(r" (\d\d:?\d\d)$", r"+\1", text))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(WHOLE, _whole),
    "double": _double,
    "float": _double,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": date.fromisoformat,
    "timestamptz": _instant,
    "timestamp with time zone": _instant,
    "timestamp": _moment,
    "time": time.fromisoformat,
}


def _expected(type_: str, language: Language) -> str:
    if type_ in WHOLE:
        return translate("a whole number is needed", language)
    if type_.startswith(("double", "float", "decimal")):
        return translate("a number is needed, with a point before decimals", language)
    if type_ == "boolean":
        return translate("true or false is needed", language)
    if type_ == "date":
        return translate("a date like 2026-01-31 is needed", language)
    if type_.startswith("timestamp"):
        return translate("a moment like 2026-01-31T12:00:00 is needed", language)
    if type_ == "time":
        return translate("a time of day like 12:30:00 is needed", language)
    return translate("it is too long or not written as expected", language)
