"""What an author may still do with what they said: write it anew as long as nobody has read it."""

from __future__ import annotations

from sqlalchemy import Connection

from datalab.errors import CannotMove, UnknownItem
from datalab.i18n import Language, Phrase
from datalab.participation.contribution import LONGEST, STATES, Contribution, change
from datalab.participation.screening import screen
from datalab.participation.session import Session, require_open
from datalab.participation.wording import said


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
    return change(connection, session, one, "rewrite", values, now=now, actor=who, seen=seen)
