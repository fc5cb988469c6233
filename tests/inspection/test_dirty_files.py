"""Dirty files of strangers, kept elsewhere: each loads right, or stops and says where and why.

Set ``DATALAB_DIRTY_FILES`` to their folder. Answers are kept by the sha256 of each file; they were
read beside the file before they were written down.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from datalab.inspection.reading import read_file
from tests.inspection.dirty import ANSWERS, outcome, sha256

FOLDER = os.environ.get("DATALAB_DIRTY_FILES", "")
FILES = sorted(p for p in Path(FOLDER).rglob("*") if p.is_file()) if FOLDER else []
KNOWN = json.loads(ANSWERS.read_text(encoding="utf-8"))
here = pytest.mark.skipif(not FILES, reason="DATALAB_DIRTY_FILES names no folder")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_dirty_file_comes_out_as_its_answer_says(path: Path, tmp_path: Path) -> None:
    answer = dict(KNOWN[sha256(path)])
    answer.pop("name")
    assert outcome(path, tmp_path / "staged") == answer


@here
def test_three_in_four_load() -> None:
    found = [KNOWN[sha256(path)] for path in FILES]
    assert sum("loads" in answer for answer in found) >= 0.75 * len(FILES)


@here
def test_the_answers_that_came_with_the_files_are_ours(tmp_path: Path) -> None:
    for path in FILES:
        beside = path.parent.parent / "json" / f"{path.stem}.json"
        if path.suffix != ".csv" or not beside.is_file():
            continue
        expected = json.loads(beside.read_text(encoding="utf-8"))
        if isinstance(expected, list):
            found = read_file(path, path.name)
            assert found.rows == len(expected)
            assert [column.source for column in found.columns] == list(expected[0])


def test_what_stops_says_where_or_why() -> None:
    for answer in KNOWN.values():
        if "stops" in answer:
            assert answer.get("line") or "cannot be read" in answer["says"]
