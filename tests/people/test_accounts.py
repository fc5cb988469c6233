"""Accounts: names that are safe, the last operator, and what is left of who is removed."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from datalab.errors import (
    AccountExists,
    AccountLeaving,
    DatalabError,
    InvalidName,
    LastOperator,
    UnknownAccount,
    UnknownGroup,
)
from datalab.people import accounts, audit, departures
from datalab.people.identity import clean
from datalab.people.links import Links
from datalab.people.store import MIGRATIONS, Store


def test_a_new_account_is_open_in_its_groups(store: Store) -> None:
    made = accounts.add(store, 1, "operator", "jeanne", ["stewards", "students"], "Jeanne")
    assert made.groups == ("students", "stewards")
    assert made.may_enter(2)
    assert not made.has_password


@pytest.mark.parametrize(
    "name",
    ["", "../x", "A", "é", "a b", "a--b", "-a", "1a", "proj-x", "invite-0", "x" * 33, "a\n", "a/b"],
)
def test_a_name_that_a_path_or_a_shell_could_misread_is_refused(store: Store, name: str) -> None:
    with pytest.raises(InvalidName):
        accounts.add(store, 1, "operator", name, ["students"])


def test_a_group_that_does_not_exist_is_named_with_those_that_do(store: Store) -> None:
    with pytest.raises(UnknownGroup, match="students"):
        accounts.add(store, 1, "operator", "jeanne", ["wheel"])
    assert accounts.find(store, "jeanne") is None


def test_of_many_who_take_a_name_at_once_one_gets_it(store: Store) -> None:
    def take(_: int) -> bool:
        try:
            accounts.add(store, 1, "operator", "jeanne", ["students"])
        except AccountExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(16))) == 1


def test_an_account_without_groups_disabled_or_over_opens_nothing(store: Store) -> None:
    accounts.add(store, 1, "operator", "jeanne", ["students"], expires_at=10)
    assert accounts.get(store, "jeanne").may_enter(9)
    assert not accounts.get(store, "jeanne").may_enter(10)
    accounts.disable(store, 2, "operator", "jeanne")
    assert not accounts.get(store, "jeanne").may_enter(3)
    accounts.disable(store, 4, "operator", "jeanne", disabled=False)
    accounts.set_groups(store, 5, "operator", "jeanne", [])
    assert not accounts.get(store, "jeanne").may_enter(6)


def test_the_last_operator_cannot_be_taken_away(store: Store) -> None:
    for attempt in (
        lambda: accounts.remove(store, 1, "operator", "operator"),
        lambda: accounts.disable(store, 1, "operator", "operator"),
        lambda: accounts.set_groups(store, 1, "operator", "operator", ["students"]),
    ):
        with pytest.raises(LastOperator):
            attempt()
    accounts.add(store, 1, "operator", "second", ["operators"])
    accounts.remove(store, 2, "second", "operator")
    with pytest.raises(LastOperator):
        accounts.remove(store, 3, "second", "second")


def test_two_operators_who_remove_each_other_at_once_leave_one(store: Store) -> None:
    accounts.add(store, 1, "operator", "second", ["operators"])

    def remove(name: str) -> None:
        try:
            accounts.remove(store, 2, "x", name)
        except DatalabError:
            return

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(remove, ["operator", "second"]))
    assert len(accounts.accounts(store)) == 1


def test_a_removed_account_leaves_no_way_in_and_its_name_waits(store: Store) -> None:
    accounts.add(store, 1, "operator", "jeanne", ["students"])
    token = Links(store).issue("jeanne", 1, 100)
    accounts.remove(store, 2, "operator", "jeanne")
    assert Links(store).consume(token, 3).refused == "unknown"
    assert departures.names(store) == ["jeanne"]
    with pytest.raises(AccountLeaving):
        accounts.add(store, 4, "operator", "jeanne", ["students"])
    departures.finish(store, "jeanne")
    accounts.add(store, 5, "operator", "jeanne", ["students"])


def test_an_unknown_account_is_named_with_the_nearest(store: Store) -> None:
    with pytest.raises(UnknownAccount, match="operator"):
        accounts.get(store, "operater")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  Jeanne \n d’Arc ", "Jeanne d’Arc"),
        ("<b>Jeanne</b>", "<b>Jeanne</b>"),
        ("Jeanne 👩‍🔬", "Jeanne 👩‍🔬"),
        ("ياسمين", "ياسمين"),
        ("\u202eenna\u2066J\u200f", "ennaJ"),
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("\u200b\u200d\ufeff", ""),
        ("x" * 500, "x" * 80),
        ("e\u0301", "é"),
    ],
)
def test_a_name_to_read_keeps_its_script_and_loses_its_tricks(written: str, read: str) -> None:
    assert clean(written) == read


def test_every_change_is_written_down_with_who_made_it(store: Store) -> None:
    accounts.add(store, 1, "operator", "jeanne", ["students"])
    accounts.rename(store, 2, "jeanne", "jeanne", "Jeanne")
    accounts.set_groups(store, 3, "operator", "jeanne", ["agents"])
    accounts.disable(store, 4, "operator", "jeanne")
    accounts.remove(store, 5, "operator", "jeanne")
    found = [(e.actor, e.action) for e in reversed(audit.entries(store, actor="jeanne"))]
    assert found == [
        ("operator", "account.add"),
        ("jeanne", "account.rename"),
        ("operator", "account.groups"),
        ("operator", "account.disable"),
        ("operator", "account.remove"),
    ]


def test_the_database_is_private_and_an_older_one_is_brought_up_to_date(store: Store) -> None:
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    older = store.path.with_name("older.sqlite")
    with sqlite3.connect(older) as database:
        database.executescript(MIGRATIONS[0])
        database.execute("PRAGMA user_version = 1")
        database.execute(
            "INSERT INTO accounts VALUES ('old', 'Old', 'person', 'command', NULL, NULL, 0, 'x', "
            "NULL, NULL)"
        )
    assert accounts.get(Store(older), "old").display == "Old"
    assert Links(Store(older)).issue("old", 0, 1)


def test_personas_are_added_once_and_one_that_was_removed_stays_away(store: Store) -> None:
    from datalab.deployment.seeding import seed

    seed(store, 1)
    names = {account.name for account in accounts.accounts(store)}
    assert {"student", "citizen", "operator", "steward"} <= names
    # An account of that name was there before: it is nobody's to change.
    assert accounts.get(store, "operator").origin == "command"
    accounts.remove(store, 2, "operator", "citizen")
    accounts.set_groups(store, 2, "operator", "student", ["agents"])
    seed(store, 3)
    assert accounts.find(store, "citizen") is None
    assert accounts.get(store, "student").groups == ("agents",)
    assert audit.first_broken(store) is None
