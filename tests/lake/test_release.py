"""Releases: names that are given once and stay."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from datalab.errors import DatalabError
from datalab.errors.version import ReleaseRefused, TwoVersions, UnknownRelease
from datalab.lake import release
from datalab.lake.index import read_index
from datalab.lake.layout import folder
from tests.lake.test_writer import TREES, Lab

AT = "2026-11-22T10:00:00Z"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    made = Lab(tmp_path)
    for height in (12, 13):
        made.publish(TREES, f"species,height\ntilleul,{height}\n")
    return made


def give(lab: Lab, name: str, place: int = 0, note: str = "pour le rapport") -> release.Release:
    entry = read_index(lab.lake)["street-trees"]
    snapshot = entry.snapshots[place]["snapshot"]
    return release.make(lab.lake, lab.writing, entry, name, snapshot, AT, "camille", note)


def test_a_release_names_one_snapshot_for_ever(lab: Lab) -> None:
    made = give(lab, "2026-1", place=1)
    assert give(lab, "2026-1", place=1) == made
    with pytest.raises(ReleaseRefused, match="pour toujours"):
        give(lab, "2026-1", place=0)
    with pytest.raises(ReleaseRefused):  # upper and lower case are the same for who types it
        give(lab, "V1", place=0) and give(lab, "v1", place=1)
    entry = read_index(lab.lake)["street-trees"]
    assert [one.name for one in release.releases_of(lab.lake, entry)] == ["V1", "2026-1"]


@pytest.mark.parametrize("name", ["", " ", "../x", "-a", "a-", "é", "a" * 41, "a/b", "a\n", "2026"])
def test_a_name_that_no_address_holds_is_refused(lab: Lab, name: str) -> None:
    with pytest.raises(ReleaseRefused):
        give(lab, name)


@pytest.mark.parametrize("note", ["", "   ", "x" * 3000])
def test_a_release_says_what_it_is_for(lab: Lab, note: str) -> None:
    with pytest.raises(ReleaseRefused):
        give(lab, "v1", note=note)


def test_an_unknown_release_names_the_nearest_first(lab: Lab) -> None:
    give(lab, "budget")
    give(lab, "2026-1")
    entry = read_index(lab.lake)["street-trees"]
    listed = release.releases_of(lab.lake, entry)
    with pytest.raises(UnknownRelease) as told:
        release.named(listed, entry.id, "budgte")
    assert told.value.facts["known"].startswith("budget")
    with pytest.raises(TwoVersions):
        release.pinned(listed, entry.id, "budget", 4711)


def test_two_who_take_one_name_at_once_do_not_both_get_it(lab: Lab) -> None:
    taken: list[int] = []
    refused: list[DatalabError] = []

    def take(place: int) -> None:
        try:
            taken.append(give(lab, "v1", place).snapshot)
        except ReleaseRefused as error:
            refused.append(error)

    threads = [threading.Thread(target=take, args=(place,)) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(refused) == 1


def test_the_releases_of_a_dataset_leave_with_its_history(lab: Lab) -> None:
    give(lab, "v1")
    closed = TREES.model_copy(update={"access": "members"}).located("territory", Path())
    with lab.writer() as writer:
        assert writer.relocate(closed) == ["open"]
    assert release.read_releases(folder(lab.lake, "open")) == []
    assert b"camille" not in lab.bytes_of("open")
