"""The layout of an XLSX workbook: which sheet holds the table, and where it stands in it."""

from __future__ import annotations

import zipfile
from itertools import islice
from pathlib import Path
from typing import Any

from datalab.catalog.writing import CsvOptions
from datalab.errors import FileNotATable, FileTooLarge
from datalab.i18n import Phrase
from datalab.inspection.dialect import Record
from datalab.inspection.found import Remark
from datalab.inspection.grid import grid_of
from datalab.inspection.layout import STUDIED, Layout, names_of, refuse_no_header
from datalab.inspection.shape import filled
from datalab.lake.members import LARGEST
from datalab.lake.sheet import _text


def worksheet(file: Path) -> Layout:
    """The layout of the first sheet that holds a table.

    Raises
    ------
    FileNotATable, FileTooLarge
    """
    from openpyxl import load_workbook

    with zipfile.ZipFile(file) as archive:
        if sum(member.file_size for member in archive.infolist()) > LARGEST:
            raise FileTooLarge(limit=LARGEST)
    try:
        book = load_workbook(file.open("rb"), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # whatever openpyxl meets in a hostile file
        raise FileNotATable(
            reason=Phrase("the workbook is damaged: {error}", error=str(error) or type(error))
        ) from error
    seen: list[str] = []
    for name in book.sheetnames:
        sheet: Any = book[name]
        if not hasattr(sheet, "iter_rows"):
            continue  # a sheet that is a chart
        sheet.reset_dimensions()
        rows = _rows(sheet)
        wide = [row for _, row in rows if filled(row) > 1]
        seen.append(name)
        if len(wide) >= 2:
            layout = _layout(rows)
            layout.source["sheet"] = name
            others = [other for other in book.sheetnames if other != name]
            if others:
                layout.remarks.append(
                    Remark(
                        "other-sheets",
                        "only the sheet '{sheet}' was read; the others are {others}",
                        {"sheet": name, "others": ", ".join(others)},
                    )
                )
            return layout
    raise FileNotATable(
        reason=Phrase("none of its sheets holds a table: {sheets}", sheets=", ".join(seen) or "–")
    )


def _rows(sheet: Any) -> list[Record]:
    found: list[Record] = []
    for number, cells in enumerate(islice(sheet.iter_rows(values_only=True), 20_000), start=1):
        found.append((number, [_text(value, CsvOptions()) or "" for value in cells]))
    while found and not filled(found[-1][1]):
        found.pop()
    return found


def _layout(rows: list[Record]) -> Layout:
    """Rows of a sheet are all as wide as the widest; the last filled cell counts."""
    width = max(max((i + 1 for i, cell in enumerate(row) if cell), default=0) for _, row in rows)
    even = [(line, (row + [""] * width)[:width]) for line, row in rows]
    head, tail = even[:STUDIED], even[-200:]
    grid = grid_of(head, tail, width)
    refuse_no_header(head, grid)
    if grid.header is None:
        raise FileNotATable(
            reason=Phrase(
                "no row of the sheet names the columns; write the names above row {row}",
                row=head[grid.first][0],
            )
        )
    header = [row for _, row in head[grid.header : grid.header + grid.header_rows]]
    names = names_of(header, width)
    while (
        names
        and names[-1].startswith("column_")
        and not any(row[len(names) - 1] for _, row in even[grid.first :])
    ):
        names.pop()
    source: dict[str, Any] = {"header_row": head[grid.header][0]}
    if grid.header_rows > 1:
        source["header_rows"] = grid.header_rows
    if grid.until is not None:
        source["until"] = grid.until
    gap = head[grid.first][0] - head[grid.header + grid.header_rows - 1][0] - 1
    return Layout(
        "xlsx",
        names,
        {"gap": gap} if (grid.labels or grid.units) and gap else {},
        source,
        labels=grid.labels,
        units=grid.units,
        titles=grid.titles,
        notes=grid.notes,
        header_row=head[grid.header][0],
        header_rows=grid.header_rows,
        first_row=head[grid.first][0],
    )
