"""Materials of a session: maps, published pages and datasets of the lab, to read beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from datalab.errors import FieldRefused, UnknownItem
from datalab.i18n import Phrase
from datalab.participation.journal import Edit
from datalab.participation.session import Session, record
from datalab.participation.tables.session import MATERIAL
from datalab.participation.wording import id_of, is_plain, said

KINDS = ("map", "page", "dataset")
LONGEST_TITLE = 200
MOST = 30


@dataclass(frozen=True)
class Material:
    """``reference`` is the id of a dataset (also for a map), or ``project/name`` of a page."""

    id: str
    session_id: str
    position: int
    kind: str
    title: str
    reference: str
    version: int


def materials(connection: Connection, session: Session) -> list[Material]:
    asked = select(MATERIAL).where(MATERIAL.c.session_id == session.id)
    rows = connection.execute(asked.order_by(MATERIAL.c.position, MATERIAL.c.id)).mappings()
    return [Material(**row) for row in rows]


def get(connection: Connection, session: Session, id: str) -> Material:
    """
    Raises
    ------
    UnknownItem
    """
    asked = select(MATERIAL).where(MATERIAL.c.id == id, MATERIAL.c.session_id == session.id)
    row = connection.execute(asked).mappings().first() if is_plain(id) else None
    if row is None:
        raise UnknownItem(what=Phrase("material"))
    return Material(**row)


def add(
    connection: Connection,
    session: Session,
    *,
    kind: str,
    title: str,
    reference: str,
    receipt: str,
    now: float,
    actor: str,
) -> Material:
    """One more; whoever calls knows that the lab has what ``reference`` names.

    Raises
    ------
    FieldRefused
    """
    id = id_of(receipt, f"material {session.id}")
    there = materials(connection, session)
    for known in there:
        if known.id == id or (known.kind, known.reference) == (kind, reference):
            return known
    if kind not in KINDS:
        raise FieldRefused("material", Phrase("Choose something of the lab, from these lists."))
    if len(there) >= MOST:
        reason = Phrase("A session has {most} materials at most.", most=MOST)
        raise FieldRefused("material", reason)
    row = {
        "id": id,
        "session_id": session.id,
        "position": there[-1].position + 1 if there else 0,
        "kind": kind,
        "title": said("material", title, LONGEST_TITLE),
        "reference": reference,
    }
    record(connection, session, "material.add", [Edit.insert(MATERIAL, row)], now=now, actor=actor)
    return get(connection, session, id)


def place(
    connection: Connection, session: Session, one: Material, to: int, *, now: float, actor: str
) -> None:
    """Put a material at place ``to`` (0 the first)."""
    order = [m for m in materials(connection, session) if m.id != one.id]
    order.insert(max(0, min(to, len(order))), one)
    edits = [
        Edit.update(MATERIAL, m.id, {"position": place}, seen=m.version)
        for place, m in enumerate(order)
        if m.position != place
    ]
    if edits:
        record(connection, session, "material.move", edits, now=now, actor=actor)


def remove(
    connection: Connection, session: Session, one: Material, *, now: float, actor: str
) -> None:
    edits = [Edit.delete(MATERIAL, one.id)]
    record(connection, session, "material.remove", edits, now=now, actor=actor)
