"""Numbers and dates that stand where nothing is known: ``9999``, ``-999``, ``1900-01-01``.

They read well and would enter every mean. Each lies at one end of its column, far from everything
else; a series that really begins in 1900 or goes up to 9999 has neighbours near by. What they mean
is for a person to say: they are told, and nothing is changed.
"""

from __future__ import annotations

import datetime
from typing import Any

import duckdb

NUMBERS = (
    *(-1, -9, -99, -999, -9999, -99999, -32768, -2147483648),
    *(99, 999, 9999, 99999, 999999, 9999999, 99999999, 999999999, 32767, 2147483647),
)
FEW = frozenset({-1, -9, -99, 99, 999})  # common numbers too: only where they come again
# The first days that spreadsheets and databases know, and the last ones that people type.
DAYS = frozenset(
    {
        *("0001-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1900-01-02"),
        *("1901-01-01", "1904-01-01", "1970-01-01", "2099-12-31", "2999-12-31", "9999-12-31"),
    }
)
FAR = 1_826  # days: five years without any other value
ENDS = 3  # codes at one end: -999 beside -9999


def stand_ins(
    connection: duckdb.DuckDBPyConnection, column: str, type_: str
) -> dict[str, tuple[int, str, str]]:
    """Values that may mean that nothing is known: how often, and from where to where all others
    go.

    ``column`` is a quoted name of the table ``data``, ``type_`` one of a dataset.
    """
    found: dict[str, tuple[int, str, str]] = {}
    out: list[Any] = []
    read = f"{column}::DATE" if type_ in ("timestamp", "timestamptz") else column
    for end in ("max", "min") if type_ in _TESTS else ():
        for _ in range(ENDS):
            suspect = _end(connection, read, end, out)
            if suspect is None:
                break
            value, count, least, greatest = suspect
            if not _TESTS[type_](value, count, greatest if end == "max" else least):
                break
            out.append(value)
            found[_written(value)] = (count, str(least), str(greatest))
    return found


def _end(
    connection: duckdb.DuckDBPyConnection, read: str, end: str, out: list[Any]
) -> tuple[Any, int, Any, Any] | None:
    """The value at one end, how often it stands there, and the ends of all others."""
    rest = "".join(f" AND {read} <> ?" for _ in out)
    row = connection.execute(
        f"WITH v AS (SELECT {read} AS v FROM data WHERE {read} IS NOT NULL{rest}), "  # noqa: S608
        f"e AS (SELECT {end}(v) AS e FROM v) SELECT any_value(e), count(*) FILTER (v = e), "
        "min(v) FILTER (v <> e), max(v) FILTER (v <> e) FROM v, e",
        out,
    ).fetchone()
    if row is None or row[0] is None or row[2] is None:
        return None
    return row[0], int(row[1]), row[2], row[3]


def _number(value: Any, count: int, next_: Any) -> bool:
    if value not in NUMBERS or (value in FEW and count < 2):
        return False
    if value == -1:
        return bool(next_ >= 0)
    return bool(next_ < value / 2 if value > 0 else next_ > value / 2)


def _day(value: datetime.date, count: int, next_: datetime.date) -> bool:
    return value.isoformat() in DAYS and abs((next_ - value).days) > FAR


def _written(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


_TESTS: dict[str, Any] = {
    **dict.fromkeys(("integer", "bigint", "double"), _number),
    **dict.fromkeys(("date", "timestamp", "timestamptz"), _day),
}
