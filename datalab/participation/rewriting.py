"""What an author may still do with what they said: write it anew as long as nobody has read it.

Another thing under the receipt of an earlier one is no new wording of it, and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from datalab.errors import CannotMove, ReceiptReused, UnknownItem
from datalab.i18n import Language, Phrase
from datalab.participation.contribution import LONGEST, STATES, Contribution, change
from datalab.participation.screening import screen
from datalab.participation.session import Session, require_open
from datalab.participation.tables.journal import CHANGE
from datalab.participation.wording import said

REWRITE = "rewrite"


def rewrite(
    connection: Connection,
    session: Session,
    one: Contribution,
    *,
    text: str,
    author: str,
    now: float,
    seen: int | None,
    language: Language = "fr",
) -> Contribution:
    """Put ``text`` in the place of what was sent and still waits.

    Raises
    ------
    SessionNotOpen, UnknownItem, CannotMove, FieldRefused, Stale
    """
    require_open(session)
    if one.author_id != author:
        raise UnknownItem(what=Phrase("contribution"))
    if one.state != "submitted":
        raise CannotMove(reason=Phrase("the contribution is “{state}”", state=STATES[one.state]))
    text = said("text", text, LONGEST)
    photo = [concern for concern in one.concerns if concern.get("field")]
    values = {"text": text, "concerns": [*screen(text, language).concerns, *photo]}
    who = f"author:{author}"
    return change(connection, session, one, REWRITE, values, now=now, actor=who, seen=seen)


def require_same(
    connection: Connection, session: Session, one: Contribution, sent: Mapping[str, Any]
) -> Contribution:
    """``one``, which is known under the receipt under which ``sent`` (columns of it) comes now.

    What was rewritten or erased since is taken for the same.

    Raises
    ------
    ReceiptReused
        where it would be lost, taken for the same.
    """
    same = all(getattr(one, name) == value for name, value in sent.items())
    if same or not one.text or _was_rewritten(connection, session, one):
        return one
    raise ReceiptReused


def _was_rewritten(connection: Connection, session: Session, one: Contribution) -> bool:
    asked = select(CHANGE.c.rows).where(
        CHANGE.c.scope == session.scope, CHANGE.c.kind == f"contribution.{REWRITE}"
    )
    return any(row["id"] == one.id for rows in connection.execute(asked).scalars() for row in rows)
