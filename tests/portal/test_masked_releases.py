"""A masked reader names a release at every door and gets its rows, masked."""

from __future__ import annotations

import csv
import io
from copy import deepcopy
from typing import Any

import pytest

from datalab.lake.index import read_index
from datalab.lake.release import make
from tests.portal.closed import HIDDEN, ROWS, Closed
from tests.portal.test_attacker import unpacked

ID = "residents"
DOORS = (
    "datasets/residents.csv?release=v1",
    "datasets/residents.parquet?release=v1",
    "datasets/residents.arrow?release=v1",
    "datasets/residents.xlsx?release=v1",
    "datasets/residents.json?release=v1",
    "datasets/residents?release=v1",
    "api/v1/datasets/residents/rows?release=v1",
)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    made = Closed(tmp_path_factory.mktemp("released"))
    settings = made.desk.settings
    entry = read_index(settings.lake)[ID]
    number = entry.snapshots[0]["snapshot"]
    make(settings.lake, settings.writer, entry, "v1", number, "2026-11-22T10:00:00", "s", "essai")
    made.workshop.write(made.residents, ROWS.replace("CANARIE-QUARTIER", "AUTRE-QUARTIER"))
    assert made.publish(ID) == {ID: "published"}
    return made


@pytest.mark.parametrize("door", DOORS)
def test_each_door_gives_the_rows_of_then_masked(closed: Closed, door: str) -> None:
    reader = closed.client(closed.token("student"))
    then, newest = reader.get(door), reader.get(door.partition("?")[0])
    assert then.status_code == newest.status_code == 200, then.text
    assert "CANARIE-QUARTIER" in unpacked(then)
    assert "AUTRE-QUARTIER" in unpacked(newest)
    assert "AUTRE-QUARTIER" not in unpacked(then)
    assert not [value for value in HIDDEN if value in unpacked(then)]


def test_the_masked_rows_keep_to_the_rules(closed: Closed) -> None:
    reader = closed.client(closed.token("student"))
    text = reader.get("datasets/residents.csv?release=v1").text
    row = next(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    assert (row["born"], row["postcode"], row["income"]) == ("1987", "21", "985000")
    assert "name" not in row


def test_whoever_reads_the_whole_table_gets_its_release(closed: Closed) -> None:
    closed.grant("citizen")
    reader = closed.client(closed.token("citizen"))
    assert "CANARIE-NOM" in reader.get("datasets/residents.csv?release=v1").text


def test_the_comparison_knows_the_release_of_the_masked_table(closed: Closed) -> None:
    reader = closed.client(closed.token("student"))
    found = reader.get("datasets/residents/diff.json?from=v1").json()
    assert (found["changed"], found["added"], found["removed"]) == (1, 0, 0)
    assert found["before"]["releases"] == ["v1"]


def test_a_release_that_only_the_whole_table_has_is_said(closed: Closed) -> None:
    """A mask that came after the table had one more column shows that column too."""
    columns: Any = deepcopy(closed.residents["columns"])
    columns["floor"] = deepcopy(columns["district"])
    masks: Any = deepcopy(closed.residents["masks"])
    masks[1]["columns"]["floor"] = "hide"
    lines = ROWS.splitlines()
    wider = "".join(f"{line},{n or 'floor'}\n" for n, line in enumerate(lines))
    for said in ("round 10000", "round 20000"):
        masks[0]["columns"]["income"] = said
        closed.workshop.write({**closed.residents, "columns": columns, "masks": masks}, wider)
        closed.publish(ID)
    answer = closed.client(closed.token("student")).get("datasets/residents.csv?release=v1")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "unmasked-release"
    other = closed.client(closed.token("entrepreneur")).get("datasets/residents.csv?release=v1")
    assert "CANARIE-QUARTIER" in other.text
