"""The database of uses: one file, read by pages and by the refresh, written by whoever sees a use.

A *use* is the last snapshot that a notebook of a project read of a dataset, and each one that it
asked for by number or by release. All of it can be collected again but for the tokens.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datalab.database.file import make_private, transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS uses (
    project TEXT NOT NULL,
    notebook TEXT NOT NULL,
    dataset TEXT NOT NULL,
    lake TEXT NOT NULL,
    snapshot INTEGER NOT NULL,
    pinned INTEGER NOT NULL,
    last_at REAL NOT NULL,
    PRIMARY KEY (project, notebook, dataset, snapshot)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uses_by_dataset ON uses (dataset);
CREATE TABLE IF NOT EXISTS pages (
    project TEXT NOT NULL,
    page TEXT NOT NULL,
    version INTEGER NOT NULL,
    dataset TEXT NOT NULL,
    lake TEXT NOT NULL,
    snapshot INTEGER NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (project, page, version, dataset, snapshot)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pages_by_dataset ON pages (dataset);
CREATE TABLE IF NOT EXISTS holders (
    account TEXT NOT NULL,
    dataset TEXT NOT NULL,
    day INTEGER NOT NULL,
    PRIMARY KEY (account, dataset)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS holders_by_dataset ON holders (dataset);
CREATE TABLE IF NOT EXISTS marks (
    project TEXT NOT NULL,
    source TEXT NOT NULL,
    seen TEXT NOT NULL,
    PRIMARY KEY (project, source)
) WITHOUT ROWID;
"""
DAY = 86_400.0
FRESH = 400 * DAY  # a use that is older concerns nobody any more


@dataclass(frozen=True)
class Use:
    """A notebook of a project read a snapshot; ``pinned``: it asked for that very one.

    ``last_at`` is in seconds since the epoch.
    """

    project: str
    notebook: str
    dataset: str
    lake: str
    snapshot: int
    pinned: bool
    last_at: float


@dataclass(frozen=True)
class PageUse:
    """A version of a published page was made from a snapshot; ``at`` when it was published."""

    project: str
    page: str
    version: int
    dataset: str
    lake: str
    snapshot: int
    at: float


@dataclass(frozen=True)
class Users:
    """Who uses a dataset: notebooks of projects, published pages, accounts with a token."""

    uses: tuple[Use, ...] = ()
    pages: tuple[PageUse, ...] = ()
    holders: tuple[str, ...] = ()

    @property
    def projects(self) -> tuple[str, ...]:
        """Addresses of the projects, each once."""
        named = {use.project for use in self.uses} | {page.project for page in self.pages}
        return tuple(sorted(named))

    def __bool__(self) -> bool:
        return bool(self.uses or self.pages or self.holders)


@dataclass(frozen=True)
class Lineage:
    """The database at ``path``; nothing is made before the first use is written."""

    path: Path

    # -- who uses what --------------------------------------------------------------------

    def users_of(self, dataset: str, now: float) -> Users:
        """Who used a dataset in the last 400 days, the latest first."""
        since = now - FRESH
        with self._reading() as database:
            if database is None:
                return Users()
            uses = database.execute(
                "SELECT * FROM uses WHERE dataset = ? AND last_at >= ? ORDER BY last_at DESC",
                (dataset, since),
            ).fetchall()
            pages = database.execute(
                "SELECT * FROM pages WHERE dataset = ? ORDER BY at DESC, version DESC", (dataset,)
            ).fetchall()
            holders = database.execute(
                "SELECT account FROM holders WHERE dataset = ? AND day >= ? ORDER BY account",
                (dataset, int(since // DAY)),
            ).fetchall()
        return Users(_uses(uses), _pages(pages), tuple(name for (name,) in holders))

    def reads_of(self, project: str) -> tuple[Use, ...]:
        """What the notebooks of a project read, by dataset."""
        with self._reading() as database:
            if database is None:
                return ()
            found = database.execute(
                "SELECT * FROM uses WHERE project = ? ORDER BY dataset, last_at DESC", (project,)
            ).fetchall()
        return _uses(found)

    def pinned(self, lake: str, dataset: str) -> frozenset[int]:
        """Snapshots of a dataset that a project or a page was made with, however long ago."""
        with self._reading() as database:
            if database is None:
                return frozenset()
            found = database.execute(
                "SELECT snapshot FROM uses WHERE dataset = ?1 AND lake = ?2 "
                "UNION SELECT snapshot FROM pages WHERE dataset = ?1 AND lake = ?2",
                (dataset, lake),
            ).fetchall()
        return frozenset(int(snapshot) for (snapshot,) in found)

    # -- writing --------------------------------------------------------------------------

    def note_uses(self, uses: Iterable[Use]) -> None:
        """Write uses down. A later look at the newest snapshot takes the place of an earlier one;
        what was asked for by number stays."""
        listed = list(uses)
        if not listed:
            return
        with self._writing() as database:
            for use in sorted(listed, key=lambda one: one.last_at):
                key = (use.project, use.notebook, use.dataset)
                if not use.pinned:
                    newer = database.execute(
                        "SELECT 1 FROM uses WHERE (project, notebook, dataset) = (?, ?, ?) "
                        "AND NOT pinned AND last_at > ?",
                        (*key, use.last_at),
                    ).fetchone()
                    if newer:
                        continue
                    database.execute(
                        "DELETE FROM uses WHERE (project, notebook, dataset) = (?, ?, ?) "
                        "AND NOT pinned AND snapshot <> ?",
                        (*key, use.snapshot),
                    )
                database.execute(
                    "INSERT INTO uses VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                    "last_at = max(last_at, excluded.last_at), "
                    "pinned = max(pinned, excluded.pinned), lake = excluded.lake",
                    (*key, use.lake, use.snapshot, int(use.pinned), use.last_at),
                )

    def replace_pages(self, project: str, pages: Iterable[PageUse]) -> None:
        """Write down what the pages of a project were made from, and nothing else of it."""
        with self._writing() as database:
            database.execute("DELETE FROM pages WHERE project = ?", (project,))
            database.executemany(
                "INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(project, p.page, p.version, p.dataset, p.lake, p.snapshot, p.at) for p in pages],
            )

    def note_holder(self, account: str, dataset: str, now: float) -> None:
        """The holder of a token took rows of a dataset; one write a day at most."""
        day = int(now // DAY)
        with self._reading() as database:
            known = (
                database
                and database.execute(
                    "SELECT day FROM holders WHERE (account, dataset) = (?, ?)", (account, dataset)
                ).fetchone()
            )
        if known and known[0] >= day:
            return
        with self._writing() as database:
            database.execute(
                "INSERT INTO holders VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET day = excluded.day",
                (account, dataset, day),
            )

    def keep_accounts(self, names: Iterable[str]) -> None:
        """Forget the people who left."""
        with self._reading() as database:
            found = database.execute("SELECT DISTINCT account FROM holders") if database else ()
            gone = {name for (name,) in found} - set(names)
        if gone:
            with self._writing() as database:
                database.executemany(
                    "DELETE FROM holders WHERE account = ?", [(name,) for name in gone]
                )

    def keep_projects(self, slugs: Iterable[str]) -> None:
        """Forget the projects that are gone for good."""
        there = {"", *slugs}  # marks that are of no project have no name
        with self._reading() as database:
            if database is None:
                return
            found = database.execute(
                "SELECT project FROM uses UNION SELECT project FROM pages "
                "UNION SELECT project FROM marks"
            ).fetchall()
        gone = [(slug,) for (slug,) in found if slug not in there]
        if gone:
            with self._writing() as database:
                for table in ("uses", "pages", "marks"):
                    database.executemany(f"DELETE FROM {table} WHERE project = ?", gone)  # noqa: S608

    def mark(self, project: str, source: str) -> str:
        """How far a source of a project was read; "" at first."""
        with self._reading() as database:
            found = (
                database
                and database.execute(
                    "SELECT seen FROM marks WHERE (project, source) = (?, ?)", (project, source)
                ).fetchone()
            )
        return str(found[0]) if found else ""

    def set_mark(self, project: str, source: str, seen: str) -> None:
        with self._writing() as database:
            database.execute(
                "INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", (project, source, seen)
            )

    # -- the file -------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        if not self.path.is_file():
            yield None
            return
        database = self._open()
        try:
            yield database
        finally:
            database.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        make_private(self.path)
        database = self._open()
        try:
            with transaction(database):
                yield database
        finally:
            database.close()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=15, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(SCHEMA)
        return database


def _uses(rows: Iterable[tuple[str, str, str, str, int, int, float]]) -> tuple[Use, ...]:
    return tuple(Use(p, n, d, lake, s, bool(pinned), at) for p, n, d, lake, s, pinned, at in rows)


def _pages(rows: Iterable[tuple[str, str, int, str, str, int, float]]) -> tuple[PageUse, ...]:
    return tuple(PageUse(*row) for row in rows)
