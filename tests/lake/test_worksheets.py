"""Workbooks as INSEE writes them: titles above, notes below, merged cells, numbers as text."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from datalab.errors import UnreadableFile
from tests.lake.datasets import dataset, rows, staged

COLUMNS = {"CODGEO": "varchar", "Population / 2016": "integer", "Population / 2022": "double"}
NUMBERS = {"decimal": ",", "thousands": " ", "null_values": ["", "s", "nd"]}


def workbook(
    table: list[list[Any]],
    merged: tuple[str, ...] = (),
    sheet: str = "COM",
    before: str = "Lisez-moi",
) -> bytes:
    book = Workbook()
    first = book.active
    assert first is not None
    first.title = before
    first["A1"] = "Base du comparateur"
    page = book.create_sheet(sheet)
    for row in table:
        page.append(row)
    for area in merged:
        page.merge_cells(area)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


INSEE = [
    ["Population des communes"],
    ["Source : INSEE, recensements"],
    [],
    ["CODGEO", "Population", None],
    [None, "2016", "2022"],
    ["21231", "155 090", 159346.0],
    ["21003", 1210, "1 234,5"],
    ["21999", "s", "nd"],
    [],
    ["Champ : France entière"],
    ["s : secret statistique"],
]
SOURCE = {"format": "xlsx", "sheet": "COM", "header_row": 4, "header_rows": 2, "csv": NUMBERS}


def test_a_sheet_of_insee_is_read_without_its_titles_and_notes(tmp_path: Path) -> None:
    described = dataset(COLUMNS, source={**SOURCE, "until": "Champ"})
    result = staged(described, workbook(INSEE, merged=("B4:C4", "A11:C11")), tmp_path)
    assert rows(result) == [
        ("21231", 155090, 159346.0),
        ("21003", 1210, 1234.5),
        ("21999", None, None),
    ]


def test_notes_that_nobody_announced_are_told_and_never_rows(tmp_path: Path) -> None:
    described = dataset(COLUMNS, source=SOURCE, max_reject_ratio=0.5)
    result = staged(described, workbook(INSEE, merged=("B4:C4",)), tmp_path)
    assert result.rows == 3
    assert [(reject.line, reject.value) for reject in result.rejects] == [
        (10, "Champ : France entière"),
        (11, "s : secret statistique"),
    ]


def test_merged_cells_are_refused_or_filled_as_the_catalog_says(tmp_path: Path) -> None:
    table = [["zone", "code", "n"], ["Est", "a", 1], [None, "b", 2], ["Ouest", "c", 3]]
    content = workbook(table, merged=("A2:A3",))
    columns = {"zone": "varchar", "code": "varchar", "n": "integer"}
    source = {"format": "xlsx", "sheet": "COM"}
    with pytest.raises(UnreadableFile, match=r"2 à 3.*merged_cells: fill"):
        staged(dataset(columns, source=source), content, tmp_path)
    filled = staged(dataset(columns, source={**source, "merged_cells": "fill"}), content, tmp_path)
    assert rows(filled) == [("Est", "a", 1), ("Est", "b", 2), ("Ouest", "c", 3)]


def test_cells_that_are_dates_are_read_as_those_that_are_text(tmp_path: Path) -> None:
    table = [["jour", "n"], [datetime.date(2026, 11, 22), 1], ["21/11/2026", 2]]
    source = {"format": "xlsx", "sheet": "COM", "csv": {"date_format": "%d/%m/%Y"}}
    result = staged(
        dataset({"jour": "date", "n": "integer"}, source=source), workbook(table), tmp_path
    )
    assert [str(day) for day, _ in rows(result)] == ["2026-11-22", "2026-11-21"]


def test_a_header_row_beyond_the_sheet_and_a_wrong_sheet_are_named(tmp_path: Path) -> None:
    content = workbook(INSEE)
    with pytest.raises(UnreadableFile, match="en-tête"):
        staged(dataset(COLUMNS, source={**SOURCE, "header_row": 900}), content, tmp_path)
    with pytest.raises(UnreadableFile, match="COM"):
        staged(dataset(COLUMNS, source={**SOURCE, "sheet": "IRIS"}), content, tmp_path)
