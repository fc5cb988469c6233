"""A change that breaks what reads a dataset waits where somebody uses it, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from datalab.errors.version import NothingHeld, ReleaseRefused
from datalab.lake import notice
from datalab.lake.index import Entry, read_index
from datalab.lake.record import RunRecord
from datalab.lineage.store import Lineage, Use
from datalab.refresh import refresh
from tests.portal.conftest import Workshop, described

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
COLUMNS = {"code": "varchar", "height": {"type": "double", "unit": "m"}}


class Lab(Workshop):
    """A dataset and a clock."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.now = START
        self.trees(COLUMNS, "code,height\na,1\n")
        assert self.run().state == "published"

    def trees(self, columns: dict[str, Any], rows: str, **more: Any) -> None:
        self.write(described("trees", columns, key=["code"], **more), rows)

    def run(self) -> RunRecord:
        (record,) = refresh(["trees"], self.settings, "essai", clock=lambda: self.now)
        return record

    def use(self) -> None:
        snapshot = self.entry.snapshots[0]["snapshot"]
        at = self.now.timestamp()
        use = Use("velos", "a.ipynb", "trees", "open", snapshot, False, at)
        Lineage(self.settings.lineage).note_uses([use])

    @property
    def entry(self) -> Entry:
        return read_index(self.settings.lake)["trees"]

    @property
    def notices(self) -> dict[str, notice.Notice]:
        return notice.all_notices(self.settings.lake)

    def release(self, note: str) -> None:
        notice.release_early(
            self.settings.lake, self.settings.writer, self.entry, "camille", note, self.now
        )

    def shorten(self, **more: Any) -> None:
        """The new description drops a column."""
        self.trees({"code": "varchar"}, "code\na\n", **more)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_where_nobody_uses_a_dataset_nobody_waits(lab: Lab) -> None:
    lab.shorten()
    record = lab.run()
    assert record.state == "published"
    assert [change["kind"] for change in record.schema_changes or []] == ["column-removed"]
    assert lab.notices == {}


def test_a_breaking_change_waits_until_its_notice_is_over(lab: Lab) -> None:
    lab.use()
    lab.shorten()
    record = lab.run()
    assert record.state == "kept"
    assert record.held is not None
    assert (record.held["projects"], record.held["holders"]) == (1, 0)
    assert list(lab.entry.dataset["columns"]) == [
        "code",
        "height",
    ]  # those of the table that stands
    assert len(lab.entry.snapshots) == 1
    until = datetime.fromisoformat(record.held["until"])
    assert until == START + timedelta(days=30)
    lab.now = until - timedelta(seconds=1)
    assert lab.run().state == "kept"
    lab.now = until
    assert lab.run().state == "published"
    assert list(lab.entry.dataset["columns"]) == ["code"]
    assert lab.notices == {}


def test_a_compatible_change_does_not_wait(lab: Lab) -> None:
    lab.use()
    lab.trees({**COLUMNS, "new": "integer"}, "code,height,new\na,1,2\n")
    assert lab.run().state == "published"


def test_another_unit_is_a_new_table_though_the_file_is_the_same(lab: Lab) -> None:
    lab.trees({**COLUMNS, "height": {"type": "double", "unit": "cm"}}, "code,height\na,1\n")
    record = lab.run()
    assert record.state == "published"
    assert lab.entry.dataset["columns"]["height"]["unit"] == "cm"
    assert lab.run().state == "unchanged"


def test_a_dataset_may_say_its_own_time_and_zero_is_none(lab: Lab) -> None:
    lab.use()
    lab.shorten(notice_days=0)
    assert lab.run().state == "published"


def test_a_steward_lets_it_through_earlier_with_a_note(lab: Lab) -> None:
    lab.use()
    with pytest.raises(NothingHeld):
        lab.release("pressé")
    lab.shorten()
    lab.run()
    with pytest.raises(ReleaseRefused):
        lab.release("  ")
    lab.release("La colonne était fausse.")
    assert lab.run().state == "published"
    with pytest.raises(NothingHeld):
        lab.release("encore")


def test_what_is_taken_back_needs_no_notice_any_more(lab: Lab) -> None:
    lab.use()
    lab.shorten()
    lab.run()
    lab.trees(COLUMNS, "code,height\na,1\n")
    assert lab.run().state == "unchanged"
    assert lab.notices == {}


def test_mending_a_held_description_does_not_start_the_wait_anew(lab: Lab) -> None:
    lab.use()
    lab.shorten()
    lab.run()
    since = lab.notices["trees"].since
    lab.now += timedelta(days=3)
    lab.trees({"code": "varchar", "more": "integer"}, "code,more\na,2\n")
    lab.run()
    assert lab.notices["trees"].since == since
    lab.trees({"code": "integer", "more": "integer"}, "code,more\n1,2\n")
    lab.run()  # breaks something more
    assert lab.notices["trees"].since > since
