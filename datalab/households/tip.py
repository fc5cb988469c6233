"""Tips: what neighbours tell each other, read by somebody of the association before all others."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from datalab.errors import AlreadyDone, HouseholdRefused
from datalab.households import consent
from datalab.households.tables import TIP
from datalab.households.vault import new_id
from datalab.i18n import Phrase

LONGEST = 500


@dataclass(frozen=True)
class Tip:
    """As everybody reads it: without its author."""

    id: str
    domain: str
    text: str
    state: str
    written_at: float
    reason: str = ""  # of a rejection; its author alone reads it


def write(connection: Connection, household: str, domain: str, text: str, now: float) -> str:
    """A tip that waits to be read; its id.

    Raises
    ------
    HouseholdRefused, NoConsent
    """
    consent.require(connection, household, domain, "follow")
    lines = ("".join(c if c.isprintable() else " " for c in line) for line in text.splitlines())
    clean = "\n".join(line.strip() for line in lines).strip()
    if not clean or len(clean) > LONGEST:
        reason = Phrase("a tip has 1 to {longest} characters", longest=LONGEST)
        raise HouseholdRefused(field="text", reason=reason)
    made = new_id()
    connection.execute(
        insert(TIP).values(
            id=made,
            household_id=household,
            domain=domain,
            text=clean,
            state="submitted",
            written_at=now,
        )
    )
    return made


def decide(connection: Connection, tip: str, accept: bool, reason: str, now: float) -> None:
    """Accept or reject what waits; a rejection says why to its author.

    Raises
    ------
    AlreadyDone
    """
    if not accept and not reason.strip():
        raise HouseholdRefused(field="reason", reason=Phrase("a rejection says why"))
    changed = connection.execute(
        update(TIP)
        .where(TIP.c.id == tip, TIP.c.state == "submitted")
        .values(
            state="accepted" if accept else "rejected", reason=reason.strip()[:500], decided_at=now
        )
    )
    if changed.rowcount != 1:
        raise AlreadyDone()


def feed(connection: Connection, state: str = "accepted", most: int = 50) -> list[Tip]:
    """Tips, the newest first."""
    asked = select(TIP).where(TIP.c.state == state).order_by(TIP.c.written_at.desc()).limit(most)
    return [
        Tip(row.id, row.domain, row.text, row.state, row.written_at)
        for row in connection.execute(asked)
    ]


def own(connection: Connection, household: str) -> list[Tip]:
    """What a home wrote, with what became of it, the newest first."""
    asked = select(TIP).where(TIP.c.household_id == household).order_by(TIP.c.written_at.desc())
    return [
        Tip(row.id, row.domain, row.text, row.state, row.written_at, row.reason)
        for row in connection.execute(asked)
    ]
