"""Ambassadors: neighbours with a role, who give real homes a code, each good for one home once.

An ambassador opens a private link, makes codes within what the association allowed, and gives them
by hand. Nothing lists which codes were used: only a digest is kept, and counts of homes come from
the editions of :mod:`datalab.households.cells` alone.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from datalab.errors import HouseholdRefused, UnknownHousehold
from datalab.households.household import join
from datalab.households.tables import AMBASSADOR, CAMPAIGN, INVITATION
from datalab.households.vault import LETTERS, Vault, digest, new_id, new_secret, typed
from datalab.i18n import Phrase

LENGTH = 8  # 26⁸: of 2,400 good codes, one guess in 87 million finds one
VALID = 180 * 86_400.0
MOST = 200  # codes of one ambassador
SHEET = 12  # codes made at once
ONLY = "campaign"  # the id of its row


@dataclass(frozen=True)
class Ambassador:
    """``made`` is how many codes they made, ``allowance`` how many they may make in all."""

    id: str
    name: str
    made: int
    allowance: int

    @property
    def left(self) -> int:
        return max(0, self.allowance - self.made)


def needs_code(connection: Connection) -> bool:
    """Whether joining needs a code: yes, unless the association said otherwise."""
    asked = select(CAMPAIGN.c.needs_code).where(CAMPAIGN.c.id == ONLY)
    return connection.execute(asked).scalar() is not False


def set_needs_code(connection: Connection, needed: bool) -> None:
    connection.execute(delete(CAMPAIGN).where(CAMPAIGN.c.id == ONLY))
    connection.execute(insert(CAMPAIGN).values(id=ONLY, needs_code=needed))


def appoint(
    connection: Connection, vault: Vault, name: str, allowance: int, now: float
) -> tuple[str, str]:
    """An ambassador and the secret of their link: ``(id, secret)``.

    Raises
    ------
    HouseholdRefused
    """
    name = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:80]
    if not name:
        raise HouseholdRefused(field="name", reason=Phrase("an ambassador has a name"))
    if not 1 <= allowance <= MOST:
        reason = Phrase("an ambassador gives 1 to {most} codes", most=MOST)
        raise HouseholdRefused(field="allowance", reason=reason)
    made, secret = new_id(), new_secret()
    connection.execute(
        insert(AMBASSADOR).values(
            id=made,
            digest=digest(secret),
            cipher=vault.sealed({"name": name}),
            allowance=allowance,
            appointed_at=now,
        )
    )
    return made, secret


def opened(connection: Connection, vault: Vault, secret: str) -> Ambassador:
    """The ambassador whose private link this is.

    Raises
    ------
    UnknownHousehold
    """
    asked = select(AMBASSADOR).where(AMBASSADOR.c.digest == digest(secret[:200]))
    found = connection.execute(asked).first()
    if found is None:
        raise UnknownHousehold()
    return _ambassador(found, vault)


def _ambassador(row: Row[Any], vault: Vault) -> Ambassador:
    name = (vault.opened(row.cipher) or {}).get("name", "")
    return Ambassador(row.id, name, row.made, row.allowance)


def ambassadors(connection: Connection, vault: Vault) -> list[Ambassador]:
    """All of them, the oldest first."""
    asked = select(AMBASSADOR).order_by(AMBASSADOR.c.appointed_at, AMBASSADOR.c.id)
    return [
        Ambassador(
            row.id, (vault.opened(row.cipher) or {}).get("name", ""), row.made, row.allowance
        )
        for row in connection.execute(asked)
    ]


def dismiss(connection: Connection, ambassador: str) -> None:
    """End a role: the link opens nothing, codes that no home used are void."""
    unused = (INVITATION.c.ambassador_id == ambassador) & INVITATION.c.used_at.is_(None)
    connection.execute(delete(INVITATION).where(unused))
    connection.execute(delete(AMBASSADOR).where(AMBASSADOR.c.id == ambassador))


def make_codes(connection: Connection, ambassador: str, many: int, now: float) -> list[str]:
    """New codes, to be printed now: only their digests are kept.

    Raises
    ------
    HouseholdRefused
        for more than :data:`SHEET`, or than are left of the allowance.
    """
    if not 1 <= many <= SHEET:
        raise HouseholdRefused(
            field="many", reason=Phrase("a sheet has 1 to {most} codes", most=SHEET)
        )
    # Counted where it lies: two sheets at once do not pass the allowance together.
    taken = connection.execute(
        update(AMBASSADOR)
        .where(AMBASSADOR.c.id == ambassador, AMBASSADOR.c.made + many <= AMBASSADOR.c.allowance)
        .values(made=AMBASSADOR.c.made + many)
    )
    if taken.rowcount != 1:
        reason = Phrase("fewer codes are left than that: ask the association for more")
        raise HouseholdRefused(field="many", reason=reason)
    codes = ["".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(many)]
    rows = [
        {
            "id": new_id(),
            "digest": digest(code),
            "ambassador_id": ambassador,
            "made_at": now,
            "expires_at": now + VALID,
        }
        for code in codes
    ]
    connection.execute(insert(INVITATION), rows)
    return codes


def invite(connection: Connection, household: str, code: str, now: float) -> None:
    """Use a code for a home: once, in its time.

    Raises
    ------
    HouseholdRefused
        for a code that is wrong, late or used, which all sound alike, or a home that has one.
    """
    if is_invited(connection, household):
        reason = Phrase("your home has used a code already")
        raise HouseholdRefused(field="invitation", reason=reason)
    used = connection.execute(
        update(INVITATION)
        .where(
            INVITATION.c.digest == digest(typed(code)),
            INVITATION.c.used_at.is_(None),
            INVITATION.c.expires_at > now,
        )
        .values(used_at=now, household_id=household)
    )
    if used.rowcount != 1:
        reason = Phrase(
            "this invitation code is not good: it is mistyped, it was used, or its time is over; "
            "ask your ambassador for another one"
        )
        raise HouseholdRefused(field="invitation", reason=reason)


def is_invited(connection: Connection, household: str) -> bool:
    """Whether a home came with a code. One that did not is counted nowhere and spends nothing."""
    asked = select(INVITATION.c.id).where(INVITATION.c.household_id == household)
    return connection.execute(asked).first() is not None


def admit(
    connection: Connection,
    vault: Vault,
    name: str,
    quarter: str,
    dwelling: str,
    code: str,
    now: float,
) -> tuple[str, str]:
    """A new household as the campaign lets it in, and the secret of its link: ``(id, secret)``.

    Raises
    ------
    HouseholdRefused
        also where a code is needed and there is none; the transaction has to be given up.
    """
    made, secret = join(connection, vault, name, quarter, dwelling, now)
    if code.strip():
        invite(connection, made, code, now)
    elif needs_code(connection):
        reason = Phrase("a home joins by an invitation code: ask an ambassador for one")
        raise HouseholdRefused(field="invitation", reason=reason)
    return made, secret
