"""Writing: together, safe on disk, and whatever fails is told to whom it concerns."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from datalab.errors import ParticipationUnavailable
from datalab.participation.store import RUSH, Store, sqlite_url
from datalab.participation.tables.journal import USE
from tests.participation.databases import cluster, programs


def put(connection: Connection, what: str, count: int = 1) -> str:
    connection.execute(insert(USE).values(day="2026-01-01", what=what, count=count))
    return what


def there(store: Store) -> set[str]:
    with store.reading() as connection:
        return set(connection.execute(select(USE.c.what)).scalars())


def test_what_many_send_at_once_is_committed_together(store: Store) -> None:
    commits = []
    event.listen(store.engine, "commit", lambda connection: commits.append(1))
    gate = threading.Event()
    first = store.submit(lambda connection: gate.wait(10))
    sent = [store.submit(lambda c, n=n: put(c, str(n))) for n in range(150)]
    gate.set()
    assert first.result(10)
    assert {future.result(10) for future in sent} == there(store)
    assert len(commits) <= 3


def test_one_that_fails_takes_no_other_with_it(store: Store) -> None:
    gate = threading.Event()
    store.submit(lambda connection: gate.wait(10))

    def half(connection: Connection) -> None:
        put(connection, "half")
        raise LookupError("a reason of its own")

    sent = [store.submit(lambda c: put(c, "a")), store.submit(half)]
    sent += [store.submit(lambda c: put(c, "a")), store.submit(lambda c: put(c, "b"))]
    gate.set()
    assert sent[0].result(10) == "a"
    with pytest.raises(LookupError, match="of its own"):
        sent[1].result(10)
    with pytest.raises(IntegrityError):
        sent[2].result(10)
    assert sent[3].result(10) == "b"
    assert there(store) == {"a", "b"}


def test_one_that_the_database_cannot_do_takes_no_other_with_it(store: Store) -> None:
    gate = threading.Event()
    store.submit(lambda connection: gate.wait(10))
    sent = [
        store.submit(lambda c: put(c, "a")),
        store.submit(lambda c: c.execute(text("SELECT * FROM no_such_table"))),
        store.submit(lambda c: put(c, "b")),
    ]
    gate.set()
    assert [sent[0].result(10), sent[2].result(10)] == ["a", "b"]
    assert sent[1].exception(10) is not None
    assert there(store) == {"a", "b"}


def test_two_who_open_a_new_database_at_once_make_it_once(store: Store) -> None:
    others = [Store(store.url) for _ in range(4)]
    threads = [threading.Thread(target=other.write, args=(lambda c: 1,)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert there(store) == set()
    for other in others:
        other.close()


@pytest.mark.fault(
    "The disk of participation is full",
    "Who writes is told so, in words; what was there stays; it goes on when there is room",
)
def test_a_full_disk_is_said_and_what_was_there_stays(
    tmp_path: Path, seen: Callable[[str], None]
) -> None:
    store = Store(sqlite_url(tmp_path / "p.sqlite"))
    put_long = "x" * 100_000
    with store.writing() as connection:
        put(connection, "before")

    @event.listens_for(store.engine, "connect")
    def nearly_full(connection: object, record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[attr-defined]
        connection.execute(f"PRAGMA max_page_count = {pages + 5}")  # type: ignore[attr-defined]

    store.engine.dispose()
    with pytest.raises(ParticipationUnavailable) as told:
        store.write(lambda c: put(c, put_long))
    assert "(son disque est plein)" in told.value.message("fr")
    assert "database or disk is full" in str(told.value.__cause__)  # for the log
    store.write(lambda c: put(c, "after"))
    assert there(store) == {"before", "after"}
    store.close()
    seen("Refused with the reason; the rows before and after it are there.")


WRITER = """
    import sys
    from sqlalchemy import insert
    from datalab.participation.store import Store
    from datalab.participation.tables.journal import USE
    store = Store(sys.argv[1])
    def put(connection, n):
        connection.execute(insert(USE).values(day="d", what=str(n), count=1))
        return n
    waiting = []
    for n in range(100_000):
        waiting.append(store.submit(lambda c, n=n: put(c, n)))
        if len(waiting) == 20:
            for future in waiting:
                print(future.result(), flush=True)
            waiting = []
"""


def test_what_was_acknowledged_before_a_kill_is_there(store: Store) -> None:
    assert there(store) == set()
    command = [sys.executable, "-c", textwrap.dedent(WRITER), store.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline().strip() for _ in range(300)]
        writer.kill()
        told += writer.stdout.read().split("\n")[:-1]
    assert len(told) >= 300
    with store.reading() as connection:
        whole = connection.execute(select(func.count()).select_from(USE)).scalar_one()
    assert set(told) <= there(store)
    assert whole == len(there(store))


@pytest.mark.skipif(programs() is None, reason="no PostgreSQL on this machine")
def test_a_server_that_was_killed_is_found_again(tmp_path: Path) -> None:
    with cluster() as server:
        store = Store(server.database())
        store.write(lambda c: put(c, "before"))
        server.stop("immediate")
        with pytest.raises(ParticipationUnavailable):
            store.write(lambda c: put(c, "during"))
        with pytest.raises(ParticipationUnavailable):
            there(store)
        server.start()
        store.write(lambda c: put(c, "after"))
        assert there(store) == {"before", "after"}
        store.close()


def test_many_who_send_at_once_are_a_rush(store: Store) -> None:
    assert not store.rushed
    for future in [store.submit(lambda connection: None) for _ in range(RUSH - 1)]:
        future.result()
    assert not store.rushed, "one less is none"
    sent = [(store.submit(lambda connection: None), store.rushed) for _ in range(20 * RUSH)]
    assert any(rushed for _, rushed in sent)
    for future, _ in sent:
        future.result()
