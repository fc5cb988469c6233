"""What became of the decisions of a session: their state, the news of it, and what is overdue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from datalab.errors import CannotUndo
from datalab.i18n import Phrase
from datalab.participation import decision, journal, undoing
from datalab.participation.contribution import contributions
from datalab.participation.decision import Decision
from datalab.participation.harvest import heirs
from datalab.participation.journal import Change
from datalab.participation.session import Session

ENDED = ("done", "dropped")
TOLD = "decision.state"


@dataclass(frozen=True)
class Step:
    """Something that was said of a decision; ``at`` is in seconds since the epoch."""

    at: float
    state: str
    news: str


@dataclass(frozen=True)
class Followed:
    """``answers`` are texts of ideas; ``history`` has the newest step first."""

    decision: Decision
    answers: tuple[str, ...]
    overdue: bool
    history: tuple[Step, ...]


def followed(connection: Connection, session: Session, today: date) -> list[Followed]:
    """Every decision of ``session``, in the order in which they were made."""
    changes = journal.since(connection, 0, session.scope)
    told = {one.id: one for one in contributions(connection, session)}
    heir = heirs([vars(one) for one in told.values()])
    found = []
    for made in decision.decisions(connection, session):
        ideas = dict.fromkeys(heir.get(id, id) for id in made.answers)
        found.append(
            Followed(
                decision=made,
                answers=tuple(
                    told[id].said for id in ideas if id in told and told[id].state == "accepted"
                ),
                overdue=is_overdue(made, today),
                history=tuple(reversed(_history(made, changes))),
            )
        )
    return found


def is_overdue(made: Decision, today: date) -> bool:
    """Whether its day has passed and it is neither done nor dropped."""
    if made.due is None or made.state in ENDED:
        return False
    return date.fromisoformat(made.due) < today


def report(
    connection: Connection,
    session: Session,
    id: str,
    *,
    state: str,
    news: str,
    seen: int | None,
    now: float,
    actor: str,
) -> Change | None:
    """Say where a decision stands; None where nothing changed by it.

    Raises
    ------
    UnknownItem, FieldRefused, Stale
    """
    made = decision.get(connection, session, id)
    if (made.state, made.news) == (state, news.replace("\r\n", "\n").strip()):
        return None
    values = {"state": state, "news": news}
    decision.update(connection, session, made, values, now=now, actor=actor, seen=seen)
    return journal.since(connection, 0, session.scope)[-1]


def take_back(
    connection: Connection, session: Session, change: int, *, now: float, actor: str
) -> Change:
    """Undo what was said of a decision.

    Raises
    ------
    CannotUndo
    """
    found = journal.find(connection, change)
    if found is None or found.kind != TOLD:
        raise CannotUndo(reason=Phrase("there is no trace of it"))
    return undoing.undo(connection, session, change, now=now, actor=actor)


def _history(made: Decision, changes: Sequence[Change]) -> list[Step]:
    """What was said of it over time; what was taken back is not told."""
    undone = {change.undoes for change in changes if change.undoes}
    steps: list[Step] = []
    state, news = "planned", ""
    for change in changes:
        if change.id in undone or change.undoes:
            continue
        for entry in change.rows:
            if entry["table"] != "decision" or entry["id"] != made.id or entry["after"] is None:
                continue
            after = entry["after"]
            state, news = after.get("state", state), after.get("news", news)
            if not steps or (state, news) != (steps[-1].state, steps[-1].news):
                steps.append(Step(change.at, state, news))
    return steps
