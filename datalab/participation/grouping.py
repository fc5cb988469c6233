"""Grouping: clusters of contributions, their order, and contributions joined into one.

What is merged keeps its words and its author; it lies under the one it was merged into, and its
votes are counted there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from datalab.errors import CannotMove, FieldRefused, UnknownItem
from datalab.i18n import Phrase
from datalab.participation.contribution import Contribution, change, contributions, show_pictures
from datalab.participation.contribution import get as contribution
from datalab.participation.journal import Edit
from datalab.participation.screening import screen
from datalab.participation.session import Session, record
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.participation.tables.session import CLUSTER
from datalab.participation.wording import id_of, is_plain, said

LONGEST_TITLE = 80
MOST = 40  # clusters
STEP = 1024.0  # between two neighbours that were put in order anew
NARROWEST = 1e-3  # between two neighbours, before that is done


@dataclass(frozen=True)
class Cluster:
    id: str
    session_id: str
    title: str
    position: int
    version: int


def clusters(connection: Connection, session: Session) -> list[Cluster]:
    asked = select(CLUSTER).where(CLUSTER.c.session_id == session.id)
    rows = connection.execute(asked.order_by(CLUSTER.c.position, CLUSTER.c.id)).mappings()
    return [Cluster(**row) for row in rows]


def get(connection: Connection, session: Session, id: str) -> Cluster:
    """
    Raises
    ------
    UnknownItem
    """
    asked = select(CLUSTER).where(CLUSTER.c.id == id, CLUSTER.c.session_id == session.id)
    row = connection.execute(asked).mappings().first() if is_plain(id) else None
    if row is None:
        raise UnknownItem(what=Phrase("group"))
    return Cluster(**row)


def make(
    connection: Connection,
    session: Session,
    *,
    title: str,
    receipt: str,
    now: float,
    actor: str,
) -> Cluster:
    """One more cluster, at the end; the same receipt makes it once.

    Raises
    ------
    FieldRefused
    """
    id = id_of(receipt, f"cluster {session.id}")
    there = clusters(connection, session)
    for known in there:
        if known.id == id:
            return known
    if len(there) >= MOST:
        raise FieldRefused("title", Phrase("A session has {most} groups at most.", most=MOST))
    position = there[-1].position + 1 if there else 0
    title = said("title", title, LONGEST_TITLE)
    row = {"id": id, "session_id": session.id, "title": title, "position": position}
    record(connection, session, "cluster.make", [Edit.insert(CLUSTER, row)], now=now, actor=actor)
    return get(connection, session, id)


def rename(
    connection: Connection,
    session: Session,
    one: Cluster,
    title: str,
    *,
    now: float,
    actor: str,
    seen: int | None = None,
) -> Cluster:
    """Raises FieldRefused, Stale."""
    values = {"title": said("title", title, LONGEST_TITLE)}
    edits = [Edit.update(CLUSTER, one.id, values, seen=seen)]
    record(connection, session, "cluster.rename", edits, now=now, actor=actor)
    return get(connection, session, one.id)


def place(
    connection: Connection, session: Session, one: Cluster, to: int, *, now: float, actor: str
) -> None:
    """Put a cluster at place ``to`` (0 the first)."""
    order = [c for c in clusters(connection, session) if c.id != one.id]
    order.insert(max(0, min(to, len(order))), one)
    edits = [
        Edit.update(CLUSTER, c.id, {"position": place}, seen=c.version)
        for place, c in enumerate(order)
        if c.position != place
    ]
    if edits:
        record(connection, session, "cluster.move", edits, now=now, actor=actor)


def remove(
    connection: Connection,
    session: Session,
    one: Cluster,
    *,
    now: float,
    actor: str,
    seen: int | None = None,
) -> None:
    """Take a cluster away; what it held is in none.

    Raises
    ------
    Stale
    """
    inside = select(CONTRIBUTION.c.id, CONTRIBUTION.c.version).where(
        CONTRIBUTION.c.cluster_id == one.id
    )
    edits = [
        Edit.update(CONTRIBUTION, id, {"cluster_id": None}, seen=version)
        for id, version in connection.execute(inside).all()
    ]
    edits.append(Edit.delete(CLUSTER, one.id, seen=seen))
    record(connection, session, "cluster.remove", edits, now=now, actor=actor)


def move(
    connection: Connection,
    session: Session,
    one: Contribution,
    cluster: str | None,
    *,
    now: float,
    actor: str,
    before: str | None = None,
    seen: int | None = None,
) -> Contribution:
    """Put a contribution into a cluster (None: in none), before another one or at its end.

    Raises
    ------
    UnknownItem, CannotMove, Stale
    """
    if one.state != "accepted":
        raise CannotMove(reason=Phrase("only what is shown to everybody lies on the board"))
    if cluster is not None:
        get(connection, session, cluster)
    lane = [
        other
        for other in contributions(connection, session, states=("accepted",))
        if other.cluster_id == cluster and other.kind == one.kind and other.id != one.id
    ]
    at = next((place for place, other in enumerate(lane) if other.id == before), len(lane))
    low = lane[at - 1].position if at else None
    high = lane[at].position if at < len(lane) else None
    edits: list[Edit] = []
    if low is not None and high is not None and high - low < NARROWEST:
        edits = [
            Edit.update(CONTRIBUTION, other.id, {"position": place * STEP}, seen=other.version)
            for place, other in enumerate(lane)
        ]
        low, high = (at - 1) * STEP, at * STEP
    values = {"cluster_id": cluster, "position": _between(low, high, one.position)}
    edits.append(Edit.update(CONTRIBUTION, one.id, values, seen=seen))
    record(connection, session, "contribution.move", edits, now=now, actor=actor)
    return contribution(connection, session, one.id)


def merge(
    connection: Connection,
    session: Session,
    one: Contribution,
    into: Contribution,
    *,
    now: float,
    actor: str,
    seen: int | None = None,
) -> Contribution:
    """Join an idea, and what was joined with it, with another one that is shown.

    Raises
    ------
    CannotMove, Stale
    """
    if one.id == into.id:
        raise CannotMove(reason=Phrase("an idea cannot be joined with itself"))
    if into.state != "accepted" or into.kind != "idea" or one.kind != "idea":
        raise CannotMove(reason=Phrase("only ideas that are shown to everybody can be joined"))
    if one.state == "submitted":
        if one.concerns or one.picture_id:
            raise CannotMove(
                reason=Phrase("read it before you join it: something in it was marked")
            )
        shown = {"said": screen(one.text).said, "decided_by": actor, "decided_at": now}
    elif one.state == "accepted":
        shown = {}
    else:
        raise CannotMove(reason=Phrase("only ideas that are shown to everybody can be joined"))
    values = {"state": "merged", "merged_into": into.id, **shown}
    edits = [Edit.update(CONTRIBUTION, one.id, values, seen=seen)]
    edits += [
        Edit.update(CONTRIBUTION, other.id, {"merged_into": into.id}, seen=other.version)
        for other in merged(connection, session, one.id)
    ]
    # Whoever undid or rejected the other one at the same time is told by its version.
    edits.append(Edit.update(CONTRIBUTION, into.id, {}, seen=into.version))
    record(connection, session, "contribution.merge", edits, now=now, actor=actor)
    show_pictures(connection, [one.id])
    return contribution(connection, session, one.id)


def split(
    connection: Connection,
    session: Session,
    one: Contribution,
    *,
    now: float,
    actor: str,
    seen: int | None = None,
) -> Contribution:
    """Let a merged idea stand by itself again.

    Raises
    ------
    CannotMove, Stale
    """
    if one.state != "merged":
        raise CannotMove(reason=Phrase("it is not joined with another"))
    values = {"state": "accepted", "merged_into": None}
    return change(connection, session, one, "split", values, now=now, actor=actor, seen=seen)


def merged(connection: Connection, session: Session, id: str) -> Sequence[Contribution]:
    """What was joined with an idea."""
    asked = select(CONTRIBUTION).where(
        CONTRIBUTION.c.session_id == session.id,
        CONTRIBUTION.c.merged_into == id,
        CONTRIBUTION.c.state == "merged",
    )
    rows = connection.execute(
        asked.order_by(CONTRIBUTION.c.submitted_at, CONTRIBUTION.c.id)
    ).mappings()
    return [Contribution(**row) for row in rows]


def _between(low: float | None, high: float | None, alone: float) -> float:
    if low is None and high is None:
        return alone
    if high is None:
        return (low or 0.0) + STEP
    return high - STEP if low is None else (low + high) / 2
