"""Codes for real homes: one each, once, and nothing that tells who used theirs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from datalab.errors import HouseholdRefused, UnknownHousehold
from datalab.households import ambassador, cells, consent, household, ledger, voucher
from datalab.households.store import Store
from datalab.households.tables import HOUSEHOLD, INVITATION
from datalab.households.vault import Vault
from tests.households.conftest import NOW, invited


def appointed(store: Store, vault: Vault, allowance: int = 20) -> tuple[str, str]:
    with store.writing() as connection:
        return ambassador.appoint(connection, vault, "Ada", allowance, NOW)


def codes(store: Store, whose: str, many: int) -> list[str]:
    with store.writing() as connection:
        return ambassador.make_codes(connection, whose, many, NOW)


def admitted(store: Store, vault: Vault, code: str, now: float = NOW) -> str:
    with store.writing() as connection:
        return ambassador.admit(connection, vault, "Foyer", "centre", "house", code, now)[0]


def homes(store: Store) -> int:
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(HOUSEHOLD)).scalar_one()


def test_nobody_joins_without_a_code_unless_the_association_says_so(
    store: Store, vault: Vault
) -> None:
    for code in ("", "  ", "BCDFGHJK"):
        with pytest.raises(HouseholdRefused) as problem:
            admitted(store, vault, code)
        assert problem.value.facts["field"] == "invitation"
    assert homes(store) == 0
    with store.writing() as connection:
        ambassador.set_needs_code(connection, False)
    one = admitted(store, vault, "")
    with pytest.raises(HouseholdRefused):
        admitted(store, vault, "BCDFGHJK")
    with store.writing() as connection:
        assert not ambassador.is_invited(connection, one)
        consent.give(connection, one, "water", "cells", NOW)
        shop, _ = voucher.add_merchant(connection, "Boulangerie", NOW)
        account = ledger.account_of(connection, household=one)
        moved = {ledger.own(connection, ledger.ISSUED): -500, account: 500}
        ledger.post(connection, "gift", moved, NOW)
        assert cells.counted(connection, NOW) == []
    with pytest.raises(HouseholdRefused, match="invitation"), store.writing() as connection:
        voucher.issue(connection, vault, one, shop, 200, NOW)
    with store.writing() as connection:
        invited(connection, vault, one)
        assert voucher.issue(connection, vault, one, shop, 200, NOW)
        assert len(cells.counted(connection, NOW)) == 1


def test_twelve_who_type_one_code_at_once_are_one_home(store: Store, vault: Vault) -> None:
    whose, _ = appointed(store, vault)
    [code] = codes(store, whose, 1)

    def tried(_: int) -> bool:
        try:
            admitted(store, vault, f"{code[:4]}-{code[4:].lower()} ")
        except HouseholdRefused:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(tried, range(12))) == 1
    assert homes(store) == 1


def test_a_code_ends_with_its_time_its_ambassador_and_its_first_home(
    store: Store, vault: Vault
) -> None:
    whose, secret = appointed(store, vault)
    first, late, last = codes(store, whose, 3)
    one = admitted(store, vault, first)
    with pytest.raises(HouseholdRefused):
        admitted(store, vault, late, NOW + ambassador.VALID + 1)
    with store.writing() as connection, pytest.raises(HouseholdRefused, match="déjà"):
        ambassador.invite(connection, one, late, NOW)
    with store.writing() as connection:
        connection.execute(HOUSEHOLD.delete().where(HOUSEHOLD.c.id == one))
    with pytest.raises(HouseholdRefused):
        admitted(store, vault, first)
    kept = admitted(store, vault, late)
    with store.writing() as connection:
        ambassador.dismiss(connection, whose)
        assert ambassador.is_invited(connection, kept)
    with pytest.raises(HouseholdRefused):
        admitted(store, vault, last)
    with store.reading() as connection, pytest.raises(UnknownHousehold):
        ambassador.opened(connection, vault, secret)


def test_eight_sheets_at_once_stay_within_the_allowance(store: Store, vault: Vault) -> None:
    whose, secret = appointed(store, vault, 30)

    def tried(_: int) -> int:
        try:
            return len(codes(store, whose, 12))
        except HouseholdRefused:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tried, range(8))) == 24
    for many in (0, -1, 13, 7):
        with pytest.raises(HouseholdRefused):
            codes(store, whose, many)
    with store.reading() as connection:
        me = ambassador.opened(connection, vault, secret)
        assert (me.made, me.left) == (24, 6)
        assert connection.execute(select(func.count()).select_from(INVITATION)).scalar_one() == 24
    for name, allowance in (("", 5), ("Ada", 0), ("Ada", 201)):
        with store.writing() as connection, pytest.raises(HouseholdRefused):
            ambassador.appoint(connection, vault, name, allowance, NOW)


def test_neither_code_nor_name_lies_in_the_database(store: Store, vault: Vault) -> None:
    whose, _ = appointed(store, vault)
    [code] = codes(store, whose, 1)
    with store.reading() as connection:
        kept = str([dict(row._mapping) for row in connection.execute(select(INVITATION))])
        row = connection.exec_driver_sql("SELECT * FROM ambassador").one()
    assert code not in kept
    assert "Ada" not in str(tuple(row))


def test_who_agreed_to_other_words_is_asked_again(store: Store, vault: Vault) -> None:
    with store.writing() as connection:
        one, _ = household.join(connection, vault, "Foyer", "centre", "house", NOW)
        invited(connection, vault, one)
        consent.give(connection, one, "water", "cells", NOW)
        connection.exec_driver_sql("UPDATE consent SET wording = '2026-11'")
        assert cells.counted(connection, NOW) == []
        assert consent.standing(connection, one) == set()
        consent.give(connection, one, "water", "cells", NOW + 1)
        consent.give(connection, one, "water", "cells", NOW + 2)
        assert consent.standing(connection, one) == {("water", "cells")}
        assert len(consent.history(connection, one)) == 2
        assert len(cells.counted(connection, NOW)) == 1


def test_an_ambassador_reads_no_small_count_of_homes_that_came_or_did_not(
    store: Store, vault: Vault
) -> None:
    few, _ = appointed(store, vault)
    with store.writing() as connection:
        made = []
        for number in range(60):
            one, _ = household.join(connection, vault, f"F{number}", "centre", "house", NOW)
            consent.give(connection, one, "water", "cells", NOW)
            made.append(one)
        many = invited(connection, vault, *made[10:])
        for one, code in zip(
            made[:10], ambassador.make_codes(connection, few, 10, NOW), strict=True
        ):
            ambassador.invite(connection, one, code, NOW)
        assert {home.ambassador for home in cells.counted(connection, NOW)} == {cells.OTHERS}
        ambassador.make_codes(connection, many, 11, NOW)
    found = cells.edition(store, "2026-11", NOW)
    assert found is not None
    assert found.of(few) == (None, None)
    homes, active = found.of(many)
    assert homes in (50, None)
    assert active in (0, None)
    assert "ambassador" not in found.shown
    assert found.funnel["joined"] == 60
