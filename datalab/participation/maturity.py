"""Self-assessments of municipalities: begun, answered by several people, closed, compared.

Every change says which version of a row it saw, and is written down. A closed assessment never
changes again: the next one begins with its answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from datalab.errors import AssessmentClosed, FieldRefused, NotInTheTeam, UnknownAssessment
from datalab.i18n import Phrase
from datalab.methods.maturity import HIGHEST, Answer, scores, stratum
from datalab.participation import journal
from datalab.participation.grid import Grid, grid_of, newest
from datalab.participation.journal import Edit
from datalab.participation.link import is_link
from datalab.participation.tables.maturity import MATURITY, MATURITY_ANSWER, MATURITY_MEMBER
from datalab.participation.team import joining, team
from datalab.participation.wording import said

LONGEST_COMMENT = 1_000
LONGEST_EVIDENCE = 500
MOST_TEAMS = 60  # municipalities that one account may begin


@dataclass(frozen=True)
class Assessment:
    """``population`` is the municipal one, in inhabitants, when it was begun."""

    id: str
    commune: str
    name: str
    population: int
    stratum: str
    grid: str
    turn: int
    state: str
    begun_by: str
    begun_at: float
    closed_by: str | None
    closed_at: float | None
    version: int

    @property
    def scope(self) -> str:
        return f"maturity:{self.commune}"

    @property
    def closed(self) -> bool:
        return self.state == "closed"

    @property
    def edition(self) -> Grid:
        return grid_of(self.grid)


@dataclass(frozen=True)
class Given:
    """What stands beside one statement."""

    id: str
    maturity_id: str
    item: str
    level: int | None
    applicable: bool
    evidence: str
    comment: str
    answered_by: str | None
    answered_at: float | None
    version: int

    @property
    def answer(self) -> Answer:
        return Answer(self.level, self.applicable)

    @property
    def choice(self) -> str:
        """As a form says it."""
        if not self.applicable:
            return "na"
        return "" if self.level is None else str(self.level)

    @property
    def mark(self) -> str:
        return mark_of(self.choice, self.evidence, self.comment)

    @property
    def done(self) -> bool:
        return self.level is not None or not self.applicable


@dataclass(frozen=True)
class Typed:
    """What somebody says of one statement, having ``seen`` a version of it.

    ``choice`` is "", "na" or a level; ``was`` is the mark of what the page showed: whoever left it
    as it was says nothing of it.
    """

    item: str
    choice: str
    evidence: str
    comment: str
    seen: int
    was: str = ""

    @property
    def touched(self) -> bool:
        return mark_of(self.choice, self.evidence, self.comment) != self.was

    def values(self) -> dict[str, Any]:
        """
        Raises
        ------
        FieldRefused
        """
        if self.choice not in {"", "na", *(str(level) for level in range(HIGHEST + 1))}:
            reason = Phrase("Choose a level, or “not applicable”.")
            raise FieldRefused(f"level-{self.item}", reason)
        evidence = said(f"evidence-{self.item}", self.evidence, LONGEST_EVIDENCE, needed=False)
        if evidence and not is_link(evidence):
            reason = Phrase(
                "Give the whole address of a public page, which begins with https:// or http://."
            )
            raise FieldRefused(f"evidence-{self.item}", reason)
        comment = said(f"comment-{self.item}", self.comment, LONGEST_COMMENT, needed=False)
        if self.choice == "na" and not comment:
            reason = Phrase("Say in a few words why it does not apply.")
            raise FieldRefused(f"comment-{self.item}", reason)
        return {
            "level": int(self.choice) if self.choice not in {"", "na"} else None,
            "applicable": self.choice != "na",
            "evidence": evidence,
            "comment": comment,
        }


def mark_of(choice: str, evidence: str, comment: str) -> str:
    """A few letters that change with what is said of a statement."""
    parts = (choice, evidence.strip(), comment.replace("\r\n", "\n").strip())
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def begin(
    connection: Connection, *, commune: str, name: str, population: int, actor: str, now: float
) -> Assessment:
    """The open assessment of a municipality, made where there is none.

    Whoever begins the first is its team; the next one begins with the answers of the last.

    Raises
    ------
    NotInTheTeam, FieldRefused
    """
    before = history(connection, commune)
    members = team(connection, commune)
    if before and actor not in members:
        raise NotInTheTeam(commune=before[-1].name)
    if before and not before[-1].closed:
        return before[-1]
    if not before and len(communes_of(connection, actor)) >= MOST_TEAMS:
        raise FieldRefused("code", Phrase("You answer for many municipalities already."))
    grid = newest()
    made = Assessment(
        f"{commune}-{len(before) + 1}",
        commune,
        name,
        population,
        stratum(population),
        grid.edition,
        len(before) + 1,
        "open",
        actor,
        now,
        None,
        None,
        1,
    )
    earlier = answers(connection, before[-1]) if before else {}
    edits = [Edit.insert(MATURITY, dict(made.__dict__))]
    if actor not in members:
        edits.append(joining(commune, actor, actor, now))
    for item in grid.items:
        known = earlier.get(item.id)
        values = {
            "id": f"{made.id}:{item.id}",
            "maturity_id": made.id,
            "item": item.id,
            "level": known.level if known else None,
            "applicable": known.applicable if known else True,
            "evidence": known.evidence if known else "",
            "comment": known.comment if known else "",
            "answered_by": known.answered_by if known else None,
            "answered_at": known.answered_at if known else None,
        }
        edits.append(Edit.insert(MATURITY_ANSWER, values))
    _record(connection, made, "maturity.begin", edits, actor, now)
    return get(connection, commune)


def answer(
    connection: Connection, one: Assessment, typed: Sequence[Typed], *, actor: str, now: float
) -> int:
    """Keep what was typed and differs from what stands; returns how many statements changed.

    Nobody's answer is overwritten by somebody who did not see it.

    Raises
    ------
    AssessmentClosed, FieldRefused
    Stale
        where a statement that differs was changed since it was ``seen``.
    """
    if one.closed:
        raise AssessmentClosed(commune=one.name)
    standing = answers(connection, one)
    edits = []
    for each in typed:
        if not each.touched:
            continue
        values, known = each.values(), standing[each.item]
        if all(getattr(known, name) == value for name, value in values.items()):
            continue
        values |= {"answered_by": actor, "answered_at": now}
        edits.append(Edit.update(MATURITY_ANSWER, known.id, values, each.seen))
    if edits:
        _record(connection, one, "maturity.answer", edits, actor, now)
    return len(edits)


def close(connection: Connection, one: Assessment, *, seen: int, actor: str, now: float) -> None:
    """Close it: it counts for progress and, unnamed, for peers, and changes no more.

    Raises
    ------
    AssessmentClosed, Stale
    FieldRefused
        where no theme has enough answers.
    """
    if one.closed:
        raise AssessmentClosed(commune=one.name)
    given = {item: held.answer for item, held in answers(connection, one).items()}
    if all(score.mean is None for score in scores(one.edition.items, given)):
        reason = Phrase("Answer at least half of the statements of one theme first.")
        raise FieldRefused("close", reason)
    values = {"state": "closed", "closed_by": actor, "closed_at": now}
    edits = [Edit.update(MATURITY, one.id, values, seen)]
    _record(connection, one, "maturity.close", edits, actor, now)


def get(connection: Connection, commune: str, turn: int | None = None) -> Assessment:
    """The last assessment of a municipality, or one by its number.

    Raises
    ------
    UnknownAssessment
    """
    for one in reversed(history(connection, commune)):
        if turn in (None, one.turn):
            return one
    raise UnknownAssessment(commune=commune[:20])


def history(connection: Connection, commune: str) -> list[Assessment]:
    """From the first to the last."""
    asked = select(MATURITY).where(MATURITY.c.commune == commune).order_by(MATURITY.c.turn)
    return [Assessment(**row) for row in connection.execute(asked).mappings()]


def answers(connection: Connection, one: Assessment) -> dict[str, Given]:
    asked = select(MATURITY_ANSWER).where(MATURITY_ANSWER.c.maturity_id == one.id)
    rows = connection.execute(asked).mappings()
    return {row["item"]: Given(**row) for row in rows}


def communes_of(connection: Connection, account: str) -> list[Assessment]:
    """The last assessment of each municipality that an account answers for."""
    asked = select(MATURITY_MEMBER.c.commune).where(MATURITY_MEMBER.c.account == account)
    found = connection.execute(asked.order_by(MATURITY_MEMBER.c.commune)).scalars()
    return [get(connection, commune) for commune in found]


def _record(
    connection: Connection, one: Assessment, kind: str, edits: list[Edit], actor: str, now: float
) -> None:
    journal.record(connection, scope=one.scope, at=now, actor=actor, kind=kind, edits=edits)
