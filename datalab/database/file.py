"""A database in one file of SQLite: made for its owner only, written in whole transactions."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def make_private(path: Path, *, parents: bool = True) -> None:
    """Make an empty file, and its folder, that only their owner reads; leave one that is there.

    SQLite would make it with the mode of the process. Its ``-wal``, ``-shm`` and journal take the
    mode of the file. Without ``parents``, only the last folder is made.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=parents, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Everything within happens, or nothing. The connection begins none by itself
    (``isolation_level`` None); another writer is waited for at once, not half-way."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # of a full disk, SQLite has rolled it back
            database.execute("ROLLBACK")
        raise
