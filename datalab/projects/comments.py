"""What people say about the cells of a project's notebooks.

``records/comments.sqlite`` belongs to the lab, not to the project: its people write through the
portal only. A comment hangs on a notebook and a cell id and outlives both; an answer hangs on a
comment. Every change gets the next number of a journal, so that a page that was cut off asks for
what came after the last number it saw.
"""

from __future__ import annotations

import fcntl
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from datalab.database.file import make_private, transaction
from datalab.errors import CommentRefused, TooManyComments, UnknownComment
from datalab.i18n import Phrase
from datalab.people.rights import may_in_project
from datalab.projects.project import Project

State = Literal["open", "answered", "resolved"]
FILE = "comments.sqlite"
LONGEST = 2_000  # characters of a comment
LONGEST_PATH, LONGEST_CELL = 400, 64
MOST = 5_000  # comments of a project
PER_MINUTE = 6  # comments of one person
EDITABLE_SECONDS = 15 * 60.0  # for which an author changes or deletes a comment
KEPT = "\n\u00a0\u200d"  # the last joins the parts of an emoji

SCHEMA = """
CREATE TABLE IF NOT EXISTS comments (
    id TEXT PRIMARY KEY,
    notebook TEXT NOT NULL,
    cell TEXT NOT NULL,
    parent TEXT REFERENCES comments,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'resolved')),
    at REAL NOT NULL,
    edited_at REAL,
    deleted_at REAL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS comments_of_a_notebook ON comments (notebook, at);
CREATE TABLE IF NOT EXISTS journal (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    comment TEXT NOT NULL,
    notebook TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class Comment:
    """``at`` in seconds since the epoch. A deleted comment stays as long as it has answers."""

    id: str
    notebook: str
    cell: str
    parent: str | None
    author: str
    text: str
    state: State
    at: float
    edited_at: float | None
    deleted: bool

    def editable(self, account: str, now: float) -> bool:
        """Whether ``account`` may still change or delete it."""
        own = self.author == account and not self.deleted
        return own and now - self.at <= EDITABLE_SECONDS


@dataclass(frozen=True)
class Comments:
    """The comments of one project, in the database at ``path``."""

    path: Path

    @classmethod
    def of(cls, project: Project) -> Comments:
        return cls(project.records / FILE)

    def about(self, notebook: str) -> list[Comment]:
        """Comments and answers of a notebook, oldest first; deleted ones only with answers."""
        if not self.path.exists():
            return []
        with self._database() as database:
            rows = database.execute(
                "SELECT * FROM comments c WHERE notebook = ? AND (deleted_at IS NULL OR EXISTS "
                "(SELECT 1 FROM comments a WHERE a.parent = c.id AND a.deleted_at IS NULL)) "
                "ORDER BY at, (SELECT min(number) FROM journal WHERE comment = c.id), id",
                (notebook,),
            ).fetchall()
        return [_comment(row) for row in rows]

    def waiting(self) -> dict[str, int]:
        """Comments that nobody has answered, by notebook."""
        if not self.path.exists():
            return {}
        with self._database() as database:
            rows = database.execute(
                "SELECT notebook, count(*) AS many FROM comments WHERE parent IS NULL "
                "AND state = 'open' AND deleted_at IS NULL GROUP BY notebook ORDER BY notebook"
            ).fetchall()
        return {row["notebook"]: row["many"] for row in rows}

    def add(
        self,
        now: float,
        author: str,
        role: str | None,
        notebook: str,
        cell: str,
        text: str,
        parent: str | None = None,
    ) -> Comment:
        """A new comment, or the answer to one. The answer of who edits the project answers it.

        Raises
        ------
        CommentRefused
            where it is empty, too long or the project holds too many.
        TooManyComments
            beyond :data:`PER_MINUTE`.
        UnknownComment
            where ``parent`` is none of this notebook.
        """
        text = checked_text(text)
        if not 0 < len(cell) <= LONGEST_CELL or not 0 < len(notebook) <= LONGEST_PATH:
            raise CommentRefused(reason=Phrase("it says no cell that it is about"))
        with self._database() as database:
            recent = database.execute(
                "SELECT count(*) FROM comments WHERE author = ? AND at > ?", (author, now - 60)
            ).fetchone()[0]
            if recent >= PER_MINUTE:
                raise TooManyComments
            if database.execute("SELECT count(*) FROM comments").fetchone()[0] >= MOST:
                raise CommentRefused(reason=Phrase("this project holds {most} already", most=MOST))
            if parent is not None:
                first = self._get(database, parent)
                if first.notebook != notebook:
                    raise UnknownComment
                # An answer to an answer joins its conversation.
                parent, cell = first.parent or first.id, first.cell
            made = uuid.uuid4().hex
            database.execute(
                "INSERT INTO comments (id, notebook, cell, parent, author, text, state, at) "
                "VALUES (?, ?, ?, ?, ?, ?, 'open', ?)",
                (made, notebook, cell, parent, author, text, now),
            )
            self._log(database, made, notebook)
            if parent is not None and may_in_project(role, "project:edit"):
                changed = database.execute(
                    "UPDATE comments SET state = 'answered' WHERE id = ? AND state = 'open' "
                    "AND author <> ?",
                    (parent, author),
                )
                if changed.rowcount:
                    self._log(database, parent, notebook)
            return self._get(database, made)

    def edit(self, now: float, account: str, comment: str, text: str) -> Comment:
        """Other words for one's own comment.

        Raises
        ------
        UnknownComment, CommentRefused
        """
        text = checked_text(text)
        with self._database() as database:
            found = self._get(database, comment)
            self._may_change(found, account, now)
            database.execute(
                "UPDATE comments SET text = ?, edited_at = ? WHERE id = ?", (text, now, comment)
            )
            self._log(database, comment, found.notebook)
            return self._get(database, comment)

    def delete(self, now: float, account: str, role: str | None, comment: str) -> Comment:
        """Take a comment away: its author for a while, an owner of the project at any time.

        Raises
        ------
        UnknownComment, CommentRefused
        """
        with self._database() as database:
            found = self._get(database, comment)
            if role != "owner":
                self._may_change(found, account, now)
            database.execute(
                "UPDATE comments SET text = '', deleted_at = ? WHERE id = ?", (now, comment)
            )
            self._log(database, comment, found.notebook)
            return found

    def mark(self, role: str | None, comment: str, state: State) -> Comment:
        """Open, answered or resolved, by who edits the project.

        Raises
        ------
        UnknownComment, CommentRefused
        """
        with self._database() as database:
            found = self._get(database, comment)
            if not may_in_project(role, "project:edit") or found.parent is not None:
                reason = Phrase("only those who edit the project mark a comment")
                raise CommentRefused(reason=reason)
            database.execute("UPDATE comments SET state = ? WHERE id = ?", (state, comment))
            self._log(database, comment, found.notebook)
            return self._get(database, comment)

    def last(self) -> int:
        """Number of the last change, 0 where there was none."""
        if not self.path.exists():
            return 0
        with self._database() as database:
            found = database.execute("SELECT max(number) FROM journal").fetchone()[0]
        return int(found or 0)

    def changed(self, notebook: str, after: int) -> bool:
        """Whether something about ``notebook`` changed after the change of that number."""
        if not self.path.exists():
            return False
        with self._database() as database:
            found = database.execute(
                "SELECT 1 FROM journal WHERE number > ? AND notebook = ? LIMIT 1", (after, notebook)
            ).fetchone()
        return found is not None

    # -- the database ---------------------------------------------------------------------

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """One transaction on a connection of its own."""
        make_private(self.path, parents=False)
        database = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        database.row_factory = sqlite3.Row
        try:
            if database.execute("PRAGMA user_version").fetchone()[0] < 1:
                self._prepare(database)
            with transaction(database):
                yield database
        finally:
            database.close()

    def _prepare(self, database: sqlite3.Connection) -> None:
        """Make the tables, one opener at a time: SQLite does not wait to change its journal."""
        with self.path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if database.execute("PRAGMA user_version").fetchone()[0] < 1:
                database.execute("PRAGMA journal_mode = WAL")
                database.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = 1; COMMIT;")

    def _get(self, database: sqlite3.Connection, comment: str) -> Comment:
        row = database.execute(
            "SELECT * FROM comments WHERE id = ? AND deleted_at IS NULL", (comment,)
        ).fetchone()
        if row is None:
            raise UnknownComment
        return _comment(row)

    def _may_change(self, comment: Comment, account: str, now: float) -> None:
        if not comment.editable(account, now):
            minutes = int(EDITABLE_SECONDS / 60)
            reason = Phrase("only its author changes it, for {minutes} minutes", minutes=minutes)
            raise CommentRefused(reason=reason)

    def _log(self, database: sqlite3.Connection, comment: str, notebook: str) -> None:
        database.execute(
            "INSERT INTO journal (comment, notebook) VALUES (?, ?)", (comment, notebook)
        )


def checked_text(text: str) -> str:
    """Plain text that can be kept and shown.

    Raises
    ------
    CommentRefused
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    kept = "".join(c for c in lines if c in KEPT or c.isprintable())
    if not kept.strip():
        raise CommentRefused(reason=Phrase("nothing was written"))
    if len(kept) > LONGEST:
        reason = Phrase(
            "it has {length} characters, {most} are possible", length=len(kept), most=LONGEST
        )
        raise CommentRefused(reason=reason)
    return kept


def _comment(row: sqlite3.Row) -> Comment:
    return Comment(
        id=row["id"],
        notebook=row["notebook"],
        cell=row["cell"],
        parent=row["parent"],
        author=row["author"],
        text=row["text"],
        state=row["state"],
        at=row["at"],
        edited_at=row["edited_at"],
        deleted=row["deleted_at"] is not None,
    )
