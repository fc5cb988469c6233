"""What happened, written once: sign-ins, changes of rights, restricted reads, publications.

Each entry carries the SHA-256 of itself and of the entry before it: a row changed behind the
database's back breaks the chain from there on.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datalab.people.store import Store

SEED = b"\0" * 32


@dataclass(frozen=True)
class Entry:
    """``actor`` did ``action`` (``noun.verb``) to ``subject``; ``at`` in Unix seconds."""

    number: int
    at: float
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


def record(
    store: Store, now: float, actor: str, action: str, subject: str = "", **detail: Any
) -> None:
    """Append one entry."""
    with store.writing() as database:
        append(database, now, actor, action, subject, detail)


def append(
    database: sqlite3.Connection,
    now: float,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
) -> None:
    """Append inside a transaction, so that a change and its record happen together or not."""
    last = database.execute("SELECT digest FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    now = float(now)  # as SQLite gives it back
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True)
    digest = _digest(last[0] if last else SEED, now, actor, action, subject, text)
    database.execute(
        "INSERT INTO audit (at, actor, action, subject, detail, digest) VALUES (?, ?, ?, ?, ?, ?)",
        (now, actor, action, subject, text, digest),
    )


def entries(
    store: Store,
    *,
    since: float = 0.0,
    until: float = float("inf"),
    actor: str | None = None,
    noun: str | None = None,
    limit: int = 200,
    before: int = 0,
) -> list[Entry]:
    """Entries newest first; ``before`` is the number to page back from.

    ``actor`` did it or had it done to them; ``noun`` is the first word of the action.
    """
    with store.reading() as database:
        rows = database.execute(
            "SELECT * FROM audit WHERE at >= ? AND (? IS NULL OR actor = ? OR subject = ?) "
            "AND (? = 0 OR number < ?) AND at < ? AND (? IS NULL OR substr(action, 1, ?) = ?) "
            "ORDER BY number DESC LIMIT ?",
            (since, actor, actor, actor, before, before, until, noun, *_first(noun), limit),
        ).fetchall()
    return [
        Entry(r["number"], r["at"], r["actor"], r["action"], r["subject"], json.loads(r["detail"]))
        for r in rows
    ]


def reads(store: Store, dataset: str, limit: int) -> list[Entry]:
    """Reads of one restricted dataset, newest first: through a door, or by a server that shows it.

    What a server reads by itself is in no door's hands: that it could is written at its start,
    and what its notebooks say that they read beside it.
    """
    lake = f"restricted-{dataset}"
    with store.reading() as database:
        rows = database.execute(
            "SELECT * FROM audit WHERE action IN "
            "('access.read', 'access.declared', 'server.start', 'project.run', 'guided.run') "
            "AND EXISTS (SELECT 1 FROM json_each(audit.detail, '$.lakes') "
            "WHERE value = ? OR substr(value, 1, ?) = ?) ORDER BY number DESC LIMIT ?",
            (lake, len(lake) + 2, f"{lake}--", limit),
        ).fetchall()
    return [
        Entry(r["number"], r["at"], r["actor"], r["action"], r["subject"], json.loads(r["detail"]))
        for r in rows
    ]


def _first(noun: str | None) -> tuple[int, str]:
    start = f"{noun}."
    return len(start), start


def first_broken(store: Store) -> int | None:
    """Number of the first entry that does not follow from the one before; None where all do."""
    last, expected = SEED, 1
    with store.reading() as database:
        for r in database.execute("SELECT * FROM audit ORDER BY number"):
            facts = (r["at"], r["actor"], r["action"], r["subject"], r["detail"])
            if r["number"] != expected or _digest(last, *facts) != r["digest"]:
                return int(r["number"])
            last, expected = r["digest"], expected + 1
        # SQLite remembers the highest number that was ever given: a missing end shows.
        given = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
    return expected if given is not None and given[0] >= expected else None


def head(store: Store) -> tuple[int, str]:
    """Number and digest of the last entry: who keeps them elsewhere can prove a later change."""
    with store.reading() as database:
        last = database.execute(
            "SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1"
        ).fetchone()
    return (last["number"], last["digest"].hex()) if last else (0, SEED.hex())


def _digest(last: bytes, at: float, *texts: str) -> bytes:
    body = json.dumps([repr(at), *texts], ensure_ascii=False).encode()
    return hashlib.sha256(last + body).digest()
