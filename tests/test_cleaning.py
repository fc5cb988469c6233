"""What nothing points at goes; what anybody relies on stays, whenever the clean-up is ended."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from datalab.cleaning import clean, named_snapshots
from datalab.errors import UnknownSnapshot
from datalab.errors.version import RollbackRefused
from datalab.lake import release
from datalab.lake.index import Entry, read_index
from datalab.lake.reader import open_lakes, table
from datalab.lake.record import RunRecord
from datalab.lake.rollback import roll_back
from datalab.lake.writer import Writer
from datalab.lineage.store import Lineage, PageUse, Use
from datalab.projects.project import Projects
from datalab.refresh import refresh
from tests.portal.conftest import Workshop, described

LATER = datetime.now(UTC) + timedelta(days=1000)
COLUMNS: dict[str, object] = {"code": "varchar", "height": "integer"}


class Lab(Workshop):
    """Two datasets that were published in turns."""

    def __init__(self, root: Path, rounds: int = 4, **more: Any) -> None:
        super().__init__(root)
        self.settings = self.settings.model_copy(update={"projects": root / "shipped"})
        for number in range(rounds):
            self.trees(number, **more)
            self.write(described("benches", COLUMNS), f"code,height\nb,{number}\n")
            self.refresh()

    def trees(self, height: int, **more: Any) -> None:
        facts = {"keep_snapshots": 1, **more}
        self.write(described("trees", COLUMNS, **facts), f"code,height\na,{height}\n")

    def entry(self, name: str = "trees") -> Entry:
        return read_index(self.settings.lake)[name]

    def snapshots(self, name: str = "trees") -> list[int]:
        return [int(one["snapshot"]) for one in self.entry(name).snapshots]

    def heights(self, name: str = "trees") -> list[int]:
        """What each snapshot that is listed holds, newest first."""
        connection = open_lakes(self.settings.lake)
        found = [
            connection.execute(f"SELECT height FROM {table(self.entry(name), n)}").fetchall()
            for n in self.snapshots(name)
        ]
        return [rows[0][0] for rows in found]

    def files(self) -> int:
        return len(list((self.settings.lake / "open" / "data").rglob("*.parquet")))

    def clean(self, dry: bool = False) -> list[int]:
        """Snapshots of trees that went."""
        found = clean(self.settings, LATER, dry=dry)
        return [number for sweep in found if sweep.dataset == "trees" for number in sweep.snapshots]

    def back(self, to: int | None = None, note: str = "faux") -> RunRecord:
        with Writer(self.settings.lake, self.settings.writer, "test") as writer:
            writer.heal()
            return roll_back(writer, self.entry(), to, "camille", note, datetime.now(UTC))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_the_newest_stay_and_the_files_of_the_others_go(lab: Lab) -> None:
    trees, benches = lab.snapshots(), lab.snapshots("benches")
    before = lab.files()
    assert sorted(lab.clean(dry=True)) == sorted(trees[1:])
    assert lab.files() == before
    assert sorted(lab.clean()) == sorted(trees[1:])
    assert lab.files() == before - 3
    assert lab.snapshots() == trees[:1]
    assert lab.heights() == [3]
    assert lab.snapshots("benches") == benches  # the setting leaves 200
    assert lab.heights("benches") == [3, 2, 1, 0]
    assert lab.clean() == []
    lab.trees(9)
    assert lab.refresh("trees") == {"trees": "published"}
    assert lab.heights() == [9, 3]


def test_what_was_replaced_a_moment_ago_stays(lab: Lab) -> None:
    assert clean(lab.settings, datetime.now(UTC) + timedelta(days=1)) == []


def test_pinned_snapshots_are_never_touched(lab: Lab) -> None:
    settings, entry, trees = lab.settings, lab.entry(), lab.snapshots()
    release.make(settings.lake, settings.writer, entry, "v1", trees[3], "2026", "x", "rapport")
    lineage = Lineage(settings.lineage)
    lineage.note_uses([Use("velos", "a.ipynb", "trees", "open", trees[2], False, 1.0)])
    lineage.replace_pages("velos", [PageUse("velos", "page", 1, "trees", "open", trees[1], 1.0)])
    assert lab.clean() == []
    assert lab.heights() == [3, 2, 1, 0]


def test_a_number_in_a_notebook_pins_its_snapshot(lab: Lab) -> None:
    trees = lab.snapshots()
    work = lab.settings.projects / "modele"
    work.mkdir(parents=True)
    (work / "project.yaml").write_text(
        "id: modele\ntitle: {fr: a, en: a}\npurpose: {fr: a, en: a}\n", encoding="utf-8"
    )
    cell = {"cell_type": "code", "source": [f'lab.dataset("trees", snapshot={trees[2]}).df()']}
    (work / "a.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    assert named_snapshots(Projects(lab.settings.shared, lab.settings.projects)) == {
        "trees": {trees[2]}
    }
    assert sorted(lab.clean()) == sorted([trees[1], trees[3]])
    assert lab.heights() == [3, 1]


KILLED = """
import os, sys
from pathlib import Path
steps, last = 0, int(sys.argv[3])
def counted(original):
    def step(*arguments, **named):
        global steps
        steps += 1
        if steps > last:
            os._exit(9)
        return original(*arguments, **named)
    return step
for name in ("replace", "unlink", "rmdir"):
    setattr(Path, name, counted(getattr(Path, name)))
from datetime import datetime
from datalab.cleaning import clean
from datalab.settings import Settings
home = Path(sys.argv[1])
clean(Settings(home=home, catalog=home.parent / "catalog", projects=home.parent / "shipped"),
      datetime.fromisoformat(sys.argv[2]))
"""


def test_killed_at_any_step_it_is_finished_by_the_next_writer(tmp_path: Path) -> None:
    lab = Lab(tmp_path, rounds=3)
    newest = lab.heights()[0]
    for step in range(0, 60, 3):
        ended = subprocess.run(
            [sys.executable, "-c", KILLED, str(lab.settings.home), LATER.isoformat(), str(step)],
            check=False,
        )
        # Readers have a whole lake at any moment, before anybody mended anything.
        connection = open_lakes(lab.settings.lake)
        assert connection.execute("SELECT height FROM trees").fetchall() == [(newest,)]
        connection.execute("SELECT count(*) FROM benches").fetchall()
        with Writer(lab.settings.lake, lab.settings.writer, "test") as writer:
            writer.heal()
        assert lab.heights()[0] == newest
        assert lab.heights("benches") == [2, 1, 0]
        if ended.returncode == 0:
            break
    else:
        pytest.fail("it never came to its end")
    assert lab.snapshots() == lab.snapshots()[:1]


# -- the way back ---------------------------------------------------------------------------


def test_an_earlier_snapshot_comes_in_front_and_nothing_is_lost(lab: Lab) -> None:
    trees = lab.snapshots()
    record = lab.back()
    assert record.rollback is not None
    assert (record.rollback["to"], record.rollback["from"]) == (trees[1], trees[0])
    assert lab.heights() == [2, 3, 2, 1, 0]
    assert lab.entry().snapshots[0]["rollback"] == trees[1]
    # The file that somebody went back from is not published again; a new one is.
    assert lab.refresh("trees") == {"trees": "unchanged"}
    assert lab.heights()[0] == 2
    lab.trees(7)
    assert lab.refresh("trees") == {"trees": "published"}
    assert lab.heights()[0] == 7
    assert lab.back(trees[3]).snapshot == lab.snapshots()[0]
    assert lab.heights()[0] == 0


def test_the_way_back_is_refused_where_it_cannot_be(lab: Lab) -> None:
    trees = lab.snapshots()
    with pytest.raises(UnknownSnapshot):
        lab.back(4711)
    with pytest.raises(RollbackRefused):
        lab.back(trees[0])
    with pytest.raises(RollbackRefused):
        lab.back(trees[1], note=" ")


def test_what_was_closed_since_does_not_come_back_open(tmp_path: Path) -> None:
    lab = Lab(tmp_path, rounds=2)
    lab.trees(8, redistribution=False, license="all-rights-reserved")
    assert lab.refresh("trees") == {"trees": "published"}
    with pytest.raises(RollbackRefused, match="redistribution"):
        lab.back()
    lab.trees(9, access="members")
    refresh(["trees"], lab.settings, "essai")
    assert lab.heights() == [9, 8]  # all that was open before stayed behind
