"""Faults that tests cause, and what was seen: the rows of ``docs/faults.md``.

A test that is marked ``fault(what, expected)`` says with the fixture ``seen`` what came of it. With
``DATALAB_WRITE_FAULTS=1`` each that passes writes its row down, and ``tests/faults/table.py`` makes
the page of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

RESULTS = Path(__file__).with_name("results.json")


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> Iterator[Callable[[str], None]]:
    """Says what was seen, once everything that was expected has been asserted."""
    said: list[str] = []
    yield said.append
    mark = request.node.get_closest_marker("fault")
    assert mark is not None, "a test that says what it saw is marked with the fault it causes"
    if said and os.environ.get("DATALAB_WRITE_FAULTS"):
        rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        path = Path(request.node.path).relative_to(request.config.rootpath)
        test = f"{path}::{request.node.name}"
        rows[test] = {
            "fault": mark.args[0],
            "expected": mark.args[1],
            "seen": " ".join(said),
            "on": datetime.now(UTC).date().isoformat(),
        }
        RESULTS.write_text(json.dumps(rows, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
