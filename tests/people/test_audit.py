"""The audit log: nothing in it can be changed without being seen."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from datalab.people import audit
from datalab.people.store import Store


@pytest.fixture
def written(store: Store) -> Store:
    for number in range(5):
        audit.record(store, number, "jeanne", "project.create", f"p-{number}", size=number)
    return store


def without_triggers(store: Store) -> sqlite3.Connection:
    """What somebody can do who holds the file itself."""
    database = sqlite3.connect(store.path, isolation_level=None)
    database.execute("DROP TRIGGER audit_is_not_changed")
    database.execute("DROP TRIGGER audit_is_not_shortened")
    return database


def test_a_log_that_nobody_touched_is_whole(written: Store) -> None:
    assert audit.first_broken(written) is None


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_the_database_refuses_changes(written: Store, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="append-only"), written.writing() as database:
        database.execute(statement)
    assert audit.first_broken(written) is None


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE number = 3", 3),
        ("UPDATE audit SET detail = '{}' WHERE number = 6", 6),
        ("UPDATE audit SET at = at + 1 WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number = 4", 5),
        ("DELETE FROM audit WHERE number = 1", 2),
        ("DELETE FROM audit WHERE number > 3", 4),
        ("DELETE FROM audit", 1),
        ("INSERT INTO audit VALUES (7, 9, 'x', 'y.z', '', '{}', x'00')", 7),
    ],
)
def test_what_is_changed_behind_its_back_shows(written: Store, statement: str, broken: int) -> None:
    assert audit.head(written)[0] == 6
    without_triggers(written).execute(statement)
    assert audit.first_broken(written) == broken


def test_a_chain_forged_as_a_whole_does_not_end_in_the_digest_that_was_kept(
    written: Store,
) -> None:
    kept = audit.head(written)
    database = without_triggers(written)
    rows = database.execute("SELECT * FROM audit ORDER BY number").fetchall()
    database.execute("DELETE FROM audit")
    database.execute("DELETE FROM sqlite_sequence")
    for _, at, actor, action, subject, _, _ in rows:
        with written.writing() as inside:
            audit.append(inside, at, actor.replace("jeanne", "paul"), action, subject, {})
    assert audit.first_broken(written) is None
    assert audit.head(written) != kept


def test_entries_that_come_at_once_stand_in_one_chain(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: audit.record(store, n, "x", "thing.done"), range(40)))
    assert audit.first_broken(store) is None
    assert audit.head(store)[0] == 41


def test_entries_are_found_by_who_and_when(written: Store) -> None:
    assert [e.subject for e in audit.entries(written, since=3, actor="jeanne")] == ["p-4", "p-3"]
    assert [e.number for e in audit.entries(written, limit=2)] == [6, 5]
    assert [e.number for e in audit.entries(written, limit=2, before=5)] == [4, 3]
