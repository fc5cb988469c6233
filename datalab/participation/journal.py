"""Changes of rows, in order: who changed what, seen by everybody, and taken back by anybody.

Whoever changes a row says which version of it they saw; a row that somebody else changed since
raises :class:`Stale` instead of being overwritten. Every change is written down with what was
before, so that :func:`undo` takes it back as long as nobody built on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, cast

from sqlalchemy import (
    Column,
    Connection,
    DefaultClause,
    Insert,
    Select,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert

from datalab.errors import CannotUndo, Stale
from datalab.i18n import Phrase
from datalab.participation.batch import forget, later
from datalab.participation.tables import METADATA
from datalab.participation.tables.journal import CHANGE

Row = dict[str, Any]


@dataclass(frozen=True)
class Edit:
    """One row of a table with a ``version``: made, changed or taken away.

    ``seen`` is the version that was looked at; None where it does not matter.
    """

    table: Table
    id: str
    does: Literal["insert", "update", "delete"]
    values: Row = field(default_factory=dict)
    seen: int | None = None

    @classmethod
    def insert(cls, table: Table, values: Row) -> Edit:
        return cls(table, str(values[_key(table)]), "insert", values)

    @classmethod
    def update(cls, table: Table, id: str, values: Row, seen: int | None = None) -> Edit:
        return cls(table, id, "update", values, seen)

    @classmethod
    def delete(cls, table: Table, id: str, seen: int | None = None) -> Edit:
        return cls(table, id, "delete", {}, seen)


@dataclass(frozen=True)
class Change:
    """One entry of the journal. ``rows`` is [{"table", "id", "before", "after"}]."""

    id: int
    scope: str
    at: float
    actor: str
    kind: str
    rows: Sequence[Mapping[str, Any]]
    undoes: int | None


def record(
    connection: Connection,
    *,
    scope: str,
    at: float,
    actor: str,
    kind: str,
    edits: Iterable[Edit],
    undoes: int | None = None,
) -> Change:
    """Do the edits and write them down, all or none.

    ``kind`` is a ``noun.verb``: ``contribution.accept``. ``before`` and ``after`` hold the columns
    that changed, versions included.

    Raises
    ------
    Stale
        where a row is no longer at the version that was ``seen``, or is gone.
    """
    rows = [_done(connection, edit) for edit in edits]
    values = {"scope": scope, "at": at, "actor": actor, "kind": kind, "rows": rows}
    number = connection.execute(_RECORDING, {**values, "undoes": undoes}).scalar_one()
    return Change(number, scope, at, actor, kind, rows, undoes)


def enter(
    connection: Connection,
    table: Table,
    values: Row,
    *,
    scope: str,
    at: float,
    actor: str,
    kind: str,
) -> Row:
    """Write a new row down, as :func:`record` does, with all others of this commit at its end.

    What this commit was told of the table before stays as it is: see
    :func:`datalab.participation.batch.learn`.

    Returns
    -------
    dict
        the whole row, with what the database puts where nothing is said
    """
    row = {**_unsaid(table), **values}
    later(connection, _entering(table), row)
    entry = {"table": table.name, "id": str(row[_key(table)]), "before": None, "after": row}
    change = {"scope": scope, "at": at, "actor": actor, "kind": kind, "rows": [entry]}
    later(connection, _RECORDING_LATER, {**change, "undoes": None})
    return row


def undo(connection: Connection, change: int, *, at: float, actor: str) -> Change:
    """Take a change back; taking that back in turn does it again.

    Raises
    ------
    CannotUndo
        where it is unknown, an erasure, was taken back already, or a row of it was changed since.
    """
    found = find(connection, change)
    if found is None:
        raise CannotUndo(reason=Phrase("there is no trace of it"))
    if found.kind.endswith(".erase"):
        raise CannotUndo(reason=Phrase("its author had it erased"))
    if connection.execute(select(CHANGE.c.id).where(CHANGE.c.undoes == change)).first():
        raise CannotUndo(reason=Phrase("it was undone already"))
    edits = [_reverse(row) for row in reversed(found.rows)]
    try:
        return record(
            connection,
            scope=found.scope,
            at=at,
            actor=actor,
            kind=found.kind,
            edits=edits,
            undoes=change,
        )
    except Stale:
        raise CannotUndo(reason=Phrase("somebody changed it again since")) from None


def find(connection: Connection, change: int) -> Change | None:
    row = connection.execute(select(CHANGE).where(CHANGE.c.id == change)).mappings().first()
    return Change(**row) if row else None


def since(
    connection: Connection,
    number: int,
    scope: str | None = None,
    *,
    noun: str | None = None,
    most: int | None = None,
) -> list[Change]:
    """Changes after ``number``, in order; of one scope, of a kind (``request:*``), or of all.

    ``noun`` is what the kinds of changes begin with ("session" for ``session.edit``); the newest
    ``most`` are read, where that is said.
    """
    asked = select(CHANGE).where(CHANGE.c.id > number)
    if scope is not None and scope.endswith(":*"):
        asked = asked.where(CHANGE.c.scope.startswith(scope[:-1], autoescape=True))
    elif scope is not None:
        asked = asked.where(CHANGE.c.scope == scope)
    if noun is not None:
        asked = asked.where(CHANGE.c.kind.startswith(f"{noun}.", autoescape=True))
    if most is None:
        ordered = asked.order_by(CHANGE.c.id)
        return [Change(**row) for row in connection.execute(ordered).mappings()]
    newest_first = asked.order_by(CHANGE.c.id.desc()).limit(most)
    return [Change(**row) for row in connection.execute(newest_first).mappings()][::-1]


def newest(connection: Connection) -> int:
    """The number of the last change, 0 before the first."""
    asked = select(CHANGE.c.id).order_by(CHANGE.c.id.desc()).limit(1)
    return connection.execute(asked).scalar() or 0


def _key(table: Table) -> str:
    return str(next(iter(table.primary_key.columns)).name)


def _done(connection: Connection, edit: Edit) -> dict[str, Any]:
    table, column = edit.table, edit.table.c[_key(edit.table)]
    forget(connection, table.name)
    entry: dict[str, Any] = {"table": table.name, "id": edit.id}
    if edit.does == "insert":
        made = connection.execute(_inserting(table), {"version": 1, **edit.values})
        return {**entry, "before": None, "after": dict(made.mappings().one())}
    before = _whole(connection, table, edit.id)
    if before is None or (edit.seen is not None and before["version"] != edit.seen):
        raise Stale(what=f"{table.name} {edit.id}", current=before)
    if edit.does == "delete":
        connection.execute(delete(table).where(column == edit.id))
        return {**entry, "before": before, "after": None}
    values = {**edit.values, "version": before["version"] + 1}
    done = connection.execute(
        update(table)
        .where(column == edit.id, table.c.version == before["version"])
        .values(**values)
    )
    if done.rowcount != 1:
        raise Stale(what=f"{table.name} {edit.id}", current=before)
    return {**entry, "before": {name: before[name] for name in values}, "after": values}


def _whole(connection: Connection, table: Table, id: str) -> Row | None:
    row = connection.execute(_holding(table), {"of": id}).mappings().first()
    return dict(row) if row else None


# Statements that every change needs are made once: that takes longer than carrying them out.
_RECORDING = insert(CHANGE).returning(CHANGE.c.id)
_RECORDING_LATER = insert(CHANGE)


@cache
def _inserting(table: Table) -> ReturningInsert[Any]:
    return insert(table).returning(*table.columns)


@cache
def _entering(table: Table) -> Insert:
    return insert(table)


@cache
def _unsaid(table: Table) -> Row:
    """What stands in a new row where nothing is said."""
    return {column.name: _default(column) for column in table.columns}


def _default(column: Column[Any]) -> Any:
    if column.server_default is None:
        return None
    words = str(cast(DefaultClause, column.server_default).arg)
    kind = column.type.python_type
    return words == "1" if kind is bool else kind(words)


@cache
def _holding(table: Table) -> Select[Any]:
    """A row, held until the end of the transaction where the database has many writers."""
    return select(table).where(table.c[_key(table)] == bindparam("of")).with_for_update()


def _reverse(row: Mapping[str, Any]) -> Edit:
    table = METADATA.tables[row["table"]]
    before, after = row["before"], row["after"]
    if before is None:
        return Edit.delete(table, row["id"], seen=after["version"])
    if after is None:
        return Edit.insert(table, {**before, "version": before["version"] + 1})
    values = {name: value for name, value in before.items() if name != "version"}
    return Edit.update(table, row["id"], values, seen=after["version"])
