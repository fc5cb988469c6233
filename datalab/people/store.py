"""The database of people: one SQLite file, mode 0600, with numbered migrations.

Hub, portal and command line open it side by side: every write is one short transaction, and
nothing keeps a connection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datalab.database.file import make_private, transaction

# One entry per version of the schema, never changed once released; times are seconds since the
# epoch (UTC).
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE accounts (
        name TEXT PRIMARY KEY,
        display TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('person', 'guest')),
        origin TEXT NOT NULL,
        email TEXT,
        password TEXT,
        created_at REAL NOT NULL,
        created_by TEXT NOT NULL,
        expires_at REAL,
        disabled_at REAL
    ) WITHOUT ROWID;
    CREATE TABLE memberships (
        account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
        grp TEXT NOT NULL,
        PRIMARY KEY (account, grp)
    ) WITHOUT ROWID;
    CREATE TABLE attempts (
        account TEXT PRIMARY KEY,
        failures INTEGER NOT NULL,
        last_at REAL NOT NULL,
        locked_until REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE invitations (
        hash BLOB PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        code TEXT NOT NULL,
        grp TEXT NOT NULL,
        note TEXT NOT NULL,
        project TEXT,
        created_at REAL NOT NULL,
        created_by TEXT NOT NULL,
        expires_at REAL NOT NULL,
        stay REAL NOT NULL,
        places INTEGER NOT NULL,
        used INTEGER NOT NULL DEFAULT 0,
        withdrawn_at REAL
    ) WITHOUT ROWID;
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL,
        digest BLOB NOT NULL
    );
    CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    """,
    # Links move in from a file of their own; delays are counted per account, browser and address
    # alike; who left is remembered until the hub has forgotten them too.
    """
    DROP TABLE attempts;
    CREATE TABLE links (
        hash BLOB PRIMARY KEY,
        purpose TEXT NOT NULL CHECK (purpose IN ('signin', 'password')),
        account TEXT NOT NULL,
        issued_at REAL NOT NULL,
        expires_at REAL NOT NULL,
        used_at REAL
    ) WITHOUT ROWID;
    CREATE TABLE throttle (
        mark TEXT PRIMARY KEY,
        failures INTEGER NOT NULL,
        last_at REAL NOT NULL,
        free_at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE identities (
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        account TEXT NOT NULL UNIQUE REFERENCES accounts ON DELETE CASCADE,
        PRIMARY KEY (issuer, subject)
    ) WITHOUT ROWID;
    CREATE TABLE departures (
        name TEXT PRIMARY KEY,
        at REAL NOT NULL
    ) WITHOUT ROWID;
    ALTER TABLE accounts ADD COLUMN invitation TEXT;
    ALTER TABLE accounts ADD COLUMN seen_at REAL;
    """,
    # Who asked a steward for a restricted dataset, and who was let in until when; tokens of
    # programs, of which a digest is kept, and what each used in a day.
    """
    CREATE TABLE grants (
        id TEXT PRIMARY KEY,
        account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
        dataset TEXT NOT NULL,
        version TEXT NOT NULL,
        state TEXT NOT NULL CHECK (
            state IN ('asked', 'granted', 'refused', 'withdrawn', 'revoked', 'ended')
        ),
        purpose TEXT NOT NULL,
        asked_at REAL NOT NULL,
        until REAL NOT NULL,
        decided_at REAL,
        decided_by TEXT,
        reason TEXT NOT NULL DEFAULT '',
        warned_at REAL,
        told TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX grants_asked ON grants (account, dataset) WHERE state = 'asked';
    CREATE UNIQUE INDEX grants_held ON grants (account, version) WHERE state = 'granted';
    CREATE TABLE tokens (
        hash BLOB PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
        name TEXT NOT NULL,
        scope TEXT NOT NULL CHECK (scope IN ('read')),
        created_at REAL NOT NULL,
        expires_at REAL NOT NULL,
        used_at REAL,
        revoked_at REAL
    ) WITHOUT ROWID;
    CREATE TABLE token_uses (
        token TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
        day INTEGER NOT NULL,
        requests INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        PRIMARY KEY (token, day)
    ) WITHOUT ROWID;
    """,
    # In which language a person last signed in or chose to read: letters go out in it.
    "ALTER TABLE accounts ADD COLUMN language TEXT;\n",
    # A token may be for one dataset alone.
    "ALTER TABLE tokens ADD COLUMN dataset TEXT NOT NULL DEFAULT '';",
)


@dataclass(frozen=True)
class Store:
    """The database at ``path`` (``$DATALAB_HOME/hub/people.sqlite``)."""

    path: Path

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for questions; rows are found by column name."""
        database = self._open()
        try:
            yield database
        finally:
            database.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: everything in it happens, or nothing."""
        database = self._open()
        try:
            with transaction(database):
                yield database
        finally:
            database.close()

    def _open(self) -> sqlite3.Connection:
        make_private(self.path)
        database = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA foreign_keys = ON")
        if database.execute("PRAGMA user_version").fetchone()[0] < len(MIGRATIONS):
            _migrate(database)
        return database


def _migrate(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    with transaction(database):
        # Asked again under the lock: another process may have been quicker.
        done = database.execute("PRAGMA user_version").fetchone()[0]
        for version, script in enumerate(MIGRATIONS[done:], start=done + 1):
            for statement in _statements(script):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {version}")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, so that all of them share one transaction."""
    text = ""
    for line in script.splitlines():
        text += line + "\n"
        if sqlite3.complete_statement(text):
            yield text
            text = ""
