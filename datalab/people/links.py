"""Sign-in links: each one opens one account once, until it expires.

Only the SHA-256 of a link's 256-bit token is kept: whoever reads the database learns no link. A
token is random, so its hash needs no salt and no slow function.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Refusal = Literal["unknown", "used", "expired"]

KEPT_SECONDS = 7 * 24 * 3600
SCHEMA = """
CREATE TABLE IF NOT EXISTS links (
    hash BLOB PRIMARY KEY,
    account TEXT NOT NULL,
    issued_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    used_at REAL
) WITHOUT ROWID
"""


@dataclass(frozen=True)
class Outcome:
    """Either the ``account`` that a link opened, or why it was ``refused``."""

    account: str | None = None
    refused: Refusal | None = None


@dataclass(frozen=True)
class Links:
    """The database of links. Times are seconds since the epoch, given by the caller."""

    path: Path

    def issue(self, account: str, now: float, lifetime: float) -> str:
        """A new token for ``account``, valid for ``lifetime`` seconds."""
        token = secrets.token_urlsafe(32)
        with self._connection() as database:
            database.execute("DELETE FROM links WHERE expires_at < ?", (now - KEPT_SECONDS,))
            database.execute(
                "INSERT INTO links VALUES (?, ?, ?, ?, NULL)",
                (_hash(token), account, now, now + lifetime),
            )
        return token

    def consume(self, token: str, now: float) -> Outcome:
        """Use a token. Of any number of simultaneous attempts exactly one succeeds.

        The row is looked up by the hash of what was presented: how long that takes says nothing
        about the tokens that exist.
        """
        key = _hash(token)
        with self._connection() as database:
            taken = database.execute(
                "UPDATE links SET used_at = ? WHERE hash = ? AND used_at IS NULL "
                "AND expires_at > ? RETURNING account",
                (now, key, now),
            ).fetchall()
            if taken:
                return Outcome(account=taken[0][0])
            row = database.execute("SELECT used_at FROM links WHERE hash = ?", (key,)).fetchone()
        if row is None:
            return Outcome(refused="unknown")
        return Outcome(refused="expired" if row[0] is None else "used")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if not self.path.exists():
            # Made with its mode before SQLite opens it; -wal and -shm take the mode of the file.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        database = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        try:
            database.execute(SCHEMA)
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")
        finally:
            database.close()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
