"""Guessing slowed down: after a few failures each one costs a longer wait.

A *mark* is what failures are counted for. Two rules keep the owner of an account from being locked
out by somebody else's guesses:

- a browser that this account was opened in before has a mark of its own (the *device cookie* of
  OWASP's "Slow Down Online Guessing Attacks with Device Cookies"), which strangers cannot spoil;
- the longest wait is a quarter of an hour, it forgets, and a personal link never waits.

All strangers share the mark of the account, so that a thousand addresses guess no faster than one;
an address has a mark too, so that one address does not go through a thousand accounts. The table
holds at most :data:`MOST` marks: the ones with the longest waits stay.
"""

from __future__ import annotations

import ipaddress
import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from datalab.people.store import Store

MOST = 20_000
FORGET = 86_400.0


@dataclass(frozen=True)
class Pace:
    """``free`` failures cost nothing; then ``first`` seconds, doubled up to ``longest``."""

    free: int
    first: float
    longest: float

    def delay(self, failures: int) -> float:
        if failures < self.free:
            return 0.0
        return min(self.first * 2.0 ** min(failures - self.free, 30), self.longest)


@dataclass(frozen=True)
class Mark:
    """``pardoned`` whether one success forgets all failures, or only its own attempt."""

    name: str
    pace: Pace
    pardoned: bool = True


ACCOUNT = Pace(free=5, first=1, longest=900)
# A whole class signs in from one address.
ADDRESS = Pace(free=40, first=1, longest=300)


def account(name: str) -> Mark:
    return Mark(f"account:{name}", ACCOUNT)


def browser(name: str, identifier: str) -> Mark:
    """A browser that was let into this account before."""
    return Mark(f"browser:{name}:{identifier}", ACCOUNT)


def address(remote: str | None) -> Mark:
    """An IPv4 address, or the /64 that one subscriber of IPv6 has."""
    try:
        parsed = ipaddress.ip_address(remote or "")
    except ValueError:
        return Mark("address:?", ADDRESS, pardoned=False)
    kept = parsed.max_prefixlen if parsed.version == 4 else 64
    network = ipaddress.ip_network(f"{parsed}/{kept}", strict=False)
    return Mark(f"address:{network}", ADDRESS, pardoned=False)


def attempt(store: Store, now: float, marks: Sequence[Mark]) -> int:
    """Count one attempt as failed until :func:`succeeded`; returns seconds to wait, 0 to go on.

    Counting first means that of a hundred guesses sent at once, no more are tried than of a
    hundred sent one after the other.
    """
    with store.writing() as database:
        database.execute("DELETE FROM throttle WHERE last_at < ?", (now - FORGET,))
        rows = {mark.name: _row(database, mark) for mark in marks}
        wait = max((row["free_at"] - now for row in rows.values() if row), default=0.0)
        if wait > 0:
            return math.ceil(wait)
        for mark in marks:
            row = rows[mark.name]
            failures = (row["failures"] if row else 0) + 1
            database.execute(
                "INSERT OR REPLACE INTO throttle VALUES (?, ?, ?, ?)",
                (mark.name, failures, now, now + mark.pace.delay(failures)),
            )
        (count,) = database.execute("SELECT count(*) FROM throttle").fetchone()
        if count > MOST:
            database.execute(
                "DELETE FROM throttle WHERE mark IN (SELECT mark FROM throttle "
                "ORDER BY free_at, last_at LIMIT ?)",
                (count - MOST,),
            )
    return 0


def succeeded(store: Store, now: float, marks: Sequence[Mark]) -> None:
    """Take the attempt back; an address keeps its other failures."""
    with store.writing() as database:
        for mark in marks:
            if mark.pardoned:
                database.execute("DELETE FROM throttle WHERE mark = ?", (mark.name,))
            else:
                database.execute(
                    "UPDATE throttle SET failures = max(failures - 1, 0), free_at = ? "
                    "WHERE mark = ?",
                    (now, mark.name),
                )


def _row(database: sqlite3.Connection, mark: Mark) -> sqlite3.Row | None:
    row: sqlite3.Row | None = database.execute(
        "SELECT * FROM throttle WHERE mark = ?", (mark.name,)
    ).fetchone()
    return row
