"""The table of sizes follows from what was measured, line by line."""

from __future__ import annotations

import json

import pytest

from datalab.settings import CHECKOUT
from tests.benchmarks import size


def test_the_page_says_what_follows_from_what_was_measured() -> None:
    found = json.loads(size.MEASURED.read_text())["milliseconds"]
    page = (CHECKOUT / "docs" / "scale.md").read_text()
    assert size.table(found) in page
    assert size.written(page, size.table(found)) == page


@pytest.mark.parametrize("load", size.LOADS, ids=[str(load.people) for load in size.LOADS])
def test_twice_the_work_asks_for_twice_the_processors(load: size.Load) -> None:
    def processors(page_ms: float, send_ms: float) -> float:
        told = size.sized(load, page_ms, send_ms)["portal processors"]
        return float(told.rpartition("= ")[2])

    by_hand = (load.pages * 10 + load.sent * 40) / 1000 / size.USED
    assert processors(10, 40) == pytest.approx(by_hand, abs=0.006)
    assert processors(200, 800) == pytest.approx(20 * by_hand, rel=0.01)


def test_more_work_asks_for_more_workers() -> None:
    last = size.LOADS[-1]
    few, many = (int(size.sized(last, ms, ms)["portal workers"]) for ms in (10, 500))
    assert few == 2
    assert many > 20
