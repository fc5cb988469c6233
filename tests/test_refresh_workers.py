"""``datalab refresh --workers``: intakes on the processes of a cluster, one publisher."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import psutil
import pytest

from datalab.errors import InvalidCatalog, TooManyRejects
from datalab.intake import Event
from datalab.lake.index import read_index
from datalab.refresh import refresh
from tests.test_refresh import CSV, Place

HIGH = CSV.replace("12", "120")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.write("high", HIGH)
    place.write("broken", "species,height\ntilleul,douze\n")
    place.write("gone", CSV)
    (place.catalog / "environment" / "gone.csv").unlink()
    return place


def told(place: Place, workers: int) -> dict[str, tuple[object, ...]]:
    events: list[Event] = []
    records = refresh(None, place.settings, "test", events.append, workers=workers)
    for record in records:
        kinds = [event.kind for event in events if event.dataset == record.dataset]
        assert kinds[0] == "started" or record.dataset == "gone"  # refused before it is asked for
        assert kinds[-1] == "done", record.dataset
        assert ("validated" in kinds) == (record.validation is not None), record.dataset
    return {
        record.dataset: (
            record.state,
            record.rows,
            record.rejected,
            (record.error or {}).get("messages"),
            record.validation and [one.success for one in record.validation.results],
        )
        for record in records
    }


def test_workers_find_what_threads_find_and_a_failure_stops_no_other(
    place: Place, tmp_path: Path
) -> None:
    found = told(place, workers=2)
    states = {name: said[0] for name, said in found.items()}
    assert states == {
        "benches": "published",
        "broken": "failed",
        "gone": "failed",
        "high": "kept",
        "trees": "published",
    }
    assert set(read_index(place.settings.lake)) == {"benches", "broken", "high", "trees"}
    place.settings = place.settings.model_copy(update={"home": tmp_path / "threads"})
    assert told(place, workers=0) == found


def test_no_process_is_left(place: Place) -> None:
    before = {child.pid for child in psutil.Process(os.getpid()).children(recursive=True)}
    refresh(["trees"], place.settings, "test", workers=1)
    left = {child.pid for child in psutil.Process(os.getpid()).children(recursive=True)} - before
    names = [psutil.Process(pid).cmdline() for pid in left if psutil.pid_exists(pid)]
    assert [line for line in names if "resource_tracker" not in " ".join(line)] == []


def test_an_error_travels_between_processes_as_it_was_made() -> None:
    for error in (InvalidCatalog(["a", "b"]), TooManyRejects(rejects=[1], dataset="trees", rows=2)):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert type(again) is type(error)
        assert again.__dict__ == error.__dict__
