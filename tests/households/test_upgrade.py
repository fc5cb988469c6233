"""A database of the first version, with homes in it, is brought up to date and loses nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, insert, inspect, select

from datalab.database import schema
from datalab.errors import HouseholdRefused
from datalab.households import ambassador, cells, consent, household, ledger, voucher
from datalab.households.migrations.schema import FOLDER, LOCK
from datalab.households.store import Store
from datalab.households.tables import CONSENT, EDITION, INVITATION
from datalab.households.vault import Vault
from tests.households.conftest import NOW, invited

OLD = {"dwelling": {"all": {"all": 40, "house": 40, "flat": 0}}}


class First(Store):
    """The database as the first version left it."""

    def prepare(self, engine: Engine) -> None:
        schema.bring_up_to_date(engine, FOLDER, LOCK, to="0001")


def earned(connection: Connection, home: str, many: int) -> None:
    account = ledger.account_of(connection, household=home)
    moved = {ledger.own(connection, ledger.ISSUED): -many, account: many}
    ledger.post(connection, f"gift:{home}", moved, NOW)


def test_homes_of_the_first_version_keep_all_and_ask_for_a_code_to_be_counted(
    empty_database: str, vault: Vault
) -> None:
    first = First(empty_database)
    with first.writing() as connection:
        assert "invitation" not in inspect(connection).get_table_names()
        one, secret = household.join(connection, vault, "Tilleuls", "centre", "house", NOW)
        connection.execute(
            insert(CONSENT).values(
                id="c",
                household_id=one,
                domain="water",
                use="cells",
                wording="2026-11",
                given_at=NOW,
            )
        )
        earned(connection, one, 700)
        shop, _ = voucher.add_merchant(connection, "Boulangerie", NOW)
        document = {"counted": "2026-10", "tables": OLD}
        connection.execute(insert(EDITION).values(month="2026-10", document=document, made_at=NOW))
    first.close()

    store = Store(empty_database)
    with store.writing() as connection:
        assert {"ambassador", "invitation", "campaign"} <= set(
            inspect(connection).get_table_names()
        )
        me = household.opened(connection, vault, secret)
        account = ledger.account_of(connection, household=one)
        assert (me.name, ledger.balance(connection, account)) == ("Tilleuls", 700)
        assert ambassador.needs_code(connection)
        assert connection.execute(select(INVITATION)).all() == []
        assert cells.counted(connection, NOW) == []
    with pytest.raises(HouseholdRefused), store.writing() as connection:
        voucher.issue(connection, vault, one, shop, 200, NOW)
    kept = cells.edition(store, "2026-11", NOW)
    assert kept is not None
    assert (kept.month, kept.homes, kept.of("nobody")) == ("2026-10", 40, (None, None))
    assert kept.funnel == {"joined": 40, "sharing": None, "active": None}
    with store.writing() as connection:
        invited(connection, vault, one)
        consent.give(connection, one, "water", "cells", NOW)
        assert voucher.issue(connection, vault, one, shop, 200, NOW)
        assert len(cells.counted(connection, NOW)) == 1
        assert ledger.audit(connection) == ledger.Books(0, 0, 0, 0)
    store.close()


def test_a_town_that_grew_after_the_upgrade_is_held_against_an_edition_of_before(
    store: Store, vault: Vault
) -> None:
    homes = [
        cells.Home("centre" if n % 2 else "north", "house", frozenset({"water"}), "joined", "ada")
        for n in range(40)
    ]
    tables = cells.protected(homes)
    assert tables is not None
    old = {name: rows for name, rows in tables.items() if name not in ("stage", "ambassador")}
    more = [*homes, *(home._replace(stage="active", ambassador="ben") for home in homes)]
    document = cells._next({"2026-10": {"counted": "2026-10", "tables": old}}, more, "2026-11")
    assert document is not None
    assert document["counted"] == "2026-11"
    assert document["tables"]["stage"]["all"]["active"] == 40
