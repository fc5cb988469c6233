"""The minutes of a session, made from what happened: one value that every format is written from.

They hold what everybody may read: the screened text of what was accepted, communes but no places,
counts but no people. What was rejected is counted and never shown. They are made anew each time
they are asked for: what became of decisions since the closing is left out
(:mod:`datalab.participation.follow_up` tells that), what was shown or written only then is told as
such, and what somebody had erased is gone from them too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from datalab.participation import foreword, journal, vote
from datalab.participation.attendance import Attendance, attendance
from datalab.participation.course import PhaseRun, course
from datalab.participation.harvest import (
    Group,
    Idea,
    Votes,
    counts_of,
    groups_of,
    heirs,
    ideas_of,
    is_late,
    ranked,
    rows_of,
    votes_of,
)
from datalab.participation.journal import Change
from datalab.participation.session import Session
from datalab.participation.tables.contribution import CONTRIBUTION, VOTE
from datalab.participation.tables.session import CLUSTER, DECISION, MATERIAL


@dataclass(frozen=True)
class Settled:
    """A decision as it was when the session closed; ``answers`` are texts of ideas."""

    id: str
    text: str
    owner: str
    due: str | None  # ISO date
    objections: tuple[str, ...]
    answers: tuple[str, ...]
    late: bool = False  # written only after the session was closed


@dataclass(frozen=True)
class Moderation:
    """How texts came to be shown."""

    before: bool  # whether somebody read each text before the others did
    masked: int  # shown with something covered
    rejected: int
    waiting: int


@dataclass(frozen=True)
class Minutes:
    """What happened in one session. Times are seconds since the epoch."""

    session_id: str
    title: str
    question: str
    place: str
    project: str | None
    starts_at: float | None
    ends_at: float | None
    opened_at: float | None
    closed_at: float | None
    draft: bool  # not closed yet
    edition: int  # how many times it was closed: 2 after it was opened again once
    demonstration: bool
    foreword: str
    attendance: Attendance
    phases: tuple[PhaseRun, ...]
    materials: tuple[str, ...]
    groups: tuple[Group, ...]
    remarks: tuple[str, ...]  # comments on nothing in particular
    counts: Mapping[str, int]  # ideas and comments by state
    votes: Votes
    decisions: tuple[Settled, ...]
    undecided: tuple[str, ...]  # texts of ideas that no decision answers
    titles: Mapping[str, str]  # of clusters, by id
    moderation: Moderation = field(default=Moderation(True, 0, 0, 0))

    @property
    def ideas(self) -> tuple[Idea, ...]:
        return tuple(idea for group in self.groups for idea in group.ideas)


def minutes(
    connection: Connection,
    session: Session,
    communes: Mapping[str, str],
) -> Minutes:
    """The minutes of ``session``, as things stand.

    ``communes`` gives names by INSEE code.
    """
    id = session.id
    changes = journal.since(connection, 0, session.scope)
    order = (CONTRIBUTION.c.position, CONTRIBUTION.c.submitted_at)
    rows = rows_of(connection, CONTRIBUTION, id, *order)
    votes = rows_of(connection, VOTE, id, VOTE.c.id) if vote.counts_shown(session) else []
    clusters = rows_of(connection, CLUSTER, id, CLUSTER.c.position, CLUSTER.c.id)
    ideas = ideas_of(connection, session, rows, votes, communes)
    decisions = _decisions(connection, session, changes, rows, ideas)
    answered = {heir for made in decisions for heir in made[1]}
    counts = counts_of(rows)
    return Minutes(
        session_id=id,
        title=session.title,
        question=session.question,
        place=session.place,
        project=session.project,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        opened_at=session.opened_at,
        closed_at=session.closed_at,
        draft=session.state != "closed",
        edition=_edition(changes),
        demonstration=session.demonstration,
        foreword=foreword.read(connection, id),
        attendance=attendance(connection, id),
        phases=course(connection, session, changes),
        materials=tuple(
            row["title"] for row in rows_of(connection, MATERIAL, id, MATERIAL.c.position)
        ),
        groups=groups_of(clusters, rows, ideas),
        remarks=tuple(
            row["said"]
            for row in rows
            if row["kind"] == "comment"
            and row["state"] == "accepted"
            and row["parent_id"] is None
            and row["said"]
        ),
        counts=counts,
        votes=votes_of(session, votes, ideas, heirs(rows), changes),
        decisions=tuple(made for made, _ in decisions),
        titles={cluster["id"]: cluster["title"] for cluster in clusters},
        undecided=tuple(i.text for i in ranked(ideas.values()) if i.id not in answered),
        moderation=Moderation(
            before=session.moderation == "before",
            masked=sum(
                1 for row in rows if row["state"] in {"accepted", "merged"} and _masked(row)
            ),
            rejected=counts["rejected"],
            waiting=counts["submitted"],
        ),
    )


def _decisions(
    connection: Connection,
    session: Session,
    changes: Sequence[Change],
    rows: list[dict[str, Any]],
    ideas: Mapping[str, Idea],
) -> list[tuple[Settled, list[str]]]:
    heir = heirs(rows)
    found = []
    for row in as_closed(
        rows_of(connection, DECISION, session.id, DECISION.c.created_at, DECISION.c.id),
        changes,
        session.closed_at,
    ):
        answered = [heir.get(id, id) for id in row["answers"]]
        answered = [id for id in dict.fromkeys(answered) if id in ideas]
        settled = Settled(
            id=row["id"],
            text=row["text"],
            owner=row["owner"],
            due=row["due"],
            objections=tuple(row["objections"]),
            answers=tuple(ideas[id].text for id in answered),
            late=is_late(session, row["created_at"]),
        )
        found.append((settled, answered))
    return found


def as_closed(
    decisions: list[dict[str, Any]], changes: Sequence[Change], closed_at: float | None
) -> list[dict[str, Any]]:
    """Decisions as they were at ``closed_at``, by the journal; later ones as they were made."""
    if closed_at is None:
        return decisions
    found = {row["id"]: row for row in decisions}
    for change in reversed(changes):
        if change.at <= closed_at:
            break
        for entry in reversed(change.rows):
            if entry["table"] != "decision":
                continue
            if entry["before"] is not None and entry["id"] in found:
                found[entry["id"]] = {**found[entry["id"]], **entry["before"]}
    return list(found.values())


def _masked(row: Mapping[str, Any]) -> bool:
    return bool(row["said"] and row["said"] != row["text"])


def _edition(changes: Sequence[Change]) -> int:
    """How often it was closed and stayed so for a while; 1 for one that is open yet."""
    return max(
        1, sum(1 for change in changes if change.kind == "session.close" and not change.undoes)
    )
