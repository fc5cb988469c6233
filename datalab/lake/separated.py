"""CSV files: every value read as text, by name, with the lines that have another shape kept.

DuckDB's reader does the work with nothing detected; the header is read in Python, so that columns
are found by name and a reordered file cannot shift values from one column to the next.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import duckdb

from datalab.catalog.dataset import CsvOptions, Dataset
from datalab.lake.connection import literal
from datalab.lake.decoding import same_newlines, to_utf8
from datalab.lake.header import named
from datalab.lake.raw import Lost, Raw, Reject, same_columns, unreadable
from datalab.lake.records import (
    LONGEST_LINE,
    QUOTATION,
    TOO_FEW,
    TOO_MANY,
    read_records,
    rows_of,
)

KEPT = 1000
_REASONS = {
    "MISSING COLUMNS": TOO_FEW,
    "TOO MANY COLUMNS": TOO_MANY,
    "UNQUOTED VALUE": QUOTATION,
    "LINE SIZE OVER MAXIMUM": "is longer than a line may be",
    "INVALID ENCODING": "holds bytes that are not of the declared encoding",
}


def read_separated(
    dataset: Dataset, file: Path, folder: Path, connection: duckdb.DuckDBPyConnection
) -> Raw:
    """The rows of a CSV file as text.

    Raises
    ------
    UnreadableFile
        where the file is empty, is not of the declared encoding, or has other columns.
    """
    options = dataset.source.csv
    text = to_utf8(dataset, file, folder)
    if text.stat().st_size == 0:
        raise unreadable(dataset, "it is empty.")
    columns, before = _header(dataset, text, options)
    if dataset.source.until or "skip" in (options.empty_rows, options.initial_spaces):
        return read_records(dataset, text, columns, before, connection)

    def over(file: Path) -> Raw:
        return Raw(
            relation=_reader(file, columns, before, options),
            types=dict.fromkeys(columns, "VARCHAR"),
            lines=lambda asked: _lines(file, asked, before, len(columns), options, connection),
            lost=lambda: _lost(connection),
            mended=lambda: over(same_newlines(file, folder)) if file is text else None,
        )

    return over(text)


def _reader(file: Path, columns: list[str], before: int, options: CsvOptions) -> str:
    names = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    nulls = ", ".join(literal(value) for value in options.null_values)
    arguments = [
        literal(file),
        "auto_detect = false",
        "header = false",
        f"skip = {before}",
        f"columns = {{{names}}}",
        f"delim = {literal(options.delimiter)}",
        f"quote = {literal(options.quote)}",
        f"escape = {literal(options.quote)}",
        f"nullstr = [{nulls}]" if nulls else "nullstr = []::VARCHAR[]",
        f"max_line_size = {LONGEST_LINE}",
        f"buffer_size = {2 * LONGEST_LINE}",  # sixteen lines by default: too large to share
        "strict_mode = true",
        "store_rejects = true",
    ]
    return f"read_csv({', '.join(arguments)})"


def _header(dataset: Dataset, file: Path, options: CsvOptions) -> tuple[list[str], int]:
    """The names of the columns in the order of the file, and how many lines stand before it."""
    try:
        with file.open("r", encoding="utf-8-sig", newline="") as source:
            skipped = sum(1 for _ in islice(source, options.skip))
            if not options.header:
                return list(dataset.source_columns()), skipped + options.gap
            reader = rows_of(source, options)
            header = list(islice(reader, dataset.source.header_rows or 1))
            if not any(header):
                raise unreadable(dataset, "it has no header line.")
            columns = same_columns(dataset, named(header, dataset.source_columns()))
            return columns, skipped + reader.line_num + options.gap
    except UnicodeDecodeError as error:
        raise unreadable(
            dataset,
            "it is not of the declared encoding {encoding}.",
            encoding=options.encoding,
        ) from error
    except csv.Error as error:
        raise unreadable(dataset, "its header cannot be read: {error}.", error=error) from error


def _lost(connection: duckdb.DuckDBPyConnection) -> Lost:
    """The lines that DuckDB refused. An open quote swallows lines: each of them is lost."""
    rows = connection.execute(
        "SELECT line, any_value(coalesce(csv_line, '')), any_value(error_type::VARCHAR) "
        "FROM reject_errors GROUP BY line ORDER BY line"
    ).fetchall()
    rejects = [
        Reject(line, "", text[:200], _REASONS.get(kind, "is not a line of a table"))
        for line, text, kind in rows[:KEPT]
    ]
    return Lost(sum(1 + text.rstrip("\n").count("\n") for _, text, _ in rows), rejects)


def _lines(
    file: Path,
    positions: Sequence[int],
    before: int,
    width: int,
    options: CsvOptions,
    connection: duckdb.DuckDBPyConnection,
) -> list[int]:
    """Lines of the file for positions in the relation.

    DuckDB gives no line numbers for rows it accepts, so the file is read again up to the last one
    asked for; this happens only where rows are rejected.
    """
    if not positions:
        return []
    wanted = set(positions)
    last = max(positions)
    refused = {
        line for (line,) in connection.execute("SELECT DISTINCT line FROM reject_errors").fetchall()
    }
    found: dict[int, int] = {}
    with file.open("r", encoding="utf-8", errors="replace", newline="") as source:
        for _ in islice(source, before):
            pass
        reader = rows_of(source, options)
        position, start = -1, before + 1
        for row in reader:
            if start not in refused and (row or width == 1):
                position += 1
                if position in wanted:
                    found[position] = start
                if position >= last:
                    break
            start = before + reader.line_num + 1
    return [found.get(position, before + 1 + position) for position in positions]
