"""What the pieces of work of one commit ask alike: a key, a service, a route.

Within a commit nobody else writes, so an answer holds until the commit ends, or until a piece of
work in it changes one of these rows (:func:`datalab.participation.journal.record` forgets then).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
KEPT = "datalab_batch"
ASKED_ALIKE = frozenset({"service", "api_key", "route"})  # tables


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """Work within this is done in one commit."""
    connection.info[KEPT] = {}
    try:
        yield
    finally:
        connection.info.pop(KEPT, None)


def once(connection: Connection, key: Hashable, ask: Callable[[], T]) -> T:
    """What ``ask`` gives, asked once in a commit; each time outside of one."""
    kept: dict[Hashable, Any] | None = connection.info.get(KEPT)
    if kept is None:
        return ask()
    if key not in kept:
        kept[key] = ask()
    found: T = kept[key]
    return found


def forget(connection: Connection, table: str) -> None:
    """A row of ``table`` changes."""
    if table in ASKED_ALIKE and KEPT in connection.info:
        connection.info[KEPT].clear()
