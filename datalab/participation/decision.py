"""Decisions of a session: who does what until when, what was said against it, what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from sqlalchemy import Connection, select

from datalab.errors import FieldRefused, UnknownItem
from datalab.i18n import Phrase
from datalab.participation.contribution import contributions
from datalab.participation.journal import Edit
from datalab.participation.session import Session, record
from datalab.participation.tables.session import DECISION
from datalab.participation.wording import id_of, is_plain, said

State = Literal["planned", "started", "done", "dropped"]
STATES: dict[str, Phrase] = {
    "planned": Phrase("planned"),
    "started": Phrase("started"),
    "done": Phrase("done"),
    "dropped": Phrase("dropped"),
}
LONGEST = 500
LONGEST_OWNER = 120
LONGEST_NEWS = 1_000
MOST_OBJECTIONS = 30
MOST = 100


@dataclass(frozen=True)
class Decision:
    """``due`` is an ISO date; ``answers`` are ids of the contributions it answers."""

    id: str
    session_id: str
    text: str
    owner: str
    due: str | None
    state: State
    news: str
    objections: Sequence[str]
    answers: Sequence[str]
    created_at: float
    updated_at: float
    version: int


def make(
    connection: Connection,
    session: Session,
    *,
    text: str,
    owner: str,
    due: str | None,
    receipt: str,
    now: float,
    actor: str,
    answers: Sequence[str] = (),
    objections: Sequence[str] = (),
) -> Decision:
    """The same receipt makes it once.

    Raises
    ------
    FieldRefused
    """
    id = id_of(receipt, f"decision {session.id}")
    there = decisions(connection, session)
    for known in there:
        if known.id == id:
            return known
    if len(there) >= MOST:
        raise FieldRefused("text", Phrase("A session has {most} decisions at most.", most=MOST))
    values = {"text": text, "owner": owner, "due": due, "answers": answers}
    row = {
        "id": id,
        "session_id": session.id,
        "state": "planned",
        "created_at": now,
        "updated_at": now,
        **checked(connection, session, {**values, "objections": objections}),
    }
    record(connection, session, "decision.make", [Edit.insert(DECISION, row)], now=now, actor=actor)
    return get(connection, session, id)


def get(connection: Connection, session: Session, id: str) -> Decision:
    """
    Raises
    ------
    UnknownItem
    """
    asked = select(DECISION).where(DECISION.c.id == id, DECISION.c.session_id == session.id)
    row = connection.execute(asked).mappings().first() if is_plain(id) else None
    if row is None:
        raise UnknownItem(what=Phrase("decision"))
    return Decision(**row)


def decisions(connection: Connection, session: Session) -> list[Decision]:
    asked = select(DECISION).where(DECISION.c.session_id == session.id)
    rows = connection.execute(asked.order_by(DECISION.c.created_at, DECISION.c.id)).mappings()
    return [Decision(**row) for row in rows]


def update(
    connection: Connection,
    session: Session,
    one: Decision,
    values: Mapping[str, Any],
    *,
    now: float,
    actor: str,
    seen: int | None = None,
) -> Decision:
    """Change any of text, owner, due, state, news, objections, answers.

    Raises
    ------
    FieldRefused, Stale
    """
    kept = {**checked(connection, session, values), "updated_at": now}
    verb = "state" if {"state", "news"} & set(values) else "edit"
    edits = [Edit.update(DECISION, one.id, kept, seen=seen)]
    record(connection, session, f"decision.{verb}", edits, now=now, actor=actor)
    return get(connection, session, one.id)


def remove(
    connection: Connection,
    session: Session,
    one: Decision,
    *,
    now: float,
    actor: str,
    seen: int | None = None,
) -> None:
    """Raises Stale."""
    edits = [Edit.delete(DECISION, one.id, seen=seen)]
    record(connection, session, "decision.remove", edits, now=now, actor=actor)


def checked(connection: Connection, session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    """
    Raises
    ------
    FieldRefused
    """
    kept = dict(values)
    for name, most, needed in (
        ("text", LONGEST, True),
        ("owner", LONGEST_OWNER, True),
        ("news", LONGEST_NEWS, False),
    ):
        if name in kept:
            kept[name] = said(name, kept[name], most, needed=needed)
    if "due" in kept:
        kept["due"] = _day(kept["due"])
    if "state" in kept and kept["state"] not in get_args(State):
        raise FieldRefused("state", Phrase("Choose one of these."))
    if "objections" in kept:
        told = [said("objections", text, LONGEST, needed=False) for text in kept["objections"]]
        kept["objections"] = [text for text in told if text][:MOST_OBJECTIONS]
    if "answers" in kept:
        known = {
            one.id for one in contributions(connection, session, states=("accepted", "merged"))
        }
        kept["answers"] = [id for id in dict.fromkeys(kept["answers"]) if id in known]
    return kept


def _day(typed: str | None) -> str | None:
    if not typed:
        return None
    try:
        return date.fromisoformat(typed).isoformat()
    except ValueError:
        raise FieldRefused("due", Phrase("A day, as in 2026-11-30.")) from None
