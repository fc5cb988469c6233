"""Personal tokens: what a program of one person shows to read in their name.

Shown once, kept as a digest. A token reads what its account reads at that very moment and can do
nothing else; it dies with the account, when that is closed, and on its own last day.

They are the lab's own and not JupyterHub's: one of the hub's opens the whole account there
(servers, files, other tokens), has no quota, and costs a question to the hub at every request.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields

from datalab.errors.grant import TokenNotMade, UnknownApiToken
from datalab.i18n import Phrase
from datalab.people import accounts, audit
from datalab.people.grant import short
from datalab.people.store import Store

PREFIX = "dlt_"  # so that a token that was published by mistake is recognised as one
WORDS = re.compile(r"dlt_[A-Za-z0-9_-]{43}")
DAY = 86_400.0
LONGEST_LIFE = 366 * DAY
LONGEST_NAME = 80
MOST = 20  # tokens of one account that open something
KEPT_DAYS = 40  # of counted use


@dataclass(frozen=True)
class Token:
    """``name`` says which program it is for; ``dataset`` is the only closed one it opens, empty
    where it opens all that its account may read. Times in Unix seconds."""

    id: str
    account: str
    name: str
    scope: str
    created_at: float
    expires_at: float
    used_at: float | None
    revoked_at: float | None
    dataset: str = ""

    def opens(self, now: float) -> bool:
        return self.revoked_at is None and now < self.expires_at


_FIELDS = tuple(one.name for one in fields(Token))


def make(
    store: Store,
    now: float,
    account: str,
    name: str,
    expires_at: float,
    *,
    actor: str = "",
    dataset: str = "",
) -> tuple[Token, str]:
    """A new token and its words, which nobody can read again.

    With ``dataset``, what is closed opens to it for that one alone.

    Raises
    ------
    TokenNotMade
        with the ``field`` to mend.
    """
    name = short(name)
    if not name:
        raise TokenNotMade(reason=Phrase("say which program it is for"), field="name")
    if len(name) > LONGEST_NAME:
        reason = Phrase("it takes at most {limit} characters", limit=LONGEST_NAME)
        raise TokenNotMade(reason=reason, field="name")
    if not now < expires_at:
        raise TokenNotMade(reason=Phrase("the last day is not after today"), field="until")
    if expires_at > now + LONGEST_LIFE:
        raise TokenNotMade(reason=Phrase("it lasts a year at most"), field="until")
    words = PREFIX + secrets.token_urlsafe(32)
    id = secrets.token_hex(4)
    token = Token(id, account, name, "read", now, expires_at, None, None, dataset)
    with store.writing() as database:
        open_ones = [one for one in _of(database, account) if one.opens(now)]
        if len(open_ones) >= MOST:
            reason = Phrase("you have {most} already; revoke one that is not used", most=MOST)
            raise TokenNotMade(reason=reason, field="name")
        database.execute(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (_digest(words), *(getattr(token, name) for name in _FIELDS)),
        )
        facts = {"token": token.id, "name": name, "until": expires_at}
        audit.append(database, now, actor or account, "token.make", account, facts)
    return token, words


def find(store: Store, words: str, now: float) -> tuple[Token, accounts.Account] | None:
    """The token of these words and its account, where both open something now.

    The row is looked up by the digest of what was presented: how long that takes says nothing
    about the tokens that exist.
    """
    if not WORDS.fullmatch(words):
        return None
    with store.reading() as database:
        row = database.execute("SELECT * FROM tokens WHERE hash = ?", (_digest(words),)).fetchone()
    token = _token(row) if row else None
    if token is None or not token.opens(now):
        return None
    account = accounts.find(store, token.account)
    if account is None or account.created_at > token.created_at or not account.may_enter(now):
        return None
    return token, account


def listed(store: Store, account: str | None = None) -> list[Token]:
    """The newest first; of everybody without ``account``."""
    with store.reading() as database:
        return _of(database, account)


def revoke(store: Store, now: float, account: str | None, id: str, *, actor: str = "") -> Token:
    """Let it open nothing from now on. Of ``account`` alone, where one is given.

    Raises
    ------
    UnknownApiToken
    """
    with store.writing() as database:
        row = database.execute("SELECT * FROM tokens WHERE id = ?", (id,)).fetchone()
        found = _token(row) if row else None
        if found is None or (account is not None and found.account != account):
            raise UnknownApiToken(id=id[:40])
        if found.revoked_at is None:
            database.execute("UPDATE tokens SET revoked_at = ? WHERE id = ?", (now, id))
            facts = {"token": found.id, "name": found.name}
            audit.append(
                database, now, actor or found.account, "token.revoke", found.account, facts
            )
    return found


def used_today(store: Store, id: str, day: int) -> tuple[int, int]:
    """Requests and bytes that a token used on a day (days since the epoch, UTC)."""
    with store.reading() as database:
        row = database.execute(
            "SELECT requests, bytes FROM token_uses WHERE token = ? AND day = ?", (id, day)
        ).fetchone()
    return (int(row["requests"]), int(row["bytes"])) if row else (0, 0)


def note_use(
    store: Store, now: float, uses: Mapping[tuple[str, int], tuple[int, int]]
) -> dict[tuple[str, int], tuple[int, int]]:
    """Add requests and bytes by token and day; what is older than forty days is dropped.

    Returns what each has used then, by all workers of the portal together.
    """
    together = {}
    with store.writing() as database:
        for (token, day), (requests, count) in uses.items():
            found = database.execute(
                "INSERT INTO token_uses SELECT id, ?, ?, ? FROM tokens WHERE id = ? "
                "ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, "
                "bytes = bytes + excluded.bytes RETURNING requests, bytes",
                (day, requests, count, token),
            ).fetchone()
            if found is not None:  # the token may have been taken back meanwhile
                together[token, day] = (int(found[0]), int(found[1]))
            database.execute("UPDATE tokens SET used_at = ? WHERE id = ?", (now, token))
        database.execute("DELETE FROM token_uses WHERE day < ?", (int(now // DAY) - KEPT_DAYS,))
    return together


def _of(database: sqlite3.Connection, account: str | None) -> list[Token]:
    rows = database.execute(
        "SELECT * FROM tokens WHERE ? IS NULL OR account = ? ORDER BY created_at DESC, id",
        (account, account),
    ).fetchall()
    return [_token(row) for row in rows]


def _digest(words: str) -> bytes:
    """A token holds 256 random bits: a plain digest of it tells nothing."""
    return hashlib.sha256(words.encode("utf-8", "replace")).digest()


def _token(row: sqlite3.Row) -> Token:
    return Token(**{name: row[name] for name in _FIELDS})
