"""One lake, several publishers: its working metadata on a real PostgreSQL."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest
from sqlalchemy import create_engine, make_url, text

from datalab.catalog.dataset import Dataset
from datalab.errors import LakeBusy, LakeDatabaseAway, LakeDatabaseTaken, LakeInDatabase
from datalab.lake import metadata
from datalab.lake.connection import connect, literal
from datalab.lake.index import read_index
from datalab.lake.layout import folder, leave_database
from datalab.lake.reader import open_lakes
from datalab.lake.record import RunRecord
from datalab.lake.shared import EXTENSIONS, Shared
from datalab.lake.writer import Writer
from tests.lake.datasets import dataset, record, staged
from tests.participation.databases import Cluster, cluster, programs

TREES = dataset({"species": "varchar", "height": "integer"}, key=["species"])
OTHER = dataset({"a": "integer"}, id="benches", theme="mobility")


class Machine:
    """A lab with a home of its own, and the lake that it shares with others."""

    def __init__(self, root: Path, lake: Path, database: str) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root, self.lake, self.database = root, lake, database

    def writer(self) -> Writer:
        return Writer(self.lake, self.root / "writer", self.root.name, 60, database=self.database)

    def publish(self, described: Dataset, content: str, **facts: object) -> RunRecord:
        result = staged(described, content, self.root / "staging")
        facts.setdefault("definition", uuid4().hex)
        with self.writer() as writer:
            return writer.publish(described, result, record(described, result, **facts))

    def heal(self) -> None:
        with self.writer() as writer:
            writer.heal()

    def rows(self, query: str = "FROM street_trees ORDER BY ALL") -> list[tuple[object, ...]]:
        with open_lakes(self.lake) as connection:
            return connection.execute(query).fetchall()

    @property
    def shared(self) -> Shared:
        return Shared(self.database, "test", patience=0.2)


@pytest.fixture
def machines(tmp_path: Path, postgresql: Cluster) -> Callable[[str], Machine]:
    address = postgresql.database()
    return lambda name: Machine(tmp_path / name, tmp_path / "lake", address)


def tree(number: int) -> Dataset:
    return dataset({"a": "integer"}, id=f"trees-{number}")


def test_two_machines_publish_at_the_same_time_and_nothing_is_lost(
    machines: Callable[[str], Machine],
) -> None:
    pair = [machines("first"), machines("second")]

    def work(which: int) -> list[int]:
        done = []
        for number in range(6):
            own = pair[which].publish(tree(2 * number + which), f"a\n{number}\n")
            both = pair[which].publish(OTHER, f"a\n{100 * which + number}\n")
            done += [own.snapshot or 0, both.snapshot or 0]
        return done

    with ThreadPoolExecutor(2) as pool:
        snapshots = [number for numbers in pool.map(work, range(2)) for number in numbers]
    assert len(set(snapshots)) == 24, "two commits had one number"
    entries = read_index(pair[0].lake)
    assert set(entries) == {"benches", *(f"trees-{number}" for number in range(12))}
    assert len(entries["benches"].snapshots) == 12
    last = pair[0].rows("FROM benches")
    assert last in ([(5,)], [(105,)])
    place = folder(pair[0].lake, "open")
    good = {entry.good["snapshot"] for entry in entries.values() if entry.good}
    assert metadata.newest(place.catalog) == max(good) == max(snapshots)
    on_disk = {str(path.relative_to(place.data)) for path in place.data.rglob("*.parquet")}
    assert on_disk == metadata.files(place.catalog)
    before = place.catalog.stat().st_mtime_ns
    pair[1].heal()
    assert place.catalog.stat().st_mtime_ns == before, "readers were shown the same again"


def test_a_publication_is_tried_again_where_somebody_was_quicker(
    machines: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has the database open with a DuckDB of their own, and takes no turns."""
    one = machines("one")
    one.publish(TREES, "species,height\ntilleul,12\n")
    other = connect(extensions=(*EXTENSIONS, "spatial"))
    one.shared.prepare(other)
    other.execute(
        f"ATTACH {literal(one.shared.metadata)} AS work "
        f"(METADATA_SCHEMA 'open', DATA_PATH {literal(f'{one.lake}/open/data/')}, "
        "OVERRIDE_DATA_PATH true, DATA_INLINING_ROW_LIMIT 0)"
    )
    tries = []
    from datalab.lake import writer as module

    commit = module.commit

    def slower(connection: duckdb.DuckDBPyConnection, *given: object) -> object:
        """The same, and somebody commits between its look at the lake and its own commit."""
        tries.append(1)
        if len(tries) > 2:
            return commit(connection, *given)  # type: ignore[arg-type]

        class Between:
            def execute(self, sql: str, *values: object) -> object:
                if sql == "COMMIT":
                    other.execute(
                        "CREATE OR REPLACE TABLE work.territory.street_trees AS "
                        "SELECT 'foreign' AS species, 1 AS height"
                    )
                return connection.execute(sql, *values)

        return commit(Between(), *given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "commit", slower)
    done = one.publish(TREES, "species,height\nérable,3\n")
    assert len(tries) == 3
    assert one.rows() == [("érable", 3)]
    assert read_index(one.lake)["street-trees"].snapshots[0]["snapshot"] == done.snapshot
    one.heal()
    place = folder(one.lake, "open")
    on_disk = {str(path.relative_to(place.data)) for path in place.data.rglob("*.parquet")}
    assert on_disk == metadata.files(place.catalog), "files of the tries that failed are left"


def test_the_same_file_published_by_two_machines_is_one_snapshot(
    machines: Callable[[str], Machine],
) -> None:
    first, second = machines("first"), machines("second")
    content, told = "species,height\ntilleul,12\n", {"definition": "the same"}
    one = first.publish(TREES, content, **told)
    two = second.publish(TREES, content, **told)
    assert (one.state, two.state, two.snapshot) == ("published", "unchanged", one.snapshot)
    later = {"started_at": "2026-11-21T11:00:00Z", "finished_at": "2026-11-21T11:00:01Z"}
    third = second.publish(TREES, content, **told, **later)
    assert third.state == "published"  # asked for on purpose, after the first had ended


def test_who_has_the_turn_is_told_to_whoever_waits_for_too_long(
    machines: Callable[[str], Machine],
) -> None:
    first = Shared(machines("first").database, "camille of the town hall")
    waiting = machines("second").shared
    with first.turn(), first.turn():
        with pytest.raises(LakeBusy) as busy, waiting.turn():
            pass
        assert busy.value.facts["owner"] == "camille of the town hall"
    with waiting.turn():
        pass
    first.close()
    waiting.close()


def test_a_publisher_that_is_killed_holds_nobody_up(
    machines: Callable[[str], Machine], tmp_path: Path
) -> None:
    one = machines("one")
    one.publish(TREES, "species,height\ntilleul,12\n")
    program = (
        "import sys, time\nfrom datalab.lake.shared import Shared\n"
        "with Shared(sys.argv[1], 'gone').turn():\n    print('mine', flush=True)\n"
        "    time.sleep(600)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, one.database], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "mine\n"
    with pytest.raises(LakeBusy), one.shared.turn():
        pass
    child.kill()
    child.wait()
    child.stdout.close()
    one.publish(TREES, "species,height\nérable,3\n")
    assert one.rows() == [("érable", 3)]


def test_a_lake_of_files_is_brought_whole_and_goes_back_to_files(
    machines: Callable[[str], Machine], tmp_path: Path
) -> None:
    files = Machine(tmp_path / "one", tmp_path / "lake", "")
    numbers = [
        files.publish(TREES, f"species,height\ntilleul,{height}\n").snapshot for height in (1, 2)
    ]
    place = folder(files.lake, "open")
    kept = tmp_path / "kept.ducklake"
    shutil.copy(place.catalog, kept)
    one = machines("one")
    one.heal()
    assert one.shared.same("open", kept)
    assert place.catalog.read_bytes() == kept.read_bytes()
    assert not list((one.root / "writer").glob("*.ducklake*")), "a file that grows old"
    numbers.append(one.publish(TREES, "species,height\ntilleul,3\n").snapshot)
    with pytest.raises(LakeInDatabase, match="migrate --lake-to-files"):
        files.publish(TREES, "species,height\ntilleul,4\n")
    leave_database(one.lake)
    files.heal()
    numbers.append(files.publish(TREES, "species,height\ntilleul,4\n").snapshot)
    listed = read_index(files.lake)["street-trees"].snapshots
    assert [known["snapshot"] for known in listed] == numbers[::-1]
    with pytest.raises(LakeDatabaseTaken):
        one.publish(TREES, "species,height\ntilleul,5\n")
    assert files.rows() == [("tilleul", 4)]


def test_a_restored_lake_is_the_truth_for_a_database_that_is_newer(
    machines: Callable[[str], Machine], tmp_path: Path
) -> None:
    one = machines("one")
    one.publish(TREES, "species,height\ntilleul,1\n")
    shutil.copytree(one.lake, tmp_path / "backup")
    one.publish(TREES, "species,height\ntilleul,2\n")
    one.publish(OTHER, "a\n1\n")
    shutil.rmtree(one.lake)
    shutil.copytree(tmp_path / "backup", one.lake)
    one.heal()
    assert one.rows() == [("tilleul", 1)]
    assert "benches" not in read_index(one.lake)
    one.publish(TREES, "species,height\ntilleul,3\n")
    assert one.rows() == [("tilleul", 3)]
    assert len(read_index(one.lake)["street-trees"].snapshots) == 2


def test_a_database_that_is_older_or_empty_is_filled_from_what_is_published(
    machines: Callable[[str], Machine], postgresql: Cluster
) -> None:
    one = machines("one")
    one.publish(TREES, "species,height\ntilleul,1\n")
    published = folder(one.lake, "open").catalog.read_bytes()
    one.database = postgresql.database()  # the server was lost
    one.heal()
    assert folder(one.lake, "open").catalog.read_bytes() == published
    second = one.publish(TREES, "species,height\ntilleul,2\n")
    assert [s["snapshot"] for s in read_index(one.lake)["street-trees"].snapshots] == [
        second.snapshot,
        1,
    ]


@contextmanager
def own_server() -> Iterator[Cluster]:
    if programs() is None:
        pytest.skip("no PostgreSQL on this machine")
    with cluster() as running:
        yield running


def test_a_server_that_is_away_is_named_without_its_password_and_nothing_changes(
    tmp_path: Path,
) -> None:
    with own_server() as server:
        address = make_url(server.database()).set(password="geheim")
        one = Machine(
            tmp_path / "one", tmp_path / "lake", address.render_as_string(hide_password=False)
        )
        one.publish(TREES, "species,height\ntilleul,1\n")
        result = staged(TREES, "species,height\ntilleul,2\n", one.root / "staging")
        with one.writer() as writer:
            server.stop()
            with pytest.raises(LakeDatabaseAway) as away:
                writer.publish(TREES, result, record(TREES, result, definition="2"))
            for language in ("fr", "en"):
                assert "geheim" not in away.value.message(language)
            assert one.rows() == [("tilleul", 1)]
            with pytest.raises(LakeDatabaseAway):
                one.shared.ping()
            server.start()
            writer.publish(TREES, result, record(TREES, result, definition="2"))
        assert one.rows() == [("tilleul", 2)]
        for path in [*one.lake.rglob("*"), *(one.root / "writer").rglob("*")]:
            assert not path.is_file() or b"geheim" not in path.read_bytes()


@pytest.mark.fault(
    "The PostgreSQL of the lake is cut off twice while snapshots are published, and starts again",
    "What was acknowledged is there, readers read the last state, the rest is refused in words",
)
def test_a_server_that_starts_again_while_one_publishes_loses_nothing(
    tmp_path: Path, seen: Callable[[str], None]
) -> None:
    with own_server() as server:
        one = Machine(tmp_path / "one", tmp_path / "lake", server.database())
        one.publish(TREES, "species,height\ntilleul,0\n")
        ended, done, refused = threading.Event(), [0], 0

        def restart() -> None:
            for _ in range(2):
                time.sleep(1)
                server.stop("immediate")
                time.sleep(1.5)
                server.start()
            ended.set()

        thread = threading.Thread(target=restart)
        thread.start()
        while not ended.is_set() or len(done) < 3:
            try:
                one.publish(TREES, f"species,height\ntilleul,{len(done)}\n")
                done.append(len(done))
            except LakeDatabaseAway:
                refused += 1
        thread.join()
        one.heal()
        entry = read_index(one.lake)["street-trees"]
        versions = [f"AT (VERSION => {s['snapshot']})" for s in reversed(entry.snapshots)]
        heights = [
            one.rows(f"SELECT height FROM open.territory.street_trees {version}")[0][0]
            for version in versions
        ]
        # What was acknowledged is there; what was not may be, where its commit had come through.
        assert set(done) <= set(heights)
        assert heights == sorted(heights, key=lambda height: int(str(height)))
        assert len(heights) <= len(done) + refused
        assert refused, "it was never met while it was away"
        place = folder(one.lake, "open")
        assert one.shared.same("open", place.catalog)
    said = f"{len(done)} snapshots acknowledged, all there; {refused} refused meanwhile."
    seen(said)


def test_what_is_erased_leaves_no_row_in_the_database(
    machines: Callable[[str], Machine],
) -> None:
    one = machines("one")
    one.publish(TREES, "species,height\nsecretoak,12\n")
    one.publish(OTHER, "a\n1\n")
    closed = TREES.model_copy(update={"access": "restricted"})
    with one.writer() as writer:
        writer.heal()
        assert writer.relocate(closed) == ["open"]
    engine = create_engine(one.database)
    with engine.connect() as connection:
        names = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'open'")
        ).scalars()
        for name in names.all():
            rows = connection.execute(text(f'SELECT t::text FROM "open".{name} t')).scalars()
            assert not [row for row in rows.all() if "secretoak" in row], name
    engine.dispose()
    for path in (one.root / "writer").rglob("*"):
        assert not path.is_file() or b"secretoak" not in path.read_bytes(), path
    assert one.rows() == [("secretoak", 12)]


def test_a_turn_whose_connection_ended_is_not_taken_for_one_that_goes_on(
    machines: Callable[[str], Machine],
) -> None:
    one = machines("one").shared
    engine = create_engine(machines("two").database, isolation_level="AUTOCOMMIT")
    ended = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    with one.turn(), engine.connect() as connection:
        assert connection.execute(text(ended)).scalar_one()
        for _ in range(3):  # a later look must not open another connection and go on
            with pytest.raises(LakeDatabaseAway):
                one.ping()
    with one.turn():
        one.ping()
    one.close()
    engine.dispose()
