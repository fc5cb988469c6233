"""The register says of every column whether it tells something of a person."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from datalab.participation import erasure, register
from datalab.participation.activities import ACTIVITIES, NEUTRAL
from datalab.participation.author import Kind
from datalab.participation.consent import CONSENT
from datalab.participation.tables import METADATA
from datalab.people.store import Store as People
from datalab.people.visits import Visits

OWN = [activity for activity in ACTIVITIES if activity.database == "participation"]
PERSONAL = {
    table: {c for activity in OWN for c in activity.tables.get(table, ())}
    for activity in OWN
    for table in activity.tables
}


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: str(table.name))
def test_every_column_is_in_the_register_or_tells_nothing(table: object) -> None:
    name, columns = table.name, {column.name for column in table.c}  # type: ignore[attr-defined]
    personal, neutral = PERSONAL.get(name, set()), set(NEUTRAL.get(name, ()))
    if neutral == {"*"}:
        assert not personal
        return
    assert personal | neutral == columns
    assert personal & neutral <= {"decided_at"}


def test_who_has_an_author_is_never_neutral() -> None:
    for table in METADATA.sorted_tables:
        for column in table.c:
            if column.name in {"author_id", "cipher", "email", "account", "text", "said"}:
                assert NEUTRAL.get(table.name) != ("*",) or table.name in {
                    "canned_answer",  # what agents write for everybody
                    "foreword",
                }, f"{table.name}.{column.name}"


def test_every_period_is_declared_and_said_once() -> None:
    assert register.DAYS.keys() == register.PERIODS.keys()
    used = {kept for activity in ACTIVITIES for kept in activity.kept}
    assert used == register.DAYS.keys()
    assert all(activity.kept or activity.until for activity in ACTIVITIES)


def test_every_kind_of_author_agrees_to_two_sentences() -> None:
    kinds: tuple[Kind, ...] = ("participant", "respondent", "reporter")
    assert set(CONSENT) == set(kinds)
    assert all(len(sentences) == 2 for sentences in CONSENT.values())
    assert all(len(sentence) < 200 for pair in CONSENT.values() for sentence in pair)


def test_the_tables_of_accounts_are_in_the_register_too(tmp_path: Path) -> None:
    named = {t for activity in ACTIVITIES if activity.database == "people" for t in activity.tables}
    people = People(tmp_path / "people.sqlite")
    with people.reading():
        pass
    Visits(tmp_path / "visits.sqlite").close("nobody")
    found = set()
    for path in tmp_path.glob("*.sqlite"):
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            found |= {name for (name,) in rows if not name.startswith("sqlite_")}
    comments = Path(erasure.__file__).parents[1] / "projects" / "comments.py"
    found |= set(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", comments.read_text()))
    assert found == named


def test_what_is_personal_of_a_row_goes_when_its_author_goes() -> None:
    """Account names of agents stay: they did it for the city."""
    by_agents = {"entered_by", "decided_by", "assignee"}
    harmless = {"commune", "way", "language", "started_at", "actor", "left_at", "joined_at"}
    for table in ("contribution", "request", "note"):
        left = PERSONAL[table] - set(erasure.GONE[table]) - by_agents - harmless
        assert not left, f"{table}: {left}"
