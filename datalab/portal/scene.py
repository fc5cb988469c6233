"""What everybody in a session sees, as small pieces of a page: made once, sent to every phone.

A piece is HTML under a key (``phase``, ``count``, ``idea-<id>``, …). Who listens is sent the pieces
that changed since what they have; nothing in a piece depends on who looks.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, func, select

from datalab.i18n import Language
from datalab.participation import agenda, decision, material, session, vote
from datalab.participation.agenda import Phase
from datalab.participation.contribution import Contribution, contributions
from datalab.participation.decision import Decision
from datalab.participation.material import Material
from datalab.participation.session import Session
from datalab.participation.store import Store
from datalab.participation.tables.author import PICTURE
from datalab.participation.tables.journal import CHANGE
from datalab.participation.tables.session import CLUSTER, PARTICIPANT

MOST = 64  # scenes kept
OLDER = 60  # states of one scene that are remembered by their digests


@dataclass(frozen=True)
class Idea:
    """An accepted idea or comment. ``by`` is a pseudonym; ``dots`` None while they are hidden."""

    one: Contribution
    by: str
    cluster: str
    dots: int | None
    alternative: str = ""  # what its photo shows
    comments: tuple[Idea, ...] = ()


@dataclass(frozen=True)
class Facts:
    """Everything that is public of a session at change number ``number``."""

    number: int
    session: Session
    phase: Phase | None
    phases: list[Phase]
    materials: list[Material]
    ideas: list[Idea]
    decisions: list[Decision]
    people: int
    sent: int
    voters: int


@dataclass(frozen=True)
class Scene:
    """``pieces`` in the order in which they stand; ``digests`` tell whether one changed."""

    number: int
    facts: Facts
    pieces: dict[str, str]
    digests: dict[str, str] = field(default_factory=dict)

    def since(self, known: Mapping[str, str]) -> dict[str, Any]:
        """What to change on a page that has ``known``."""
        changed = {k: v for k, v in self.pieces.items() if known.get(k) != self.digests[k]}
        ideas = [key for key in self.pieces if key.startswith("idea-")]
        return {"number": self.number, "pieces": changed, "ideas": ideas}


Draw = Callable[[Facts], dict[str, str]]


class Scenes:
    """The scenes that somebody looks at, each made once per change of its session."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._making: dict[Any, threading.Lock] = defaultdict(threading.Lock)
        self._scenes: OrderedDict[Any, Scene] = OrderedDict()
        self._older: dict[Any, OrderedDict[int, dict[str, str]]] = defaultdict(OrderedDict)

    def get(self, id: str, language: Language, draw: Draw, kind: str = "phone") -> Scene:
        """The scene of a session as it is now.

        Raises
        ------
        UnknownSession
        """
        key = (id, language, kind)
        with self._lock:
            making = self._making[key]
        with making, self.store.reading() as connection:
            newest = number_of(connection, id)
            held = self._scenes.get(key)
            if held is not None and held.number == newest:
                return held
            facts = facts_of(connection, id, newest)
            pieces = draw(facts)
            digests = {k: hashlib.sha256(v.encode()).hexdigest()[:12] for k, v in pieces.items()}
            made = Scene(newest, facts, pieces, digests)
            with self._lock:
                self._scenes[key] = made
                self._scenes.move_to_end(key)
                older = self._older[key]
                older[newest] = digests
                while len(older) > OLDER:
                    older.popitem(last=False)
                while len(self._scenes) > MOST:
                    gone, _ = self._scenes.popitem(last=False)
                    self._older.pop(gone, None)
                    self._making.pop(gone, None)
            return made

    def known(
        self, id: str, language: Language, number: int, kind: str = "phone"
    ) -> dict[str, str]:
        """The digests of a page that was made at ``number``; empty where that is long ago."""
        with self._lock:
            older = self._older.get((id, language, kind), OrderedDict[int, dict[str, str]]())
            return dict(older.get(number, {}))


def number_of(connection: Connection, id: str) -> int:
    """The number of the last change of a session."""
    asked = select(func.max(CHANGE.c.id)).where(CHANGE.c.scope == f"session:{id}")
    return connection.execute(asked).scalar() or 0


def facts_of(connection: Connection, id: str, number: int) -> Facts:
    """Read everything that is public of a session."""
    found = session.get(connection, id)
    everything = contributions(connection, found)
    names = _pairs(
        connection,
        select(PARTICIPANT.c.author_id, PARTICIPANT.c.pseudonym).where(
            PARTICIPANT.c.session_id == id
        ),
    )
    clusters = _pairs(
        connection, select(CLUSTER.c.id, CLUSTER.c.title).where(CLUSTER.c.session_id == id)
    )
    pictures = _pairs(
        connection,
        select(PICTURE.c.id, PICTURE.c.alternative).where(PICTURE.c.scope == found.scope),
    )
    shown = vote.counts_shown(found)
    counts = vote.counts(connection, found) if shown else {}

    def idea(one: Contribution) -> Idea:
        dots = counts.get(one.id, 0) if shown and one.kind == "idea" else None
        comments = tuple(idea(c) for c in accepted if c.parent_id == one.id)
        by = names.get(one.author_id or "", "")
        cluster = clusters.get(one.cluster_id or "", "")
        shows = pictures.get(one.picture_id or "", "")
        return Idea(one, by, cluster, dots, shows, comments)

    accepted = [one for one in everything if one.state == "accepted"]
    ideas = [idea(one) for one in accepted if one.kind == "idea"]
    if any(counts.values()):  # the result of a vote: the strongest first
        ideas.sort(key=lambda one: -(one.dots or 0))
    phases = agenda.phases(connection, found)
    return Facts(
        number=number,
        session=found,
        phase=next((phase for phase in phases if phase.id == found.phase_id), None),
        phases=phases,
        materials=material.materials(connection, found),
        ideas=ideas,
        decisions=decision.decisions(connection, found),
        people=session.present(connection, found),
        sent=sum(one.state != "withdrawn" for one in everything),
        voters=vote.voters(connection, found) if shown else 0,
    )


def _pairs(connection: Connection, asked: Select[Any]) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(asked)}
