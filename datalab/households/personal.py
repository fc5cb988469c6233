"""All that is kept of a household, to take away, and the end of it (GDPR, articles 17 and 20).

What stays after the end: entries of the ledger under an account that leads to nobody, tips that
others read already, without their author, and editions of counts in which the home was one of many.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select, update

from datalab.households import action, ambassador, consent, ledger, reading, voucher
from datalab.households.household import Household, team_of
from datalab.households.tables import ACCOUNT, ENTRY, HOUSEHOLD, TIP, TRANSFER
from datalab.households.vault import Vault


def export(connection: Connection, vault: Vault, home: Household, now: float) -> dict[str, Any]:
    """A JSON document with everything, in plain words."""
    account = ledger.account_of(connection, household=home.id)
    entries = (
        select(TRANSFER.c.made_at, ENTRY.c.amount)
        .join(TRANSFER, TRANSFER.c.id == ENTRY.c.transfer_id)
        .where(ENTRY.c.account_id == account)
        .order_by(TRANSFER.c.made_at)
    )
    tips = select(TIP.c.domain, TIP.c.text, TIP.c.state, TIP.c.reason, TIP.c.written_at)
    team = team_of(connection, home.id)
    return {
        "household": {
            "name": home.name,
            "quarter": home.quarter,
            "dwelling": home.dwelling,
            "joined_at": home.joined_at,
            "team": team.name if team else None,
            "came_with_a_code": ambassador.is_invited(connection, home.id),
        },
        "consents": [vars(one) for one in consent.history(connection, home.id)],
        "actions": [vars(one) for one in action.pledges(connection, home.id)],
        "readings": {
            domain: {
                "index": _plain(reading.indexes(connection, vault, home.id, domain)),
                "daily_kwh": _plain(reading.days(connection, vault, home.id, domain)),
            }
            for domain in consent.METERED
        },
        "points": {
            "balance": ledger.balance(connection, account),
            "entries": [
                {"at": row.made_at, "points": row.amount} for row in connection.execute(entries)
            ],
        },
        "vouchers": [vars(one) for one in voucher.of_household(connection, vault, home.id, now)],
        "tips": [
            dict(row._mapping)
            for row in connection.execute(tips.where(TIP.c.household_id == home.id))
        ],
    }


def erase(connection: Connection, home: Household, now: float) -> None:
    """End a household: unused vouchers are void, points left go back whence they came."""
    voucher.give_back(connection, home.id, now, late_only=False)
    account = ledger.account_of(connection, household=home.id)
    left = ledger.balance(connection, account)
    if left:
        moved = {account: -left, ledger.own(connection, ledger.ISSUED): left}
        ledger.post(connection, f"erase:{account}", moved, now)
    connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account).values(household_id=None))
    connection.execute(
        update(TIP)
        .where(TIP.c.household_id == home.id, TIP.c.state == "accepted")
        .values(household_id=None)
    )
    connection.execute(delete(TIP).where(TIP.c.household_id == home.id))
    connection.execute(delete(HOUSEHOLD).where(HOUSEHOLD.c.id == home.id))


def _plain(values: dict[Any, float]) -> dict[str, float]:
    return {str(day): value for day, value in values.items()}
