"""Co-design sessions: one meeting about one question, from draft to open to closed.

A Session has an agenda of Phases (:mod:`datalab.participation.agenda`), materials, a code of six
letters by which people join, and facilitators: accounts that run it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, func, select

from datalab.errors import CannotMove, FieldRefused, SessionNotOpen, UnknownItem, UnknownSession
from datalab.i18n import Phrase
from datalab.participation import code as codes
from datalab.participation import journal
from datalab.participation.batch import once
from datalab.participation.journal import Change, Edit
from datalab.participation.tables.session import CLUSTER, PARTICIPANT, PHASE, SESSION
from datalab.participation.wording import id_of, is_plain, said

State = Literal["draft", "open", "closed"]
STATES: dict[str, Phrase] = {
    "draft": Phrase("in preparation"),
    "open": Phrase("open now"),
    "closed": Phrase("over"),
}
LONGEST_TITLE = 120
LONGEST_QUESTION = 300
LONGEST_PLACE = 200
MOST_PEOPLE = 1_000
MOST_DOTS = 20
MOST_FACILITATORS = 20
DECIMALS = (2, 3, 4)  # of a released place: about 1 km, 100 m, 10 m


@dataclass(frozen=True)
class Session:
    """Times are seconds since the epoch. ``phase_id`` is the phase that runs."""

    id: str
    code: str
    project: str | None
    title: str
    question: str
    place: str
    template: str
    state: State
    moderation: Literal["before", "after"]
    capacity: int
    dots: int
    place_decimals: int
    facilitators: tuple[str, ...]
    phase_id: str | None
    voting: bool
    counts_hidden: bool
    demonstration: bool
    created_by: str
    starts_at: float | None
    ends_at: float | None
    created_at: float
    opened_at: float | None
    closed_at: float | None
    version: int

    @property
    def scope(self) -> str:
        return f"session:{self.id}"

    @property
    def shown_code(self) -> str:
        """As it is said aloud and printed: ``BCD FGH``."""
        return f"{self.code[:3]} {self.code[3:]}"


def create(
    connection: Connection,
    *,
    title: str,
    question: str,
    now: float,
    actor: str,
    receipt: str,
    project: str | None = None,
    template: str = "empty",
    place: str = "",
    starts_at: float | None = None,
    ends_at: float | None = None,
    facilitators: Sequence[str] = (),
    moderation: Literal["before", "after"] = "before",
    capacity: int = 50,
    dots: int = 3,
    place_decimals: int = 3,
    counts_hidden: bool = True,
    demonstration: bool = False,
) -> Session:
    """A draft, whose first facilitator is who made it; the same receipt makes it once.

    Raises
    ------
    FieldRefused
    """
    id = id_of(receipt, "session")
    known = connection.execute(select(SESSION).where(SESSION.c.id == id)).mappings().first()
    if known is not None:
        return of_row(known)
    named = list(dict.fromkeys([actor, *facilitators]))
    values = {
        "title": title,
        "question": question,
        "place": place,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "moderation": moderation,
        "capacity": capacity,
        "dots": dots,
        "place_decimals": place_decimals,
        "counts_hidden": counts_hidden,
        "facilitators": named,
        "project": project,
    }
    row = {
        "id": id,
        "code": codes.new(connection),
        "template": template,
        "state": "draft",
        "voting": False,
        "demonstration": demonstration,
        "created_by": actor,
        "created_at": now,
        **checked(values),
    }
    journal.record(
        connection,
        scope=f"session:{id}",
        at=now,
        actor=actor,
        kind="session.create",
        edits=[Edit.insert(SESSION, row)],
    )
    return get(connection, id)


def get(connection: Connection, id: str) -> Session:
    """
    Raises
    ------
    UnknownSession
    """

    def ask() -> Session | None:
        asked = select(SESSION).where(SESSION.c.id == id)
        row = connection.execute(asked).mappings().first() if is_plain(id) else None
        return of_row(row) if row is not None else None

    found = once(connection, ("session", id), ask)
    if found is None:
        raise UnknownSession(session=id[:40])
    return found


def by_code(connection: Connection, typed: str) -> Session:
    """The session of six letters, however they were typed (spaces, dashes, small letters).

    Raises
    ------
    UnknownSession
    """
    asked = select(SESSION).where(SESSION.c.code == codes.typed(typed))
    row = connection.execute(asked).mappings().first()
    if row is None:
        raise UnknownSession(session=typed[:40])
    return of_row(row)


def sessions(
    connection: Connection, *, state: State | None = None, project: str | None = None
) -> list[Session]:
    """All, the latest first by when they begin (or were made)."""
    asked = select(SESSION)
    if state is not None:
        asked = asked.where(SESSION.c.state == state)
    if project is not None:
        asked = asked.where(SESSION.c.project == project)
    when = func.coalesce(SESSION.c.starts_at, SESSION.c.created_at)
    asked = asked.order_by(when.desc(), SESSION.c.id)
    return [of_row(row) for row in connection.execute(asked).mappings()]


def edit(
    connection: Connection,
    session: Session,
    values: Mapping[str, Any],
    *,
    seen: int | None,
    now: float,
    actor: str,
    kind: str = "session.edit",
) -> Session:
    """Change settings of a session.

    Raises
    ------
    FieldRefused, Stale
    """
    edits = [Edit.update(SESSION, session.id, checked(values), seen=seen)]
    record(connection, session, kind, edits, now=now, actor=actor)
    return get(connection, session.id)


def open(
    connection: Connection, session: Session, *, now: float, actor: str, seen: int | None = None
) -> Session:
    """People may join and take part from now on (again, where it was closed).

    Raises
    ------
    CannotMove
        where it is open.
    """
    if session.state == "open":
        raise CannotMove(reason=Phrase("the session is open already"))
    values = {"state": "open", "opened_at": session.opened_at or now, "closed_at": None}
    return edit(connection, session, values, seen=seen, now=now, actor=actor, kind="session.open")


def close(
    connection: Connection, session: Session, *, now: float, actor: str, seen: int | None = None
) -> Session:
    """Nobody takes part any more; the vote ends with it, the running phase too.

    Raises
    ------
    SessionNotOpen
    """
    require_open(session)
    values = {"state": "closed", "closed_at": now, "voting": False, "phase_id": None}
    edits = [Edit.update(SESSION, session.id, values, seen=seen)]
    edits += ending(session, now)
    record(connection, session, "session.close", edits, now=now, actor=actor)
    return get(connection, session.id)


def ending(session: Session, now: float, seen: int | None = None) -> list[Edit]:
    """What ends the phase that runs."""
    if session.phase_id is None:
        return []
    return [Edit.update(PHASE, session.phase_id, {"ended_at": now}, seen=seen)]


def require_open(session: Session) -> None:
    """
    Raises
    ------
    SessionNotOpen
    """
    if session.state != "open":
        raise SessionNotOpen(state=STATES[session.state])


def require_cluster(connection: Connection, session: Session, cluster: str) -> None:
    """
    Raises
    ------
    UnknownItem
        where the session has no such group.
    """
    asked = select(CLUSTER.c.id).where(CLUSTER.c.id == cluster, CLUSTER.c.session_id == session.id)
    if connection.execute(asked).first() is None:
        raise UnknownItem(what=Phrase("group"))


def record(
    connection: Connection,
    session: Session,
    kind: str,
    edits: Sequence[Edit],
    *,
    now: float,
    actor: str,
) -> Change:
    """A change of this session, in the journal."""
    return journal.record(
        connection, scope=session.scope, at=now, actor=actor, kind=kind, edits=edits
    )


def present(connection: Connection, session: Session) -> int:
    """How many people joined and did not leave."""
    asked = select(func.count()).where(
        PARTICIPANT.c.session_id == session.id, PARTICIPANT.c.left_at.is_(None)
    )
    return connection.execute(asked).scalar_one()


def runs(session: Session, account: str, owns_project: bool) -> bool:
    """Whether an account runs this session: a facilitator of it, or an owner of its project."""
    return account in session.facilitators or owns_project


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a session as they may be kept.

    Raises
    ------
    FieldRefused
    """
    kept = dict(values)
    for name, most in (("title", LONGEST_TITLE), ("question", LONGEST_QUESTION)):
        if name in kept:
            kept[name] = said(name, kept[name], most)
    if "place" in kept:
        kept["place"] = said("place", kept["place"], LONGEST_PLACE, needed=False)
    for name, least, most in (("capacity", 1, MOST_PEOPLE), ("dots", 0, MOST_DOTS)):
        if name in kept and not least <= kept[name] <= most:
            raise FieldRefused(
                name, Phrase("A number from {least} to {most}.", least=least, most=most)
            )
    if "place_decimals" in kept and kept["place_decimals"] not in DECIMALS:
        raise FieldRefused("place_decimals", Phrase("Choose one of these."))
    if "moderation" in kept and kept["moderation"] not in ("before", "after"):
        raise FieldRefused("moderation", Phrase("Choose one of these."))
    begins, ends = kept.get("starts_at"), kept.get("ends_at")
    if begins is not None and ends is not None and ends <= begins:
        raise FieldRefused("ends_at", Phrase("The end comes after the beginning."))
    if "facilitators" in kept and not 1 <= len(kept["facilitators"]) <= MOST_FACILITATORS:
        reason = Phrase("A session has 1 to {most} facilitators.", most=MOST_FACILITATORS)
        raise FieldRefused("facilitators", reason)
    return kept


def of_row(row: RowMapping) -> Session:
    return Session(**{**row, "facilitators": tuple(row["facilitators"])})
