"""Files meant to break the reader end with a sentence, in bounded time and memory."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from datalab.errors import FileNotATable, FileTooLarge, InspectionStopped
from datalab.inspection.inspect import inspect


def test_a_file_of_nothing_but_length_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.csv"
    with path.open("wb") as file:
        file.truncate(5_000_000_000)
    with pytest.raises(FileTooLarge):
        inspect(path)


def test_a_small_archive_of_a_large_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(40):
            file.write(b"0" * 1_000_000)
    with pytest.raises(FileTooLarge):
        inspect(path, max_bytes=10_000_000)


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", " " * 1_000_000)
        # What it says of itself is all that is asked before anything is unpacked.
        archive.getinfo("xl/worksheets/sheet1.xml").file_size = 3_000_000_000
    with pytest.raises(FileTooLarge):
        inspect(path)


def test_entities_that_multiply_are_not_followed(tmp_path: Path) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12)
    )
    path = tmp_path / "laughs.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", laughs + "]><Types>&m;</Types>")
        archive.writestr("xl/workbook.xml", laughs + "]><workbook>&m;</workbook>")
    with pytest.raises((FileNotATable, InspectionStopped)):
        inspect(path, seconds=60)


def test_json_without_a_bottom_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_bytes(b"[" * 200_000)
    with pytest.raises(FileNotATable):
        inspect(path)


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    path.write_bytes(b"a;b\n1;" + b"x" * 40_000_000)
    with pytest.raises(FileNotATable, match="2"):
        inspect(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\x7fELF\x02\x01\x01" + bytes(200),
        b"%PDF-1.7\n...",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"SQLite format 3\x00" + bytes(100),
        b"PK\x03\x04 and no archive",
        b"PAR1 and no Parquet PAR1",
        bytes(range(256)) * 40,
        b"\n\n\n\n",
        b'"' * 5000,
        b";;;;\n" * 50,
    ],
    ids=["elf", "pdf", "png", "sqlite", "zip", "parquet", "bytes", "blank", "quotes", "marks"],
)
def test_what_is_no_table_is_told_so(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(FileNotATable):
        inspect(path)


def test_a_header_cannot_write_yaml_or_sql(tmp_path: Path) -> None:
    import yaml

    from datalab.inspection.draft import draft

    path = tmp_path / "evil.csv"
    names = ['x"; DROP TABLE data; --', "y: {a: !!python/object:os.system}", "'; SELECT 1"]
    path.write_text(
        ";".join('"' + n.replace('"', '""') + '"' for n in names) + "\n1;2;3\n", encoding="utf-8"
    )
    found = inspect(path)
    assert [column.source for column in found.columns] == names
    assert list(yaml.safe_load(draft(found))["columns"]) == [c.name for c in found.columns]
    assert all(c.name.replace("_", "").isalnum() for c in found.columns)
