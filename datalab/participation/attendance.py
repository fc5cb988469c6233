"""How many took part, by which way: counts, never people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from datalab.participation.tables.session import PARTICIPANT

WAYS = ("phone", "account", "paper", "facilitator")


@dataclass(frozen=True)
class Attendance:
    """``peak`` is the most people at once, as far as who left said so."""

    total: int
    peak: int
    ways: Mapping[str, int]


def attendance(connection: Connection, session: str) -> Attendance:
    """Of the session with this id."""
    asked = select(PARTICIPANT.c.way, PARTICIPANT.c.joined_at, PARTICIPANT.c.left_at)
    rows = connection.execute(asked.where(PARTICIPANT.c.session_id == session)).all()
    counted = Counter(way for way, _, _ in rows)
    # Who leaves makes room before who comes in the same moment.
    steps = [(joined, 1) for _, joined, _ in rows]
    steps += [(left, -1) for _, _, left in rows if left is not None]
    there = peak = 0
    for _, step in sorted(steps):
        there += step
        peak = max(peak, there)
    ways = {way: counted[way] for way in dict.fromkeys([*WAYS, *sorted(counted)]) if counted[way]}
    return Attendance(len(rows), peak, ways)
