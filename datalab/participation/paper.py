"""Sheets of paper: numbered, each with the private link of whoever writes on it.

The link of a sheet is printed before anybody wrote, and works from when the sheet was typed in.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from datalab.errors import FieldRefused, UnknownItem, UnknownLink
from datalab.i18n import Language, Phrase
from datalab.participation import author, contribution, joining, rewriting
from datalab.participation.contribution import Contribution
from datalab.participation.session import Session
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.participation.tables.session import PARTICIPANT
from datalab.participation.wording import said

MOST = 500  # sheets of a session
WAY = "paper"


@dataclass(frozen=True)
class Typed:
    """One contribution that was typed from a sheet, and the pseudonym of the sheet."""

    one: Contribution
    pseudonym: str


def secret_of(key: str, session: Session, sheet: int) -> str:
    """The secret of the private link that is printed on a sheet. ``key`` is a secret of the lab."""
    return joining.secret_of(key, session, WAY, f"sheet {sheet}")


def checked(sheet: str) -> int:
    """The number of a sheet as it was typed.

    Raises
    ------
    FieldRefused
    """
    text = sheet.strip().lstrip("#")
    if not text.isdecimal() or len(text) > 4 or not 1 <= int(text) <= MOST:
        reason = Phrase("A number from {least} to {most}.", least=1, most=MOST)
        raise FieldRefused("sheet", reason)
    return int(text)


def enter(
    connection: Connection,
    session: Session,
    *,
    sheet: int,
    key: str,
    text: str,
    commune: str | None,
    minor: bool,
    receipt: str,
    language: Language,
    now: float,
    days: float,
    actor: str,
) -> Typed:
    """Keep what somebody wrote on a sheet; the first time, they join with it.

    Raises
    ------
    SessionNotOpen, FieldRefused, ReceiptTaken, ReceiptReused
    """
    made = joining.join(
        connection,
        session,
        secret=secret_of(key, session, sheet),
        wished="",
        language=language,
        minor=minor,
        now=now,
        days=days,
        way="paper",
        actor=actor,
    )
    one = contribution.submit(
        connection,
        session,
        author=made.id,
        receipt=receipt,
        text=text,
        now=now,
        commune=commune,
        way=WAY,
        entered_by=actor,
        language=language,
    )
    sent = {"text": said("text", text, contribution.LONGEST), "commune": commune}
    return Typed(rewriting.require_same(connection, session, one, sent), made.pseudonym)


def take_back(
    connection: Connection, session: Session, id: str, *, now: float, actor: str
) -> Contribution:
    """Undo a slip of the keyboard, as long as nobody has read it.

    Raises
    ------
    UnknownItem
        where it is not one that ``actor`` typed and that waits.
    """
    one = contribution.get(connection, session, id)
    if one.entered_by != actor or one.state != "submitted" or one.author_id is None:
        raise UnknownItem(what=Phrase("contribution"))
    return contribution.withdraw(connection, session, one, now=now, author=one.author_id)


def typed(connection: Connection, session: Session, most: int = 30) -> list[Typed]:
    """What was typed from sheets, the latest first."""
    asked = (
        select(CONTRIBUTION, PARTICIPANT.c.pseudonym)
        .join(PARTICIPANT, PARTICIPANT.c.author_id == CONTRIBUTION.c.author_id)
        .where(CONTRIBUTION.c.session_id == session.id, CONTRIBUTION.c.way == WAY)
        .order_by(CONTRIBUTION.c.submitted_at.desc(), CONTRIBUTION.c.id)
        .limit(most)
    )
    found = []
    for row in connection.execute(asked).mappings():
        values = dict(row)
        pseudonym = values.pop("pseudonym")
        found.append(Typed(Contribution(**values), pseudonym))
    return found


def sheets(connection: Connection, session: Session) -> int:
    """How many people took part on paper."""
    asked = select(func.count()).where(
        PARTICIPANT.c.session_id == session.id, PARTICIPANT.c.way == WAY
    )
    return connection.execute(asked).scalar_one()


def pseudonym_of(
    connection: Connection, session: Session, key: str, sheet: int, now: float
) -> str | None:
    """Who the sheet belongs to, None where nothing was typed from it so far."""
    try:
        return author.of_secret(connection, secret_of(key, session, sheet), now).pseudonym
    except UnknownLink:
        return None
