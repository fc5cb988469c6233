"""What a session gathered: ideas with what was joined to them, in their groups, and their votes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from datalab.participation.journal import Change
from datalab.participation.session import Session
from datalab.participation.tables.author import PICTURE

STATES = ("accepted", "merged", "submitted", "rejected", "withdrawn")
DEEPEST = 50  # contributions merged into one another, one after the other
UNDESCRIBED = "–"  # a picture of which nobody said what it shows
Row = dict[str, Any]


@dataclass(frozen=True)
class Idea:
    """A contribution that was accepted, and what was merged into it or said about it."""

    id: str
    text: str
    commune: str  # its name, "" where none was given
    picture: str  # what it shows, in words, or UNDESCRIBED; "" where there is none
    evidence: str
    dots: int
    voters: int
    merged: tuple[str, ...]
    comments: tuple[str, ...]
    late: bool = False  # shown only after the session was closed


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
    """``ties`` are the ideas that share a place among those that got dots, best place first.

    ``rounds`` is how many times the vote was opened: its counts were seen at each closing.
    """

    quota: int
    participants: int
    dots: int
    ties: tuple[tuple[str, ...], ...]
    rounds: int = 1


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


def rows_of(connection: Connection, table: Any, session: str, *order: Any) -> list[Row]:
    asked = select(table).where(table.c.session_id == session).order_by(*order)
    return [dict(row) for row in connection.execute(asked).mappings()]


def ideas_of(
    connection: Connection,
    session: Session,
    rows: list[Row],
    votes: list[Row],
    communes: Mapping[str, str],
) -> dict[str, Idea]:
    heir = heirs(rows)
    dots: dict[str, int] = defaultdict(int)
    voters: dict[str, set[str]] = defaultdict(set)
    for given in votes:
        if given["dots"]:
            id = str(given["contribution_id"])
            root = heir.get(id, id)
            dots[root] += given["dots"]
            voters[root].add(given["author_id"])
    merged: dict[str, list[str]] = defaultdict(list)
    comments: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if not row["said"]:
            continue
        if row["state"] == "merged":
            merged[heir[row["id"]]].append(row["said"])
        elif row["kind"] == "comment" and row["state"] == "accepted" and row["parent_id"]:
            parent = str(row["parent_id"])
            comments[heir.get(parent, parent)].append(row["said"])
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
            late=is_late(session, row["decided_at"] or row["submitted_at"]),
        )
        for row in rows
        if row["kind"] == "idea" and row["state"] == "accepted"
    }


def _pictures(connection: Connection, rows: list[Row]) -> dict[str, str]:
    ids = {row["picture_id"] for row in rows if row["picture_id"]}
    asked = select(PICTURE.c.id, PICTURE.c.alternative).where(
        PICTURE.c.id.in_(ids), PICTURE.c.accepted
    )
    return {id: text or UNDESCRIBED for id, text in connection.execute(asked)} if ids else {}


def _title(evidence: Any) -> str:
    return str(evidence.get("title", "")) if isinstance(evidence, dict) else ""


def groups_of(clusters: list[Row], rows: list[Row], ideas: Mapping[str, Idea]) -> tuple[Group, ...]:
    heir, by_id = heirs(rows), {row["id"]: row for row in rows}
    known = {cluster["id"] for cluster in clusters}
    by_cluster: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        # A comment counts where its idea is, and that where it was joined.
        root = by_id.get(heir.get(row["parent_id"] or row["id"], row["id"]), row)
        by_cluster[root["cluster_id"] if root["cluster_id"] in known else None].append(row)
    titled = [(cluster["id"], cluster["title"]) for cluster in clusters]
    found = []
    for id, title in [*titled, (None, "")]:
        held = ranked(ideas[row["id"]] for row in by_cluster[id] if row["id"] in ideas)
        if held or title:
            found.append(Group(title, tuple(held), counts_of(by_cluster[id])))
    return tuple(found)


def ranked(ideas: Iterable[Idea]) -> list[Idea]:
    """Most dots first; as they stood on the board where dots are equal."""
    return sorted(ideas, key=lambda idea: -idea.dots)


def counts_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {state: sum(1 for row in rows if row["state"] == state) for state in STATES}


def votes_of(
    session: Session,
    votes: list[Row],
    ideas: Mapping[str, Idea],
    heir: Mapping[str, str],
    changes: Sequence[Change] = (),
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
        rounds=max(1, sum(_opens(change) for change in changes)),
    )


def _opens(change: Change) -> bool:
    """Whether a change opened the vote, as one or as taking back that it was closed."""
    return any(
        row["table"] == "session" and row["after"] and row["after"].get("voting") is True
        for row in change.rows
    )


def is_late(session: Session, at: float) -> bool:
    return session.closed_at is not None and at > session.closed_at
