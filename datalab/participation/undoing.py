"""Undoing: the last changes of a session, and taking one back so that everything still fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from datalab.errors import CannotUndo
from datalab.i18n import Phrase
from datalab.participation import journal
from datalab.participation.contribution import show_pictures
from datalab.participation.journal import Change
from datalab.participation.session import Session
from datalab.participation.tables import METADATA
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.participation.tables.journal import CHANGE
from datalab.participation.tables.session import PHASE

# What facilitators do, and so may take back. What people say and vote is theirs.
UNDOABLE: Mapping[str, Phrase] = {
    "contribution.accept": Phrase("showed “{name}”"),
    "contribution.reject": Phrase("did not show “{name}”"),
    "contribution.edit": Phrase("reworded “{name}”"),
    "contribution.move": Phrase("moved “{name}”"),
    "contribution.merge": Phrase("joined “{name}” with another"),
    "contribution.split": Phrase("took “{name}” out again"),
    "cluster.make": Phrase("made the group “{name}”"),
    "cluster.rename": Phrase("renamed the group “{name}”"),
    "cluster.move": Phrase("moved a group"),
    "cluster.remove": Phrase("took away the group “{name}”"),
    "decision.make": Phrase("wrote the decision “{name}”"),
    "decision.edit": Phrase("changed the decision “{name}”"),
    "decision.state": Phrase("told of the decision “{name}”"),
    "decision.remove": Phrase("took away the decision “{name}”"),
    "phase.add": Phrase("added the phase “{name}”"),
    "phase.edit": Phrase("changed the phase “{name}”"),
    "phase.move": Phrase("moved a phase"),
    "phase.remove": Phrase("took away the phase “{name}”"),
    "phase.start": Phrase("started the phase “{name}”"),
    "phase.extend": Phrase("gave more time to “{name}”"),
    "phase.stop": Phrase("stopped the phase “{name}”"),
    "material.add": Phrase("added “{name}”"),
    "material.move": Phrase("moved a material"),
    "material.remove": Phrase("took away “{name}”"),
    "session.edit": Phrase("changed the settings"),
    "session.open": Phrase("opened the session"),
    "session.close": Phrase("closed the session"),
    "vote.open": Phrase("opened the vote"),
    "vote.close": Phrase("closed the vote"),
}
LONGEST_NAME = 60


@dataclass(frozen=True)
class Done:
    """One change by a facilitator: ``said`` without who did it; ``undone`` where it was."""

    id: int
    at: float
    actor: str
    kind: str
    name: str
    undoes: int | None
    undone: bool

    @property
    def said(self) -> Phrase:
        template = UNDOABLE[self.kind].template
        return Phrase(template, name=self.name) if "{name}" in template else Phrase(template)


def last(connection: Connection, session: Session, most: int = 30) -> list[Done]:
    """The newest changes by facilitators, the newest first."""
    asked = (
        select(CHANGE)
        .where(CHANGE.c.scope == session.scope, CHANGE.c.kind.in_(tuple(UNDOABLE)))
        .where(CHANGE.c.actor.not_like("author:%"))
        .order_by(CHANGE.c.id.desc())
        .limit(most)
    )
    found = [Change(**row) for row in connection.execute(asked).mappings()]
    numbers = [change.id for change in found]
    undone = set(
        connection.execute(select(CHANGE.c.undoes).where(CHANGE.c.undoes.in_(numbers))).scalars()
    )
    names = _names(connection, found)
    return [
        Done(
            change.id,
            change.at,
            change.actor,
            change.kind,
            names.get(change.id, ""),
            change.undoes,
            change.id in undone,
        )
        for change in found
    ]


def undo(
    connection: Connection, session: Session, number: int, *, now: float, actor: str
) -> Change:
    """Take back a change of this session by a facilitator; taking that back does it again.

    Raises
    ------
    CannotUndo
    """
    change = journal.find(connection, number)
    if change is None or change.scope != session.scope:
        raise CannotUndo(reason=Phrase("there is no trace of it"))
    if change.kind not in UNDOABLE or change.actor.startswith("author:"):
        raise CannotUndo(reason=Phrase("this is not for facilitators to undo"))
    _check_emptied(connection, change)
    _check_merged(connection, change)
    undone = journal.undo(connection, number, at=now, actor=actor)
    touched = [row["id"] for row in undone.rows if row["table"] == CONTRIBUTION.name]
    show_pictures(connection, touched)
    return undone


def _check_emptied(connection: Connection, change: Change) -> None:
    """A cluster that would go must hold nothing: the database would let go of it silently."""
    going = [
        row["id"] for row in change.rows if row["before"] is None and row["table"] == "cluster"
    ]
    held = select(CONTRIBUTION.c.id).where(CONTRIBUTION.c.cluster_id.in_(going)).limit(1)
    if going and connection.execute(held).first():
        raise CannotUndo(reason=Phrase("the group holds contributions; move them first"))


def _check_merged(connection: Connection, change: Change) -> None:
    """What others were joined with since cannot go back to being unseen."""
    if change.kind != "contribution.accept":
        return
    ids = [row["id"] for row in change.rows]
    held = select(CONTRIBUTION.c.id).where(CONTRIBUTION.c.merged_into.in_(ids)).limit(1)
    if connection.execute(held).first():
        raise CannotUndo(reason=Phrase("others were joined with it; take them out first"))


def _names(connection: Connection, changes: list[Change]) -> dict[int, str]:
    """What each change was about, in the words of now (or of then, where it is gone)."""
    found: dict[int, str] = {}
    wanted: dict[str, dict[str, list[int]]] = {}
    for change in changes:
        for row in _about(change):
            named = _named(row["after"]) or _named(row["before"])
            if named:
                found[change.id] = named
            wanted.setdefault(row["table"], {}).setdefault(row["id"], []).append(change.id)
    for name, rows in wanted.items():
        table = METADATA.tables[name]
        key = next(iter(table.primary_key.columns))
        for now in connection.execute(select(table).where(key.in_(list(rows)))).mappings():
            for number in rows[now[key.name]]:
                found[number] = _named(dict(now)) or found.get(number, "")
    return found


def _about(change: Change) -> Sequence[Mapping[str, Any]]:
    """The row that names a change: the first, or the phase that began (not the one it ended)."""
    if change.kind != "phase.start":
        return change.rows[:1]
    phases = [row for row in change.rows if row["table"] == PHASE.name]
    return [r for r in phases if _began(r["before"]) != _began(r["after"])][:1]


def _began(phase: Mapping[str, Any] | None) -> Any:
    return phase.get("started_at") if phase else None


def _named(row: Mapping[str, Any] | None) -> str:
    """The text of a contribution, the title of anything else."""
    words = next(
        (str(row[n]) for n in ("said", "title", "text") if row and row.get(n)),
        "",
    )
    words = " ".join(words.split())
    return words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…"
