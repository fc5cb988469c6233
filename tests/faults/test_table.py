"""The page of faults says what the tests saw, of tests that there are."""

from __future__ import annotations

import json
from pathlib import Path

from tests.faults.record import RESULTS
from tests.faults.table import PAGE, page

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_in_step() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.faults.table"


def test_every_row_is_a_test_that_is_there() -> None:
    for test in json.loads(RESULTS.read_text()):
        path, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / path).read_text()
