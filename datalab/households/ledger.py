"""The ledger: double entry, whole points, no debt.

Every transfer has entries that add up to nought. A balance is changed where it lies, under the
condition that it stays at nought or above: two who spend the same point at once, one is refused,
on SQLite and on PostgreSQL. A transfer says what it is for; the same purpose twice is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from datalab.errors import AlreadyDone, NotEnoughPoints
from datalab.households.tables import ACCOUNT, ENTRY, TRANSFER
from datalab.households.vault import new_id

ISSUED, HELD, SETTLED = "issued", "held", "settled"  # the accounts of the programme itself


@dataclass(frozen=True)
class Books:
    """What an audit finds: all zero in books that are right."""

    unbalanced: int  # transfers whose entries do not add up to nought
    drifted: int  # accounts whose balance is not the sum of their entries
    debts: int  # accounts below nought that may not be
    total: int  # of all balances


def own(connection: Connection, kind: str) -> str:
    """The account of the programme of this kind, made at its first use."""
    if connection.execute(select(ACCOUNT.c.id).where(ACCOUNT.c.id == kind)).scalar() is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(ACCOUNT).values(id=kind, kind=kind, balance=0))
        except IntegrityError:
            pass  # somebody else made it just now
    return kind


def account_of(connection: Connection, *, household: str = "", merchant: str = "") -> str:
    """The account of a household or of a merchant."""
    of = ACCOUNT.c.household_id == household if household else ACCOUNT.c.merchant_id == merchant
    return str(connection.execute(select(ACCOUNT.c.id).where(of)).scalar_one())


def open_account(connection: Connection, *, household: str = "", merchant: str = "") -> str:
    made = new_id()
    kind = "household" if household else "merchant"
    owner = {"household_id": household} if household else {"merchant_id": merchant}
    connection.execute(insert(ACCOUNT).values(id=made, kind=kind, balance=0, **owner))
    return made


def balance(connection: Connection, account: str) -> int:
    return int(
        connection.execute(select(ACCOUNT.c.balance).where(ACCOUNT.c.id == account)).scalar_one()
    )


def lock(connection: Connection, account: str) -> None:
    """Hold an account until the transaction ends: whoever else wants it waits."""
    connection.execute(
        update(ACCOUNT).where(ACCOUNT.c.id == account).values(balance=ACCOUNT.c.balance)
    )


def post(connection: Connection, purpose: str, entries: Mapping[str, int], now: float) -> str:
    """One transfer: ``entries`` gives points to accounts (above zero) and takes them (below).

    Raises
    ------
    AlreadyDone
        where a transfer of this purpose was made before.
    NotEnoughPoints
        where an account would fall below nought; the transaction has to be given up.
    ValueError
        where the entries do not add up to nought, or move nothing.
    """
    if sum(entries.values()) or len(entries) < 2 or not all(entries.values()):
        raise ValueError("the entries of a transfer add up to nought and each moves something")
    made = new_id()
    try:
        with connection.begin_nested():
            connection.execute(insert(TRANSFER).values(id=made, purpose=purpose, made_at=now))
    except IntegrityError:
        raise AlreadyDone() from None
    # Always in one order, so that two transfers between the same accounts cannot lock each other.
    for account in sorted(entries):
        amount = entries[account]
        allowed = (ACCOUNT.c.kind == ISSUED) | (ACCOUNT.c.balance + amount >= 0)
        changed = connection.execute(
            update(ACCOUNT)
            .where(ACCOUNT.c.id == account, allowed)
            .values(balance=ACCOUNT.c.balance + amount)
        )
        if changed.rowcount != 1:
            raise NotEnoughPoints()
    rows = [{"transfer_id": made, "account_id": a, "amount": n} for a, n in entries.items()]
    connection.execute(insert(ENTRY), rows)
    return made


def audit(connection: Connection) -> Books:
    """Whether the books are right."""
    sums = select(func.sum(ENTRY.c.amount).label("n")).group_by(ENTRY.c.transfer_id).subquery()
    entered = (
        select(func.coalesce(func.sum(ENTRY.c.amount), 0))
        .where(ENTRY.c.account_id == ACCOUNT.c.id)
        .scalar_subquery()
    )

    def count(asked: object) -> int:
        return int(connection.execute(asked).scalar_one())  # type: ignore[call-overload]

    accounts = select(func.count()).select_from(ACCOUNT)
    return Books(
        count(select(func.count()).select_from(sums).where(sums.c.n != 0)),
        count(accounts.where(ACCOUNT.c.balance != entered)),
        count(accounts.where(ACCOUNT.c.balance < 0, ACCOUNT.c.kind != ISSUED)),
        count(select(func.coalesce(func.sum(ACCOUNT.c.balance), 0))),
    )
