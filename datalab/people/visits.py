"""Visits: the browsers in which somebody is signed in to the portal.

A visit is a random token in a cookie; only its SHA-256 is kept here, with the account it opened
and the hub's session it came from. When the hub's session ends, so does the visit.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datalab.database.file import make_private
from datalab.people.accounts import Account

LONGEST_TOKEN = 100
LIFETIME = 14 * 24 * 3600.0  # seconds, as long as the hub's own cookie
SCHEMA = """
CREATE TABLE IF NOT EXISTS visits (
    hash BLOB PRIMARY KEY,
    account TEXT NOT NULL,
    born REAL NOT NULL,
    hub BLOB NOT NULL,
    opened_at REAL NOT NULL,
    expires_at REAL NOT NULL
) WITHOUT ROWID
"""


@dataclass(frozen=True)
class Visit:
    """``born`` is when the account was made: a later account of that name is somebody else."""

    account: str
    born: float
    opened_at: float


@dataclass(frozen=True)
class Visits:
    """The database of visits. Times are seconds since the epoch, given by the caller."""

    path: Path

    def open(self, account: Account, hub_session: str, now: float) -> str:
        """A new token for ``account``, good in the browser that holds ``hub_session``."""
        token = secrets.token_urlsafe(32)
        with self._connection() as database:
            database.execute("DELETE FROM visits WHERE expires_at < ?", (now,))
            database.execute(
                "INSERT INTO visits VALUES (?, ?, ?, ?, ?, ?)",
                (
                    _hash(token),
                    account.name,
                    account.created_at,
                    _hash(hub_session),
                    now,
                    now + LIFETIME,
                ),
            )
        return token

    def find(self, token: str, hub_sessions: Iterable[str], now: float) -> Visit | None:
        """The visit of a token. One that comes without its hub session is over, for good."""
        if not token or len(token) > LONGEST_TOKEN:
            return None
        with self._connection() as database:
            row = database.execute(
                "SELECT account, born, hub, opened_at FROM visits "
                "WHERE hash = ? AND ? < expires_at",
                (_hash(token), now),
            ).fetchone()
        if row is None:
            return None
        if row[2] not in {_hash(session) for session in hub_sessions}:
            self.close(token)
            return None
        return Visit(row[0], row[1], row[3])

    def close(self, token: str) -> None:
        """End one visit."""
        with self._connection() as database:
            database.execute("DELETE FROM visits WHERE hash = ?", (_hash(token),))

    def close_all(self, account: str) -> int:
        """End every visit of an account; returns how many there were."""
        with self._connection() as database:
            return database.execute("DELETE FROM visits WHERE account = ?", (account,)).rowcount

    def close_browser(self, hub_session: str) -> None:
        """End what was opened under one session of the hub."""
        with self._connection() as database:
            database.execute("DELETE FROM visits WHERE hub = ?", (_hash(hub_session),))

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        make_private(self.path)
        # Each statement is a transaction of its own.
        database = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        try:
            database.execute(SCHEMA)
            yield database
        finally:
            database.close()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
