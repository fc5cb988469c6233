"""Which character stands between two values, and which around them, from the first lines."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from datalab.inspection.shape import filled

DELIMITERS = (",", ";", "\t", "|")
RARE = (":", "~", "^")
LEAST = 0.4  # share of the lines; prose with commas stays below
Record = tuple[int, list[str]]


@dataclass(frozen=True)
class Dialect:
    """``share`` of the studied records have ``width`` values."""

    delimiter: str
    quote: str
    spaces: bool
    width: int
    share: float


def records(
    lines: Sequence[str], delimiter: str, quote: str, *, spaces: bool = False
) -> list[Record]:
    """The records of ``lines`` with the line (from 1) on which each begins."""
    source = iter(lines)
    if quote:
        reader = csv.reader(source, delimiter=delimiter, quotechar=quote, skipinitialspace=spaces)
    else:
        reader = csv.reader(source, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    found: list[Record] = []
    start = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return found
        except csv.Error:
            start = reader.line_num + 1
            continue
        found.append((start, row))
        start = reader.line_num + 1


def dialect_of(lines: Sequence[str]) -> Dialect | None:
    """The dialect that makes a table of most lines; None where no delimiter does.

    A delimiter counts where many records have one same number of values, at least two. The
    share of them decides, then the number.
    """
    quote = _quote(lines)
    best: tuple[float, float, Dialect] | None = None
    for delimiter in (*DELIMITERS, *RARE):
        if not any(delimiter in line for line in lines):
            continue
        rows = [row for _, row in records(lines, delimiter, quote) if filled(row)]
        if not rows:
            continue
        widths = Counter(len(row) for row in rows)
        wide = Counter({width: count for width, count in widths.items() if width > 1})
        if not wide:
            continue
        width, count = max(wide.items(), key=lambda item: (item[1], item[0]))
        share = count / len(rows)
        # Notes above and below are short lines without a delimiter: a table in half of them is one.
        if delimiter in RARE and (share < 0.9 or len(rows) < 10):
            continue
        weight = share * (1 if delimiter in DELIMITERS else 0.5)
        if best is None or (weight, width) > (best[0], best[1]):
            best = (weight, width, Dialect(delimiter, quote, False, width, share))
    if best is None or best[2].share < LEAST:
        return None
    found = best[2]
    mark = found.delimiter
    if quote and any(
        cell.startswith(" ") and cell.lstrip(" ").startswith(quote)
        for _, row in records(lines, mark, quote)
        for cell in row
    ):
        rows = [row for _, row in records(lines, mark, quote, spaces=True) if filled(row)]
        width, count = Counter(len(row) for row in rows).most_common(1)[0]
        if width > 1 and count / len(rows) >= found.share:
            return Dialect(mark, quote, True, width, count / len(rows))
    return found


def _quote(lines: Sequence[str]) -> str:
    """``"`` unless it only ever stands inside a value, as in 37°36'37.8"N."""
    opens = closes = 0
    for line in lines:
        if '"' not in line:
            continue
        for mark in DELIMITERS:
            opens += line.count(f'{mark}"') + line.count(f'{mark} "')
            closes += line.count(f'"{mark}')
        opens += line.startswith('"')
        closes += line.rstrip("\r\n").endswith('"')
    return '"' if opens or not any('"' in line for line in lines) else ""
