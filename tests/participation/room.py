"""A session to try things in, with people who take part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert

from datalab.participation import agenda, author, contribution, session
from datalab.participation.contribution import Contribution
from datalab.participation.session import Session
from datalab.participation.store import Store
from datalab.participation.tables.session import PARTICIPANT

YEAR = 365 * 86_400.0


def prepared(store: Store, receipt: str = "receipt-of-a-session", **more: Any) -> Session:
    """A draft of ana's."""
    told = {"title": "Rue apaisée", "question": "Comment apaiser la rue ?", **more}
    with store.writing() as connection:
        return session.create(connection, receipt=receipt, now=1.0, actor="ana", **told)


def opened(store: Store, phases: Sequence[str] = (), **more: Any) -> Session:
    made = prepared(store, **more)
    with store.writing() as connection:
        for place, kind in enumerate(phases):
            agenda.add(
                connection,
                made,
                kind=kind,
                title=kind.title(),
                seconds=600,
                receipt=f"phase-{place}",
                now=1.0,
                actor="ana",
            )
        return session.open(connection, made, now=1.0, actor="ana")


def joined(store: Store, made: Session, pseudonym: str) -> str:
    """The id of somebody new who takes part."""
    with store.writing() as connection:
        who = author.make(
            connection,
            kind="participant",
            now=2.0,
            expires_at=YEAR,
            consent="1",
            pseudonym=pseudonym,
        )
        row = {"author_id": who.id, "session_id": made.id, "pseudonym": pseudonym}
        connection.execute(insert(PARTICIPANT).values(**row, way="phone", joined_at=2.0))
        return who.id


def idea(
    store: Store, made: Session, text: str, who: str | None = None, **more: Any
) -> Contribution:
    """Sent, and waiting."""
    with store.writing() as connection:
        told = {"receipt": f"{made.id} {text.encode().hex()[:60]}", "now": 3.0, **more}
        return contribution.submit(connection, made, author=who, text=text, **told)


def accepted(
    store: Store, made: Session, text: str, who: str | None = None, **more: Any
) -> Contribution:
    one = idea(store, made, text, who, **more)
    with store.writing() as connection:
        return contribution.accept(connection, made, one, now=4.0, actor="ana")
