"""The working metadata on a PostgreSQL, for publishers on several machines.

DuckLake keeps its tables there, those of each access class in a schema of its name. What readers
attach stays the frozen file in the published folder: it is written anew from these tables after
each commit. One publisher at a time changes a lake, for the moment of a commit: an advisory lock
says whose turn it is (PostgreSQL's manual, 13.3.5), and is free at once where its holder dies.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from datalab.errors import LakeBusy, LakeDatabaseAway
from datalab.lake.connection import connect, give_up, identifier, literal
from datalab.lake.layout import CLASS

KEY = 0x64_61_74_61_6C_61_6B_65  # "datalake": the number of the lock, in every database
PATIENCE = 600  # seconds to wait for one's turn: a backup takes it for as long as it copies links
REACH = 10  # seconds to reach the server
EXTENSIONS = ("ducklake", "postgres_scanner")
# What libpq says of a connection that has ended, as DuckDB repeats it.
LOST = (
    "server closed the connection",
    "terminating connection",
    "connection to server",
    "no connection to the server",
    "the database system is",
)


class Shared:
    """
    Parameters
    ----------
    url
        ``postgresql+psycopg://…``; a database that holds the metadata of one lake.
    owner
        who is writing, for whoever waits.
    patience
        seconds to wait for one's turn.

    Raises
    ------
    LakeDatabaseAway
        by every method.
    """

    def __init__(self, url: str, owner: str, patience: float | None = None) -> None:
        parsed = make_url(url)
        self.address = parsed.render_as_string(hide_password=True)
        self.owner, self.patience = owner, PATIENCE if patience is None else patience
        # The password is told apart: a connection string stands in messages of errors.
        self._password = parsed.password
        told = {
            "dbname": parsed.database,
            "host": parsed.host,
            "port": parsed.port and str(parsed.port),
            "user": parsed.username,
            "connect_timeout": str(REACH),
            **{key: str(value) for key, value in parsed.query.items()},
        }
        self._info = make_conninfo(**{key: value for key, value in told.items() if value})
        self._session: psycopg.Connection | None = None
        self._depth = 0

    # -- whose turn it is -----------------------------------------------------------------

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Nobody else changes the lake meanwhile. Whoever has the turn may take it again.

        Raises
        ------
        LakeBusy
            where another publisher holds it for longer than ``patience``.
        """
        if self._depth == 0:
            self._take()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._give()

    def ping(self) -> None:
        """Only see whether the server answers."""
        try:
            self._open().execute("SELECT 1")
        except psycopg.Error as error:
            raise self._away(error) from error

    def tell(self, error: duckdb.Error) -> None:
        """Raise that the server is away where that is what ``error`` comes from."""
        self.ping()
        if any(sign in str(error) for sign in LOST):  # it is there again already
            raise self._away(error) from error

    def close(self) -> None:
        if self._session is not None:
            with suppress(psycopg.Error):
                self._session.close()
            self._session = None

    # -- the metadata of an access class --------------------------------------------------

    @property
    def metadata(self) -> str:
        """What DuckLake attaches, with the name of the access class for METADATA_SCHEMA."""
        return f"ducklake:postgres:{self._info}"

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let ``connection`` attach it; needs the extension ``postgres_scanner``."""
        if self._password:
            connection.execute(
                f"CREATE OR REPLACE SECRET (TYPE postgres, PASSWORD {literal(self._password)})"
            )

    def names(self) -> set[str]:
        """The access classes that it holds metadata of."""
        try:
            rows = self._open().execute(
                "SELECT schemaname FROM pg_tables WHERE tablename = 'ducklake_snapshot'"
            )
            return {name for (name,) in rows if CLASS.match(name)}
        except psycopg.Error as error:
            raise self._away(error) from error

    def export(self, name: str, target: Path) -> None:
        """Write the metadata of an access class to ``target``, a lake in a file of DuckDB."""
        target.unlink(missing_ok=True)
        with self._plain() as connection:
            connection.execute(
                f"ATTACH {literal(f'ducklake:{target}')} AS fresh (DATA_PATH 'data/')"
            )
            connection.execute("DETACH fresh")
            connection.execute(f"ATTACH {literal(target)} AS file")
            connection.execute("BEGIN")
            for table in _columns(connection):
                connection.execute(f"DELETE FROM file.{identifier(table)}")  # noqa: S608
                connection.execute(
                    f"INSERT INTO file.{identifier(table)} BY NAME "
                    f"FROM pg.{identifier(name)}.{identifier(table)}"
                )
            connection.execute("COMMIT")
            connection.execute("DETACH file")

    def load(self, name: str, source: Path) -> None:
        """Make the metadata of an access class those of the file ``source``, all or nothing.

        Raises
        ------
        RuntimeError
            where what arrived is not what was sent; nothing is kept of it.
        """
        if name not in self.names():
            with self._plain() as connection:
                connection.execute(
                    f"ATTACH {literal(self.metadata)} AS fresh "
                    f"(DATA_PATH 'data/', METADATA_SCHEMA {literal(name)})"
                )
                connection.execute("DETACH fresh")
        with self._plain() as connection:
            connection.execute(f"ATTACH {literal(source)} AS file (READ_ONLY)")
            connection.execute("BEGIN")
            for table in _columns(connection):
                target = f"{identifier(name)}.{identifier(table)}"
                # Emptied so, a table keeps nothing of its rows: some are erased for good.
                emptied = literal(f"TRUNCATE {target}")
                connection.execute(f"CALL postgres_execute('pg', {emptied})")
                connection.execute(f"INSERT INTO pg.{target} BY NAME FROM file.{identifier(table)}")
            if not _alike(connection, name):
                raise RuntimeError(f"the metadata of {name} changed on their way to PostgreSQL")
            connection.execute("COMMIT")

    def same(self, name: str, file: Path) -> bool:
        """Whether every table of the metadata holds the rows of the one in ``file``."""
        with self._plain() as connection:
            connection.execute(f"ATTACH {literal(file)} AS file (READ_ONLY)")
            return _alike(connection, name)

    def drop(self, name: str) -> None:
        """Forget an access class."""
        try:
            self._open().execute(f"DROP SCHEMA IF EXISTS {identifier(name)} CASCADE")
        except psycopg.Error as error:
            raise self._away(error) from error

    # -- how it is done -------------------------------------------------------------------

    @contextmanager
    def _plain(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with the database attached as ``pg``, as the tables that it is."""
        self.ping()
        connection = connect(extensions=EXTENSIONS, threads=1)
        try:
            self.prepare(connection)
            connection.execute(f"ATTACH {literal(self._info)} AS pg (TYPE postgres)")
            yield connection
        except duckdb.Error as error:
            self.tell(error)
            raise
        finally:
            give_up(connection)

    def _open(self) -> psycopg.Connection:
        if self._session is None or self._session.closed:
            if self._depth:
                raise psycopg.OperationalError("the connection that held the turn has ended")
            self._session = psycopg.connect(
                self._info,
                password=self._password,
                autocommit=True,
                application_name=f"datalab {os.uname().nodename} {os.getpid()} {self.owner}"[:63],
            )
            limit = f"{int(self.patience * 1000) or 1}ms"
            self._session.execute("SELECT set_config('lock_timeout', %s, false)", [limit])
        return self._session

    def _take(self) -> None:
        for last in (False, True):
            try:
                self._open().execute("SELECT pg_advisory_lock(%s)", [KEY])
                return
            except psycopg.errors.LockNotAvailable:
                raise self._busy() from None
            except psycopg.OperationalError as error:
                # The server may have started again since this session was opened.
                self.close()
                if last:
                    raise self._away(error) from error

    def _give(self) -> None:
        try:
            self._open().execute("SELECT pg_advisory_unlock(%s)", [KEY])
        except psycopg.Error:
            self.close()  # the server frees what an ended session held

    def _busy(self) -> LakeBusy:
        found = (
            self._open()
            .execute(
                "SELECT a.application_name, a.query_start FROM pg_locks l "
                "JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted "
                "AND (l.classid::bigint << 32) | l.objid::bigint = %s",
                [KEY],
            )
            .fetchone()
        )
        owner, since = found or ("?", None)
        words = str(owner).split(" ", 3)
        at = since.isoformat(timespec="seconds") if since else "?"
        if len(words) < 4:
            return LakeBusy(pid="?", owner=owner, since=at)
        return LakeBusy(pid=f"{words[2]} ({words[1]})", owner=words[3], since=at)

    def _away(self, error: Exception) -> LakeDatabaseAway:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        return LakeDatabaseAway(database=self.address, reason=reason)


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The tables of the lake that is attached as ``file``, each with its columns."""
    rows = connection.execute(
        "SELECT table_name, list(column_name ORDER BY column_name) FROM duckdb_columns() "
        "WHERE database_name = 'file' GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return dict(rows)


def _alike(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether ``pg`` holds what ``file`` does, in whichever order and types it keeps it."""
    for table, columns in _columns(connection).items():
        row = ", ".join(f"{identifier(column)}::VARCHAR" for column in columns)
        there, here = (
            connection.execute(
                f"SELECT count(*), sum(hash([{row}])::HUGEINT) FROM {one}"  # noqa: S608
            ).fetchone()
            for one in (
                f"pg.{identifier(name)}.{identifier(table)}",
                f"file.{identifier(table)}",
            )
        )
        if there != here:
            return False
    return True
