"""Strangers' binary files are read where reading them can be stopped."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from datalab.errors import SourceTooLarge, UnreadableFile
from datalab.i18n import Phrase
from datalab.lake import apart
from datalab.lake.fill import Filled
from datalab.lake.stage import stage
from tests.lake.datasets import dataset, rows

PARQUET = dataset({"n": "bigint"}, source={"format": "parquet"})


def table(folder: Path, number: int = 1000) -> Path:
    path = folder / "n.parquet"
    pq.write_table(pa.table({"n": pa.array(range(number), pa.int64())}), path)
    return path


def test_a_binary_file_of_a_stranger_is_read_apart_and_ours_is_not(tmp_path: Path) -> None:
    file = table(tmp_path)
    assert apart.belongs_apart(PARQUET, file)
    ours = dataset({"n": "bigint"}, source={"connector": "participation", "format": "parquet"})
    assert not apart.belongs_apart(ours, file)
    assert not apart.belongs_apart(dataset({"n": "bigint"}), file)
    assert len(rows(stage(PARQUET, file, tmp_path / "run"))) == 1000


def test_a_large_clean_file_comes_back_as_the_parquet_that_the_lake_takes(tmp_path: Path) -> None:
    staged = stage(PARQUET, table(tmp_path), tmp_path / "run", express=1)
    assert staged.parquet is not None
    assert (staged.rows, staged.parquet.parent.name) == (1000, "run")


def test_reading_that_takes_too_long_or_too_much_is_stopped_and_said(tmp_path: Path) -> None:
    file = table(tmp_path, 200_000)
    with pytest.raises(UnreadableFile, match="arrêtée"):
        filled(file, tmp_path, seconds=0.01)
    with pytest.raises(UnreadableFile, match="mémoire"):
        filled(file, tmp_path, memory=-1_450_000_000)  # 100 MB of address space: no room for DuckDB


def filled(file: Path, folder: Path, seconds: float = 60, memory: int = 1_000_000_000) -> Filled:
    return apart.fill_apart(
        PARQUET,
        file,
        folder,
        None,
        threads=1,
        memory_limit="1GB",
        express=1 << 40,
        seconds=seconds,
        memory=memory,
    )


def test_a_damaged_file_ends_in_a_sentence(tmp_path: Path) -> None:
    file = table(tmp_path)
    file.write_bytes(file.read_bytes()[:-20] + b"PAR1" * 5)
    with pytest.raises(UnreadableFile, match="parquet"):
        stage(PARQUET, file, tmp_path / "run")


def test_what_the_child_says_speaks_both_languages() -> None:
    error = SourceTooLarge(url="x", limit=Phrase("a value is required here by GTFS"))
    told = {name: apart._told(value) for name, value in error.facts.items()}
    heard = apart._raised({"kind": "SourceTooLarge", "facts": told})
    assert isinstance(heard, SourceTooLarge)
    assert "GTFS exige" in heard.message("fr")
    assert "required" in heard.message("en")


def test_whatever_a_parser_says_of_a_damaged_workbook_is_a_sentence(tmp_path: Path) -> None:
    described = dataset({"a": "varchar"}, source={"format": "xlsx"})
    book = Workbook()
    book.active.append(["a"])  # type: ignore[union-attr]
    book.save(tmp_path / "book.xlsx")
    sound = (tmp_path / "book.xlsx").read_bytes()
    start = sound.index(b"xl/worksheets/sheet1.xml") + 60
    (tmp_path / "book.xlsx").write_bytes(sound[:start] + bytes(40) + sound[start + 40 :])
    with pytest.raises(UnreadableFile, match="xlsx"):
        stage(described, tmp_path / "book.xlsx", tmp_path / "run")
