"""Who takes part in which session, by what this browser holds."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request

from datalab.participation import joining, session
from datalab.participation.author import Author
from datalab.participation.joining import Participant
from datalab.participation.session import Session
from datalab.portal.language import now
from datalab.portal.own import authors_of


@dataclass(frozen=True)
class Part:
    """A session and whoever of this browser takes part in it; ``author`` knows its secret."""

    session: Session
    participant: Participant
    author: Author


def part_of(
    request: Request, connection: Connection, session_id: str, *, proven: bool = True
) -> tuple[Session, Part | None]:
    """The session, and the part that this browser has in it.

    Without ``proven`` a script without a token is believed too: tell it nothing of anybody.

    Raises
    ------
    UnknownSession
    """
    found = session.get(connection, session_id)
    for author in authors_of(request, connection, now().timestamp(), proven=proven):
        participant = joining.participant(connection, found, author.id)
        if participant is not None:
            return found, Part(found, participant, author)
    return found, None
