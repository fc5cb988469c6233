"""What a private link shows of somebody's part in a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from datalab.i18n import Language
from datalab.participation import decision, joining
from datalab.participation.author import Author
from datalab.participation.session import STATES, Session
from datalab.portal.fate import Mine, mine_of
from datalab.portal.scene import facts_of, number_of
from datalab.portal.taking import Part


@dataclass(frozen=True)
class ParticipantView:
    """``state`` is that of the session in words, ``decided`` the states of decisions."""

    session: Session
    state: str
    part: Part
    mine: Mine
    decided: Mapping[str, str]


def mine_participant(
    connection: Connection, author: Author, now: float, language: Language
) -> ParticipantView | None:
    """The part of ``author`` in their session; None where they are of another kind."""
    id = joining.session_of(connection, author.id)
    if author.kind != "participant" or id is None:
        return None
    facts = facts_of(connection, id, number_of(connection, id))
    participant = joining.participant(connection, facts.session, author.id)
    if participant is None:
        return None
    part = Part(facts.session, participant, author)
    state = STATES[facts.session.state].in_(language)
    decided = {name: said.in_(language) for name, said in decision.STATES.items()}
    mine = mine_of(connection, part, facts, language)
    return ParticipantView(facts.session, state, part, mine, decided)
