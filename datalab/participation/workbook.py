"""A workbook that a stranger may have written, as rows of text that know where they stood.

Bounded in what it unpacks to, in rows and in columns; without macros, entities or formulas.
"""

from __future__ import annotations

import logging
import re
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from datalab.errors import InvalidQuestionnaire
from datalab.i18n import Phrase

LARGEST = 2_000_000  # bytes as they come
LARGEST_UNPACKED = 12_000_000
MOST_PARTS = 120
MOST_ROWS, MOST_COLUMNS = 3_000, 80
LONGEST_CELL = 6_000
_ENTITY = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_SIZE = re.compile(rb"<dimension[^>]*>|<c[^>]* r=\"([A-Z]+)(\d+)\"")


@dataclass(frozen=True)
class Row:
    """``cells`` by header as it is written in the sheet; only what is not empty."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Sheet:
    name: str
    letters: dict[str, str]  # column letters by header
    rows: list[Row]


def refused(reason: Phrase) -> InvalidQuestionnaire:
    return InvalidQuestionnaire([reason])


def read(content: bytes) -> dict[str, Sheet]:
    """The sheets by name, in small letters.

    Raises
    ------
    InvalidQuestionnaire
    """
    _look_inside(content)
    try:
        book = load_workbook(BytesIO(content), data_only=False, keep_links=False)
    except Exception as error:  # whatever a broken file makes the reader do
        raise refused(
            Phrase(
                "this file is no workbook that can be read ({detail})", detail=type(error).__name__
            )
        ) from None
    found = {sheet.title.strip().lower(): _sheet(sheet) for sheet in book.worksheets}
    book.close()
    return found


def _look_inside(content: bytes) -> None:
    """Unpack nothing that is larger than it should be, and no part that is not plain XML."""
    if len(content) > LARGEST:
        raise refused(Phrase("this file is larger than {limit} bytes", limit=LARGEST))
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename.lower() for part in parts}
            if len(parts) > MOST_PARTS or len(names) != len(parts):
                raise refused(Phrase("this workbook has too many parts"))
            if any("vbaproject" in name for name in names):
                raise refused(Phrase("this workbook holds macros; save it as .xlsx without them"))
            if not any(name.startswith("xl/") for name in names):
                raise refused(Phrase("this file is no workbook (.xlsx)"))
            left = LARGEST_UNPACKED
            for part in parts:
                with archive.open(part) as opened:
                    data = opened.read(left + 1)
                left -= len(data)
                if left < 0:
                    raise refused(Phrase("this workbook unpacks to far too much"))
                if part.filename.lower().endswith((".xml", ".rels", ".vml")):
                    _check_part(data)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        raise refused(Phrase("this file is no workbook (.xlsx)")) from None
    except ValueError:
        raise refused(Phrase("this file is no workbook (.xlsx)")) from None


def _check_part(data: bytes) -> None:
    head = data[:4]
    if _ENTITY.search(data) or head[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\x00" in head:
        raise refused(Phrase("this workbook declares entities, which no questionnaire needs"))
    for match in _SIZE.finditer(data):
        if match[1] and (int(match[2]) > MOST_ROWS or len(match[1]) > 2):
            raise refused(Phrase("a sheet has more than {rows} rows", rows=MOST_ROWS))


def _sheet(sheet: Any) -> Sheet:
    if sheet.max_row > MOST_ROWS or sheet.max_column > MOST_COLUMNS:
        facts = {"sheet": sheet.title[:40], "rows": MOST_ROWS, "columns": MOST_COLUMNS}
        message = "sheet “{sheet}” has more than {rows} rows or {columns} columns"
        raise refused(Phrase(message, **facts))
    headers: dict[int, str] = {}
    rows = []
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        found = {}
        for place, cell in enumerate(cells):
            text = _text(sheet.title, number, get_column_letter(place + 1), cell)
            if not text:
                continue
            if number == 1:
                headers[place] = text
            elif place in headers:
                found[headers[place]] = text
            else:
                column = get_column_letter(place + 1)
                message = "sheet “{sheet}”, row {row}, column {column}: this column has no name"
                facts = {"sheet": sheet.title, "row": number, "column": column}
                raise refused(Phrase(message, **facts))
        if found:
            rows.append(Row(number, found))
    letters = {name: get_column_letter(place + 1) for place, name in headers.items()}
    if len(letters) < len(headers):
        raise refused(Phrase("sheet “{sheet}” names a column twice", sheet=sheet.title))
    return Sheet(sheet.title, letters, rows)


def _text(sheet: str, row: int, column: str, cell: Any) -> str:
    value = cell.value
    facts = {"sheet": sheet[:40], "row": row, "column": column}
    if cell.data_type == "f":
        message = "sheet “{sheet}”, row {row}, column {column}: a formula; write its value instead"
        raise refused(Phrase(message, **facts))
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    text = str(value).strip()
    if len(text) > LONGEST_CELL:
        message = "sheet “{sheet}”, row {row}, column {column}: this text is too long"
        raise refused(Phrase(message, **facts))
    return text


def validate(content: bytes) -> None:
    """Let pyxform say what is wrong with an XLSForm as such.

    Raises
    ------
    InvalidQuestionnaire
    """
    from pyxform.xls2xform import convert

    logging.getLogger("pyxform").setLevel(logging.ERROR)
    try:
        # ODK Validate, a program in Java, is not asked: our own reading is stricter.
        convert(content, file_type=".xlsx", validate=False)
    except Exception as error:  # PyXFormError, and whatever else a broken form makes it do
        detail = " ".join(str(error).split())[:600]
        raise InvalidQuestionnaire([Phrase("no valid XLSForm: {detail}", detail=detail)]) from None
