"""XLSX worksheets: values only, each cell under the name of its column.

A workbook shows what it does not hold: merged cells hide values, formulas may have none stored.
Both are said, never guessed. Titles above the table are passed over by ``header_row``; notes below
it end at ``until``, and what looks like one otherwise is a row that is told, not taken.
"""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import duckdb

from datalab.catalog.dataset import CsvOptions, Dataset
from datalab.lake.header import named
from datalab.lake.members import Members
from datalab.lake.raw import Raw, Reject, same_columns, unreadable
from datalab.lake.tabular import from_rows

FORMULA = "holds a formula whose result was not saved"
FAULT = "holds an error of the spreadsheet"
BEYOND = "has a value beyond the last named column"
NOTE = "looks like a note below the table; say in 'until' how it begins"
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)"')
MOST_MERGED = 100_000
LAST = 1_048_576  # rows that a worksheet can have


@dataclass(frozen=True)
class Merged:
    """Cells shown as one; rows and columns are counted from 1."""

    first: int
    last: int
    left: int
    right: int


def read_sheet(
    dataset: Dataset, file: Path, folder: Path, connection: duckdb.DuckDBPyConnection
) -> Raw:
    """The rows of the worksheet ``source.sheet``, or of the first one.

    The header is row ``header_row`` (with ``header_rows`` of them), or the first row that is not
    empty after ``csv.skip`` rows; empty rows are passed over.

    Raises
    ------
    UnreadableFile
        where it is not a workbook, has no such sheet, other columns, or merged cells in the data
        that nobody said to fill.
    SourceTooLarge
        where it unpacks to more than the dataset allows.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with Members(dataset, file):
        pass  # bounded before anything in it is read
    try:
        # The sheet is read twice, for values and for formulas: they are not stored together.
        # Handles, not paths: openpyxl refuses a path without the extension of a workbook.
        options = {"read_only": True, "keep_links": False}
        values = load_workbook(file.open("rb"), data_only=True, **options)
        formulas = load_workbook(file.open("rb"), data_only=False, **options)
    except (OSError, KeyError, ValueError, InvalidFileException, zipfile.BadZipFile) as error:
        raise unreadable(dataset, "{error}", error=error) from error
    name = dataset.source.sheet or values.sheetnames[0]
    if name not in values.sheetnames:
        raise unreadable(
            dataset,
            "it has no sheet '{sheet}'; its sheets: {known}.",
            sheet=name,
            known=", ".join(values.sheetnames),
        )
    merged = _merged(dataset, file, values[name])
    rows = _paired(values[name], formulas[name], _filler(dataset, merged))
    header, columns = _header(dataset, rows)
    for _ in islice(rows, dataset.source.csv.gap):
        pass
    below = [area for area in merged if area.last > header and dataset.source.merged_cells is None]
    rejects: list[Reject] = []
    table = _table(dataset, rows, columns, below, rejects)
    raw = from_rows(columns, table, connection, rejects)
    values.close()
    formulas.close()
    return raw


Row = tuple[int, tuple[Any, ...], tuple[Any, ...]]


def _table(
    dataset: Dataset,
    rows: Iterator[Row],
    columns: list[str],
    merged: list[Merged],
    rejects: list[Reject],
) -> Iterator[tuple[int, list[str | None]]]:
    """The rows of data as text, up to the notes. Cells merged among them are refused."""
    nulls = set(dataset.source.csv.null_values)
    options = [dataset.source.csv.of(column) for column in columns]
    until, after_gap = dataset.source.until, False
    shut = {row: area for area in merged for row in range(area.first, min(area.last, LAST) + 1)}
    for number, cells, written in rows:
        if all(value is None for value in cells) and not any(map(_is_formula, written)):
            after_gap = True
            continue
        first = next((str(value).strip() for value in cells if value is not None), "")
        if until is not None and first.startswith(until):
            return
        if number in shut:
            raise unreadable(
                dataset,
                "cells are merged in rows {first} to {last}; unmerge them at the source, or say "
                "'merged_cells: fill'.",
                first=shut[number].first,
                last=shut[number].last,
            )
        fault = _fault(number, columns, cells, written)
        alone = sum(value is not None for value in cells) == 1 and cells[0] is not None
        if fault is None and after_gap and alone and len(columns) > 2:
            fault = Reject(number, columns[0], first[:200], NOTE)
        if fault is not None:
            rejects.append(fault)
            continue
        after_gap = False
        padded = (*cells, *[None] * len(columns))
        texts = [_text(value, own) for value, own in zip(padded, options, strict=False)]
        yield number, [None if text in nulls else text for text in texts]


def _paired(values: Any, formulas: Any, filled: Callable[[int, tuple[Any, ...]], Any]) -> Any:
    for sheet in (values, formulas):
        sheet.reset_dimensions()  # what a file says of its own size may be wrong
    both = zip_longest(
        values.iter_rows(values_only=True), formulas.iter_rows(values_only=True), fillvalue=()
    )
    for number, (cells, written) in enumerate(both, start=1):
        yield number, filled(number, cells), written


def _header(dataset: Dataset, rows: Iterator[Row]) -> tuple[int, list[str]]:
    """The last row of the header, and the names of the columns."""
    source, found = dataset.source, list[list[str]]()
    begin = source.header_row or source.csv.skip + 1
    for number, cells, _ in rows:
        empty = all(value is None for value in cells)
        if number < begin or (empty and not found and source.header_row is None):
            continue
        found.append(["" if value is None else str(value).strip() for value in cells])
        if len(found) < (source.header_rows or 1):
            continue
        for names in found:
            while names and not names[-1]:
                names.pop()
        if not any(found):
            break
        return number, same_columns(dataset, named(found, dataset.source_columns()))
    raise unreadable(dataset, "it has no header line.")


def _merged(dataset: Dataset, file: Path, sheet: Any) -> list[Merged]:
    from openpyxl.utils import column_index_from_string as index

    found: dict[tuple[bytes, ...], Merged] = {}
    path = str(sheet._worksheet_path)
    with zipfile.ZipFile(file) as archive, archive.open(path) as part:
        tail = b""
        while block := part.read(1 << 20):
            for match in _MERGED.findall(tail + block):
                left, first, right, last = (part.decode() for part in match)
                found[match] = Merged(int(first), int(last), index(left), index(right))
            if len(found) > MOST_MERGED:
                raise unreadable(dataset, "it has more merged cells than {most}.", most=MOST_MERGED)
            tail = block[-64:]
    return list(found.values())


def _filler(
    dataset: Dataset, merged: list[Merged]
) -> Callable[[int, tuple[Any, ...]], tuple[Any, ...]]:
    """Repeats the value of merged cells, where the catalog says so; in the header always.

    Only the first of merged cells holds the value; the others read as empty.
    """
    source = dataset.source
    begin = source.header_row or source.csv.skip + 1
    header = range(begin, begin + (source.header_rows or 1))
    fill = [m for m in merged if source.merged_cells == "fill" or m.first in header]
    held: dict[Merged, Any] = {}
    waiting = sorted(fill, key=lambda area: area.first)

    def filled(number: int, cells: tuple[Any, ...]) -> tuple[Any, ...]:
        while waiting and waiting[0].first <= number:
            area = waiting.pop(0)
            held[area] = cells[area.left - 1] if area.left <= len(cells) else None
        for area in [area for area in held if area.last < number]:
            del held[area]
        if not held:
            return cells
        row = list(cells)
        for area, value in held.items():
            row += [None] * (min(area.right, 16_384) - len(row))
            row[area.left - 1 : area.right] = [value] * (area.right - area.left + 1)
        return tuple(row)

    return filled


def _fault(
    number: int, columns: list[str], cells: tuple[Any, ...], written: tuple[Any, ...]
) -> Reject | None:
    for position, (value, formula) in enumerate(zip_longest(cells, written)):
        column = columns[position] if position < len(columns) else ""
        if value is None and _is_formula(formula):
            return Reject(number, column, str(formula), FORMULA)
        if isinstance(value, str) and value.startswith("#") and value.endswith(("!", "?", "/A")):
            return Reject(number, column, value, FAULT)
        if value is not None and position >= len(columns):
            return Reject(number, "", str(value), BEYOND)
    return None


def _is_formula(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("=")


def _text(value: Any, options: CsvOptions) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, float):
        # As the other numbers of this file are written: some cells hold numbers, some text.
        return repr(value).replace(".", options.decimal)
    if isinstance(value, datetime.datetime):
        if value.time() == datetime.time():
            return value.strftime(options.date_format or "%Y-%m-%d")
        return value.strftime(options.timestamp_format or "%Y-%m-%d %H:%M:%S.%f")
    return str(value)
