"""The minutes of a session, made from what happened: one value that every format is written from.

They hold what everybody may read: the screened text of what was accepted, communes but no places,
counts but no people. What was rejected is counted and never shown. They are made anew each time
they are asked for and say the same each time: a closed session does not change, what became of
its decisions since is left out (:mod:`datalab.participation.follow_up` tells that), and what
somebody had erased is gone from them too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from datalab.participation import journal
from datalab.participation.attendance import Attendance, attendance
from datalab.participation.course import PhaseRun, course
from datalab.participation.journal import Change, Edit
from datalab.participation.session import Session, record
from datalab.participation.tables.author import PICTURE
from datalab.participation.tables.contribution import CONTRIBUTION, VOTE
from datalab.participation.tables.session import CLUSTER, DECISION, FOREWORD, MATERIAL
from datalab.participation.wording import said

STATES = ("accepted", "merged", "submitted", "rejected", "withdrawn")
LONGEST_FOREWORD = 3_000  # characters
DEEPEST = 50  # contributions merged into one another, one after the other


@dataclass(frozen=True)
class Idea:
    """A contribution that was accepted, and what was merged into it or said about it."""

    id: str
    text: str
    commune: str  # its name, "" where none was given
    picture: str  # what the picture shows, in words; "" where there is none
    evidence: str
    dots: int
    voters: int
    merged: tuple[str, ...]
    comments: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """A cluster; the title "" stands for what is in none."""

    title: str
    ideas: tuple[Idea, ...]
    counts: Mapping[str, int]  # contributions of the group by state

    @property
    def dots(self) -> int:
        return sum(idea.dots for idea in self.ideas)


@dataclass(frozen=True)
class Votes:
    """``ties`` are the ideas that share a place among those that got dots, best place first."""

    quota: int
    participants: int
    dots: int
    ties: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Settled:
    """A decision as it was when the session closed; ``answers`` are texts of ideas."""

    id: str
    text: str
    owner: str
    due: str | None  # ISO date
    objections: tuple[str, ...]
    answers: tuple[str, ...]


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
    rows = _rows(connection, CONTRIBUTION, id, CONTRIBUTION.c.position, CONTRIBUTION.c.submitted_at)
    votes = _rows(connection, VOTE, id, VOTE.c.id)
    clusters = _rows(connection, CLUSTER, id, CLUSTER.c.position, CLUSTER.c.id)
    ideas = _ideas(connection, rows, votes, communes)
    decisions = _decisions(connection, session, changes, rows, ideas)
    answered = {heir for made in decisions for heir in made[1]}
    counts = _counts(rows)
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
        foreword=foreword(connection, id),
        attendance=attendance(connection, id),
        phases=course(connection, session, changes),
        materials=tuple(
            row["title"] for row in _rows(connection, MATERIAL, id, MATERIAL.c.position)
        ),
        groups=_groups(clusters, rows, ideas),
        remarks=tuple(
            row["said"]
            for row in rows
            if row["kind"] == "comment"
            and row["state"] == "accepted"
            and row["parent_id"] is None
            and row["said"]
        ),
        counts=counts,
        votes=_votes(session, votes, ideas, heirs(rows)),
        decisions=tuple(made for made, _ in decisions),
        titles={cluster["id"]: cluster["title"] for cluster in clusters},
        undecided=tuple(i.text for i in _ranked(ideas.values()) if i.id not in answered),
        moderation=Moderation(
            before=session.moderation == "before",
            masked=sum(
                1 for row in rows if row["state"] in {"accepted", "merged"} and _masked(row)
            ),
            rejected=counts["rejected"],
            waiting=counts["submitted"],
        ),
    )


def foreword(connection: Connection, session: str) -> str:
    """What those who ran the session with this id say before its minutes."""
    asked = select(FOREWORD.c.text).where(FOREWORD.c.session_id == session)
    return connection.execute(asked).scalar() or ""


def write_foreword(
    connection: Connection, session: Session, text: str, *, now: float, actor: str
) -> Change:
    """
    Raises
    ------
    FieldRefused
    """
    text = said("foreword", text, LONGEST_FOREWORD, needed=False)
    known = connection.execute(
        select(FOREWORD.c.session_id).where(FOREWORD.c.session_id == session.id)
    ).first()
    made = Edit.insert(FOREWORD, {"session_id": session.id, "text": text})
    edit = Edit.update(FOREWORD, session.id, {"text": text}) if known else made
    return record(connection, session, "minutes.foreword", [edit], now=now, actor=actor)


def heirs(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The contribution that each one ended in: itself, or the end of its chain of merges."""
    into = {row["id"]: row["merged_into"] for row in rows if row["state"] == "merged"}
    found = {}
    for row in rows:
        last = row["id"]
        for _ in range(DEEPEST):
            if not into.get(last):
                break
            last = into[last]
        found[row["id"]] = last
    return found


def _rows(connection: Connection, table: Any, session: str, *order: Any) -> list[dict[str, Any]]:
    asked = select(table).where(table.c.session_id == session).order_by(*order)
    return [dict(row) for row in connection.execute(asked).mappings()]


def _ideas(
    connection: Connection,
    rows: list[dict[str, Any]],
    votes: list[dict[str, Any]],
    communes: Mapping[str, str],
) -> dict[str, Idea]:
    heir = heirs(rows)
    dots: dict[str, int] = defaultdict(int)
    voters: dict[str, set[str]] = defaultdict(set)
    for vote in votes:
        if vote["dots"]:
            root = heir.get(vote["contribution_id"], vote["contribution_id"])
            dots[root] += vote["dots"]
            voters[root].add(vote["author_id"])
    merged: dict[str, list[str]] = defaultdict(list)
    comments: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if not row["said"]:
            continue
        if row["state"] == "merged":
            merged[heir[row["id"]]].append(row["said"])
        elif row["kind"] == "comment" and row["state"] == "accepted" and row["parent_id"]:
            comments[heir.get(row["parent_id"], row["parent_id"])].append(row["said"])
    pictures = _pictures(connection, rows)
    return {
        row["id"]: Idea(
            id=row["id"],
            text=row["said"],
            commune=communes.get(row["commune"] or "", ""),
            picture=pictures.get(row["picture_id"] or "", ""),
            evidence=_title(row["evidence"]),
            dots=dots[row["id"]],
            voters=len(voters[row["id"]]),
            merged=tuple(merged[row["id"]]),
            comments=tuple(comments[row["id"]]),
        )
        for row in rows
        if row["kind"] == "idea" and row["state"] == "accepted"
    }


def _pictures(connection: Connection, rows: list[dict[str, Any]]) -> dict[str, str]:
    ids = {row["picture_id"] for row in rows if row["picture_id"]}
    asked = select(PICTURE.c.id, PICTURE.c.alternative).where(
        PICTURE.c.id.in_(ids), PICTURE.c.accepted
    )
    return {id: text or "–" for id, text in connection.execute(asked)} if ids else {}


def _title(evidence: Any) -> str:
    return str(evidence.get("title", "")) if isinstance(evidence, dict) else ""


def _groups(
    clusters: list[dict[str, Any]], rows: list[dict[str, Any]], ideas: Mapping[str, Idea]
) -> tuple[Group, ...]:
    heir, by_id = heirs(rows), {row["id"]: row for row in rows}
    known = {cluster["id"] for cluster in clusters}
    by_cluster: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        # A comment counts where its idea is, and that where it was joined.
        root = by_id.get(heir.get(row["parent_id"] or row["id"], row["id"]), row)
        by_cluster[root["cluster_id"] if root["cluster_id"] in known else None].append(row)
    titled = [(cluster["id"], cluster["title"]) for cluster in clusters]
    found = []
    for id, title in [*titled, (None, "")]:
        held = _ranked(ideas[row["id"]] for row in by_cluster[id] if row["id"] in ideas)
        if held or title:
            found.append(Group(title, tuple(held), _counts(by_cluster[id])))
    return tuple(found)


def _ranked(ideas: Any) -> list[Idea]:
    """Most dots first; as they stood on the board where dots are equal."""
    return sorted(ideas, key=lambda idea: -idea.dots)


def _counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {state: sum(1 for row in rows if row["state"] == state) for state in STATES}


def _votes(
    session: Session,
    votes: list[dict[str, Any]],
    ideas: Mapping[str, Idea],
    heir: Mapping[str, str],
) -> Votes:
    shown = {id for id, root in heir.items() if root in ideas}
    places: dict[int, list[str]] = defaultdict(list)
    for idea in ideas.values():
        if idea.dots:
            places[idea.dots].append(idea.text)
    return Votes(
        quota=session.dots,
        participants=len(
            {v["author_id"] for v in votes if v["dots"] and v["contribution_id"] in shown}
        ),
        dots=sum(idea.dots for idea in ideas.values()),
        ties=tuple(
            tuple(places[dots]) for dots in sorted(places, reverse=True) if places[dots][1:]
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
        _rows(connection, DECISION, session.id, DECISION.c.created_at, DECISION.c.id),
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
        )
        found.append((settled, answered))
    return found


def as_closed(
    decisions: list[dict[str, Any]], changes: Sequence[Change], closed_at: float | None
) -> list[dict[str, Any]]:
    """Decisions as they were at ``closed_at``: what the journal says of later is taken back."""
    if closed_at is None:
        return decisions
    found = {row["id"]: row for row in decisions}
    for change in reversed(changes):
        if change.at <= closed_at:
            break
        for entry in reversed(change.rows):
            if entry["table"] != "decision":
                continue
            if entry["before"] is None:
                found.pop(entry["id"], None)
            elif entry["id"] in found:
                found[entry["id"]] = {**found[entry["id"]], **entry["before"]}
    return list(found.values())


def _masked(row: Mapping[str, Any]) -> bool:
    return bool(row["said"] and row["said"] != row["text"])


def _edition(changes: Sequence[Change]) -> int:
    """How often it was closed and stayed so for a while; 1 for one that is open yet."""
    return max(
        1, sum(1 for change in changes if change.kind == "session.close" and not change.undoes)
    )
