"""A masked reader's lake holds nothing that the mask hides: no value, no statistic, no history."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest

from datalab.catalog.dataset import Dataset
from datalab.catalog.mask import rule_of
from datalab.catalog.validation import ExpectationResult, ValidationResult
from datalab.errors.version import UnknownRelease
from datalab.lake.index import read_index, read_masked
from datalab.lake.layout import folder, folders
from datalab.lake.masked import expression, no_key
from datalab.lake.reader import open_lakes
from datalab.lake.record import RunRecord
from datalab.lake.release import make
from datalab.lake.writer import Writer
from datalab.notebook.lab import connect
from tests.lake.datasets import dataset, record, staged

KEY = b"the key of a lab"
COLUMNS = {
    "name": {"type": "varchar", "personal": True},
    "born": {"type": "date", "personal": True},
    "postcode": "varchar",
    "income": "integer",
    "pupil": "varchar",
    "district": "varchar",
}
ROWS = (
    "name,born,postcode,income,pupil,district\n"
    "CANARIE-NOM,1987-03-14,21000,23456,CANARIE-ELEVE,centre\n"
    "CANARIE-DEUX,1990-12-01,21240,31999,CANARIE-ELEVE,talant\n"
)
SECRETS = (b"CANARIE", b"1987-03-14", b"21240", b"23456")
MASK: dict[str, Any] = {
    "for": "students",
    "columns": {
        "name": "hide",
        "born": "year",
        "postcode": "first 2",
        "income": "round 5000",
        "pupil": "pseudonym",
    },
}
STUDENTS = "restricted-people--students"


def people(*masks: dict[str, Any], **more: Any) -> Dataset:
    facts = {"access": "restricted", "audience": ["agents"], "personal_data": "personal", **more}
    return dataset(COLUMNS, id="people", theme="population", masks=list(masks), **facts)


class Lab:
    def __init__(self, root: Path, database: str) -> None:
        self.root, self.lake, self.database = root, root / "lake", database

    def writer(self, key: Callable[[], bytes] = lambda: KEY) -> Writer:
        return Writer(self.lake, self.root / "writer", "test", key=key, database=self.database)

    def publish(self, described: Dataset, text: str = ROWS, **facts: Any) -> RunRecord:
        result = staged(described, text, self.root / "staging")
        facts.setdefault("definition", uuid4().hex)  # the hash of the file is the same for all
        with self.writer() as writer:
            return writer.publish(described, result, record(described, result, **facts))

    def note(self, described: Dataset) -> None:
        with self.writer() as writer:
            writer.heal()
            writer.relocate(described)
            state = record(described, staged(described, ROWS, self.root / "staging"))
            writer.note(described, state.with_(state="unchanged"))

    def lakes(self) -> list[str]:
        return [place.name for place in folders(self.lake)]

    def bytes_of(self, lake: str) -> bytes:
        paths = folder(self.lake, lake).root.rglob("*")
        return b"".join(path.read_bytes() for path in paths if path.is_file())

    def rows(self, *lakes: str) -> list[tuple[Any, ...]]:
        """What a room reads that is shown only these lakes."""
        room = self.root / f"room-{len(list(self.root.glob('room-*')))}"
        room.mkdir()
        for lake in lakes:
            (room / lake).symlink_to(self.lake / lake)
        with open_lakes(room) as connection:
            return connection.execute("FROM people").fetchall()


@pytest.fixture
def lab(tmp_path: Path, database: str) -> Lab:
    return Lab(tmp_path, database)


def test_each_rule_changes_its_column(lab: Lab) -> None:
    lab.publish(people(MASK))
    word = hmac.new(KEY, b"mask people", hashlib.sha256).digest()
    pseudonym = hmac.new(word, b"CANARIE-ELEVE", hashlib.sha256).hexdigest()[:24]
    assert lab.rows(STUDENTS) == [
        (1987, "21", 25000, pseudonym, "centre"),
        (1990, "21", 30000, pseudonym, "talant"),
    ]
    columns = read_masked(lab.lake)["people"][STUDENTS].dataset["columns"]
    assert {name: about["type"] for name, about in columns.items()} == {
        "born": "integer",
        "postcode": "varchar",
        "income": "integer",
        "pupil": "varchar",
        "district": "varchar",
    }


@pytest.mark.parametrize(
    ("type_", "value", "rule", "expected"),
    [
        ("timestamp", "2026-11-22 10:00:00", "month", "2026-11"),
        ("varchar", "Dijon", "null", None),
        ("double", "0.26", "round 0.5", 0.5),
        ("decimal(10,2)", "-12.40", "round 5", -10),
        ("varchar", "É", "first 3", "É"),
        ("bigint", "9007199254740993", "round 1000", 9007199254741000),
    ],
)
def test_a_rule_keeps_to_the_type(type_: str, value: str, rule: str, expected: object) -> None:
    found = rule_of(rule)
    assert found
    made = expression("c", type_, found, lambda: KEY)
    row = duckdb.execute(f"SELECT {made} FROM (SELECT CAST('{value}' AS {type_}) c)").fetchone()
    assert row == (expected,)


def test_nothing_hidden_lies_in_the_masked_folder(lab: Lab) -> None:
    told = ExpectationResult(
        type="expect_column_values_to_be_unique",
        kwargs={"column": "name"},
        severity="warning",
        success=False,
        unexpected_count=1,
        observed_value="CANARIE-OBSERVEE",
        examples=[{"row": 1, "name": "CANARIE-EXEMPLE"}],
        exception="could not cast CANARIE-ERREUR",
    )
    seen = ExpectationResult(
        type="expect_column_distinct_values_to_be_in_set",
        kwargs={"column": "district"},
        severity="error",
        success=True,
        observed_value=["centre", "talant"],
    )
    validation = ValidationResult(True, [told, seen], "2026-11-22T10:00:00Z")
    error = {"code": "too-many-rejects", "message": "CANARIE-MESSAGE"}
    lab.publish(people(MASK), validation=validation, error=error)
    held = lab.bytes_of(STUDENTS)
    assert all(secret in lab.bytes_of("restricted-people") for secret in (SECRETS[0], SECRETS[2]))
    assert not any(secret in held for secret in SECRETS)
    entry = read_masked(lab.lake)["people"][STUDENTS]
    results = (entry.good or {})["validation"]["results"]
    assert [result["result"].get("observed_value") for result in results] == [
        None,
        ["centre", "talant"],
    ]
    assert results[0]["result"]["unexpected_count"] == 1
    assert (entry.good or {})["sha256"] is None
    assert entry.dataset["audience"] == []


def test_whoever_sees_all_lakes_reads_the_whole_table(lab: Lab) -> None:
    lab.publish(people(MASK))
    assert len(lab.rows("restricted-people", STUDENTS)[0]) == len(COLUMNS)
    assert read_index(lab.lake)["people"].lake == "restricted-people"


def test_a_masked_lake_follows_each_publish(lab: Lab) -> None:
    lab.publish(people(MASK))
    lab.publish(people(MASK), ROWS.replace("centre", "gare"))
    assert lab.rows(STUDENTS)[0][-1] == "gare"
    entry = read_masked(lab.lake)["people"][STUDENTS]
    assert len(entry.snapshots) == 2
    before = folder(lab.lake, STUDENTS).catalog.stat().st_ino
    with lab.writer() as writer:
        writer.heal()
    assert folder(lab.lake, STUDENTS).catalog.stat().st_ino == before, "nothing new to publish"


def test_a_changed_mask_leaves_no_history(lab: Lab) -> None:
    loose = {"for": "students", "columns": {"born": "show", "name": "null"}}
    lab.publish(people(loose))
    assert b"21240" in lab.bytes_of(STUDENTS)
    root = folder(lab.lake, STUDENTS).root.stat().st_ino
    lab.note(people(MASK))
    assert not any(secret in lab.bytes_of(STUDENTS) for secret in SECRETS)
    assert len(read_masked(lab.lake)["people"][STUDENTS].snapshots) == 1
    assert folder(lab.lake, STUDENTS).root.stat().st_ino == root, "rooms that show it go on"
    assert lab.rows(STUDENTS)[0][0] == 1987


def test_a_mask_that_is_gone_takes_its_lake_along(lab: Lab) -> None:
    lab.publish(people(MASK))
    lab.note(people())
    assert lab.lakes() == ["restricted-people"]
    assert not list((lab.root / "writer").glob("*students*"))


def test_an_opened_dataset_keeps_no_masked_lake(lab: Lab) -> None:
    lab.publish(people(MASK))
    opened = dataset(COLUMNS, id="people", theme="population", personal_data="pseudonymous")
    lab.note(opened)
    assert STUDENTS not in lab.lakes()
    assert SECRETS[0] not in lab.bytes_of("restricted-people")
    assert len(lab.rows("open")[0]) == len(COLUMNS)


def test_closing_a_dataset_makes_its_masked_lakes(lab: Lab) -> None:
    lab.publish(dataset(COLUMNS, id="people", theme="population", personal_data="pseudonymous"))
    with lab.writer() as writer:
        assert writer.relocate(people(MASK)) == ["open"]
    assert lab.rows(STUDENTS)[0][0] == 1987


def test_a_name_taken_from_the_audience_does_not_wait_for_the_source(lab: Lab) -> None:
    lab.publish(people(MASK))
    narrower = {"for": "students", "columns": {**MASK["columns"], "district": "hide"}}
    with lab.writer() as writer:
        writer.relocate(people(narrower, audience=["operators"]))
    assert read_index(lab.lake)["people"].dataset["audience"] == ["operators"]
    assert b"talant" not in lab.bytes_of(STUDENTS)


@pytest.mark.parametrize("lost", ["catalog.ducklake", "index.json", "data", "*"])
def test_what_a_killed_writer_left_is_finished(lab: Lab, lost: str) -> None:
    loose = {"for": "students", "columns": {"born": "show", "name": "show"}}
    lab.publish(people(loose))
    place = folder(lab.lake, "restricted-people")
    index = json.loads(place.index.read_text())
    index["datasets"]["people"]["dataset"]["masks"] = people(MASK).as_json()["masks"]
    place.index.write_text(json.dumps(index))
    masked = folder(lab.lake, STUDENTS)
    for path in masked.root.glob(lost):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with lab.writer() as writer:
        writer.heal()
    assert not any(secret in lab.bytes_of(STUDENTS) for secret in SECRETS)
    assert lab.rows(STUDENTS)[0][0] == 1987


def test_a_mask_that_does_not_fit_shows_nothing(lab: Lab) -> None:
    wrong = {"for": "students", "columns": {"name": "hide", "born": "hide", "income": "year"}}
    lab.publish(people(wrong))
    assert STUDENTS not in {p.name for p in folders(lab.lake) if p.catalog.exists()}
    lab.publish(people(MASK))
    assert lab.rows(STUDENTS)


def test_pseudonyms_need_the_key(lab: Lab) -> None:
    with lab.writer(no_key) as writer:
        result = staged(people(MASK), ROWS, lab.root / "staging")
        writer.publish(people(MASK), result, record(people(MASK), result))
    assert not folder(lab.lake, STUDENTS).catalog.exists()


def name_release(lab: Lab, name: str) -> None:
    entry = read_index(lab.lake)["people"]
    number = entry.snapshots[0]["snapshot"]
    make(lab.lake, lab.root / "writer", entry, name, number, "2026-11-22T10:00:00", "s", "thesis")


def released(lab: Lab, name: str) -> list[tuple[Any, ...]]:
    """What a masked reader's notebook reads of a release, in a room that shows its lake alone."""
    room = lab.root / f"room-{len(list(lab.root.glob('room-*')))}"
    room.mkdir()
    (room / STUDENTS).symlink_to(lab.lake / STUDENTS)
    table = connect(room).dataset("people", release=name).df()
    return [tuple(row) for row in table.itertuples(index=False)]


def test_a_masked_reader_names_releases(lab: Lab) -> None:
    lab.publish(people(MASK))
    name_release(lab, "2026-1")
    lab.publish(people(MASK), ROWS.replace("centre", "gare"))
    assert lab.rows(STUDENTS)[0][-1] == "gare"
    assert [row[-1] for row in released(lab, "2026-1")] == ["centre", "talant"]
    assert released(lab, "2026-1")[0][0] == 1987
    assert not any(secret in lab.bytes_of(STUDENTS) for secret in SECRETS)


def test_a_release_older_than_its_mask_is_masked_by_the_mask_of_now(lab: Lab) -> None:
    lab.publish(people())
    name_release(lab, "2026-1")
    lab.publish(people(), ROWS.replace("centre", "gare"))
    lab.note(people(MASK))
    assert [row[-1] for row in released(lab, "2026-1")] == ["centre", "talant"]
    assert lab.rows(STUDENTS)[0][-1] == "gare", "the newest stands in front"
    narrower = {"for": "students", "columns": {**MASK["columns"], "born": "hide"}}
    lab.note(people(narrower))
    assert released(lab, "2026-1")[0][0] == "21"
    assert not any(secret in lab.bytes_of(STUDENTS) for secret in SECRETS)
    before = folder(lab.lake, STUDENTS).catalog.stat().st_ino
    with lab.writer() as writer:
        writer.heal()
    assert folder(lab.lake, STUDENTS).catalog.stat().st_ino == before, "nothing new to publish"


def test_a_release_that_does_not_fit_the_mask_is_not_there(lab: Lab) -> None:
    fewer = {name: about for name, about in COLUMNS.items() if name != "district"}
    facts = {"access": "restricted", "audience": ["agents"], "personal_data": "personal"}
    lines = "".join(f"{line.rpartition(',')[0]}\n" for line in ROWS.splitlines())
    lab.publish(dataset(fewer, id="people", theme="population", **facts), lines)
    name_release(lab, "2026-1")
    lab.publish(people(MASK))
    assert lab.rows(STUDENTS)[0][-1] == "centre"
    with pytest.raises(UnknownRelease):
        released(lab, "2026-1")
