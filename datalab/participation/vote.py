"""Votes by dots: each participant spreads a quota over ideas while the vote is open.

What was merged into an idea brings its dots along: they are counted where it went.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, delete, func, insert, select, update

from datalab.errors import FieldRefused, NoDotsLeft, UnknownItem, VoteClosed
from datalab.i18n import Phrase
from datalab.participation import journal
from datalab.participation.author import short_id
from datalab.participation.contribution import Contribution
from datalab.participation.session import Session, edit, require_open
from datalab.participation.tables.contribution import CONTRIBUTION, VOTE
from datalab.participation.tables.session import PARTICIPANT


def cast(
    connection: Connection,
    session: Session,
    author: str,
    one: Contribution,
    dots: int,
    *,
    now: float,
) -> int:
    """Give ``dots`` to an idea in place of what this author gave it before; 0 takes them back.

    Returns how many dots are left. Doing it twice changes nothing.

    Raises
    ------
    SessionNotOpen, VoteClosed, NoDotsLeft, UnknownItem, FieldRefused
    """
    require_open(session)
    if not session.voting:
        raise VoteClosed
    if one.state != "accepted" or one.kind != "idea" or one.session_id != session.id:
        raise UnknownItem(what=Phrase("contribution"))
    if not 0 <= dots <= session.dots:
        reason = Phrase("A number from {least} to {most}.", least=0, most=session.dots)
        raise FieldRefused("dots", reason)
    # Two requests of one phone come one after the other, also where many write at once.
    here = select(PARTICIPANT.c.author_id).where(
        PARTICIPANT.c.author_id == author, PARTICIPANT.c.session_id == session.id
    )
    if connection.execute(here.with_for_update()).first() is None:
        raise UnknownItem(what=Phrase("participant"))
    given = of_author(connection, session, author)
    # What it gave to an idea that was merged into this one counts as given to this one.
    inside = _inside(connection, session, one.id)
    held = sum(given.get(id, 0) for id in inside)
    left = session.dots - sum(given.values()) + held
    if dots > left:
        raise NoDotsLeft(dots=session.dots, left=left - held)
    if dots != held or any(given.get(id) for id in inside - {one.id}):
        _keep(connection, session, author, one.id, inside, dots, now)
        journal.record(
            connection, scope=session.scope, at=now, actor="lab", kind="vote.cast", edits=[]
        )
    return left - dots


def _keep(
    connection: Connection,
    session: Session,
    author: str,
    id: str,
    inside: set[str],
    dots: int,
    now: float,
) -> None:
    mine = VOTE.c.author_id == author
    connection.execute(delete(VOTE).where(mine, VOTE.c.contribution_id.in_(inside - {id})))
    done = connection.execute(
        update(VOTE).where(mine, VOTE.c.contribution_id == id).values(dots=dots, at=now)
    )
    if done.rowcount == 0:
        row = {"id": short_id(), "session_id": session.id, "contribution_id": id}
        connection.execute(insert(VOTE).values(**row, author_id=author, dots=dots, at=now))


def of_author(connection: Connection, session: Session, author: str) -> dict[str, int]:
    """Dots of one author by contribution, as they were given."""
    asked = (
        select(VOTE.c.contribution_id, VOTE.c.dots)
        .join(CONTRIBUTION, CONTRIBUTION.c.id == VOTE.c.contribution_id)
        .where(VOTE.c.session_id == session.id, VOTE.c.author_id == author, VOTE.c.dots > 0)
        .where(CONTRIBUTION.c.state.in_(("accepted", "merged")))
    )
    return {row.contribution_id: row.dots for row in connection.execute(asked)}


def counts(connection: Connection, session: Session) -> Mapping[str, int]:
    """Dots by accepted idea, what was merged into it included."""
    asked = (
        select(func.coalesce(CONTRIBUTION.c.merged_into, CONTRIBUTION.c.id), func.sum(VOTE.c.dots))
        .join(CONTRIBUTION, CONTRIBUTION.c.id == VOTE.c.contribution_id)
        .where(VOTE.c.session_id == session.id)
        .where(CONTRIBUTION.c.state.in_(("accepted", "merged")))
        .group_by(func.coalesce(CONTRIBUTION.c.merged_into, CONTRIBUTION.c.id))
    )
    found: dict[str, int] = defaultdict(int)
    for id, dots in connection.execute(asked):
        found[id] = int(dots)
    return found


def voted(connection: Connection, session: Session) -> set[str]:
    """Ideas that anybody ever gave a dot to, under where they went."""
    asked = (
        select(func.coalesce(CONTRIBUTION.c.merged_into, CONTRIBUTION.c.id))
        .join(VOTE, CONTRIBUTION.c.id == VOTE.c.contribution_id)
        .where(VOTE.c.session_id == session.id)
        .distinct()
    )
    return set(connection.execute(asked).scalars())


def voters(connection: Connection, session: Session) -> int:
    """How many people gave at least one dot."""
    asked = select(func.count(func.distinct(VOTE.c.author_id))).where(
        VOTE.c.session_id == session.id, VOTE.c.dots > 0
    )
    return connection.execute(asked).scalar_one()


def open_vote(
    connection: Connection, session: Session, *, now: float, actor: str, seen: int | None = None
) -> Session:
    """
    Raises
    ------
    SessionNotOpen, FieldRefused, Stale
    """
    require_open(session)
    if session.dots < 1:
        raise FieldRefused("dots", Phrase("Give each participant at least one dot first."))
    return edit(
        connection, session, {"voting": True}, seen=seen, now=now, actor=actor, kind="vote.open"
    )


def close_vote(
    connection: Connection, session: Session, *, now: float, actor: str, seen: int | None = None
) -> Session:
    """Raises Stale."""
    return edit(
        connection, session, {"voting": False}, seen=seen, now=now, actor=actor, kind="vote.close"
    )


def counts_shown(session: Session) -> bool:
    """Whether counts may be shown now: not while people vote, where the session hides them."""
    return not (session.voting and session.counts_hidden)


def _inside(connection: Connection, session: Session, id: str) -> set[str]:
    asked = select(CONTRIBUTION.c.id).where(
        CONTRIBUTION.c.session_id == session.id,
        CONTRIBUTION.c.merged_into == id,
        CONTRIBUTION.c.state == "merged",
    )
    return {id, *connection.execute(asked).scalars()}
