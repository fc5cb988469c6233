"""Who answers for a municipality: accounts, let in by one of them or by an operator."""

from __future__ import annotations

from sqlalchemy import Connection, select

from datalab.errors import FieldRefused
from datalab.i18n import Phrase
from datalab.participation import journal
from datalab.participation.journal import Edit
from datalab.participation.tables.maturity import MATURITY_MEMBER

MOST = 40


def team(connection: Connection, commune: str) -> list[str]:
    """From who came first."""
    asked = select(MATURITY_MEMBER.c.account).where(MATURITY_MEMBER.c.commune == commune)
    ordered = asked.order_by(MATURITY_MEMBER.c.added_at, MATURITY_MEMBER.c.account)
    return list(connection.execute(ordered).scalars())


def let_in(connection: Connection, commune: str, account: str, *, actor: str, now: float) -> None:
    """
    Raises
    ------
    FieldRefused
    """
    members = team(connection, commune)
    if account in members:
        return
    if len(members) >= MOST:
        raise FieldRefused("account", Phrase("This team is large enough already."))
    _record(connection, commune, joining(commune, account, actor, now), actor, now)


def take_out(connection: Connection, commune: str, account: str, *, actor: str, now: float) -> None:
    """
    Raises
    ------
    FieldRefused
        where nobody would be left.
    """
    members = team(connection, commune)
    if account not in members:
        return
    if len(members) == 1:
        raise FieldRefused("account", Phrase("Somebody has to answer for the municipality."))
    leaving = Edit.delete(MATURITY_MEMBER, f"{commune}:{account}")
    _record(connection, commune, leaving, actor, now)


def joining(commune: str, account: str, by: str, now: float) -> Edit:
    values = {
        "id": f"{commune}:{account}",
        "commune": commune,
        "account": account,
        "added_by": by,
        "added_at": now,
    }
    return Edit.insert(MATURITY_MEMBER, values)


def _record(connection: Connection, commune: str, edit: Edit, actor: str, now: float) -> None:
    journal.record(
        connection,
        scope=f"maturity:{commune}",
        at=now,
        actor=actor,
        kind="maturity.team",
        edits=[edit],
    )
