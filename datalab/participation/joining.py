"""Joining a session: without an account, under a pseudonym, as long as there is room.

A participant is an author (who holds a private link) in one session. On paper too: the agent who
types what was written joins for whoever wrote it, and hands over the slip with the link.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, insert, select, update

from datalab.errors import SessionFull, UnknownLink
from datalab.i18n import Language
from datalab.participation import author, consent, journal
from datalab.participation.author import Author
from datalab.participation.pseudonym import draw, is_pseudonym
from datalab.participation.session import Session, present, require_open
from datalab.participation.tables.session import PARTICIPANT, SESSION

Way = Literal["phone", "paper", "account", "facilitator"]
OFFERED = 4  # pseudonyms at once
DAY = 86_400.0


@dataclass(frozen=True)
class Participant:
    """``way`` is how they take part: phone, paper, account, facilitator."""

    author_id: str
    session_id: str
    pseudonym: str
    way: str
    joined_at: float
    left_at: float | None


def offered(
    connection: Connection, session: Session, language: Language, chance: random.Random
) -> list[str]:
    """Pseudonyms that nobody here has, to choose from."""
    return draw(language, taken(connection, session), chance, OFFERED)


def taken(connection: Connection, session: Session) -> set[str]:
    asked = select(PARTICIPANT.c.pseudonym).where(PARTICIPANT.c.session_id == session.id)
    return set(connection.execute(asked).scalars())


def secret_of(key: str, session: Session, browser: str, receipt: str) -> str:
    """The secret of the private link that one form, however often it comes, leads to.

    ``key`` is a secret of the lab, ``browser`` what only this browser knows.
    """
    said = f"join\0{session.id}\0{browser}\0{receipt}".encode()
    return hmac.new(key.encode(), said, hashlib.sha256).hexdigest()[:40]


def join(
    connection: Connection,
    session: Session,
    *,
    secret: str,
    wished: str,
    language: Language,
    minor: bool,
    now: float,
    days: float,
    way: Way = "phone",
    actor: str = "",
) -> Author:
    """Take part from now on; the same ``secret`` joins once.

    A ``wished`` pseudonym that was taken meanwhile, or that the lab did not make, becomes another.

    Raises
    ------
    SessionNotOpen
    SessionFull
    """
    try:
        known = author.of_secret(connection, secret, now)
    except UnknownLink:
        pass
    else:
        come_back(connection, known.id)
        return known
    require_open(session)
    # Two who come at once, at two portals, come one after the other.
    connection.execute(select(SESSION.c.id).where(SESSION.c.id == session.id).with_for_update())
    if way != "paper" and present(connection, session) >= session.capacity:
        raise SessionFull(capacity=session.capacity)
    there = taken(connection, session)
    chosen = wished
    if chosen in there or not is_pseudonym(chosen):
        chance = random.Random(secret)  # noqa: S311 - a lot, not a secret
        chosen = next(iter(draw(language, there, chance, 1)), f"{wished[:20]} {len(there) + 1}")
    made = author.make(
        connection,
        kind="participant",
        now=now,
        expires_at=now + days * DAY,
        consent=consent.VERSION,
        pseudonym=chosen,
        language=language,
        minor=minor,
        secret=secret,
    )
    values = {"author_id": made.id, "session_id": session.id, "pseudonym": chosen, "way": way}
    connection.execute(insert(PARTICIPANT).values(**values, joined_at=now))
    # Without a row: who came is nobody's business, that somebody came is what screens count.
    journal.record(
        connection,
        scope=session.scope,
        at=now,
        actor=actor or f"author:{made.id}",
        kind="participant.join",
        edits=[],
    )
    return made


def leave(connection: Connection, session: Session, author_id: str, now: float) -> None:
    """Make room for somebody else; what was said stays."""
    mine = PARTICIPANT.c.author_id == author_id
    changed = connection.execute(
        update(PARTICIPANT).where(mine, PARTICIPANT.c.left_at.is_(None)).values(left_at=now)
    )
    if changed.rowcount:
        journal.record(
            connection,
            scope=session.scope,
            at=now,
            actor=f"author:{author_id}",
            kind="participant.leave",
            edits=[],
        )


def come_back(connection: Connection, author_id: str) -> None:
    mine = PARTICIPANT.c.author_id == author_id
    connection.execute(update(PARTICIPANT).where(mine).values(left_at=None))


def participant(connection: Connection, session: Session, author_id: str) -> Participant | None:
    """This author in this session."""
    asked = select(PARTICIPANT).where(
        PARTICIPANT.c.author_id == author_id, PARTICIPANT.c.session_id == session.id
    )
    row = connection.execute(asked).mappings().first()
    return Participant(**row) if row else None


def session_of(connection: Connection, author_id: str) -> str | None:
    """The id of the session that an author takes part in."""
    asked = select(PARTICIPANT.c.session_id).where(PARTICIPANT.c.author_id == author_id)
    found: str | None = connection.execute(asked).scalar()
    return found
