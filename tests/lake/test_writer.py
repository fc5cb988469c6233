"""One writer, immutable copies, and nothing left of what nobody may read any more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest

import datalab.lake
from datalab.catalog.dataset import Dataset
from datalab.errors import LakeBusy, LakeEmpty, NotPublished, UnknownSnapshot
from datalab.lake import metadata
from datalab.lake.index import read_index
from datalab.lake.layout import folder
from datalab.lake.reader import open_lakes, table
from datalab.lake.record import RunRecord
from datalab.lake.writer import Writer
from tests.lake.datasets import dataset, record, staged


class Lab:
    """A lake in a temporary folder, with what a test does to it again and again."""

    def __init__(self, root: Path, database: str = "") -> None:
        self.root, self.lake, self.writing = root, root / "lake", root / "writer"
        self.database = database

    def writer(self, wait: float = 0) -> Writer:
        return Writer(self.lake, self.writing, "test", wait, database=self.database)

    def publish(self, described: Dataset, text: str, **facts: object) -> RunRecord:
        result = staged(described, text, self.root / "staging")
        facts.setdefault("definition", uuid4().hex)  # the hash of the file is the same for all
        with self.writer() as writer:
            return writer.publish(described, result, record(described, result, **facts))

    def bytes_of(self, lake: str) -> bytes:
        place = folder(self.lake, lake)
        return b"".join(path.read_bytes() for path in place.root.rglob("*") if path.is_file())


@pytest.fixture
def lab(tmp_path: Path, database: str) -> Lab:
    return Lab(tmp_path, database)


TREES = dataset({"species": "varchar", "height": "integer"}, key=["species"])
OTHER = dataset({"a": "integer"}, id="benches", theme="mobility")


def test_a_published_table_is_read_by_its_short_name(lab: Lab) -> None:
    lab.publish(TREES, "species,height\ntilleul,12\n")
    connection = open_lakes(lab.lake)
    assert connection.execute("FROM street_trees").fetchall() == [("tilleul", 12)]
    assert connection.execute("FROM open.territory.street_trees").fetchall() == [("tilleul", 12)]


def test_the_commit_says_who_when_whence_and_by_which_run(lab: Lab) -> None:
    done = lab.publish(TREES, "species,height\ntilleul,12\n")
    rows = (
        open_lakes(lab.lake)
        .execute(
            "SELECT author, commit_extra_info FROM ducklake_snapshots('open') WHERE author <> ''"
        )
        .fetchall()
    )
    assert [author for author, _ in rows] == ["Camille"]
    facts = json.loads(rows[0][1])
    assert facts["run_id"] == done.run_id
    assert facts["sha256"] == "a" * 64
    assert facts["source_url"] == "https://example.org/trees.csv"
    assert facts["code_version"] == "0.1.0"
    entry = read_index(lab.lake)["street-trees"]
    assert RunRecord.from_json(entry.good or {}) == done
    assert entry.snapshots[0]["snapshot"] == done.snapshot
    kept = folder(lab.lake, "open").record("street-trees", done.run_id)
    assert RunRecord.from_json(json.loads(kept.read_bytes())) == done


def test_every_snapshot_stays_readable_by_its_number(lab: Lab) -> None:
    first = lab.publish(TREES, "species,height\ntilleul,12\n")
    lab.publish(OTHER, "a\n1\n")
    second = lab.publish(TREES, "species,height\nérable,3\n")
    entry = read_index(lab.lake)["street-trees"]
    connection = open_lakes(lab.lake)
    read = {
        done.snapshot: connection.execute(f"FROM {table(entry, done.snapshot)}").fetchall()
        for done in (first, second)
    }
    assert read == {first.snapshot: [("tilleul", 12)], second.snapshot: [("érable", 3)]}
    with pytest.raises(UnknownSnapshot):
        table(entry, 99)


def test_a_moved_theme_keeps_name_and_history(lab: Lab) -> None:
    first = lab.publish(TREES, "species,height\ntilleul,12\n")
    lab.publish(TREES.model_copy().located("environment", Path("x")), "species,height\nérable,3\n")
    entry = read_index(lab.lake)["street-trees"]
    connection = open_lakes(lab.lake)
    assert connection.execute("FROM street_trees").fetchall() == [("érable", 3)]
    before = connection.execute(f"FROM {table(entry, first.snapshot)}").fetchall()
    assert before == [("tilleul", 12)]


def test_geometry_is_stored_as_geometry(lab: Lab) -> None:
    described = dataset({"place": "geometry"})
    lab.publish(described, "place\nPOINT(5.04 47.32)\n")
    found = open_lakes(lab.lake).execute("SELECT ST_X(place), typeof(place) FROM street_trees")
    assert found.fetchall() == [(5.04, "GEOMETRY")]
    (file,) = folder(lab.lake, "open").data.rglob("*.parquet")
    logical = duckdb.execute(f"SELECT logical_type FROM parquet_schema('{file}')").fetchall()
    assert any("Geometry" in str(kind) for (kind,) in logical)


def test_a_large_file_is_taken_as_it_is_and_stays_with_its_lake(lab: Lab, tmp_path: Path) -> None:
    first = lab.publish(TREES, "species,height\ntilleul,12\n")
    text = "species,height\n" + "".join(f"arbre {n},{n}\n" for n in range(5000))
    result = staged(TREES, text, lab.root / "staging", express=0)
    assert result.parquet is not None
    with lab.writer() as writer:
        second = writer.publish(TREES, result, record(TREES, result))
        files = folder(lab.lake, "open").data.rglob("*.parquet")
        assert any(file.samefile(result.parquet) for file in files), "written a second time"
        writer.heal()
    third = lab.publish(TREES, "species,height\nhêtre,1\n")
    shutil.copytree(lab.lake, tmp_path / "mounted")
    shutil.rmtree(lab.lake)
    entry = read_index(tmp_path / "mounted")["street-trees"]
    connection = open_lakes(tmp_path / "mounted")
    counted = {
        done.snapshot: connection.execute(
            f"SELECT count(*), sum(height), min(rowid) FROM {table(entry, done.snapshot)}"
        ).fetchone()
        for done in (first, second, third)
    }
    assert list(counted.values()) == [(1, 12, 0), (5000, 12497500, 0), (1, 1, 0)]
    open_lake = folder(tmp_path / "mounted", "open")
    on_disk = {str(p.relative_to(open_lake.data)) for p in open_lake.data.rglob("*.parquet")}
    assert on_disk == metadata.files(open_lake.catalog)


def test_a_lake_can_be_mounted_elsewhere(lab: Lab, tmp_path: Path) -> None:
    lab.publish(TREES, "species,height\ntilleul,12\n")
    shutil.copytree(lab.lake, tmp_path / "mounted")
    shutil.rmtree(lab.lake)
    assert open_lakes(tmp_path / "mounted").execute("FROM street_trees").fetchall()


def test_an_empty_lake_says_so(lab: Lab) -> None:
    with pytest.raises(LakeEmpty):
        open_lakes(lab.lake)


def test_a_run_that_published_nothing_leaves_the_table_and_its_columns(lab: Lab) -> None:
    good = lab.publish(TREES, "species,height\ntilleul,12\n")
    changed = dataset({"species": "varchar"}, title={"fr": "Arbres", "en": "Trees"})
    with lab.writer() as writer:
        run = record(TREES, staged(TREES, "species,height\n", lab.root), state="kept")
        noted = writer.note(changed, run)
    entry = read_index(lab.lake)["street-trees"]
    assert noted.snapshot == good.snapshot
    assert list(entry.dataset["columns"]) == ["species", "height"]
    assert entry.dataset["title"]["fr"] == "Arbres"
    assert (entry.record or {})["state"] == "kept"
    assert (entry.good or {})["run_id"] == good.run_id


def test_a_dataset_that_never_was_published_cannot_be_read(lab: Lab) -> None:
    with lab.writer() as writer:
        run = record(TREES, staged(TREES, "species,height\n", lab.root), state="failed")
        assert writer.note(TREES, run).snapshot is None
    entry = read_index(lab.lake)["street-trees"]
    assert entry.good is None
    with pytest.raises(NotPublished):
        table(entry)


def test_a_second_writer_is_told_who_writes(lab: Lab) -> None:
    with lab.writer(), pytest.raises(LakeBusy) as caught, lab.writer():
        pass
    assert caught.value.facts["pid"] == os.getpid()
    assert caught.value.facts["owner"] == "test"


def test_the_lock_of_a_killed_process_is_free(lab: Lab) -> None:
    code = (
        "import sys, time; from pathlib import Path; from datalab.lake.writer import Writer\n"
        "with Writer(Path(sys.argv[1]), Path(sys.argv[2]), 'doomed'):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(lab.lake), str(lab.writing)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(LakeBusy) as caught, lab.writer():
        pass
    assert caught.value.facts["owner"] == "doomed"
    child.kill()
    child.wait()
    child.stdout.close()
    with lab.writer():
        pass


def test_readers_never_stumble_over_a_publishing_writer(lab: Lab) -> None:
    lab.publish(TREES, "species,height\ntilleul,0\n")
    errors: list[Exception] = []
    seen: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                with open_lakes(lab.lake, threads=1) as connection:
                    rows = connection.execute("SELECT height FROM street_trees").fetchall()
                    assert len(rows) == 1
                    seen.append(rows[0][0])
                assert read_index(lab.lake)["street-trees"].good is not None
            except Exception as error:
                errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, 21):
            lab.publish(TREES, f"species,height\ntilleul,{number}\n")
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert errors == []
    assert len(set(seen)) > 1


def restricted(described: Dataset) -> Dataset:
    return described.model_copy(update={"access": "restricted"}).located("territory", Path("x"))


def test_tightened_access_takes_the_table_its_history_and_its_traces(lab: Lab) -> None:
    lab.publish(TREES, "species,height\nsecretoak,12\n")
    other = lab.publish(OTHER, "a\n1\n")
    lab.publish(TREES, "species,height\nsecretelm,13\n")
    with lab.writer() as writer:
        assert writer.relocate(restricted(TREES)) == ["open"]
        assert writer.relocate(restricted(TREES)) == []
        writer.heal()
    left = lab.bytes_of("open")
    assert b"secretoak" not in left
    assert b"secretelm" not in left
    assert "street-trees" not in json.loads(folder(lab.lake, "open").index.read_bytes())["datasets"]
    moved = read_index(lab.lake)["street-trees"]
    assert moved.lake == "restricted-street-trees"
    connection = open_lakes(lab.lake)
    assert connection.execute("FROM street_trees").fetchall() == [("secretelm", 13)]
    benches = read_index(lab.lake)["benches"]
    assert connection.execute(f"FROM {table(benches, other.snapshot)}").fetchall() == [(1,)]
    lab.publish(OTHER, "a\n2\n")
    assert open_lakes(lab.lake).execute("FROM benches").fetchall() == [(2,)]


def test_a_move_that_was_killed_half_way_is_finished(lab: Lab) -> None:
    lab.publish(TREES, "species,height\nsecretoak,12\n")
    shutil.copytree(lab.root, lab.root.parent / f"{lab.root.name}-before")
    with lab.writer() as writer:
        writer.relocate(restricted(TREES))
    # As if killed between the publish in the new lake and the removal from the old one.
    before = lab.root.parent / f"{lab.root.name}-before"
    shutil.rmtree(lab.lake / "open")
    shutil.copytree(before / "lake" / "open", lab.lake / "open")
    if not lab.database:  # what a database holds is older or newer than what is published
        shutil.copy(before / "writer" / "open.ducklake", lab.writing / "open.ducklake")
    with lab.writer() as writer:
        writer.heal()
        assert writer.relocate(restricted(TREES)) == ["open"]
    assert b"secretoak" not in lab.bytes_of("open")
    assert open_lakes(lab.lake).execute("FROM street_trees").fetchall() == [("secretoak", 12)]


def test_a_commit_whose_copy_was_never_made_is_published_by_the_next_writer(lab: Lab) -> None:
    lab.publish(TREES, "species,height\ntilleul,12\n")
    place = folder(lab.lake, "open")
    copies = {path: path.read_bytes() for path in (place.catalog, place.index)}
    second = lab.publish(TREES, "species,height\nérable,3\n")
    for path, content in copies.items():
        path.write_bytes(content)
    place.record("street-trees", second.run_id).unlink()
    assert open_lakes(lab.lake).execute("FROM street_trees").fetchall() == [("tilleul", 12)]
    with lab.writer() as writer:
        writer.heal()
    assert open_lakes(lab.lake).execute("FROM street_trees").fetchall() == [("érable", 3)]
    entry = read_index(lab.lake)["street-trees"]
    assert RunRecord.from_json(entry.good or {}) == second
    assert len(entry.snapshots) == 2
    assert place.record("street-trees", second.run_id).is_file()


def test_orphans_go_and_referenced_files_stay(lab: Lab) -> None:
    lab.publish(TREES, "species,height\ntilleul,12\n")
    lab.publish(TREES, "species,height\nérable,3\n")
    place = folder(lab.lake, "open")
    orphan = place.data / "territory" / "street_trees" / "ducklake-orphan.parquet"
    orphan.write_bytes(b"left by a killed writer")
    with lab.writer() as writer:
        writer.heal()
    assert not orphan.exists()
    assert len(list(place.data.rglob("*.parquet"))) == 2


def test_lost_or_broken_working_metadata_begin_again_from_the_published_copy(lab: Lab) -> None:
    lab.publish(TREES, "species,height\ntilleul,12\n")
    for breakage in (b"", b"not a database" * 100):
        (lab.writing / "open.ducklake").write_bytes(breakage)
        with lab.writer() as writer:
            writer.heal()
        again = lab.publish(TREES, "species,height\nérable,3\n")
        assert again.snapshot is not None
    shutil.rmtree(lab.writing)
    with lab.writer() as writer:
        writer.heal()
    last = lab.publish(TREES, "species,height\nhêtre,1\n")
    assert last.snapshot == 4
    assert metadata.newest(folder(lab.lake, "open").catalog) == 4


def test_a_broken_index_is_rebuilt_from_the_commits(lab: Lab) -> None:
    done = lab.publish(TREES, "species,height\ntilleul,12\n")
    place = folder(lab.lake, "open")
    place.index.write_bytes(b"{")
    with lab.writer() as writer:
        writer.heal()
    assert (read_index(lab.lake)["street-trees"].good or {})["run_id"] == done.run_id


def test_nothing_but_an_access_class_becomes_a_folder(lab: Lab) -> None:
    for name in ("../x", "open/..", "", "Restricted-x", "restricted-"):
        with pytest.raises(ValueError, match="access class"):
            folder(lab.lake, name)


def test_a_publication_does_not_look_at_every_other_table() -> None:
    """``duckdb_tables()`` reads the statistics of each table of each lake that is attached."""
    room = Path(datalab.lake.__file__).parent
    asking = [path.name for path in room.glob("*.py") if "FROM duckdb_tables()" in path.read_text()]
    assert asking == []
