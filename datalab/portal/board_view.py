"""The board of a session as its facilitators see it: what waits, columns, phases, votes, undo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from datalab.i18n import Language, Phrase
from datalab.participation import agenda, decision, grouping, undoing, vote
from datalab.participation import session as sessions
from datalab.participation.agenda import Phase
from datalab.participation.contribution import Contribution, contributions
from datalab.participation.decision import Decision
from datalab.participation.journal import newest
from datalab.participation.screening import screen
from datalab.participation.session import Session
from datalab.participation.tables.session import PARTICIPANT
from datalab.participation.undoing import Done
from datalab.portal.page import PAGE_ONLY

WAITING, REJECTED, LOOSE = "waiting", "rejected", "none"  # lanes that are no cluster
CONCERNS: Mapping[str, Phrase] = {
    "personal-data": Phrase("personal data"),
    "hurtful": Phrase("hurtful word"),
    "link": Phrase("link"),
}


@dataclass(frozen=True)
class Piece:
    """A stretch of a text; ``concern`` says what screening found there, empty for nothing."""

    text: str
    concern: str = ""


@dataclass(frozen=True)
class Card:
    """One contribution. ``pieces`` is what was typed, with what screening found marked."""

    id: str
    lane: str
    position: float
    version: int
    state: str
    kind: str
    text: str
    said: str
    pieces: list[Piece]
    concerns: list[str]
    by: str
    way: str
    place: str
    picture: str | None
    about: str
    reason: str
    merged: list[str]
    comments: list[str]
    dots: int | None
    submitted_at: float


@dataclass(frozen=True)
class Lane:
    id: str
    title: str
    version: int
    cards: list[Card]


@dataclass(frozen=True)
class BoardView:
    """``number`` is the last change that it shows; ``now`` the server's clock, in seconds."""

    language: Language
    number: int
    now: float
    session: Session
    people: int
    waiting: Lane
    lanes: list[Lane]
    rejected: Lane
    phase: Phase | None
    following: Phase | None
    phases: list[Phase]
    voters: int
    counts_shown: bool
    decisions: list[Decision]
    history: list[Done] = field(metadata=PAGE_ONLY)
    mine: int | None = field(metadata=PAGE_ONLY)  # the last change of who looks, to be undone

    def __iter__(self) -> Any:
        yield from (self.waiting, *self.lanes, self.rejected)

    @property
    def cards(self) -> list[Card]:
        return [card for lane in self for card in lane.cards]


def board_of(
    connection: Connection,
    session: Session,
    account: str,
    language: Language,
    now: float,
    only: Collection[str] | None = None,
) -> BoardView:
    """The whole board; with ``only``, no other cards than these."""
    number = newest(connection)  # read first: what changes meanwhile is told again
    everything = contributions(
        connection, session, states=("submitted", "accepted", "rejected", "merged")
    )
    shown = vote.counts_shown(session)
    dots = vote.counts(connection, session) if shown else {}
    pseudonyms = _pseudonyms(connection, session)
    said = {one.id: one.said or one.text for one in everything}
    merged: dict[str, list[str]] = defaultdict(list)
    comments: dict[str, list[str]] = defaultdict(list)
    for one in everything:
        if one.state == "merged" and one.merged_into:
            merged[one.merged_into].append(one.said)
        elif one.kind == "comment" and one.state == "accepted" and one.parent_id:
            comments[one.parent_id].append(one.said)
    lanes: dict[str, list[Card]] = defaultdict(list)
    for one in everything:
        lane = lane_of(one)
        if lane is None or (only is not None and one.id not in only):
            continue
        lanes[lane].append(
            Card(
                id=one.id,
                lane=lane,
                position=one.submitted_at if lane == WAITING else one.position,
                version=one.version,
                state=one.state,
                kind=one.kind,
                text=one.text,
                said=one.said,
                pieces=pieces(one, language),
                concerns=_labels(one, language),
                by=pseudonyms.get(one.author_id or "", ""),
                way=one.way,
                place=one.place,
                picture=one.picture_id,
                about=said.get(one.parent_id or "", ""),
                reason=one.reason,
                merged=merged[one.id],
                comments=comments[one.id],
                dots=dots.get(one.id, 0) if shown and one.state == "accepted" else None,
                submitted_at=one.submitted_at,
            )
        )
    groups = [
        Lane(c.id, c.title, c.version, lanes[c.id]) for c in grouping.clusters(connection, session)
    ]
    history = undoing.last(connection, session)
    return BoardView(
        language=language,
        number=number,
        now=now,
        session=session,
        people=sessions.present(connection, session),
        waiting=Lane(WAITING, "", 0, sorted(lanes[WAITING], key=lambda c: (c.position, c.id))),
        lanes=[Lane(LOOSE, "", 0, lanes[LOOSE]), *groups],
        rejected=Lane(REJECTED, "", 0, lanes[REJECTED]),
        phase=agenda.running(connection, session),
        following=agenda.following(connection, session),
        phases=agenda.phases(connection, session),
        voters=vote.voters(connection, session),
        counts_shown=shown,
        decisions=decision.decisions(connection, session),
        history=history,
        mine=next(
            (d.id for d in history if d.actor == account and not d.undone and d.undoes is None),
            None,
        ),
    )


def lane_of(one: Contribution) -> str | None:
    """Where a contribution lies; None where it is seen with another, or not at all."""
    if one.state == "submitted":
        return WAITING
    if one.state == "rejected":
        return REJECTED
    if one.state == "accepted" and one.kind == "idea":
        return one.cluster_id or LOOSE
    return None


def pieces(one: Contribution, language: Language) -> list[Piece]:
    """What was typed, cut where something was found."""
    found, done = [], 0
    for concern in one.concerns:
        if concern.get("field"):
            continue
        start, end = int(concern["start"]), int(concern["end"])
        if start < done:
            continue
        found += [
            Piece(one.text[done:start]),
            Piece(one.text[start:end], _label(concern, language)),
        ]
        done = end
    found.append(Piece(one.text[done:]))
    return [piece for piece in found if piece.text]


def proposed(one: Contribution, language: Language) -> str:
    """What a moderator is offered to show: what stands, or what was typed with names masked."""
    return one.said or screen(one.text, language).said


def _labels(one: Contribution, language: Language) -> list[str]:
    return list(dict.fromkeys(_label(concern, language) for concern in one.concerns))


def _label(concern: Mapping[str, Any], language: Language) -> str:
    return CONCERNS.get(str(concern["kind"]), CONCERNS["hurtful"]).in_(language)


def _pseudonyms(connection: Connection, session: Session) -> dict[str, str]:
    asked = select(PARTICIPANT.c.author_id, PARTICIPANT.c.pseudonym).where(
        PARTICIPANT.c.session_id == session.id
    )
    return {row.author_id: row.pseudonym for row in connection.execute(asked)}
