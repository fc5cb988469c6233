"""A table as an XLSX workbook (ECMA-376), written while it is read: its rows, and about them.

DuckDB builds the XML of the rows, as it builds the lines of a CSV, so that a million rows leave in
the memory of one batch and no Python loop holds up the portal (openpyxl writes 20,000 rows a
second, and only once all of them are there). Text is always a text cell, which no spreadsheet
evaluates; ``quotePrefix`` keeps it so when somebody edits the cell. Numbers that a spreadsheet
would round (more than 15 digits) are text cells, and the second sheet says so.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, cast
from xml.sax.saxutils import escape, quoteattr

from datalab.errors import TooManyRows
from datalab.lake.connection import identifier, literal
from datalab.portal.lines import FORMULA, text_of
from datalab.portal.rows import EXACT_DIGITS, is_geometry, is_long

MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_575  # of a worksheet, its header aside
MOST_CHARACTERS = 32_767  # of a cell
# What XML 1.0 cannot hold; ECMA-376 (22.9.2.19) writes it as _xHHHH_.
UNWRITABLE = r"[\x00-\x08\x0b-\x1f\x{fffe}\x{ffff}]"
CUT = " […]"
PLAIN, DAY, MOMENT, HEAD, QUOTED, CLOCK = range(6)  # cell formats, in the order of STYLES
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
PROLOGUE = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
FORMATS = (
    ("0", ""),
    ("14", ' applyNumberFormat="1"'),
    ("164", ' applyNumberFormat="1"'),
    ("0", ' fontId="1" applyFont="1"'),
    ("0", ' quotePrefix="1"'),
    ("21", ' applyNumberFormat="1"'),
)
STYLES = (
    f'{PROLOGUE}<styleSheet xmlns="{MAIN}"><numFmts count="1">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs>'
    f'<cellXfs count="{len(FORMATS)}">'
    + "".join(f'<xf xfId="0" numFmtId="{number}"{more}/>' for number, more in FORMATS)
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/>'
    "</cellStyles></styleSheet>"
)


def row_xml(columns: dict[str, str]) -> str:
    """An SQL expression that gives the ``<row>`` of one row."""
    cells = " || ".join(_cell(identifier(name), type_) for name, type_ in columns.items())
    return f"'<row>' || {cells} || '</row>'"


def _cell(column: str, type_: str) -> str:
    """One cell; an absent value is an empty one, so that those after it keep their place."""
    if is_geometry(type_):
        return _words(f"ST_AsText({column})")
    if type_ == "boolean":
        said = f"WHEN {column} THEN {_boolean(1)} ELSE {_boolean(0)}"
        return f"CASE WHEN {column} IS NULL THEN '<c/>' {said} END"
    if type_ == "bigint" or is_long(type_):
        digits = EXACT_DIGITS - (int(type_.rstrip(")").rpartition(",")[2]) if is_long(type_) else 0)
        exact = f"abs(CAST({column} AS DOUBLE)) < {10.0**digits!r}"
        text = f"CAST({column} AS VARCHAR)"
        return f"CASE WHEN {exact} THEN {_value(text, PLAIN)} ELSE {_words(text)} END"
    if type_ in {"date", "timestamp", "timestamptz", "timestamp with time zone"}:
        return _moment(column, type_)
    if type_ == "time":
        return _value(f"CAST(epoch({column}) / 86400.0 AS VARCHAR)", CLOCK)
    text = text_of(column, type_)
    if type_ == "varchar":
        return _words(column)
    if type_.startswith(("double", "float", "decimal", "smallint", "integer")):
        return _value(text, PLAIN)
    return _words(text)


def _boolean(value: int) -> str:
    return literal(f'<c t="b"><v>{value}</v></c>')


def _value(text: str, style: int) -> str:
    chosen = f' s="{style}"' if style else ""
    opening, closing = literal(f"<c{chosen}><v>"), literal("</v></c>")
    return f"coalesce({opening} || ({text}) || {closing}, '<c/>')"


def _moment(column: str, type_: str) -> str:
    """Days since 1899-12-30 (ECMA-376, 18.17.4.1); before March 1900 spreadsheets disagree.

    A moment with a zone is given in UTC: a spreadsheet knows none. Fractions below a millisecond
    are lost in a serial number, so such a moment is text.
    """
    at = f"CAST({column} AS TIMESTAMP)"
    style = DAY if type_ == "date" else MOMENT
    serial = f"CAST((epoch_ms({at}) + 2209161600000) / 86400000.0 AS VARCHAR)"
    fits = f"{column} >= DATE '1900-03-01' AND {column} < DATE '9999-12-31'"
    if type_ == "date":
        serial = f"CAST(date_diff('day', DATE '1899-12-30', {column}) AS VARCHAR)"
    else:
        fits += f" AND epoch_us({at}) % 1000 = 0"
    return (
        f"CASE WHEN {fits} THEN {_value(serial, style)} ELSE {_words(text_of(column, type_))} END"
    )


def _words(text: str) -> str:
    """A text cell. What no cell of a spreadsheet is long enough for ends with ``CUT``."""
    cut = f"left({text}, {MOST_CHARACTERS - len(CUT)}) || {literal(CUT)}"
    kept = f"(CASE WHEN length({text}) > {MOST_CHARACTERS} THEN {cut} ELSE {text} END)"
    # A "_x000D_" that stands in the text itself: its own underscore is escaped.
    kept = f"regexp_replace({kept}, '_(x[0-9A-Fa-f]{{4}}_)', '_x005F_\\1', 'g')"
    marked = f"replace(replace(replace({kept}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"
    escaped = (
        f"array_to_string(list_transform(string_split({marked}, ''), lambda c: CASE WHEN "
        f"regexp_matches(c, '{UNWRITABLE}') THEN printf('_x%04X_', unicode(c)) ELSE c END), '')"
    )
    safe = f"CASE WHEN regexp_matches({text}, '{UNWRITABLE}') THEN {escaped} ELSE {marked} END"
    opening = (
        f"CASE WHEN regexp_matches({text}, {literal(FORMULA)}) "
        f'THEN \'<c t="inlineStr" s="{QUOTED}">\' ELSE \'<c t="inlineStr">\' END'
    )
    return (
        f"coalesce({opening} || '<is><t xml:space=\"preserve\">' || {safe} || '</t></is></c>', "
        "'<c/>')"
    )


def workbook(
    pieces: Iterator[bytes],
    columns: dict[str, str],
    about: Sequence[tuple[str, ...]],
    names: tuple[str, str],
) -> Iterator[bytes]:
    """The file in pieces. ``pieces`` are the XML of the rows, ``about`` the rows of sheet two."""
    sink = Sink()
    with zipfile.ZipFile(
        cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED, compresslevel=1
    ) as packed:
        for path, text in _frame(names):
            packed.writestr(path, text)
        with packed.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(_opening(len(columns)).encode())
            sheet.write(_row(tuple(columns), HEAD).encode())
            for piece in pieces:
                sheet.write(piece)
                yield sink.taken()
            sheet.write(b"</sheetData></worksheet>")
        rows = "".join(_row(row, PLAIN) for row in about)
        packed.writestr("xl/worksheets/sheet2.xml", f"{_opening(2)}{rows}</sheetData></worksheet>")
    yield sink.taken()


def require_room(rows: int | None, dataset: str) -> None:
    """Refuse what no worksheet holds.

    Raises
    ------
    TooManyRows
        saying the limit of the format, and what to take instead.
    """
    if rows is not None and rows > MOST_ROWS:
        raise TooManyRows(dataset=dataset, rows=rows, highest=MOST_ROWS)


class Sink:
    """A file that is only written, whose bytes are taken as they come."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._place = 0

    def write(self, data: bytes) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._place += len(part)
        return len(part)

    def flush(self) -> None: ...

    def taken(self) -> bytes:
        found, self._parts = b"".join(self._parts), []
        return found


def _row(values: Sequence[str], style: int) -> str:
    cells = "".join(
        f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
        for text in map(_plain, values)
    )
    return f"<row>{cells}</row>"


def _plain(value: str) -> str:
    kept = "".join(letter for letter in value if letter >= " " or letter in "\n\t")
    return kept[:MOST_CHARACTERS]


def _opening(columns: int) -> str:
    return (
        f'{PROLOGUE}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        f'</sheetView></sheetViews><cols><col min="1" max="{max(columns, 1)}" width="18" '
        'customWidth="1"/></cols><sheetData>'
    )


def _frame(names: tuple[str, str]) -> list[tuple[str, str]]:
    """The parts of a workbook around its sheets."""
    sheets = "".join(
        f'<sheet name={quoteattr(name[:31])} sheetId="{n}" r:id="rId{n}"/>'
        for n, name in enumerate(names, 1)
    )
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{SHEET}.worksheet+xml"/>'
        for n in (1, 2)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in (1, 2)
    )
    return [
        (
            "[Content_Types].xml",
            f'{PROLOGUE}<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{SHEET}.styles+xml"/>'
            f"{parts}</Types>",
        ),
        (
            "_rels/.rels",
            f'{PROLOGUE}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        ),
        (
            "xl/workbook.xml",
            f'{PROLOGUE}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets>'
            "</workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            f'{PROLOGUE}<Relationships xmlns="{PACKAGE}/relationships">{links}'
            f'<Relationship Id="rId3" Type="{OFFICE}/styles" Target="styles.xml"/>'
            "</Relationships>",
        ),
        ("xl/styles.xml", STYLES),
    ]
