"""What one lab publishes to an object store is what others read from it, and nothing else."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obstore
import pytest

from datalab.connectors.fetched import sha256_of
from datalab.depot.keeping import step
from datalab.depot.ledger import state
from datalab.depot.objects import Objects
from datalab.errors import (
    DepotAway,
    DepotBroken,
    DepotTaken,
    LakeIsCopy,
    NoDepot,
)
from datalab.lake.index import read_index
from datalab.settings import Settings
from tests.depot.labs import CLOSED, LONGER, Labs, files, told
from tests.faults.record import seen
from tests.test_refresh import CSV, Place

__all__ = ["seen"]


def test_a_copy_elsewhere_holds_the_same_files_rows_and_snapshots(labs: Labs) -> None:
    labs.bring()
    assert files(labs.there.lake) == files(labs.here.lake)
    assert labs.rows() == labs.place.rows() == [("tilleul", 12), ("érable", 3)]
    labs.publish(LONGER)
    sent = step(labs.here)
    assert [(one.name, one.number) for one in sent] == [("open", 2)]
    new = len(set(files(labs.here.lake).values()) - set(files(labs.there.lake).values()))
    assert sent[0].files == new < len(files(labs.here.lake)), "what lies there stays"
    step(labs.there)
    assert len(labs.rows()) == 3
    assert files(labs.there.lake) == files(labs.here.lake)
    entry = read_index(labs.there.lake)["trees"]
    assert [one["snapshot"] for one in entry.snapshots] == [
        one["snapshot"] for one in read_index(labs.here.lake)["trees"].snapshots
    ]


def test_where_nothing_changed_the_store_is_not_even_asked(labs: Labs) -> None:
    labs.bring()
    labs.bucket.stop()
    assert step(labs.here) == []


@pytest.mark.fault(
    "The object store is away for a while",
    "What is published here is read here; it goes there once it answers, and whoever asks is told",
)
def test_a_store_that_is_away_loses_nothing_and_is_told(
    labs: Labs, seen: Callable[[str], None]
) -> None:
    labs.bring()
    labs.bucket.stop()
    labs.publish(LONGER)
    for _ in range(2):
        with pytest.raises(DepotAway, match="dijon"):
            step(labs.here)
    with pytest.raises(DepotAway):
        step(labs.there)
    assert len(labs.place.rows()) == 3
    assert len(labs.rows()) == 2, "the copy stands"
    waiting, at = state(labs.here.run), state(labs.there.run)
    assert waiting is not None
    assert at is not None
    assert waiting.since
    assert at.since
    assert waiting.at, "when it went well last"
    told_now = labs.command("depot", "status")
    out, err = told_now.communicate(timeout=60)
    assert told_now.returncode == 1, err
    assert "ne répond pas" in out
    labs.bucket.start()
    labs.bring()
    assert labs.rows() == labs.place.rows()
    after = state(labs.here.run)
    assert after is not None
    assert (after.since, after.error) == (None, None)
    seen("Published and read here meanwhile; the copy elsewhere answered with the earlier rows.")
    seen("Both said since when, and were equal again after one step each.")


def test_a_push_that_is_killed_anywhere_shows_the_earlier_state_or_the_new_one(labs: Labs) -> None:
    labs.bring()
    seen_rows = set()
    for number in range(12):
        labs.publish(CSV + "".join(f"arbre {n},{n}\n" for n in range(number + 1)))
        process = labs.command("depot", "push")
        time.sleep(0.5 + number * 0.1)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        step(labs.there)
        seen_rows.add(len(labs.rows()) - len(labs.place.rows()))
        labs.bring()
        assert labs.rows() == labs.place.rows()
        assert files(labs.there.lake) == files(labs.here.lake)
    assert seen_rows <= {0, -1}


def test_who_reads_while_copies_come_meets_no_error(labs: Labs) -> None:
    labs.bring()
    stopping, problems, counts = threading.Event(), list[Exception](), list[int]()

    def read() -> None:
        while not stopping.is_set():
            try:
                counts.append(len(labs.rows()))
            except Exception as error:
                problems.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(10):
        labs.publish(CSV + "".join(f"arbre {n},{n}\n" for n in range(number + 1)))
        labs.bring()
    stopping.set()
    for reader in readers:
        reader.join(20)
    assert problems == []
    assert sorted(counts) == counts or len(set(counts)) > 3, "they saw it grow"


def test_restricted_datasets_stay_here_unless_it_is_said(labs: Labs) -> None:
    labs.place.write("benches", "species,height\nDO-NOT-TELL,7\n", **CLOSED)
    labs.place.refresh()
    labs.bring()
    assert not any(name.startswith("restricted") for name in labs.bucket.objects())
    assert not any(b"DO-NOT-TELL" in content for content in labs.bucket.objects().values())
    labs.set(depot_restricted=True)
    labs.bring()
    assert labs.rows("benches") == [("DO-NOT-TELL", 7)]
    closed = labs.there.lake / "restricted-benches"
    assert closed.stat().st_mode & 0o777 == 0o700
    labs.set()
    labs.bring()
    assert not any(name.startswith("restricted") for name in labs.bucket.objects())
    assert not closed.exists()


def test_what_is_tightened_here_is_gone_there_and_in_the_copies(labs: Labs) -> None:
    labs.bring()
    there = set(labs.bucket.objects())
    data = {name for name in files(labs.here.lake) if "/environment/trees/" in name}
    assert data
    labs.publish(**CLOSED)
    labs.bring()
    assert not data & set(files(labs.there.lake))
    assert there - set(labs.bucket.objects()), "its objects are deleted"
    with pytest.raises(Exception, match="trees"):
        labs.rows()
    assert labs.rows("benches")


def test_two_labs_do_not_publish_to_one_place(labs: Labs, tmp_path: Path) -> None:
    labs.bring()
    other = Labs(tmp_path / "other", labs.bucket)
    other.place.write("trees", "species,height\nautre,1\n")
    other.place.refresh()
    with pytest.raises(DepotTaken, match="autre laboratoire"):
        step(other.here)
    step(labs.there)
    assert labs.rows() == labs.place.rows()
    step(other.here, take=True)
    step(labs.there)
    assert labs.rows() == [("autre", 1)]
    labs.publish(LONGER)
    with pytest.raises(DepotTaken):
        step(labs.here)


def test_a_lab_restored_from_an_earlier_backup_does_not_overwrite_what_is_newer(
    labs: Labs, tmp_path: Path
) -> None:
    labs.bring()
    shutil.copytree(labs.here.home, tmp_path / "backup")
    labs.publish(LONGER)
    labs.bring()
    shutil.rmtree(labs.here.home)
    shutil.copytree(tmp_path / "backup", labs.here.home)
    labs.publish(CSV + "if,2\nhoux,3\n")
    with pytest.raises(DepotTaken, match="sauvegarde"):
        step(labs.here)
    step(labs.there)
    assert len(labs.rows()) == 3
    step(labs.here, take=True)
    step(labs.there)
    assert len(labs.rows()) == 4


def test_a_copy_takes_no_writer(labs: Labs) -> None:
    labs.bring()
    labs.there.catalog.mkdir(parents=True)
    shutil.copytree(labs.here.catalog, labs.there.catalog, dirs_exist_ok=True)
    elsewhere = Place(labs.there.home.parent)
    elsewhere.settings = labs.there
    with pytest.raises(LakeIsCopy):
        elsewhere.refresh()
    assert labs.rows() == labs.place.rows()


def test_a_copy_takes_over_where_the_lab_that_published_is_gone(labs: Labs) -> None:
    labs.publish(LONGER)
    labs.bring()
    before = [one["snapshot"] for one in read_index(labs.there.lake)["trees"].snapshots]
    shutil.rmtree(labs.here.home)
    heir = Place(labs.there.home.parent)  # the catalog is in a repository of its own
    heir.settings = labs.there.model_copy(update={"depot_reader": False})
    with pytest.raises(LakeIsCopy, match="--take"):
        step(heir.settings)
    step(heir.settings, take=True)
    heir.write("trees", CSV + "if,2\nhoux,3\norme,9\n")
    assert {record.state for record in heir.refresh().values()} <= {"published", "unchanged"}
    assert len(heir.rows()) == 5
    after = [one["snapshot"] for one in read_index(heir.settings.lake)["trees"].snapshots]
    assert after[1:] == before, "its history goes on"
    assert [one.name for one in step(heir.settings)] == ["open"]


@pytest.mark.parametrize(
    "change",
    [
        {"files": {"../../../evil": [1, "0" * 64]}},
        {"files": {"/etc/evil": [1, "0" * 64]}},
        {"files": {"data/.hidden": [1, "0" * 64]}},
        {"files": {"data/x.parquet": [1, "../../evil"]}},
        {"files": {"data/x.parquet": [-1, "0" * 64]}},
        {"files": ["data/x.parquet"]},
        {"form": 2},
        {"number": "many"},
        None,
    ],
)
def test_a_manifest_that_no_lab_wrote_is_refused_whole(
    labs: Labs, change: dict[str, Any] | None
) -> None:
    labs.bring()
    before = files(labs.there.lake)
    honest = json.loads(labs.bucket.objects()["open/manifest.json"])
    forged = json.dumps({**honest, **change}) if change else "<html>"
    obstore.put(Objects(labs.here).store, "open/manifest.json", forged.encode())
    with pytest.raises(DepotBroken):
        step(labs.there)
    assert files(labs.there.lake) == before
    assert not list(labs.there.home.parent.rglob("evil"))


def test_an_object_whose_content_changed_is_not_taken(labs: Labs) -> None:
    labs.bring()
    before = files(labs.there.lake)
    labs.publish(LONGER)
    step(labs.here)
    name = f"open/files/{sha256_of(labs.here.lake / 'open' / 'catalog.ducklake')}"
    changed = labs.bucket.objects()[name] + b"more"
    obstore.put(Objects(labs.here).store, name, changed)
    with pytest.raises(DepotBroken, match=name):
        step(labs.there)
    assert labs.rows() == [("tilleul", 12), ("érable", 3)]
    assert {name: before[name] for name in ("open/index.json", "open/catalog.ducklake")} == {
        name: files(labs.there.lake)[name] for name in ("open/index.json", "open/catalog.ducklake")
    }
    assert not list(labs.there.lake.rglob("*.tmp"))


def test_a_wrong_key_says_so_and_a_missing_setting_too(labs: Labs, tmp_path: Path) -> None:
    wrong = Settings(home=labs.here.home, **told(labs.bucket, depot_key="nobody:nothing"))
    with pytest.raises(DepotAway) as refused:
        step(wrong)
    assert "nothing" not in str(refused.value)
    with pytest.raises(NoDepot):
        step(Settings(home=tmp_path / "none"))
    with pytest.raises(ValueError, match="DATALAB_DEPOT"):
        Settings(depot_reader=True)


def test_a_folder_that_machines_share_does_as_well(labs: Labs, tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    address = {"depot": f"file://{tmp_path / 'share'}"}
    here = Settings(home=labs.here.home, catalog=labs.here.catalog, **address)
    there = Settings(home=tmp_path / "third", depot_reader=True, **address)
    step(here)
    step(there)
    assert files(there.lake) == files(here.lake)
