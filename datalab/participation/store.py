"""The database of participation: SQLite with a write-ahead log, or PostgreSQL by one setting.

Two ways to write. :meth:`Store.writing` is one transaction, now. :meth:`Store.submit` hands a
piece of work to the one thread that commits: it takes all that waits, gives each a savepoint of
its own, and commits them together, so that a hundred people who send at once cost one ``fsync``.
What either returned is on disk; what raised left nothing behind.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, InternalError, OperationalError

from datalab.errors import InvalidParameter, ParticipationUnavailable
from datalab.i18n import Phrase
from datalab.participation.batch import together
from datalab.participation.categories import seed
from datalab.participation.migrations.schema import bring_up_to_date

T = TypeVar("T")
Work = Callable[[Connection], T]
Batch = list[tuple[Callable[[Connection], Any], Future[Any]]]

MOST_TOGETHER = 200  # pieces of work in one commit
BUSY_SECONDS = 20.0
RUSH = 50  # pieces of work within a second
WRITING = 0x77726974  # of PostgreSQL's advisory locks: "writ"


class Store:
    """The database at ``url`` (``sqlite:///…`` or ``postgresql+psycopg://…``).

    Opened, and brought up to date, at its first use.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._waiting: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._handed: deque[float] = deque(maxlen=RUSH)
        self._committer: threading.Thread | None = None

    @property
    def engine(self) -> Engine:
        """The connections, made at the first use.

        Raises
        ------
        ParticipationUnavailable
        """
        with self._lock:
            if self._engine is None:
                made = _engine(self.url)
                with _told():
                    bring_up_to_date(made)
                    writing = made.connect().execution_options(datalab_writes=True)
                    with writing as connection, connection.begin():
                        seed(connection)
                self._engine = made
            return self._engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for questions, which sees one state of the database."""
        with _told(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: everything in it happens, or nothing."""
        with _told():
            writing = self.engine.connect().execution_options(datalab_writes=True)
            with writing as connection, connection.begin():
                yield connection

    def submit(self, work: Work[T]) -> Future[T]:
        """``work`` in the next commit; the future is done when it is on disk.

        It does nothing but ask the database: what was rolled back is done again.
        """
        future: Future[T] = Future()
        if self._committer is None:
            with self._lock:
                if self._committer is None:
                    self._committer = threading.Thread(
                        target=self._commit_all, name="participation", daemon=True
                    )
                    self._committer.start()
        self._waiting.put((work, future))
        self._handed.append(time.monotonic())
        return future

    @property
    def rushed(self) -> bool:
        """Whether at least RUSH pieces of work were handed in within the last second."""
        handed = self._handed
        return len(handed) == RUSH and time.monotonic() - handed[0] < 1.0

    def write(self, work: Work[T]) -> T:
        """``work`` in the next commit, awaited."""
        return self.submit(work).result()

    def settle(self) -> None:
        """Empty the write-ahead log of SQLite: it holds copies of what was erased since.

        A reader that is in the way puts it off until the next time.
        """
        if self.engine.dialect.name == "sqlite":
            with contextlib.closing(self.engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        if self._committer is not None:
            self._waiting.put(None)
            self._committer.join(BUSY_SECONDS)
            self._committer = None
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _commit_all(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, ending = [first], False
            with contextlib.suppress(queue.Empty):
                while len(batch) < MOST_TOGETHER:
                    found = self._waiting.get_nowait()
                    if found is None:
                        ending = True
                        break
                    batch.append(found)
            self._commit(batch)
            if ending:
                return

    def _commit(self, batch: Batch) -> None:
        """Commit a batch. Nobody is told anything before it is on disk.

        Mostly nothing goes wrong, and then a savepoint for each would be a third of the statements.
        """
        try:
            with self.writing() as connection, together(connection):
                results = [work(connection) for work, _ in batch]
        except BaseException as error:
            if len(batch) > 1:
                self._commit_apart(batch)
            else:
                batch[0][1].set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)

    def _commit_apart(self, batch: Batch) -> None:
        """Commit a batch of which something fails: each in a savepoint of its own.

        Where one piece of work is one too many for the database, the others are done without it.
        """
        told: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self.writing() as connection:
                for work, future in batch:
                    told.append((future, *_tried(connection, work)))
        except BaseException as error:
            if len(batch) > 1 and len(told) < len(batch):
                for alone in batch:
                    self._commit([alone])
            else:
                for _, future in batch:
                    future.set_exception(error)
            return
        for future, result, problem in told:
            if problem is None:
                future.set_result(result)
            else:
                future.set_exception(problem)


def _tried(connection: Connection, work: Work[Any]) -> tuple[Any, BaseException | None]:
    """What ``work`` gave, alone in a savepoint.

    Raises
    ------
    DBAPIError
        where the database itself failed: then nothing of the batch counts.
    """
    savepoint = connection.begin_nested()
    try:
        result = work(connection)
        savepoint.commit()
        return result, None
    except DBAPIError as error:
        if isinstance(error, OperationalError | InternalError | InterfaceError):
            raise
        savepoint.rollback()
        return None, _refused() if isinstance(error, DataError) else error
    except Exception as error:
        savepoint.rollback()
        return None, error


@contextmanager
def _told() -> Iterator[None]:
    """Say in the lab's words that the database is away, full or locked for too long."""
    try:
        yield
    except DataError:
        raise _refused() from None
    except (OperationalError, InternalError, InterfaceError) as error:
        raise ParticipationUnavailable(reason=str(error.orig).strip().splitlines()[0]) from error


def _refused() -> InvalidParameter:
    """A value that the database cannot hold: PostgreSQL keeps no text with a NUL."""
    reason = Phrase("it is too long or not written as expected")
    return InvalidParameter(name="form", value="", reason=reason)


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return _one_at_a_time(
            create_engine(parsed, pool_pre_ping=True, pool_size=8, max_overflow=24)
        )
    path = Path(cast(str, parsed.database))
    if not path.exists():
        # Made with its mode before SQLite opens it; -wal and -shm take the mode of the file.
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    made = create_engine(
        parsed,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        pool_size=8,
        max_overflow=24,
    )

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
        writes = connection.get_execution_options().get("datalab_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made


def _one_at_a_time(engine: Engine) -> Engine:
    """Let PostgreSQL commit changes in the order of their numbers, as SQLite does.

    Numbers are given out before the commit: of two writers at once, the later one may commit
    first, and whoever listens would never hear of the earlier one.
    """

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("datalab_writes"):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS:g}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITING})")

    return engine
