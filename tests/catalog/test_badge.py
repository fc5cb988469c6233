"""One badge of a dataset, by plain facts, for every place that shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from datalab.catalog.badge import MARKS, STATES, badge_of, in_words, label, meaning

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def run(state: str, day: int = 22, **counts: int) -> dict[str, Any]:
    told = {"evaluated": 3, "successful": 3, "failed": 0, "warnings": 0, "unchecked": 0, **counts}
    return {
        "state": state,
        "finished_at": f"2026-11-{day:02}T06:00:00.000Z",
        "warning": bool(counts.get("warnings")),
        "validation": {"statistics": told, "evaluated_at": f"2026-11-{day:02}T06:00:00+00:00"},
    }


def test_a_dataset_without_a_run_waits() -> None:
    badge = badge_of(None, None, "daily", NOW)
    assert (badge.name, badge.marks, badge.readable) == ("waiting", (), False)


def test_what_was_kept_out_says_nothing_of_what_is_read() -> None:
    good = run("published", 21)
    badge = badge_of(run("kept", successful=1, failed=2), good, "daily", NOW)
    assert (badge.name, badge.held, badge.broken, badge.refused) == ("kept", 3, 0, 2)
    assert badge.marks == ()


def test_an_unchanged_table_that_no_longer_fits_the_others_has_a_reservation() -> None:
    badge = badge_of(run("unchanged", successful=2, failed=1), run("published", 20), "daily", NOW)
    assert badge.marks == ("warning",)
    assert badge.header() == "unchanged; warning; held=2; broken=1"
    mended = badge_of(run("unchanged"), run("published", 20, warnings=1), "daily", NOW)
    assert mended.marks == ()


@pytest.mark.parametrize(
    ("periodicity", "late"), [("hourly", True), ("daily", True), ("weekly", False), ("once", False)]
)
def test_a_promise_not_kept_is_late(periodicity: str, late: bool) -> None:
    good = run("published", 19)
    assert badge_of(run("failed", 22), good, periodicity, NOW).stale is late


def test_the_header_says_what_could_not_be_checked() -> None:
    good = run("published", successful=2, unchecked=1)
    assert badge_of(good, good, "once", NOW).header() == "published; held=2; unchecked=1"


def test_every_state_and_mark_has_words_in_both_languages() -> None:
    for name in (*STATES, *MARKS):
        for say in (label, meaning):
            assert say(name, "fr") != say(name, "en"), name
    both = badge_of(run("unchanged", warnings=1), run("published", 1), "daily", NOW)
    assert in_words(both, "en") == "Up to date, with a reservation"
