"""The ledger under concurrency: every posting balances, no point is spent twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from datalab.errors import AlreadyDone, NotEnoughPoints, VoucherRefused
from datalab.households import action, consent, household, ledger, voucher
from datalab.households.store import Store
from datalab.households.tables import ACCOUNT, ENTRY, VOUCHER
from datalab.households.vault import Vault
from tests.households.conftest import invited

NOW = 1_790_000_000.0
RIGHT = ledger.Books(0, 0, 0, 0)


def home(store: Store, vault: Vault, points: int = 0) -> str:
    with store.writing() as connection:
        made, _ = household.join(connection, vault, "Les Tilleuls", "centre", "house", NOW)
        invited(connection, vault, made)
        if points:
            account = ledger.account_of(connection, household=made)
            entries = {ledger.own(connection, ledger.ISSUED): -points, account: points}
            ledger.post(connection, f"gift:{made}", entries, NOW)
    return made


def merchant(store: Store, name: str = "Boulangerie") -> str:
    with store.writing() as connection:
        return voucher.add_merchant(connection, name, NOW)[0]


def balance(store: Store, one: str) -> int:
    with store.reading() as connection:
        return ledger.balance(connection, ledger.account_of(connection, household=one))


def books(store: Store) -> ledger.Books:
    with store.reading() as connection:
        return ledger.audit(connection)


def at_once(many: int, work: object) -> list[object]:
    def tried(number: int) -> object:
        try:
            return work(number)  # type: ignore[operator]
        except Exception as error:
            return type(error)

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(tried, range(many)))


def test_twenty_four_who_spend_the_same_points_at_once_get_five_vouchers(
    store: Store, vault: Vault
) -> None:
    one, shop = home(store, vault, 1_000), merchant(store)

    def spend(_: int) -> str:
        with store.writing() as connection:
            return voucher.issue(connection, vault, one, shop, 200, NOW)

    found = at_once(24, spend)
    assert found.count(NotEnoughPoints) == 19
    assert balance(store, one) == 0
    assert books(store) == RIGHT
    with store.reading() as connection:
        assert ledger.balance(connection, ledger.HELD) == 1_000
        assert len(connection.execute(select(VOUCHER)).all()) == 5


def test_a_voucher_that_twenty_tills_redeem_at_once_is_redeemed_once(
    store: Store, vault: Vault
) -> None:
    one, shop = home(store, vault, 500), merchant(store)
    with store.writing() as connection:
        code = voucher.issue(connection, vault, one, shop, 500, NOW)

    def redeem(_: int) -> str:
        with store.writing() as connection:
            return voucher.redeem(connection, shop, code, NOW).state

    found = at_once(20, redeem)
    assert found.count("redeemed") == 1
    assert found.count(VoucherRefused) == 19
    assert books(store) == RIGHT
    with store.reading() as connection:
        account = ledger.account_of(connection, merchant=shop)
        assert ledger.balance(connection, account) == 500


def test_the_same_action_clicked_twelve_times_at_once_earns_once(
    store: Store, vault: Vault
) -> None:
    one = home(store, vault)
    with store.writing() as connection:
        consent.give(connection, one, "water", "follow", NOW)

    def click(_: int) -> int:
        with store.writing() as connection:
            return action.pledge(connection, one, "shower", "month", NOW)

    found = at_once(12, click)
    assert found.count(20) == 1
    assert found.count(AlreadyDone) == 11
    assert balance(store, one) == 20
    assert books(store) == RIGHT


def test_homes_that_pay_each_other_both_ways_never_lock_each_other(
    store: Store, vault: Vault
) -> None:
    one, two = home(store, vault, 300), home(store, vault, 300)

    def swap(number: int) -> str:
        with store.writing() as connection:
            accounts = [ledger.account_of(connection, household=h) for h in (one, two)]
            a, b = accounts if number % 2 else accounts[::-1]
            return ledger.post(connection, f"swap:{number}", {a: -7, b: 7}, NOW)

    found = at_once(30, swap)
    assert all(isinstance(made, str) for made in found)
    assert balance(store, one) + balance(store, two) == 600
    assert books(store) == RIGHT


def test_a_posting_that_does_not_balance_or_was_made_before_is_none(
    store: Store, vault: Vault
) -> None:
    one = home(store, vault, 100)
    with store.writing() as connection:
        account = ledger.account_of(connection, household=one)
        issued = ledger.own(connection, ledger.ISSUED)
        for wrong in ({account: 5, issued: -4}, {account: 0, issued: 0}, {account: 5}):
            with pytest.raises(ValueError, match="nought"):
                ledger.post(connection, "wrong", wrong, NOW)
        ledger.post(connection, "once", {account: 5, issued: -5}, NOW)
        with pytest.raises(AlreadyDone):
            ledger.post(connection, "once", {account: 5, issued: -5}, NOW)
    assert balance(store, one) == 105
    assert books(store) == RIGHT


def test_what_is_refused_half_way_leaves_nothing(store: Store, vault: Vault) -> None:
    one = home(store, vault, 100)
    shop = merchant(store)
    with pytest.raises(NotEnoughPoints), store.writing() as connection:
        voucher.issue(connection, vault, one, shop, 200, NOW)
    assert balance(store, one) == 100
    assert books(store) == RIGHT


def test_the_database_itself_refuses_a_debt(store: Store, vault: Vault) -> None:
    one = home(store, vault, 100)
    debt = update(ACCOUNT).where(ACCOUNT.c.household_id == one).values(balance=-1)
    with pytest.raises(IntegrityError), store.writing() as connection:
        connection.execute(debt)


def test_an_audit_sees_books_that_somebody_cooked(store: Store, vault: Vault) -> None:
    one = home(store, vault, 100)
    with store.writing() as connection:
        account = ledger.account_of(connection, household=one)
        connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account).values(balance=900))
    assert books(store).drifted == 1
    assert books(store).total == 800
    with store.writing() as connection:
        of = select(ENTRY.c.transfer_id).limit(1).scalar_subquery()
        extra = home_account(connection)
        connection.execute(insert(ENTRY).values(transfer_id=of, account_id=extra, amount=5))
    assert books(store).unbalanced == 1


def home_account(connection: object) -> str:
    return ledger.own(connection, ledger.HELD)  # type: ignore[arg-type]


def test_a_merchant_sees_a_voucher_and_nothing_of_the_home(store: Store, vault: Vault) -> None:
    one, shop, other = home(store, vault, 500), merchant(store), merchant(store, "Librairie")
    with store.writing() as connection:
        code = voucher.issue(connection, vault, one, shop, 200, NOW)
        slow = f" {code[:5].lower()}-{code[5:]} "
        shown = voucher.shown(connection, shop, slow, NOW)
        assert vars(shown) == {
            "cents": 200,
            "state": "issued",
            "expires_at": NOW + voucher.VALID,
        }
        with pytest.raises(VoucherRefused):
            voucher.shown(connection, other, code, NOW)
        with pytest.raises(VoucherRefused):
            voucher.redeem(connection, other, code, NOW)
        assert voucher.redeem(connection, shop, slow, NOW).state == "redeemed"
        assert voucher.settle(connection, shop, "virement 1", NOW) == 200
        assert voucher.settle(connection, shop, "virement 2", NOW) == 0
    assert books(store) == RIGHT


def test_a_voucher_whose_time_is_over_gives_its_points_back(store: Store, vault: Vault) -> None:
    one, shop = home(store, vault, 500), merchant(store)
    late = NOW + voucher.VALID
    with store.writing() as connection:
        code = voucher.issue(connection, vault, one, shop, 500, NOW)
        assert voucher.give_back(connection, one, NOW) == 0
        with pytest.raises(VoucherRefused):
            voucher.redeem(connection, shop, code, late)
        assert voucher.shown(connection, shop, code, late).state == "expired"
        assert voucher.give_back(connection, one, late) == 500
        assert voucher.give_back(connection, one, late) == 0
    assert balance(store, one) == 500
    assert books(store) == RIGHT
