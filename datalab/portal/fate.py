"""What became of what somebody said in a session, and the dots that they have left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from datalab.i18n import Language
from datalab.participation import vote
from datalab.participation.contribution import STATES, Contribution, contributions
from datalab.participation.decision import Decision
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.portal.scene import Facts, Idea
from datalab.portal.taking import Part


@dataclass(frozen=True)
class Fate:
    """One contribution of theirs. ``shown`` is what everybody reads, "" where nobody does.

    ``into`` is the text that it was joined with, ``dots`` what it got (None while that is hidden),
    ``answers`` the decisions about it or about what it was joined with.
    """

    one: Contribution
    state: str
    shown: str
    reason: str
    into: str
    dots: int | None
    answers: tuple[Decision, ...]

    @property
    def changeable(self) -> bool:
        return self.one.state == "submitted"

    @property
    def withdrawable(self) -> bool:
        return self.one.state in ("submitted", "accepted", "rejected")


@dataclass(frozen=True)
class Ballot:
    """Whether they may vote now, their dots in all and left, and what each idea got of them."""

    open: bool
    dots: int
    left: int
    given: Mapping[str, int]
    ideas: tuple[Idea, ...]


@dataclass(frozen=True)
class Mine:
    fates: tuple[Fate, ...]
    ballot: Ballot


def mine_of(connection: Connection, part: Part, facts: Facts, language: Language) -> Mine:
    """What this participant sees of their own, beside what everybody sees."""
    session = facts.session
    said = contributions(connection, session, author=part.author.id)
    by_id = {idea.one.id: idea for idea in facts.ideas}
    merged = _merged(connection, session.id)
    # A decision about what was joined with an idea is one about that idea.
    about = {d.id: {merged.get(id, id) for id in d.answers} for d in facts.decisions}

    def fate(one: Contribution) -> Fate:
        target = one.merged_into if one.state == "merged" else one.id
        into = by_id.get(one.merged_into or "") if one.state == "merged" else None
        found = by_id.get(target or "")
        answers = [d for d in facts.decisions if target in about[d.id]]
        return Fate(
            one=one,
            state=STATES[one.state].in_(language),
            shown=one.said if one.state in ("accepted", "merged") else "",
            reason=one.reason if one.state == "rejected" else "",
            into=into.one.said if into else "",
            dots=found.dots if found and facts.voters else None,
            answers=tuple(answers),
        )

    given = vote.of_author(connection, session, part.author.id)
    # What was merged counts where it went.
    spread: dict[str, int] = {}
    for id, dots in given.items():
        target = _target(connection, session.id, id, by_id)
        spread[target] = spread.get(target, 0) + dots
    left = session.dots - sum(given.values())
    ballot = Ballot(
        session.state == "open" and session.voting, session.dots, left, spread, tuple(facts.ideas)
    )
    newest_first = sorted(said, key=lambda one: -one.submitted_at)
    return Mine(tuple(fate(one) for one in newest_first), ballot)


def _merged(connection: Connection, session: str) -> dict[str, str]:
    """Where each contribution that was joined with another one went."""
    asked = select(CONTRIBUTION.c.id, CONTRIBUTION.c.merged_into).where(
        CONTRIBUTION.c.session_id == session, CONTRIBUTION.c.state == "merged"
    )
    return {id: into for id, into in connection.execute(asked) if into}


def _target(connection: Connection, session: str, id: str, shown: Mapping[str, Idea]) -> str:
    if id in shown:
        return id
    asked = select(CONTRIBUTION.c.merged_into).where(
        CONTRIBUTION.c.id == id, CONTRIBUTION.c.session_id == session
    )
    found: str | None = connection.execute(asked).scalar()
    return found or id
