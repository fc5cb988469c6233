"""A feed that says what is now, and a table that keeps what it said before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from datalab.errors import UnreadableFile
from datalab.lake import metadata
from datalab.lake.accumulation import accumulated
from datalab.lake.index import read_index
from datalab.lake.layout import folder
from datalab.lake.reader import open_lakes, table
from datalab.lake.record import RunRecord
from datalab.lake.writer import Writer
from tests.lake.datasets import dataset, record, staged

COLUMNS = {"station": "varchar", "at": "timestamptz", "bikes": "integer"}
KEY = {"by": ["station", "at"], "keep": "P2D"}
FEED = dataset(COLUMNS, id="bikes", theme="mobility", accumulate=KEY)
DAY = "2026-11-{day:02}T08:00:00Z"


def said(*rows: tuple[str, int, int]) -> str:
    """A feed: station, day of November, bicycles."""
    lines = [f"{station},{DAY.format(day=day)},{bikes}" for station, day, bikes in rows]
    return "\n".join(["station,at,bikes", *lines]) + "\n"


class Lab:
    """A lake that a feed is published to, look after look."""

    def __init__(self, root: Path, database: str) -> None:
        self.root, self.lake, self.writing = root, root / "lake", root / "writer"
        self.database = database

    def writer(self) -> Writer:
        return Writer(self.lake, self.writing, "test", database=self.database)

    def hear(self, text: str, described: Any = FEED) -> RunRecord | None:
        """What a refresh does: stage, see what is new, publish it."""
        result = accumulated(self.lake, described, staged(described, text, self.root / "staging"))
        assert result.addition is not None
        with self.writer() as writer:
            writer.heal()
            if not result.addition.rows:
                return None
            told = {"rows": result.addition.total, "definition": uuid4().hex}
            run = record(described, result, **told)
            return writer.publish(described, result, run)

    def rows(self, name: str = "bikes", snapshot: int | None = None) -> list[tuple[Any, ...]]:
        entry = read_index(self.lake)[name]
        with open_lakes(self.lake) as connection:
            return connection.execute(
                f'SELECT station, day("at"), bikes FROM {table(entry, snapshot)} ORDER BY ALL'
            ).fetchall()

    def files(self) -> set[str]:
        return {path.name for path in folder(self.lake, "open").data.rglob("*.parquet")}


@pytest.fixture
def lab(tmp_path: Path, database: str) -> Lab:
    return Lab(tmp_path, database)


def test_each_look_is_added_and_nothing_is_written_again(lab: Lab) -> None:
    first = lab.hear(said(("A", 1, 5), ("B", 1, 0)))
    before = lab.files()
    second = lab.hear(said(("A", 2, 4), ("B", 2, 1)))
    assert lab.rows() == [("A", 1, 5), ("A", 2, 4), ("B", 1, 0), ("B", 2, 1)]
    assert before < lab.files()
    assert first is not None
    assert second is not None
    assert (first.rows, second.rows) == (2, 4)
    assert lab.rows(snapshot=first.snapshot) == [("A", 1, 5), ("B", 1, 0)]


def test_a_feed_that_says_the_same_again_leaves_no_snapshot(lab: Lab) -> None:
    lab.hear(said(("A", 1, 5)))
    newest = metadata.newest(folder(lab.lake, "open").catalog)
    assert lab.hear(said(("A", 1, 5))) is None
    assert metadata.newest(folder(lab.lake, "open").catalog) == newest


def test_a_known_row_with_other_values_takes_its_place(lab: Lab) -> None:
    first = lab.hear(said(("A", 1, 5), ("B", 1, 0)))
    lab.hear(said(("A", 1, 6), ("B", 1, 0)))
    assert lab.rows() == [("A", 1, 6), ("B", 1, 0)]
    assert first is not None
    assert lab.rows(snapshot=first.snapshot) == [("A", 1, 5), ("B", 1, 0)]


def test_rows_go_after_their_time_counted_from_the_newest(lab: Lab) -> None:
    for day in (10, 11, 12, 13):
        done = lab.hear(said(("A", day, 1)))
    assert lab.rows() == [("A", 11, 1), ("A", 12, 1), ("A", 13, 1)]
    assert done is not None
    assert done.rows == 3
    assert lab.hear(said(("A", 10, 1))) is None  # too old to come back


def test_a_new_column_rewrites_the_whole_once_and_keeps_the_rows(lab: Lab) -> None:
    lab.hear(said(("A", 1, 5)))
    wider = dataset({**COLUMNS, "docks": "integer"}, id="bikes", theme="mobility", accumulate=KEY)
    lab.hear("station,at,bikes,docks\nA,2026-11-02T08:00:00Z,4,8\n", wider)
    with open_lakes(lab.lake) as connection:
        found = connection.execute("SELECT bikes, docks FROM bikes ORDER BY bikes DESC").fetchall()
    assert found == [(5, None), (4, 8)]
    lab.hear("station,at,bikes,docks\nA,2026-11-03T08:00:00Z,3,9\n", wider)
    assert lab.rows() == [("A", 1, 5), ("A", 2, 4), ("A", 3, 3)]


def test_another_theme_takes_the_rows_along(lab: Lab) -> None:
    lab.hear(said(("A", 1, 5)))
    moved = FEED.model_copy().located("environment", Path("x"))
    lab.hear(said(("A", 2, 4)), moved)
    assert lab.rows() == [("A", 1, 5), ("A", 2, 4)]


@pytest.mark.parametrize(
    ("text", "said_of_it"),
    [
        (said(("A", 1, 5), ("A", 1, 6)), "plusieurs"),
        ("station,at,bikes\n,2026-11-01T08:00:00Z,5\n", "clé"),
    ],
)
def test_a_key_that_does_not_identify_a_row_is_refused(
    lab: Lab, text: str, said_of_it: str
) -> None:
    with pytest.raises(UnreadableFile) as caught:
        lab.hear(text)
    assert said_of_it in caught.value.message("fr")


def test_a_geometry_that_did_not_move_is_not_new(lab: Lab) -> None:
    placed = dataset(
        {"station": "varchar", "at": "date", "place": "geometry"},
        id="bikes",
        theme="mobility",
        accumulate={"by": ["station", "at"]},
    )
    text = "station,at,place\nA,2026-11-01,POINT(5 47)\n"
    assert lab.hear(text, placed) is not None
    assert lab.hear(text, placed) is None
    assert lab.hear(text.replace("5 47", "6 47"), placed) is not None


def test_a_commit_that_was_not_put_in_place_is_there_after_the_next_look(lab: Lab) -> None:
    """As if killed between the commit and its copy: the rows are neither lost nor doubled."""
    lab.hear(said(("A", 1, 5)))
    place = folder(lab.lake, "open")
    copies = {path: path.read_bytes() for path in (place.catalog, place.index)}
    lab.hear(said(("A", 2, 4)))
    for path, content in copies.items():
        path.write_bytes(content)
    with lab.writer() as writer:
        writer.heal()
    assert lab.hear(said(("A", 2, 4))) is None
    assert lab.rows() == [("A", 1, 5), ("A", 2, 4)]


def test_a_copy_of_the_lake_elsewhere_reads_what_was_deleted_and_added(
    lab: Lab, tmp_path: Path
) -> None:
    import shutil

    lab.hear(said(("A", 1, 5), ("B", 1, 0)))
    lab.hear(said(("A", 1, 6), ("B", 1, 0)))
    shutil.copytree(lab.lake, tmp_path / "mounted")
    shutil.rmtree(lab.lake)
    with open_lakes(tmp_path / "mounted") as connection:
        found = connection.execute("SELECT station, bikes FROM bikes ORDER BY ALL").fetchall()
    assert found == [("A", 6), ("B", 0)]
    open_lake = folder(tmp_path / "mounted", "open")
    on_disk = {str(p.relative_to(open_lake.data)) for p in open_lake.data.rglob("*.parquet")}
    assert on_disk == metadata.files(open_lake.catalog)
    assert json.loads(open_lake.index.read_bytes())["datasets"]["bikes"]["good"]["rows"] == 2
