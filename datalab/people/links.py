"""Links that open one account once, until they expire: to sign in, or to set a password.

Only the SHA-256 of a link's 256-bit token is kept: whoever reads the database learns no link. A
token is random, so its hash needs no salt and no slow function.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal

from datalab.people.store import Store

Refusal = Literal["unknown", "used", "expired"]
Purpose = Literal["signin", "password"]

KEPT_SECONDS = 7 * 24 * 3600
LONGEST_TOKEN = 200


@dataclass(frozen=True)
class Outcome:
    """Either the ``account`` that a link opened, or why it was ``refused``."""

    account: str | None = None
    refused: Refusal | None = None


@dataclass(frozen=True)
class Links:
    """The links of a store. Times are seconds since the epoch, given by the caller."""

    store: Store

    def issue(self, account: str, now: float, lifetime: float, purpose: Purpose = "signin") -> str:
        """A new token for ``account``, valid for ``lifetime`` seconds."""
        token = secrets.token_urlsafe(32)
        with self.store.writing() as database:
            database.execute("DELETE FROM links WHERE expires_at < ?", (now - KEPT_SECONDS,))
            database.execute(
                "INSERT INTO links VALUES (?, ?, ?, ?, ?, NULL)",
                (_hash(token), purpose, account, now, now + lifetime),
            )
        return token

    def consume(self, token: str, now: float, purpose: Purpose = "signin") -> Outcome:
        """Use a token. Of any number of simultaneous attempts exactly one succeeds.

        The row is looked up by the hash of what was presented: how long that takes says nothing
        about the tokens that exist.
        """
        if len(token) > LONGEST_TOKEN:
            return Outcome(refused="unknown")
        with self.store.writing() as database:
            taken = database.execute(
                "UPDATE links SET used_at = ? WHERE hash = ? AND purpose = ? AND used_at IS NULL "
                "AND expires_at > ? RETURNING account",
                (now, _hash(token), purpose, now),
            ).fetchall()
        return Outcome(account=taken[0][0]) if taken else self.look(token, now, purpose)

    def look(self, token: str, now: float, purpose: Purpose = "signin") -> Outcome:
        """What :meth:`consume` would say, without using the token."""
        if len(token) > LONGEST_TOKEN:
            return Outcome(refused="unknown")
        with self.store.reading() as database:
            row = database.execute(
                "SELECT * FROM links WHERE hash = ? AND purpose = ?", (_hash(token), purpose)
            ).fetchone()
        if row is None:
            return Outcome(refused="unknown")
        if row["used_at"] is not None:
            return Outcome(refused="used")
        if row["expires_at"] <= now:
            return Outcome(refused="expired")
        return Outcome(account=row["account"])


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
