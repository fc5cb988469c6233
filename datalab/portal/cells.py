"""The answer to a question in SQL as plain values: for JSON, for a CSV file, for a page."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from datalab.portal import figures
from datalab.portal.lines import FORMULA
from datalab.portal.rows import EXACT_DIGITS

if TYPE_CHECKING:
    import pyarrow as pa

    from datalab.i18n import Language

Plain = str | int | float | bool | None | list[Any] | dict[str, Any]
LARGEST = 2**53  # beyond it, JSON readers round whole numbers
RUN = re.compile(FORMULA)
LONGEST = 300  # characters shown of a text


def plain(value: Any) -> Plain:
    """``value`` as JSON has it: as the rows of a dataset are given (:mod:`datalab.portal.rows`)."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return float(value) if len(value.as_tuple().digits) <= EXACT_DIGITS else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value)


def rows_of(table: pa.Table, most: int | None = None) -> list[list[Plain]]:
    """Rows as lists: two columns of a question may have the same name."""
    part = table if most is None else table.slice(0, most)
    columns = [[plain(value) for value in column.to_pylist()] for column in part.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def csv_of(table: pa.Table) -> str:
    """RFC 4180. A text that a spreadsheet would run stands behind an apostrophe; numbers stay."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_guarded(name) for name in table.column_names])
    for row in rows_of(table):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def shown(value: Plain, language: Language) -> str:
    """A cell of a page."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return {True: {"fr": "oui", "en": "yes"}, False: {"fr": "non", "en": "no"}}[value][language]
    if isinstance(value, int | float):
        return figures.number(value, language, digits=6)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _cell(value: Plain) -> str | int | float | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return _guarded(json.dumps(value, ensure_ascii=False))
    return _guarded(value) if isinstance(value, str) else value


def _guarded(text: str) -> str:
    return f"'{text}" if RUN.match(text) else text
