"""Service levels: by when a report is answered and closed, and what happens where it is not.

Delays are in hours that pass, nights and holidays included: what a citizen waits is what the clock
says, and nobody has to know the calendar of a service to check it. A case is escalated once when
its answer is late and once when its closure is: it stands on top of the list from then on, and its
history says so.
"""

from __future__ import annotations

from sqlalchemy import Connection, and_, or_, select

from datalab.participation import journal
from datalab.participation.docket import answer_due, late
from datalab.participation.journal import Edit
from datalab.participation.tables.request import REQUEST, SERVICE

MOST_AT_ONCE = 200  # escalated in one turn of the keeper


def due(connection: Connection, now: float, limit: int = MOST_AT_ONCE) -> list[tuple[str, int]]:
    """Cases that became late since they were last escalated, the oldest first; their priority."""
    never = REQUEST.c.escalated_at.is_(None)
    answer_late = and_(
        REQUEST.c.answered_at.is_(None),
        answer_due() < now,
        or_(never, REQUEST.c.escalated_at < answer_due()),
    )
    closure_late = and_(
        REQUEST.c.expected_at < now, or_(never, REQUEST.c.escalated_at < REQUEST.c.expected_at)
    )
    asked = (
        select(REQUEST.c.id, REQUEST.c.priority)
        .join_from(REQUEST, SERVICE)
        .where(late(now), or_(answer_late, closure_late))
        .order_by(REQUEST.c.requested_at)
        .limit(limit)
    )
    return [(row.id, row.priority) for row in connection.execute(asked)]


def escalate(connection: Connection, now: float, limit: int = MOST_AT_ONCE) -> list[str]:
    """Mark what became late since the last time; ids of the cases."""
    found = due(connection, now, limit)
    for id, priority in found:
        values = {"escalated_at": now, "priority": priority + 1}
        journal.record(
            connection,
            scope=f"request:{id}",
            at=now,
            actor="lab",
            kind="request.escalate",
            edits=[Edit.update(REQUEST, id, values)],
        )
    return [id for id, _ in found]
