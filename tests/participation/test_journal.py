"""Changes: in order, never lost to each other, taken back."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, select

from datalab.errors import CannotUndo, Stale
from datalab.participation import journal
from datalab.participation.journal import Edit
from datalab.participation.store import Store
from datalab.participation.tables.request import ROUTE
from datalab.portal.feed import Feed

SCOPE = "session:one"


def record(connection: Connection, kind: str, *edits: Edit) -> journal.Change:
    return journal.record(connection, scope=SCOPE, at=1.0, actor="ana", kind=kind, edits=edits)


def made(connection: Connection) -> journal.Change:
    values = {"id": "k", "service_code": None, "commune": None, "team": "a"}
    return record(connection, "route.add", Edit.insert(ROUTE, values))


def name_of(store: Store) -> str | None:
    with store.reading() as connection:
        return connection.execute(select(ROUTE.c.team)).scalar()


def test_a_change_is_undone_and_done_again(store: Store) -> None:
    with store.writing() as connection:
        made(connection)
        change = record(connection, "route.change", Edit.update(ROUTE, "k", {"team": "b"}, seen=1))
    assert name_of(store) == "b"
    with store.writing() as connection:
        back = journal.undo(connection, change.id, at=2.0, actor="ben")
    assert name_of(store) == "a"
    with store.writing() as connection:
        journal.undo(connection, back.id, at=3.0, actor="ben")
    assert name_of(store) == "b"
    with store.reading() as connection:
        told = journal.since(connection, 0, SCOPE)
    assert [(c.kind, c.actor, c.undoes) for c in told] == [
        ("route.add", "ana", None),
        ("route.change", "ana", None),
        ("route.change", "ben", change.id),
        ("route.change", "ben", back.id),
    ]


def test_nobody_undoes_twice_or_what_others_built_on(store: Store) -> None:
    with store.writing() as connection:
        made(connection)
        change = record(connection, "route.change", Edit.update(ROUTE, "k", {"team": "b"}))
        record(connection, "route.change", Edit.update(ROUTE, "k", {"team": "c"}))
    with pytest.raises(CannotUndo), store.writing() as connection:
        journal.undo(connection, change.id, at=2.0, actor="ben")
    assert name_of(store) == "c"


def test_of_two_who_saw_the_same_one_wins_and_the_other_is_told(store: Store) -> None:
    with store.writing() as connection:
        made(connection)

    def rename(name: str) -> str:
        try:
            with store.writing() as connection:
                edit = Edit.update(ROUTE, "k", {"team": name}, seen=1)
                record(connection, "route.change", edit)
        except Stale as error:
            return str(error.facts["current"]["team"])
        return "won"

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(rename, "bcdefghi"))
    assert said.count("won") == 1
    winner = "bcdefghi"[said.index("won")]
    assert name_of(store) == winner
    assert set(said) == {"won", winner}


def test_a_row_that_was_made_or_removed_is_undone_whole(store: Store) -> None:
    with store.writing() as connection:
        made(connection)
        gone = record(connection, "route.remove", Edit.delete(ROUTE, "k", seen=1))
    assert name_of(store) is None
    with store.writing() as connection:
        journal.undo(connection, gone.id, at=2.0, actor="ana")
    assert name_of(store) == "a"


def test_who_listens_hears_of_every_change_however_many_write_at_once(store: Store) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow() -> None:
        with store.writing() as connection:
            record(connection, "route.slow")
            begun.set()
            go.wait(5)

    def quick() -> None:
        begun.wait(5)
        with store.writing() as connection:
            record(connection, "route.quick")

    heard: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(slow), pool.submit(quick)]
        last = 0
        for _ in range(40):
            with store.reading() as connection:
                told = journal.since(connection, last, SCOPE)
            heard += [change.kind for change in told]
            last = max([last, *(change.id for change in told)])
            if begun.wait(0.02):
                go.set()
            if all(writer.done() for writer in writers) and len(heard) == 2:
                break
            time.sleep(0.02)
    assert sorted(heard) == ["route.quick", "route.slow"]


def test_who_asks_for_all_that_ever_was_is_told_the_newest_in_order(store: Store) -> None:
    with store.writing() as connection:
        made(connection)
        for n in range(5):
            record(connection, "route.change", Edit.update(ROUTE, "k", {"team": f"t{n}"}))
        journal.record(
            connection, scope="session:two", at=2.0, actor="ana", kind="session.edit", edits=[]
        )
    with store.reading() as connection:
        every = journal.since(connection, 0, SCOPE)
        newest = journal.since(connection, 0, SCOPE, most=2)
        assert journal.since(connection, 0, "session:*", noun="session")[0].kind == "session.edit"
        assert journal.since(connection, 0, SCOPE, noun="session") == []
    assert [change.id for change in newest] == [change.id for change in every][-2:]
    feed = Feed(store)
    assert len(feed.since(0)) == len(every) + 1
    assert [change.id for change in feed.since(0, SCOPE)] == [change.id for change in every]
