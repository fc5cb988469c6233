"""XLSX worksheets: values only, each cell under the name of its column.

A workbook shows what it does not hold: merged cells hide values, formulas may have none stored.
Both are said, never guessed.
"""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake.raw import Raw, Reject, same_columns, unreadable
from datalab.lake.tabular import from_rows

LARGEST = 2_000_000_000
FORMULA = "holds a formula whose result was not saved"
FAULT = "holds an error of the spreadsheet"
BEYOND = "has a value beyond the last named column"


def read_sheet(
    dataset: Dataset, file: Path, folder: Path, connection: duckdb.DuckDBPyConnection
) -> Raw:
    """The rows of the worksheet ``source.sheet``, or of the first one.

    The first row that is not empty, after ``csv.skip`` rows, is the header; empty rows are passed
    over.

    Raises
    ------
    UnreadableFile
        where it is not a workbook, has no such sheet, other columns, or merged cells in the data.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(file) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise unreadable(dataset, "it unpacks to more than {limit} bytes.", limit=LARGEST)
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
    rows = _paired(values[name], formulas[name])
    header, columns = _header(dataset, rows)
    _no_merged_cells(dataset, file, values[name], header)
    rejects: list[Reject] = []
    nulls = set(dataset.source.csv.null_values)

    def lines() -> Iterator[tuple[int, list[str | None]]]:
        for number, cells, written in rows:
            if all(value is None for value in cells) and not any(map(_is_formula, written)):
                continue
            fault = _fault(number, columns, cells, written)
            if fault is None:
                texts = [_text(value) for value in (*cells, *[None] * len(columns))]
                yield number, [None if text in nulls else text for text in texts[: len(columns)]]
            else:
                rejects.append(fault)

    raw = from_rows(columns, lines(), connection, rejects)
    values.close()
    formulas.close()
    return raw


Row = tuple[int, tuple[Any, ...], tuple[Any, ...]]


def _paired(values: Any, formulas: Any) -> Iterator[Row]:
    for sheet in (values, formulas):
        sheet.reset_dimensions()  # what a file says of its own size may be wrong
    both = zip_longest(
        values.iter_rows(values_only=True), formulas.iter_rows(values_only=True), fillvalue=()
    )
    for number, (cells, written) in enumerate(both, start=1):
        yield number, cells, written


def _header(dataset: Dataset, rows: Iterator[Row]) -> tuple[int, list[str]]:
    for number, cells, _ in rows:
        if number <= dataset.source.csv.skip or all(value is None for value in cells):
            continue
        names = ["" if value is None else str(value).strip() for value in cells]
        while names and not names[-1]:
            names.pop()
        return number, same_columns(dataset, names)
    raise unreadable(dataset, "it has no header line.")


def _no_merged_cells(dataset: Dataset, file: Path, sheet: Any, header: int) -> None:
    """Only the first of merged cells holds the value; the others read as empty."""
    path = str(sheet._worksheet_path)
    with zipfile.ZipFile(file) as archive, archive.open(path) as part:
        tail = b""
        while block := part.read(1 << 20):
            for first, last in re.findall(
                rb'<mergeCell ref="[A-Z]+(\d+):[A-Z]+(\d+)"', tail + block
            ):
                if int(last) >= header:
                    raise unreadable(
                        dataset,
                        "cells are merged in rows {first} to {last}; unmerge them at the source.",
                        first=int(first),
                        last=int(last),
                    )
            tail = block[-64:]


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


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        day = value.time() == datetime.time()
        return str(value.date()) if day else value.isoformat(sep=" ")
    return str(value)
