"""How a file is laid out, as the keys of ``source`` that make the ordinary stage read it.

A layout is the same for every format: keys, names of the columns in the file, and what was seen
beside the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from datalab.errors import FileNotATable
from datalab.i18n import Phrase
from datalab.inspection.charset import Charset, charset_of
from datalab.inspection.dialect import Dialect, Record, dialect_of, records
from datalab.inspection.found import Remark
from datalab.inspection.grid import Grid, grid_of
from datalab.inspection.shape import bare, filled, is_value
from datalab.lake.header import named

STUDIED = 1500  # lines
TAIL = 200_000  # bytes at the end
_SPARSE = 0.75  # share of the lines below which a single row makes no table
_SINGLE = 80  # characters of a line where a file has one column


@dataclass
class Layout:
    """What :mod:`datalab.inspection.reading` needs to know of any file.

    Attributes
    ----------
    source
        keys of ``source`` beside ``csv``; ``csv`` those of ``source.csv``.
    names
        of the columns, as they stand in the file, in its order.
    types
        of the columns where the file states them (Parquet); text otherwise.
    """

    format: str
    names: list[str]
    csv: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    header_row: int | None = None
    header_rows: int = 1
    first_row: int | None = None
    charset: Charset | None = None
    remarks: list[Remark] = field(default_factory=list)


def separated(file: Path) -> Layout:
    """The layout of a text file of values between delimiters.

    Raises
    ------
    FileNotATable
        where it is no text, or no table can be seen in it.
    """
    charset = charset_of(file)
    encoding = "utf-8-sig" if charset.encoding == "utf-8" else charset.encoding
    with file.open("r", encoding=encoding, newline="") as source:
        lines = list(islice(source, STUDIED))
    whole = len(lines) < STUDIED
    dialect = dialect_of(lines)
    if dialect is None:
        layout = _single(lines, charset)
    else:
        head = records(lines, dialect.delimiter, dialect.quote, spaces=dialect.spaces)
        tail = head if whole else _tail(file, encoding, dialect)
        layout = _table(head, tail, dialect, charset)
    layout.charset = charset
    layout.remarks = [*_characters(charset), *layout.remarks]
    if charset.encoding != "utf-8":
        layout.csv["encoding"] = charset.encoding
    if charset.broken_count:
        layout.csv["mojibake"] = True
    return layout


def _tail(file: Path, encoding: str, dialect: Dialect) -> list[Record]:
    """The last records, whatever the line on which they stand."""
    with file.open("rb") as source:
        size = source.seek(0, 2)
        source.seek(max(0, size - TAIL) // 4 * 4)
        raw = source.read(TAIL + 4)
    text = raw.decode(encoding.removesuffix("-sig"), "replace")
    lines = text.splitlines(keepends=True)[1:]
    return records(lines[-200:], dialect.delimiter, dialect.quote, spaces=dialect.spaces)


def _table(head: list[Record], tail: list[Record], dialect: Dialect, charset: Charset) -> Layout:
    grid = grid_of(head, tail[-200:], dialect.width)
    refuse_no_header(head, grid)
    inside = [row for _, row in head[grid.first :] if len(row) == dialect.width and filled(row)]
    if len(inside) < 2 and dialect.share < _SPARSE and (grid.titles or grid.notes):
        raise _prose(head[0][0])
    rows = [row for _, row in head]
    csv: dict[str, Any] = {}
    if dialect.delimiter != ",":
        csv["delimiter"] = dialect.delimiter
    if dialect.quote != '"':
        csv["quote"] = dialect.quote
    if dialect.spaces:
        csv["initial_spaces"] = "skip"
    source: dict[str, Any] = {}
    if grid.header is None:
        csv["header"] = False
        names = [f"column_{number + 1}" for number in range(dialect.width)]
        skip = head[grid.first][0] - 1
    else:
        skip = head[grid.header][0] - 1
        header = rows[grid.header : grid.header + grid.header_rows]
        names = names_of(header, dialect.width)
        if grid.header_rows > 1:
            source["header_rows"] = grid.header_rows
        gap = grid.first - grid.header - grid.header_rows
        if gap and grid.first < len(head):
            csv["gap"] = head[grid.first][0] - head[grid.first - gap][0]
    if skip:
        csv["skip"] = skip
    if grid.until is not None:
        source["until"] = grid.until
    remarks = [
        Remark(
            "unnamed-column",
            "column {place} has no name in the header",
            {"place": number},
            column=name,
        )
        for number, name in enumerate(names, 1)
        if name == f"column_{number}" and grid.header is not None
    ]
    blank = [line for line, row in [*head, *tail] if row and not filled(row) and len(row) > 1]
    if grid.until is not None or any(line > head[grid.first][0] for line in blank):
        csv["empty_rows"] = "skip"
    if grid.header is not None and not any(filled(row) for row in rows[grid.first :]):
        line = head[grid.header][0]
        remarks.append(
            Remark("no-row", "the header is on line {line}, and no row follows", {"line": line})
        )
    if grid.header is None:
        remarks.append(
            Remark(
                "no-header",
                "no row names the columns: they are called by their place",
                line=head[grid.first][0],
            )
        )
    return Layout(
        "csv",
        names,
        csv,
        source,
        labels=grid.labels,
        units=grid.units,
        titles=grid.titles,
        notes=grid.notes,
        header_row=None if grid.header is None else head[grid.header][0],
        header_rows=grid.header_rows,
        first_row=head[grid.first][0] if grid.first < len(head) else None,
        remarks=remarks,
    )


def names_of(header: Sequence[Sequence[str]], width: int) -> list[str]:
    """The names of the columns with those beyond the header, each name once."""
    names = named(header)
    extra = [f"column_{number + 1}" for number in range(len(names), width)]
    found: list[str] = []
    seen: dict[str, int] = {}
    for name in [*names, *extra]:
        seen[name.lower()] = seen.get(name.lower(), 0) + 1
        found.append(name if seen[name.lower()] == 1 else f"{name}_{seen[name.lower()]}")
    return found


def refuse_no_header(head: list[Record], grid: Grid) -> None:
    """Values begin, and above them stand rows that name some columns only."""
    if grid.header is None and any(filled(row) for _, row in head[: grid.first]):
        raise FileNotATable(
            reason=Phrase(
                "line {line} already holds values, and no line above it names all the columns; "
                "write the names on one line",
                line=head[grid.first][0],
            )
        )
    if grid.doubtful and grid.header is not None:
        line, row = head[grid.header]
        raise FileNotATable(
            reason=Phrase(
                "line {line} names {named} of {width} columns only; write a name above each",
                line=line,
                named=filled(row),
                width=grid.width,
            )
        )


def _single(lines: Sequence[str], charset: Charset) -> Layout:
    """A file of one column: every line is one short value."""
    values = [(number, bare(line)) for number, line in enumerate(lines, 1) if bare(line)]
    if not values:
        raise FileNotATable(reason=Phrase("it holds nothing but blank lines"))
    if len(values) == 1:
        raise FileNotATable(
            reason=Phrase("it has a single line: nothing says what is a name and what a value")
        )
    prose = [
        number
        for number, value in values
        if (not is_value(value) and (len(value) > _SINGLE or value.count(" ") > 5))
        or value[-1] in "{};:"
        or value[0] in "{}#*<@"
    ]
    if len(prose) > 0.1 * len(values):
        raise _prose(prose[0])
    first, following = values[0][1], [value for _, value in values[1:]]
    header = not is_value(first) and first not in following
    csv: dict[str, Any] = {} if header else {"header": False}
    skip = values[0][0] - 1
    if skip:
        csv["skip"] = skip
    return Layout(
        "csv",
        [first.strip('"') if header else "column_1"],
        csv,
        header_row=values[0][0] if header else None,
        first_row=values[1][0] if header else values[0][0],
        remarks=[
            Remark("one-column", "every line is one value: there is a single column", {}, "note")
        ],
    )


def _prose(line: int) -> FileNotATable:
    return FileNotATable(
        reason=Phrase(
            "it is text, not a table: no character divides its lines into values (see line {line})",
            line=line,
        )
    )


def _characters(charset: Charset) -> list[Remark]:
    """What the characters of a file call for."""
    found: list[Remark] = []
    if charset.confidence < 1:
        found.append(
            Remark(
                "encoding-guessed",
                "its encoding is not UTF-8; {encoding} gives the most plausible letters",
                {"encoding": charset.encoding},
                "note",
            )
        )
    if charset.broken_count:
        word, right = next(iter(charset.broken.items()))
        found.append(
            Remark(
                "mojibake",
                "words that were decoded wrongly before they came here: {count} ('{word}' for "
                "'{right}'); the draft sets them right",
                {"count": charset.broken_count, "word": word, "right": right},
                line=charset.broken_line,
            )
        )
    if charset.lost:
        found.append(
            Remark(
                "characters-lost",
                "characters that were lost before the file came here (they read �): {count}; only "
                "its source can give them back",
                {"count": charset.lost},
                line=charset.lost_line,
            )
        )
    if len(charset.newlines) > 1:
        names = {"\r\n": "CRLF", "\n": "LF", "\r": "CR"}
        said = ", ".join(f"{names[n]}: {count}" for n, count in charset.newlines.items())
        found.append(
            Remark(
                "mixed-newlines", "its lines end in several ways: {ends}", {"ends": said}, "note"
            )
        )
    return found
