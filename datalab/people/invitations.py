"""Invitations: a code that gives a temporary account in one group, so many times, until a day.

The code is eight consonants: no digit looks like one of them and they spell no word. That is
34.6 bits; with the waits of :mod:`datalab.people.throttle` and, at the very most, the hundred
requests per second that the hub can answer, finding one code of fifty takes two months of
uninterrupted full load. It is looked up by its SHA-256, so that the time of the answer tells
nothing, and kept in full beside it, because whoever invites shows it on a screen again.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass

from datalab.errors import InvalidInvitation, UnknownGroup, UnknownInvitation
from datalab.i18n import Phrase
from datalab.people import accounts, audit
from datalab.people.accounts import Account
from datalab.people.identity import clean
from datalab.people.pseudonyms import propose
from datalab.people.store import Store

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8
HOUR, DAY = 3600.0, 86_400.0
LONGEST_LIFE, LONGEST_STAY = 90 * DAY, 31 * DAY
MOST_PLACES = 500
LONGEST_NOTE = 120
# Whoever may invite guests gives them no right to publish, to describe data or to run the lab.
GUEST_GROUPS = ("citizens", "students", "entrepreneurs")


@dataclass(frozen=True)
class Invitation:
    """``stay`` is how long an account lives, in seconds; ``used`` of ``places`` are taken."""

    id: str
    code: str
    group: str
    note: str
    project: str | None
    created_at: float
    created_by: str
    expires_at: float
    stay: float
    places: int
    used: int
    withdrawn_at: float | None

    @property
    def shown(self) -> str:
        """The code as people read and type it."""
        return f"{self.code[:4]}-{self.code[4:]}"

    def closed(self, now: float) -> Phrase | None:
        """Why it lets nobody in any more, None while it does."""
        if self.withdrawn_at is not None:
            return Phrase("it was withdrawn by who gave it")
        if now >= self.expires_at:
            return Phrase("it has expired")
        if self.used >= self.places:
            return Phrase("all its places are taken")
        return None


def issue(
    store: Store,
    now: float,
    actor: str,
    group: str,
    *,
    places: int = 30,
    lifetime: float = DAY,
    stay: float = 4 * HOUR,
    note: str = "",
    project: str | None = None,
) -> Invitation:
    """A new code; numbers beyond the limits above are brought back to them.

    Raises
    ------
    UnknownGroup
        where guests cannot be in that group.
    """
    if group not in GUEST_GROUPS:
        raise UnknownGroup(group=group, known=", ".join(GUEST_GROUPS))
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    invitation = Invitation(
        id=secrets.token_hex(4),
        code=code,
        group=group,
        note=clean(note)[:LONGEST_NOTE],
        project=project,
        created_at=now,
        created_by=actor,
        expires_at=now + min(max(lifetime, 60.0), LONGEST_LIFE),
        stay=min(max(stay, 60.0), LONGEST_STAY),
        places=min(max(places, 1), MOST_PLACES),
        used=0,
        withdrawn_at=None,
    )
    values = vars(invitation)
    columns = [name if name != "group" else "grp" for name in values]
    with store.writing() as database:
        database.execute(
            f"INSERT INTO invitations (hash, {', '.join(columns)}) "  # noqa: S608
            f"VALUES (?, {', '.join('?' * len(columns))})",
            (_hash(code), *values.values()),
        )
        facts = {"group": group, "places": invitation.places, "project": project}
        audit.append(database, now, actor, "invitation.issue", invitation.id, facts)
    return invitation


def look(store: Store, now: float, code: str) -> Invitation:
    """The invitation of a code that lets somebody in now.

    Raises
    ------
    InvalidInvitation
    """
    with store.reading() as database:
        row = database.execute(
            "SELECT * FROM invitations WHERE hash = ?", (_hash(code),)
        ).fetchone()
    if row is None:
        raise InvalidInvitation(reason=Phrase("the lab does not know it"))
    invitation = _invitation(row)
    reason = invitation.closed(now)
    if reason is not None:
        raise InvalidInvitation(reason=reason)
    return invitation


def join(store: Store, now: float, code: str, display: str = "") -> Account:
    """Take a place: a new guest, whose account ends with the stay.

    Of any number of simultaneous attempts no more succeed than there are places.

    Raises
    ------
    InvalidInvitation
    """
    invitation = look(store, now, code)
    account = Account(
        name=f"invite-{secrets.token_hex(5)}",
        display=clean(display) or propose(),
        kind="guest",
        groups=(invitation.group,),
        origin="invitation",
        email=None,
        has_password=False,
        created_at=now,
        created_by=invitation.created_by,
        expires_at=now + invitation.stay,
        disabled_at=None,
        invitation=invitation.id,
    )
    with store.writing() as database:
        taken = database.execute(
            "UPDATE invitations SET used = used + 1 WHERE hash = ? AND used < places "
            "AND withdrawn_at IS NULL AND expires_at > ? RETURNING id",
            (_hash(code), now),
        ).fetchall()
        if not taken:
            raise InvalidInvitation(reason=Phrase("all its places are taken"))
        accounts.insert(database, now, account)
        facts = {"invitation": invitation.id, "project": invitation.project}
        audit.append(database, now, account.name, "invitation.use", account.name, facts)
    return account


def withdraw(store: Store, now: float, actor: str, identifier: str) -> Invitation:
    """Let nobody in any more, and end the stay of who came in with it.

    Raises
    ------
    UnknownInvitation
    """
    get(store, identifier)
    with store.writing() as database:
        database.execute(
            "UPDATE invitations SET withdrawn_at = coalesce(withdrawn_at, ?) WHERE id = ?",
            (now, identifier),
        )
        ended = database.execute(
            "UPDATE accounts SET expires_at = ? WHERE invitation = ? AND expires_at > ?",
            (now, identifier, now),
        ).rowcount
        facts = {"guests": ended}
        audit.append(database, now, actor, "invitation.withdraw", identifier, facts)
    return get(store, identifier)


def get(store: Store, identifier: str) -> Invitation:
    """The invitation of that id.

    Raises
    ------
    UnknownInvitation
    """
    with store.reading() as database:
        row = database.execute("SELECT * FROM invitations WHERE id = ?", (identifier,)).fetchone()
    if row is None:
        raise UnknownInvitation(id=identifier[:40])
    return _invitation(row)


def invitations(store: Store) -> list[Invitation]:
    """All of them, the newest first."""
    with store.reading() as database:
        rows = database.execute("SELECT * FROM invitations ORDER BY created_at DESC, id").fetchall()
    return [_invitation(row) for row in rows]


def spelled(code: str) -> str:
    """What was typed, as a code: capitals without spaces and hyphens."""
    return "".join(letter for letter in code[:40].upper() if letter.isalpha())


def _hash(code: str) -> bytes:
    return hashlib.sha256(spelled(code).encode("utf-8", "surrogatepass")).digest()


def _invitation(row: sqlite3.Row) -> Invitation:
    values = {name: row[name] for name in row.keys() if name != "hash"}  # noqa: SIM118
    return Invitation(group=values.pop("grp"), **values)
