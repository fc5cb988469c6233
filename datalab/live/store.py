"""The write-ahead log: every change of every open document, on disk before anybody is shown it.

One SQLite file per project (``.datalab/live.sqlite`` of its work folder). A row of ``updates`` is
one change as Yjs encodes it; the changes of a document applied in order give its present state. A
row of ``saves`` says which change a notebook file contains: its SHA-256 is written down *before*
the file is, so that the file is recognised even where the server died in between.

Why not the store that comes with jupyter-collaboration (pycrdt 0.14 ``SQLiteYStore``), seen here:
it writes after the change was sent to others; one ``kill -9`` between both loses what people had
seen. Its squash drops every update when no decompressor is registered (the ``apply_update`` is
indented below ``if self._decompress``). Its updates are read back by ``time.time()``, which may
go backwards. It grows without bound by default.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pycrdt import Doc

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (name TEXT PRIMARY KEY, incarnation TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS updates (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    at REAL NOT NULL,
    change BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS updates_by_name ON updates (name, seq);
CREATE TABLE IF NOT EXISTS saves (
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    seq INTEGER NOT NULL,
    written INTEGER NOT NULL,
    PRIMARY KEY (name, digest)
) WITHOUT ROWID;
"""
# Space kept for the moment when the disk is full: what people type then still finds its place.
RESERVE_BYTES = 8 * 2**20
# Digests remembered per document: the file on disk is one of the last few that were written.
REMEMBERED = 20


class StoreFull(Exception):
    """No space is left for a change, not even the reserve."""


class Store:
    """The log at ``path``. Calls come from one thread at a time; each is one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: Path | None = None
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._database = self._open()
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise
            self.damaged = self._set_aside()
            self._database = self._open()
        self.replenish()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(
            self.path, timeout=15, isolation_level=None, check_same_thread=False
        )
        try:
            # Exclusive: a server that is still dying and the one that replaces it never both
            # write; and WAL then needs no shared memory, so any file system will do.
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("PRAGMA auto_vacuum = INCREMENTAL")
            database.execute("PRAGMA journal_mode = WAL")
            # Every commit reaches the disk: changes survive a power cut, not only a crash.
            database.execute("PRAGMA synchronous = FULL")
            # Outputs of megabytes would otherwise leave a log file as large as all of them.
            database.execute("PRAGMA journal_size_limit = 4194304")
            database.executescript(SCHEMA)
            said = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            if said != "ok":
                raise sqlite3.DatabaseError(said)
        except sqlite3.DatabaseError:
            database.close()
            raise
        return database

    def _set_aside(self) -> Path:
        """Keep a damaged log for whoever wants to look into it, and begin a new one."""
        number = 1
        while (aside := self.path.with_suffix(f".damaged-{number}")).exists():
            number += 1
        os.replace(self.path, aside)
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.replace(f"{self.path}{suffix}", f"{aside}{suffix}")
        return aside

    # -- changes --------------------------------------------------------------------------

    def incarnation(self, name: str) -> str:
        """The identity of a document's history, new whenever the history begins anew."""
        found = self._database.execute(
            "SELECT incarnation FROM documents WHERE name = ?", (name,)
        ).fetchone()
        if found:
            return str(found[0])
        fresh = uuid.uuid4().hex
        with self._writing():
            self._database.execute("INSERT INTO documents VALUES (?, ?)", (name, fresh))
        return fresh

    def begin(self, name: str, change: bytes, digest: str, at: float) -> int:
        """The first row of a document, taken from the file with that SHA-256.

        One transaction: a document that began but whose file is unknown would be merged with
        that very file, and every cell would be there twice.
        """
        with self._writing():
            cursor = self._database.execute(
                "INSERT INTO updates (name, at, change) VALUES (?, ?, ?)", (name, at, change)
            )
            seq = int(cursor.lastrowid or 0)
            self._database.execute(
                "INSERT OR REPLACE INTO saves VALUES (?, ?, ?, 1)", (name, digest, seq)
            )
        return seq

    def append(self, name: str, changes: Sequence[bytes], at: float) -> int:
        """Put changes on disk, all or none; the number of the last one.

        Raises
        ------
        StoreFull
        """
        with self._writing():
            for change in changes:
                cursor = self._database.execute(
                    "INSERT INTO updates (name, at, change) VALUES (?, ?, ?)", (name, at, change)
                )
        return int(cursor.lastrowid or 0)

    def changes(self, name: str, upto: int | None = None) -> Iterator[bytes]:
        """Changes of a document in the order they came, up to and with number ``upto``."""
        last = self.head(name) if upto is None else upto
        rows = self._database.execute(
            "SELECT change FROM updates WHERE name = ? AND seq <= ? ORDER BY seq", (name, last)
        )
        for (change,) in rows.fetchall():
            yield change

    def timed(self, name: str) -> list[tuple[bytes, float]]:
        """Changes with their times, for the timeline of jupyter-collaboration."""
        return self._database.execute(
            "SELECT change, at FROM updates WHERE name = ? ORDER BY seq", (name,)
        ).fetchall()

    def head(self, name: str) -> int:
        """Number of the last change of a document, 0 where there is none."""
        found = self._database.execute(
            "SELECT max(seq) FROM updates WHERE name = ?", (name,)
        ).fetchone()
        return int(found[0] or 0)

    def forget(self, name: str) -> None:
        """Drop a document whose history cannot be read; it gets a new incarnation."""
        with self._writing():
            for table in ("updates", "saves", "documents"):
                self._database.execute(f"DELETE FROM {table} WHERE name = ?", (name,))  # noqa: S608

    # -- files ----------------------------------------------------------------------------

    def expect(self, name: str, digest: str, seq: int) -> None:
        """A file with this SHA-256, holding every change up to ``seq``, is about to be written."""
        with self._writing():
            self._database.execute(
                "INSERT OR REPLACE INTO saves VALUES (?, ?, ?, 0)", (name, digest, seq)
            )

    def confirm(self, name: str, digest: str, seq: int) -> None:
        """It was written. Those long before it are forgotten."""
        with self._writing():
            self._database.execute(
                "INSERT OR REPLACE INTO saves VALUES (?, ?, ?, 1)", (name, digest, seq)
            )
            self._database.execute(
                "DELETE FROM saves WHERE name = ?1 AND seq < (SELECT min(seq) FROM (SELECT seq "
                "FROM saves WHERE name = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT ?3))",
                (name, seq, REMEMBERED),
            )

    def contained(self, name: str, digest: str) -> int | None:
        """The last change in the file with that SHA-256; None where the lab did not write it."""
        found = self._database.execute(
            "SELECT seq FROM saves WHERE name = ? AND digest = ?", (name, digest)
        ).fetchone()
        return int(found[0]) if found else None

    def latest(self, name: str) -> int:
        """The last change that the newest file surely holds; what is only expected may not be."""
        found = self._database.execute(
            "SELECT max(seq) FROM saves WHERE name = ? AND written", (name,)
        ).fetchone()
        return int(found[0] or 0)

    # -- size -----------------------------------------------------------------------------

    def weight(self, name: str) -> tuple[int, int]:
        """How many rows a document has, and their bytes."""
        found = self._database.execute(
            "SELECT count(*), coalesce(sum(length(change)), 0) FROM updates WHERE name = ?", (name,)
        ).fetchone()
        return int(found[0]), int(found[1])

    def squash(self, name: str, at: float) -> None:
        """Replace what the file already holds by one row with the same result.

        Rows after the last save stay single: they are what a later merge starts from.
        """
        upto = self.latest(name)
        whole: Doc[Any] = Doc()
        for change in self.changes(name, upto):
            whole.apply_update(change)
        one = whole.get_update()
        with self._writing():
            gone = self._database.execute(
                "DELETE FROM updates WHERE name = ? AND seq <= ?", (name, upto)
            )
            if gone.rowcount:
                self._database.execute(
                    "INSERT INTO updates VALUES (?, ?, ?, ?)", (upto, name, at, one)
                )
            # An older file could no longer be told from the present one.
            self._database.execute("DELETE FROM saves WHERE name = ? AND seq < ?", (name, upto))
        self._database.execute("PRAGMA incremental_vacuum").fetchall()
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    # -- space ----------------------------------------------------------------------------

    @property
    def reserve(self) -> Path:
        return self.path.with_name("reserve")

    @property
    def short(self) -> bool:
        """Whether the reserve was given away: the disk is or was full."""
        return not self.reserve.exists()

    def replenish(self) -> bool:
        """Keep the reserve again; False while there is no space for it."""
        if not self.short:
            return True
        filling = self.path.with_name("reserve.new")
        try:
            handle = os.open(filling, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(handle, 0, RESERVE_BYTES)
            finally:
                os.close(handle)
            os.replace(filling, self.reserve)
        except OSError:
            with suppress(OSError):
                filling.unlink()
            return False
        return True

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction; where the disk is full, once more after the reserve was given away."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._roll_back()
            if not _is_full(error):
                raise
            with suppress(OSError):
                self.reserve.unlink(missing_ok=True)
            raise StoreFull(str(error)) from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            self._database.execute("ROLLBACK")

    def close(self) -> None:
        """The log is one file again."""
        with suppress(sqlite3.Error):
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._database.close()


def _is_full(error: sqlite3.OperationalError) -> bool:
    # SQLite reports a full disk while it extends the WAL as an I/O error.
    return any(word in str(error) for word in ("full", "disk I/O error"))
