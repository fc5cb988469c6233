"""The agenda of a session: Phases in order, each with a length, one of them running.

A phase inform, diverge (say ideas), cluster (sort them), converge (choose) or decide. Screens
count down from ``started_at + seconds`` by the server's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Connection, select

from datalab.errors import CannotMove, FieldRefused, UnknownItem
from datalab.i18n import Phrase
from datalab.participation.journal import Edit
from datalab.participation.session import Session, ending, record, require_open
from datalab.participation.tables.session import PHASE, SESSION
from datalab.participation.wording import id_of, is_plain, said

Kind = Literal["inform", "diverge", "cluster", "converge", "decide"]
KINDS: dict[str, Phrase] = {
    "inform": Phrase("Inform"),
    "diverge": Phrase("Gather ideas"),
    "cluster": Phrase("Sort"),
    "converge": Phrase("Choose"),
    "decide": Phrase("Decide"),
}
LONGEST_TITLE = 80
LONGEST_INSTRUCTION = 500
LONGEST = 8 * 3600  # seconds of one phase
MOST = 30  # phases


@dataclass(frozen=True)
class Phase:
    """``seconds`` is planned, extensions included. It runs from start to end."""

    id: str
    session_id: str
    position: int
    kind: Kind
    title: str
    instruction: str
    seconds: int
    started_at: float | None
    ended_at: float | None
    version: int

    @property
    def running(self) -> bool:
        return self.started_at is not None and self.ended_at is None

    def left(self, now: float) -> float:
        """Seconds left by plan, below 0 where it lasts longer than that."""
        return self.seconds - (now - self.started_at) if self.started_at is not None else 0.0


def phases(connection: Connection, session: Session) -> list[Phase]:
    asked = select(PHASE).where(PHASE.c.session_id == session.id)
    rows = connection.execute(asked.order_by(PHASE.c.position, PHASE.c.id)).mappings()
    return [Phase(**row) for row in rows]


def get(connection: Connection, session: Session, id: str) -> Phase:
    """
    Raises
    ------
    UnknownItem
    """
    asked = select(PHASE).where(PHASE.c.id == id, PHASE.c.session_id == session.id)
    row = connection.execute(asked).mappings().first() if is_plain(id) else None
    if row is None:
        raise UnknownItem(what=Phrase("phase"))
    return Phase(**row)


def running(connection: Connection, session: Session) -> Phase | None:
    return get(connection, session, session.phase_id) if session.phase_id else None


def add(
    connection: Connection,
    session: Session,
    *,
    kind: str,
    title: str,
    seconds: int,
    receipt: str,
    now: float,
    actor: str,
    instruction: str = "",
) -> Phase:
    """One more phase, at the end.

    Raises
    ------
    FieldRefused
    """
    id = id_of(receipt, "phase")
    there = phases(connection, session)
    for phase in there:
        if phase.id == id:
            return phase
    if len(there) >= MOST:
        raise FieldRefused("title", Phrase("A session has {most} phases at most.", most=MOST))
    values = checked({"kind": kind, "title": title, "seconds": seconds, "instruction": instruction})
    position = there[-1].position + 1 if there else 0
    row = {"id": id, "session_id": session.id, "position": position, **values}
    record(connection, session, "phase.add", [Edit.insert(PHASE, row)], now=now, actor=actor)
    return get(connection, session, id)


def edit(
    connection: Connection,
    session: Session,
    phase: Phase,
    values: dict[str, Any],
    *,
    seen: int | None,
    now: float,
    actor: str,
) -> Phase:
    """Raises FieldRefused, Stale."""
    edits = [Edit.update(PHASE, phase.id, checked(values), seen=seen)]
    record(connection, session, "phase.edit", edits, now=now, actor=actor)
    return get(connection, session, phase.id)


def remove(
    connection: Connection,
    session: Session,
    phase: Phase,
    *,
    seen: int | None,
    now: float,
    actor: str,
) -> None:
    """
    Raises
    ------
    CannotMove
        where it runs.
    """
    if phase.running:
        raise CannotMove(reason=Phrase("this phase is running; stop it first"))
    edits = [Edit.delete(PHASE, phase.id, seen=seen)]
    record(connection, session, "phase.remove", edits, now=now, actor=actor)


def place(
    connection: Connection, session: Session, phase: Phase, to: int, *, now: float, actor: str
) -> None:
    """Put a phase at place ``to`` (0 the first) of the agenda."""
    order = [p for p in phases(connection, session) if p.id != phase.id]
    order.insert(max(0, min(to, len(order))), phase)
    edits = moved(order)
    if edits:
        record(connection, session, "phase.move", edits, now=now, actor=actor)


def moved(order: Sequence[Phase]) -> list[Edit]:
    return [
        Edit.update(PHASE, p.id, {"position": place}, seen=p.version)
        for place, p in enumerate(order)
        if p.position != place
    ]


def start(
    connection: Connection,
    session: Session,
    phase: Phase,
    *,
    now: float,
    actor: str,
    seen: int | None = None,
) -> Phase:
    """Run this phase from now on, in place of the one that ran.

    Raises
    ------
    SessionNotOpen, CannotMove, Stale
    """
    require_open(session)
    if phase.running:
        raise CannotMove(reason=Phrase("this phase is running already"))
    edits = ending(session, now)
    edits += [
        Edit.update(PHASE, phase.id, {"started_at": now, "ended_at": None}, seen=seen),
        Edit.update(SESSION, session.id, {"phase_id": phase.id}, seen=session.version),
    ]
    record(connection, session, "phase.start", edits, now=now, actor=actor)
    return get(connection, session, phase.id)


def following(connection: Connection, session: Session) -> Phase | None:
    """The phase after the one that runs; where none runs, after the last that ran."""
    order = phases(connection, session)
    done = [place for place, p in enumerate(order) if p.started_at is not None]
    if session.phase_id:
        done = [place for place, p in enumerate(order) if p.id == session.phase_id]
    at = done[-1] + 1 if done else 0
    return order[at] if at < len(order) else None


def extend(
    connection: Connection,
    session: Session,
    phase: Phase,
    *,
    now: float,
    actor: str,
    seconds: int = 60,
    seen: int | None = None,
) -> Phase:
    """More time; a phase that lasts too long already has ``seconds`` left from now.

    Raises
    ------
    CannotMove, Stale
    """
    if not phase.running:
        raise CannotMove(reason=Phrase("this phase is not running"))
    planned = phase.seconds - round(min(0.0, phase.left(now))) + seconds
    if not 10 <= planned <= LONGEST:
        raise CannotMove(reason=Phrase("a phase lasts 8 hours at most"))
    edits = [Edit.update(PHASE, phase.id, {"seconds": planned}, seen=seen)]
    record(connection, session, "phase.extend", edits, now=now, actor=actor)
    return get(connection, session, phase.id)


def stop(
    connection: Connection, session: Session, *, now: float, actor: str, seen: int | None = None
) -> None:
    """End the phase that runs; none follows.

    Raises
    ------
    CannotMove, Stale
    """
    if session.phase_id is None:
        raise CannotMove(reason=Phrase("no phase is running"))
    edits = ending(session, now, seen)
    edits.append(Edit.update(SESSION, session.id, {"phase_id": None}, seen=session.version))
    record(connection, session, "phase.stop", edits, now=now, actor=actor)


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """
    Raises
    ------
    FieldRefused
    """
    kept = dict(values)
    if "kind" in kept and kept["kind"] not in get_args(Kind):
        raise FieldRefused("kind", Phrase("Choose one of these."))
    if "title" in kept:
        kept["title"] = said("title", kept["title"], LONGEST_TITLE)
    if "instruction" in kept:
        most = LONGEST_INSTRUCTION
        kept["instruction"] = said("instruction", kept["instruction"], most, needed=False)
    if "seconds" in kept and not 30 <= kept["seconds"] <= LONGEST:
        raise FieldRefused("seconds", Phrase("From half a minute to 8 hours."))
    return kept
