"""What many send at once costs a few statements, and is seen by whoever asks in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event, func, select

from datalab.participation import contribution, journal, request, session
from datalab.participation.batch import Ahead
from datalab.participation.contribution import Contribution
from datalab.participation.report import Report, review
from datalab.participation.request_receipt import Submitted, recorded
from datalab.participation.store import Store
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.participation.tables.journal import CHANGE
from datalab.participation.tables.request import REQUEST

MANY = 100
NOW = 1_700_000_000.0


def reporting(receipt: str, text: str = "Un banc cassé") -> Callable[[Connection], Submitted]:
    sent = review(Report("street-furniture", receipt, "web", text, 47.3, 5.0, "21231"))
    return lambda connection: request.submit(connection, sent, NOW)


@contextmanager
def at_once(store: Store) -> Iterator[None]:
    """What is handed in within this waits for one commit."""
    gate, entered = threading.Event(), threading.Event()

    def hold(connection: Connection) -> bool:
        entered.set()
        return gate.wait(20)

    held = store.submit(hold)
    assert entered.wait(20)  # or what is handed in now goes along with it
    yield
    gate.set()
    assert held.result(20)


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The statements that reach the database, a list of rows counted once."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def count(connection: Connection, table: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_hundred_reports_cost_a_handful_of_statements(store: Store) -> None:
    store.write(lambda connection: None)
    with statements(store) as seen, at_once(store):
        sent = [store.submit(reporting(f"r-{n}"), Ahead(recorded, f"r-{n}")) for n in range(MANY)]
    told = {future.result(20).key for future in sent}
    # Two commits begin; then receipts, service, route, reports, journal: 3 each, one by one.
    assert len(seen) <= 10, seen
    with store.reading() as connection:
        assert set(connection.execute(select(REQUEST.c.id)).scalars()) == told
        assert count(connection, CHANGE) == MANY == len(told)


def test_a_hundred_contributions_cost_a_handful_of_statements(store: Store) -> None:
    id = meeting(store)
    with store.reading() as connection:
        before = count(connection, CHANGE)
    with statements(store) as seen, at_once(store):
        sent = [
            store.submit(saying(id, f"c-{n}"), Ahead(contribution.of_receipts, f"c-{n}"))
            for n in range(MANY)
        ]
    told = {future.result(20).id for future in sent}
    assert len(seen) <= 8, seen
    with store.reading() as connection:
        assert set(connection.execute(select(CONTRIBUTION.c.id)).scalars()) == told
        assert count(connection, CHANGE) - before == MANY == len(told)


def test_the_same_receipt_twice_in_one_commit_is_one_report(store: Store) -> None:
    with at_once(store):
        sent = [store.submit(reporting("same"), Ahead(recorded, "same")) for _ in range(3)]
        sent.append(store.submit(reporting("same")))
    told = [future.result(20) for future in sent]
    assert len({one.key for one in told}) == 1
    assert [one.repeated for one in told] == [False, True, True, True]
    again = store.write(reporting("same"), Ahead(recorded, "same"))
    assert again.key == told[0].key
    assert again.repeated


def test_work_sees_what_the_same_commit_entered_before_it(store: Store) -> None:
    def look(connection: Connection) -> tuple[int, int]:
        return count(connection, REQUEST), journal.newest(connection)

    with at_once(store):
        first = store.submit(reporting("a"))
        seen = store.submit(look)
        second = store.submit(reporting("b"))
        last = store.submit(look)
    assert first.result(20) != second.result(20)
    assert seen.result(20)[0] == 1
    assert last.result(20)[0] == 2
    assert last.result(20)[1] > seen.result(20)[1]


def test_the_order_of_the_journal_is_the_order_of_what_happened(store: Store) -> None:
    id = meeting(store)

    def accepting(connection: Connection) -> None:
        about = session.get(connection, id)
        one = contribution.of_receipt(connection, "first")
        assert one is not None
        contribution.accept(connection, about, one, now=NOW, actor="ana")

    with at_once(store):
        store.submit(saying(id, "first"))
        done = store.submit(accepting)
        last = store.submit(saying(id, "last"))
    assert done.result(20) is None
    assert last.result(20).text
    with store.reading() as connection:
        kinds = [change.kind for change in journal.since(connection, 0, f"session:{id}")]
        accepted = contribution.of_receipt(connection, "first")
    assert kinds[-3:] == ["contribution.submit", "contribution.accept", "contribution.submit"]
    assert accepted is not None
    assert accepted.state == "accepted"


def test_the_journal_says_the_row_that_the_database_keeps(store: Store) -> None:
    made = store.write(reporting("whole"))
    id = meeting(store)
    said = store.write(saying(id, "whole"))
    with store.reading() as connection:
        kept = connection.execute(select(REQUEST).where(REQUEST.c.id == made.key)).mappings().one()
        change = journal.since(connection, 0, f"request:{made.key}")[0]
        assert change.rows[0]["after"] == dict(kept)
        assert change.rows[0]["before"] is None
        about = session.get(connection, id)
        assert contribution.get(connection, about, said.id) == said


def test_one_that_is_refused_takes_none_of_the_others_with_it(store: Store) -> None:
    def refused(connection: Connection) -> None:
        reporting("half")(connection)
        raise LookupError("a reason of its own")

    with at_once(store):
        good = [store.submit(reporting(f"g-{n}"), Ahead(recorded, f"g-{n}")) for n in range(5)]
        bad = store.submit(refused)
        nul = store.submit(reporting("nul", "Un banc"), Ahead(recorded, "with \0"))
    assert isinstance(bad.exception(20), LookupError)
    told = {future.result(20).key for future in good} | {nul.result(20).key}
    with store.reading() as connection:
        assert set(connection.execute(select(REQUEST.c.id)).scalars()) == told
        assert count(connection, CHANGE) == 6


def meeting(store: Store) -> str:
    """An open session."""
    with store.writing() as connection:
        made = session.create(
            connection,
            title="Place",
            question="Que planter ?",
            actor="ana",
            receipt="m" * 32,
            now=NOW,
        )
        return session.open(connection, made, now=NOW, actor="ana").id


def saying(id: str, receipt: str) -> Callable[[Connection], Contribution]:
    def work(connection: Connection) -> Contribution:
        about = session.get(connection, id)
        return contribution.submit(
            connection, about, author=None, receipt=receipt, text="Un banc", now=NOW
        )

    return work
