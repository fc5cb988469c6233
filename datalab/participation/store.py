"""The database of participation: SQLite with a write-ahead log, or PostgreSQL by one setting.

Two ways to write. :meth:`Store.writing` is one transaction, now. :meth:`Store.submit` hands a
piece of work to the one thread that commits: it takes all that waits, gives each a savepoint of
its own, and commits them together, so that a hundred people who send at once cost one ``fsync``.
What either returned is on disk; what raised left nothing behind.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, InternalError, OperationalError

from datalab.database.store import (
    BUSY_SECONDS,
    Database,
    refused,
    sqlite_url,
    writes,
    writing,
)
from datalab.errors import ParticipationUnavailable
from datalab.participation.batch import Ahead, together, write_before_questions
from datalab.participation.categories import seed
from datalab.participation.migrations.schema import bring_up_to_date

__all__ = ["Store", "sqlite_url"]
T = TypeVar("T")
Work = Callable[[Connection], T]
Handed = tuple[Callable[[Connection], Any], Future[Any], Ahead | None]
Batch = list[Handed]

MOST_TOGETHER = 200  # pieces of work in one commit
RUSH = 50  # pieces of work within a second
WRITING = 0x77726974  # of PostgreSQL's advisory locks: "writ"


class Store(Database):
    """The sessions, reports and surveys of a lab."""

    unavailable = ParticipationUnavailable

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._waiting: queue.SimpleQueue[Handed | None] = queue.SimpleQueue()
        self._handed: deque[float] = deque(maxlen=RUSH)
        self._committer: threading.Thread | None = None

    def prepare(self, engine: Engine) -> None:
        """Bring the schema up to date, and write the first categories."""
        if engine.dialect.name != "sqlite":
            _one_at_a_time(engine)
        write_before_questions(engine)
        bring_up_to_date(engine)
        with writing(engine) as connection:
            seed(connection)

    def submit(self, work: Work[T], ahead: Ahead | None = None) -> Future[T]:
        """``work`` in the next commit; the future is done when it is on disk.

        It does nothing but ask the database: what was rolled back is done again. What it is going
        to look for is asked ``ahead`` for all of a commit.
        """
        future: Future[T] = Future()
        if self._committer is None:
            with self._lock:
                if self._committer is None:
                    self._committer = threading.Thread(
                        target=self._commit_all, name="participation", daemon=True
                    )
                    self._committer.start()
        self._waiting.put((work, future, ahead))
        self._handed.append(time.monotonic())
        return future

    @property
    def rushed(self) -> bool:
        """Whether at least RUSH pieces of work were handed in within the last second."""
        handed = self._handed
        return len(handed) == RUSH and time.monotonic() - handed[0] < 1.0

    def write(self, work: Work[T], ahead: Ahead | None = None) -> T:
        """``work`` in the next commit, awaited."""
        return self.submit(work, ahead).result()

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
        super().close()

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
            aheads = [ahead for _, _, ahead in batch if ahead is not None]
            with self.writing() as connection, together(connection, aheads):
                results = [work(connection) for work, _, _ in batch]
        except BaseException as error:
            if len(batch) > 1:
                self._commit_apart(batch)
            else:
                batch[0][1].set_exception(error)
            return
        for (_, future, _), result in zip(batch, results, strict=True):
            future.set_result(result)

    def _commit_apart(self, batch: Batch) -> None:
        """Commit a batch of which something fails: each in a savepoint of its own.

        Where one piece of work is one too many for the database, the others are done without it.
        """
        told: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self.writing() as connection:
                for work, future, _ in batch:
                    told.append((future, *_tried(connection, work)))
        except BaseException as error:
            if len(batch) > 1 and len(told) < len(batch):
                for alone in batch:
                    self._commit([alone])
            else:
                for _, future, _ in batch:
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
        return None, refused() if isinstance(error, DataError) else error
    except Exception as error:
        savepoint.rollback()
        return None, error


def _one_at_a_time(engine: Engine) -> None:
    """Let PostgreSQL commit changes in the order of their numbers, as SQLite does.

    Numbers are given out before the commit: of two writers at once, the later one may commit
    first, and whoever listens would never hear of the earlier one.
    """

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if writes(connection):
            # One way to the server instead of two.
            waits = f"SET LOCAL lock_timeout = '{BUSY_SECONDS:g}s'"
            connection.exec_driver_sql(f"{waits}; SELECT pg_advisory_xact_lock({WRITING})")
