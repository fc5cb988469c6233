"""One database: opened at its first use, asked in one state, written in one transaction."""

from __future__ import annotations

import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, cast

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
)

from datalab.database.file import make_private
from datalab.errors import DatalabError, InvalidParameter
from datalab.i18n import Phrase

BUSY_SECONDS = 20.0
WRITES = "datalab_writes"  # the option of a connection that is going to write
SQLITE_FULL, SQLITE_LOCKED = {13}, {5, 6}  # https://www.sqlite.org/rescode.html
POSTGRESQL_FULL, POSTGRESQL_LOCKED = {"53100"}, {"55P03", "40P01"}  # its manual, appendix A
POOL = {"pool_size": 8, "max_overflow": 24}


class Database(ABC):
    """The database at ``url`` (``sqlite:///…`` or ``postgresql+psycopg://…``).

    Opened, and brought up to date, at its first use.
    """

    unavailable: ClassVar[type[DatalabError]]
    """What says, with a ``reason``, that it is away, full or locked for too long."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    @abstractmethod
    def prepare(self, engine: Engine) -> None:
        """Bring the schema up to date, and what else comes before the first question."""

    @property
    def engine(self) -> Engine:
        """The connections, made at the first use.

        Raises
        ------
        DatalabError
            ``unavailable``
        """
        with self._lock:
            if self._engine is None:
                made = engine_of(self.url)
                with self._told():
                    self.prepare(made)
                self._engine = made
            return self._engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for questions, which sees one state of the database."""
        with self._told(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: everything in it happens, or nothing."""
        with self._told(), writing(self.engine) as connection:
            yield connection

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in the lab's words what the database said."""
        try:
            yield
        except DataError:
            raise refused() from None
        except (OperationalError, InternalError, InterfaceError) as error:
            raise self.unavailable(reason=_reason(error)) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction of a connection that says at once that it is going to write."""
    made = engine.connect().execution_options(**{WRITES: True})
    with made as connection, connection.begin():
        yield connection


def writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(WRITES))


def _reason(error: DBAPIError) -> Phrase:
    """What the database said in its own English, for people; its own words stay the cause."""
    told = error.orig
    # SQLite's extended codes hold the plain one in their lowest byte.
    code, state = getattr(told, "sqlite_errorcode", 0) & 0xFF, getattr(told, "sqlstate", None)
    if code in SQLITE_FULL or state in POSTGRESQL_FULL:
        return Phrase("its disk is full")
    if code in SQLITE_LOCKED or state in POSTGRESQL_LOCKED:
        return Phrase("too many write at the same time")
    return Phrase("its database does not answer")


def refused() -> InvalidParameter:
    """A value that the database cannot hold: PostgreSQL keeps no text with a NUL."""
    reason = Phrase("it is too long or not written as expected")
    return InvalidParameter(name="form", value="", reason=reason)


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def engine_of(url: str) -> Engine:
    """The connections to a database; a file of SQLite is made with its mode, for its owner only."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, **POOL)
    make_private(Path(cast(str, parsed.database)))
    waiting = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    made = create_engine(parsed, connect_args=waiting, **POOL)

    @event.listens_for(made, "connect")
    def prepare(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is erased is gone from the file too

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        # A reader that later wrote could be refused half-way; who writes says so at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes(connection) else "BEGIN")

    return made
