"""What those who ran a session say before its minutes."""

from __future__ import annotations

from sqlalchemy import Connection, select

from datalab.participation.journal import Change, Edit
from datalab.participation.session import Session, record
from datalab.participation.tables.session import FOREWORD
from datalab.participation.wording import said

LONGEST = 3_000  # characters


def read(connection: Connection, session: str) -> str:
    """What those who ran the session with this id say before its minutes."""
    asked = select(FOREWORD.c.text).where(FOREWORD.c.session_id == session)
    return connection.execute(asked).scalar() or ""


def write(connection: Connection, session: Session, text: str, *, now: float, actor: str) -> Change:
    """
    Raises
    ------
    FieldRefused
    """
    text = said("foreword", text, LONGEST, needed=False)
    known = connection.execute(
        select(FOREWORD.c.session_id).where(FOREWORD.c.session_id == session.id)
    ).first()
    made = Edit.insert(FOREWORD, {"session_id": session.id, "text": text})
    edit = Edit.update(FOREWORD, session.id, {"text": text}) if known else made
    return record(connection, session, "minutes.foreword", [edit], now=now, actor=actor)
