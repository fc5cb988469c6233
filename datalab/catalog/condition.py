"""Row conditions: which rows an expectation is about.

Great Expectations writes a condition as a string, ``col("sector") == "public"``, or as the nested
mappings its own objects serialise to (``{"type": "comparison", "column": {"name": …}, …}``).
:func:`read_condition` turns both into the one nested form, so that lint, the sentences and the
evaluation all read the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Operator = Literal["==", "!=", "<", "<=", ">", ">=", "IN", "NOT_IN"]
OPERATORS: tuple[Operator, ...] = ("==", "!=", "<", "<=", ">", ">=", "IN", "NOT_IN")

# The string grammar of Great Expectations 1.24 (expectations/legacy_row_conditions.py): one
# column, one comparison with a number or a quoted text, or .notnull().
_WRITTEN = re.compile(
    r"""^\s*col\(\s*"(?P<column>[^"]+)"\s*\)\s*
        (?: (?P<notnull>\.notnull\(\))
          | (?P<operator>==|!=|<=|>=|<|>)\s*
            (?: (?P<number>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)
              | "(?P<double>[^"']+)" | '(?P<single>[^"']+)' ) )\s*$""",
    re.VERBOSE,
)


class InvalidCondition(ValueError):
    """The condition is neither form. The message says what was read."""


@dataclass(frozen=True)
class Comparison:
    """``column operator value``; ``value`` is a list for IN and NOT_IN."""

    column: str
    operator: Operator
    value: Any


@dataclass(frozen=True)
class Nullity:
    """``column`` is, or is not, null."""

    column: str
    is_null: bool


@dataclass(frozen=True)
class Junction:
    """All, or any, of ``parts``."""

    word: Literal["and", "or"]
    parts: tuple[Condition, ...]


Condition = Comparison | Nullity | Junction


def read_condition(written: object) -> Condition:
    """The condition in its one form.

    Raises
    ------
    InvalidCondition
        if it is neither of the two forms Great Expectations knows.
    """
    if isinstance(written, str):
        return _from_text(written)
    if isinstance(written, Mapping):
        return _from_mapping(written)
    raise InvalidCondition(str(written))


def as_kwargs(condition: Condition) -> dict[str, Any]:
    """The nested mappings that Great Expectations reads back."""
    if isinstance(condition, Comparison):
        return {
            "type": "comparison",
            "column": {"name": condition.column},
            "operator": condition.operator,
            "parameter": condition.value,
        }
    if isinstance(condition, Nullity):
        return {
            "type": "nullity",
            "column": {"name": condition.column},
            "is_null": condition.is_null,
        }
    return {"type": condition.word, "conditions": [as_kwargs(part) for part in condition.parts]}


def columns_of(condition: Condition) -> Iterator[str]:
    """Every column that the condition reads."""
    if isinstance(condition, Junction):
        for part in condition.parts:
            yield from columns_of(part)
    else:
        yield condition.column


def _from_text(written: str) -> Condition:
    found = _WRITTEN.match(written)
    if found is None:
        raise InvalidCondition(written)
    if found["notnull"]:
        return Nullity(found["column"], is_null=False)
    value: Any = found["double"] or found["single"]
    if found["number"] is not None:
        number = found["number"]
        value = int(number) if number.lstrip("+-").isdigit() else float(number)
    operator: Any = found["operator"]
    return Comparison(found["column"], operator, value)


def _from_mapping(written: Mapping[str, Any]) -> Condition:
    kind = written.get("type")
    if kind in ("and", "or") and isinstance(parts := written.get("conditions"), list) and parts:
        read = tuple(read_condition(part) for part in parts)
        if any(isinstance(part, Junction) and part.word == "or" for part in read):
            # Great Expectations refuses an OR inside AND or OR.
            raise InvalidCondition(str(dict(written)))
        return Junction("and" if kind == "and" else "or", read)
    column = written.get("column")
    name = column.get("name") if isinstance(column, Mapping) else column
    if not isinstance(name, str):
        raise InvalidCondition(str(dict(written)))
    if kind == "nullity" and isinstance(written.get("is_null"), bool):
        return Nullity(name, written["is_null"])
    if kind == "comparison" and written.get("operator") in OPERATORS:
        value = written.get("parameter")
        listed = written["operator"] in ("IN", "NOT_IN")
        if value is not None and isinstance(value, list) == listed:
            return Comparison(name, written["operator"], value)
    raise InvalidCondition(str(dict(written)))
