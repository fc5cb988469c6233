"""Vouchers: points that a home puts into a code, and that one merchant takes once.

A merchant sees a code, what it is worth, and whether it is still good. Not whose it is, not what
the points were for: nothing of that is in what :func:`shown` returns, nor in their account.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from datalab.errors import HouseholdRefused, UnknownHousehold, VoucherRefused
from datalab.households import ledger
from datalab.households.ambassador import is_invited
from datalab.households.tables import MERCHANT, VOUCHER
from datalab.households.vault import LETTERS, Vault, digest, new_id, new_secret, typed
from datalab.i18n import Phrase

LENGTH = 10  # 26¹⁰: two guesses a second would take two million years
CENTS_PER_POINT = 1  # proposed: 500 points are 5 €
SIZES = (200, 500, 1000)  # points
VALID = 90 * 86_400.0


@dataclass(frozen=True)
class Shown:
    """All that a merchant sees of a voucher."""

    cents: int
    state: str
    expires_at: float


@dataclass(frozen=True)
class Held:
    """A voucher as the home sees it that holds it."""

    id: str
    code: str
    merchant: str
    cents: int
    state: str
    expires_at: float


def add_merchant(connection: Connection, name: str, now: float) -> tuple[str, str]:
    """A merchant and the secret of its link: ``(id, secret)``."""
    name = " ".join(name.split())[:80]
    if not name:
        raise HouseholdRefused(field="name", reason=Phrase("a shop has a name"))
    made, secret = new_id(), new_secret()
    connection.execute(
        insert(MERCHANT).values(id=made, name=name, digest=digest(secret), created_at=now)
    )
    ledger.open_account(connection, merchant=made)
    return made, secret


def merchant_of(connection: Connection, secret: str) -> tuple[str, str]:
    """Id and name of the merchant whose link this is.

    Raises
    ------
    UnknownHousehold
    """
    asked = select(MERCHANT.c.id, MERCHANT.c.name).where(MERCHANT.c.digest == digest(secret))
    found = connection.execute(asked).first()
    if found is None:
        raise UnknownHousehold()
    return str(found.id), str(found.name)


def merchants(connection: Connection) -> list[tuple[str, str]]:
    asked = select(MERCHANT.c.id, MERCHANT.c.name).order_by(MERCHANT.c.name)
    return [(row.id, row.name) for row in connection.execute(asked)]


def issue(
    connection: Connection, vault: Vault, household: str, merchant: str, points: int, now: float
) -> str:
    """A voucher for ``points`` at one merchant; its code.

    Raises
    ------
    HouseholdRefused
        for another size, no such merchant, or a home that came without an invitation code.
    NotEnoughPoints
    """
    if not is_invited(connection, household):
        reason = Phrase("points become vouchers once your home has typed an invitation code")
        raise HouseholdRefused(field="invitation", reason=reason)
    if points not in SIZES:
        raise HouseholdRefused(field="points", reason=Phrase("choose one of the sizes on offer"))
    if merchant not in {one for one, _ in merchants(connection)}:
        raise HouseholdRefused(field="merchant", reason=Phrase("choose one of the shops"))
    made, code = new_id(), "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    source = ledger.account_of(connection, household=household)
    moved = {source: -points, ledger.own(connection, ledger.HELD): points}
    ledger.post(connection, f"voucher:{made}:issue", moved, now)
    connection.execute(
        insert(VOUCHER).values(
            id=made,
            digest=digest(code),
            cipher=vault.sealed(code),
            household_id=household,
            merchant_id=merchant,
            points=points,
            state="issued",
            issued_at=now,
            expires_at=now + VALID,
        )
    )
    return code


def shown(connection: Connection, merchant: str, code: str, now: float) -> Shown:
    """What a merchant is told of a code.

    Raises
    ------
    VoucherRefused
        where it is for another shop or for none: both sound alike.
    """
    asked = select(VOUCHER.c.points, VOUCHER.c.state, VOUCHER.c.expires_at).where(
        VOUCHER.c.digest == digest(typed(code)), VOUCHER.c.merchant_id == merchant
    )
    found = connection.execute(asked).first()
    if found is None:
        raise VoucherRefused()
    late = found.state == "issued" and found.expires_at <= now
    state = "expired" if late else found.state
    return Shown(found.points * CENTS_PER_POINT, state, found.expires_at)


def redeem(connection: Connection, merchant: str, code: str, now: float) -> Shown:
    """Take a voucher: once, by its merchant, in its time.

    Raises
    ------
    VoucherRefused
    """
    here = (
        (VOUCHER.c.digest == digest(typed(code)))
        & (VOUCHER.c.merchant_id == merchant)
        & (VOUCHER.c.state == "issued")
        & (VOUCHER.c.expires_at > now)
    )
    taken = connection.execute(
        update(VOUCHER)
        .where(here)
        .values(state="redeemed", ended_at=now)
        .returning(VOUCHER.c.id, VOUCHER.c.points, VOUCHER.c.expires_at)
    ).first()
    if taken is None:
        raise VoucherRefused()
    moved = {
        ledger.own(connection, ledger.HELD): -taken.points,
        ledger.account_of(connection, merchant=merchant): taken.points,
    }
    ledger.post(connection, f"voucher:{taken.id}:redeem", moved, now)
    return Shown(taken.points * CENTS_PER_POINT, "redeemed", taken.expires_at)


def give_back(connection: Connection, household: str, now: float, *, late_only: bool = True) -> int:
    """Points of vouchers whose time is over go back to the home that holds them; how many."""
    held = (VOUCHER.c.household_id == household) & (VOUCHER.c.state == "issued")
    if late_only:
        held &= VOUCHER.c.expires_at <= now
    ended = connection.execute(
        update(VOUCHER)
        .where(held)
        .values(state="cancelled", ended_at=now)
        .returning(VOUCHER.c.id, VOUCHER.c.points)
    ).all()
    target = ledger.account_of(connection, household=household)
    for row in ended:
        moved = {ledger.own(connection, ledger.HELD): -row.points, target: row.points}
        ledger.post(connection, f"voucher:{row.id}:return", moved, now)
    return sum(row.points for row in ended)


def of_household(connection: Connection, vault: Vault, household: str, now: float) -> list[Held]:
    """The vouchers of a home, the newest first."""
    asked = (
        select(VOUCHER, MERCHANT.c.name)
        .join(MERCHANT, MERCHANT.c.id == VOUCHER.c.merchant_id)
        .where(VOUCHER.c.household_id == household)
        .order_by(VOUCHER.c.issued_at.desc())
    )
    return [
        Held(
            row.id,
            str(vault.opened(row.cipher) or ""),
            row.name,
            row.points * CENTS_PER_POINT,
            "expired" if row.state == "issued" and row.expires_at <= now else row.state,
            row.expires_at,
        )
        for row in connection.execute(asked)
    ]


def settle(connection: Connection, merchant: str, reference: str, now: float) -> int:
    """Pay a merchant all it took; the points. ``reference`` is the payment's, used once."""
    if merchant not in {one for one, _ in merchants(connection)}:
        raise HouseholdRefused(field="merchant", reason=Phrase("choose one of the shops"))
    account = ledger.account_of(connection, merchant=merchant)
    points = ledger.balance(connection, account)
    if points:
        moved = {account: -points, ledger.own(connection, ledger.SETTLED): points}
        ledger.post(connection, f"settle:{merchant}:{reference}", moved, now)
    return points
