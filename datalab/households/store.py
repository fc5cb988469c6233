"""The database of households: SQLite in its own folder, or its own PostgreSQL by one setting.

Its address, its folder, its key and, on PostgreSQL, its role are its own: nothing that serves the
municipality opens it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError

from datalab.errors import HouseholdsUnavailable
from datalab.households.migrations.schema import bring_up_to_date

BUSY_SECONDS = 20.0


class Store:
    """The database at ``url``; opened, and brought up to date, at its first use."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        with self._lock:
            if self._engine is None:
                made = _engine(self.url)
                with _told():
                    bring_up_to_date(made)
                self._engine = made
            return self._engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for questions."""
        with _told(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: everything in it happens, or nothing."""
        with _told():
            writing = self.engine.connect().execution_options(households_write=True)
            with writing as connection, connection.begin():
                yield connection

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InternalError, InterfaceError) as error:
        raise HouseholdsUnavailable(reason=str(error.orig).strip().splitlines()[0]) from error


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, pool_size=8, max_overflow=24)
    path = Path(cast(str, parsed.database))
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    waiting = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    made = create_engine(parsed, connect_args=waiting, pool_size=8, max_overflow=24)

    @event.listens_for(made, "connect")
    def prepare(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("households_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made
