"""CSV files that DuckDB's reader has no option for: read record by record in Python.

Notes below the table, rows without a value, spaces after delimiters. Each record keeps the line
on which it begins.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from datalab.catalog.dataset import CsvOptions, Dataset
from datalab.lake.raw import Raw, Reject
from datalab.lake.tabular import from_rows

if TYPE_CHECKING:
    from _csv import Reader as Rows

LONGEST_LINE = 16_000_000
TOO_FEW = "has fewer values than there are columns"
TOO_MANY = "has more values than there are columns"
QUOTATION = "has a quotation mark that is not closed or stands inside a value"


def rows_of(source: Iterable[str], options: CsvOptions, *, strict: bool = False) -> Rows:
    """The records of ``source`` as the options delimit and quote them."""
    csv.field_size_limit(LONGEST_LINE)
    spaces = options.initial_spaces == "skip"
    if not options.quote:
        return csv.reader(
            source, delimiter=options.delimiter, quoting=csv.QUOTE_NONE, skipinitialspace=spaces
        )
    return csv.reader(
        source,
        delimiter=options.delimiter,
        quotechar=options.quote,
        skipinitialspace=spaces,
        strict=strict,
    )


def read_records(
    dataset: Dataset,
    file: Path,
    columns: list[str],
    before: int,
    connection: duckdb.DuckDBPyConnection,
) -> Raw:
    """The rows of a UTF-8 file after its first ``before`` lines, up to ``source.until``."""
    options, until = dataset.source.csv, dataset.source.until
    nulls, width = set(options.null_values), len(columns)
    rejects: list[Reject] = []

    def rows() -> Iterator[tuple[int, list[str | None]]]:
        with file.open("r", encoding="utf-8-sig", errors="replace", newline="") as source:
            lines = _Remembered(islice(source, before, None))
            reader = rows_of(lines, options, strict=True)
            while True:
                start = before + reader.line_num + 1
                lines.record.clear()
                try:
                    row = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    text = "".join(lines.record)[:200]
                    end = before + reader.line_num
                    rejects.extend(
                        Reject(line, "", text if line == start else "", QUOTATION)
                        for line in range(start, end + 1)
                    )
                    continue
                if until is not None and row and row[0].strip().startswith(until):
                    return
                values = [None if value in nulls else value for value in row]
                if not row or (options.empty_rows == "skip" and not any(values)):
                    if row or width > 1 or options.empty_rows == "skip":
                        continue
                    values = [None]
                if len(values) != width:
                    reason = TOO_FEW if len(values) < width else TOO_MANY
                    rejects.append(Reject(start, "", "".join(lines.record)[:200], reason))
                    continue
                yield start, values

    return from_rows(columns, rows(), connection, rejects)


class _Remembered:
    """The lines of a file, with those of the record at hand for messages."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines, self.record = lines, list[str]()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        if len(self.record) < 3:
            self.record.append(line)
        return line
