"""What the pieces of work of one commit ask and write alike, done for all of them together.

Within a commit nobody else writes, so an answer holds until the commit ends, or until a piece of
work in it changes one of these rows (:func:`datalab.participation.journal.record` forgets then).
What a piece of work will ask for a key of its own, it says :class:`Ahead`; rows that it enters
wait (:func:`later`) until the commit ends, or until a piece of work asks the database anything.
Three hundred reports a second are then a few statements each twentieth of a second, where each was
three ways to the database and back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Insert, event

T = TypeVar("T")
KEPT = "datalab_batch"
LATER = "datalab_later"
ASKED_ALIKE = frozenset({"service", "api_key", "route", "session", "request", "contribution"})
Many = Callable[[Connection, Collection[str]], Mapping[str, T]]  # by key, those that are there


@dataclass(frozen=True)
class Ahead:
    """``ask`` finds many at once; a piece of work looks for ``key``."""

    ask: Many[Any]
    key: str


@contextmanager
def together(connection: Connection, aheads: Iterable[Ahead] = ()) -> Iterator[None]:
    """Work within this is done in one commit."""
    kept: dict[Hashable, Any] = {}
    connection.info[KEPT], connection.info[LATER] = kept, {}
    try:
        by_ask: dict[Many[Any], set[str]] = {}
        for one in aheads:
            by_ask.setdefault(one.ask, set()).add(one.key)
        for ask, keys in by_ask.items():
            found = ask(connection, keys)
            kept.update(((ask, key), found.get(key)) for key in keys)
        yield
        write(connection)
    finally:
        connection.info.pop(KEPT, None)
        connection.info.pop(LATER, None)


def once(connection: Connection, key: Hashable, ask: Callable[[], T]) -> T:
    """What ``ask`` gives, asked once in a commit; each time outside of one."""
    kept: dict[Hashable, Any] | None = connection.info.get(KEPT)
    if kept is None:
        return ask()
    if key not in kept:
        kept[key] = ask()
    found: T = kept[key]
    return found


def one_of(connection: Connection, ask: Many[T], key: str) -> T | None:
    """What ``ask`` finds for ``key``, which may have been asked for ahead."""
    return once(connection, (ask, key), lambda: ask(connection, (key,)).get(key))


def learn(connection: Connection, ask: Many[T], key: str, found: T) -> None:
    """From now on in this commit, ``ask`` finds this for ``key``."""
    kept: dict[Hashable, Any] | None = connection.info.get(KEPT)
    if kept is not None:
        kept[ask, key] = found


def forget(connection: Connection, table: str) -> None:
    """A row of ``table`` changes."""
    if table in ASKED_ALIKE and KEPT in connection.info:
        connection.info[KEPT].clear()


def later(connection: Connection, statement: Insert, row: dict[str, Any]) -> None:
    """Write ``row`` before anybody asks, at the latest when the commit ends; now outside of one.

    Rows of one statement keep their order; statements are carried out in the order they first came.
    """
    waiting: dict[Insert, list[dict[str, Any]]] | None = connection.info.get(LATER)
    if waiting is None:
        connection.execute(statement, row)
    else:
        waiting.setdefault(statement, []).append(row)


def write(connection: Connection) -> None:
    """Write what waits."""
    waiting: dict[Insert, list[dict[str, Any]]] | None = connection.info.get(LATER)
    if waiting:
        connection.info[LATER] = {}
        for statement, rows in waiting.items():
            connection.execute(statement, rows)


def write_before_questions(engine: Engine) -> None:
    """Let no statement of a commit miss what was entered before it."""

    @event.listens_for(engine, "before_execute")
    def look(connection: Connection, *_: Any) -> None:
        if connection.info.get(LATER):
            write(connection)
