"""Passwords: guessing is slow, the owner is never shut out, and answers tell nothing."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import argon2
import pytest

from datalab.errors import (
    AccountClosed,
    DatalabError,
    TooManyAttempts,
    WeakPassword,
    WrongPassword,
)
from datalab.people import accounts, passwords, throttle
from datalab.people.store import Store

GOOD = "corde raide verte"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm with little work: these tests hash hundreds of times."""
    monkeypatch.setattr(passwords, "HASHER", argon2.PasswordHasher(1, 8, 1))
    passwords.dummy.cache_clear()


@pytest.fixture
def jeanne(store: Store) -> Store:
    accounts.add(store, 0, "operator", "jeanne", ["students"], "Jeanne Martin")
    passwords.put(store, 0, "operator", "jeanne", GOOD)
    return store


def outcome(store: Store, now: float, password: str, **where: str) -> str:
    try:
        return passwords.sign_in(store, now, "jeanne", password, **where).name
    except DatalabError as error:
        return error.code


def test_the_right_password_opens_the_account(jeanne: Store) -> None:
    assert passwords.sign_in(jeanne, 1, "jeanne", GOOD).name == "jeanne"
    assert accounts.get(jeanne, "jeanne").has_password


def test_nobody_has_a_password_by_default(store: Store) -> None:
    for guess in ("", "operator", "admin", "nobody", "None"):
        with pytest.raises((WrongPassword, TooManyAttempts)):
            passwords.sign_in(store, 1, "operator", guess)


@pytest.mark.parametrize(
    "password",
    ["", "short", "elevenchars", "aaaaaaaaaaaa", "jeanne-jeanne", "JEANNE  martin", "jeannejeanne1",
     "motdepasse123", "Motdepasse!!1", "azertyuiop12", "1234567890ab", "x" * 300, "y" * 1_000_000],
)  # fmt: skip
def test_a_password_that_is_guessed_first_is_refused(jeanne: Store, password: str) -> None:
    with pytest.raises(WeakPassword):
        passwords.put(jeanne, 1, "jeanne", "jeanne", password)
    assert outcome(jeanne, 2, GOOD) == "jeanne"


@pytest.mark.parametrize(
    "password", ["cheval pile agrafe", "ÉcoleD’ingénieurs21", "密码密码一二三四五六七八"]
)
def test_any_script_makes_a_password(jeanne: Store, password: str) -> None:
    passwords.put(jeanne, 1, "jeanne", "jeanne", password)
    assert outcome(jeanne, 2, password) == "jeanne"


def test_two_spellings_of_one_letter_are_one_letter(jeanne: Store) -> None:
    passwords.put(jeanne, 1, "jeanne", "jeanne", "e\u0301cole de Dijon sud")
    assert outcome(jeanne, 2, "\u00e9cole de Dijon sud") == "jeanne"


def test_changing_it_takes_the_old_one(jeanne: Store) -> None:
    with pytest.raises(WrongPassword):
        passwords.change(jeanne, 1, "jeanne", "not this one", "un autre mot bleu")
    passwords.change(jeanne, 2, "jeanne", GOOD, "un autre mot bleu")
    assert outcome(jeanne, 3, GOOD) == "wrong-password"
    assert outcome(jeanne, 4, "un autre mot bleu") == "jeanne"


@pytest.mark.parametrize("password", ["", "x", "x" * 1_000_000, "\x00", "\ud800", "' OR 1=1 --"])
def test_a_hostile_password_is_only_wrong(jeanne: Store, password: str) -> None:
    assert outcome(jeanne, 1, password) == "wrong-password"


@pytest.mark.parametrize("name", ["nobody", "", "../x", "x" * 5000, "jeanne\n", "JEANNE", "\ud800"])
def test_there_being_no_such_account_looks_the_same(jeanne: Store, name: str) -> None:
    with pytest.raises(WrongPassword):
        passwords.sign_in(jeanne, 1, name, GOOD)


def test_one_hash_is_computed_whether_or_not_there_is_an_account(
    jeanne: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: Counter[str] = Counter()
    passwords.dummy()
    real = passwords.HASHER

    class Counting:
        def verify(self, stored: str, guess: bytes) -> bool:
            verified["all"] += 1
            return real.verify(stored, guess)

        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

    monkeypatch.setattr(passwords, "HASHER", Counting())
    for name in ("jeanne", "operator", "nobody", "../x"):
        before = verified["all"]
        with pytest.raises(WrongPassword):
            passwords.sign_in(jeanne, 1, name, "wrong")
        assert verified["all"] == before + 1


def test_a_closed_account_is_told_only_to_who_knows_its_password(jeanne: Store) -> None:
    accounts.disable(jeanne, 1, "operator", "jeanne")
    assert outcome(jeanne, 2, "wrong") == "wrong-password"
    with pytest.raises(AccountClosed):
        passwords.sign_in(jeanne, 3, "jeanne", GOOD)


def test_a_hash_made_with_other_parameters_is_made_anew(
    jeanne: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stored() -> str:
        with jeanne.reading() as database:
            row = database.execute("SELECT password FROM accounts WHERE name = 'jeanne'").fetchone()
        return str(row["password"])

    before = stored()
    monkeypatch.setattr(passwords, "HASHER", argon2.PasswordHasher(2, 16, 1))
    assert outcome(jeanne, 1, GOOD) == "jeanne"
    assert "t=2" in stored()
    assert stored() != before
    assert outcome(jeanne, 2, GOOD) == "jeanne"


def test_guessing_slows_down_and_the_wait_has_an_end(jeanne: Store) -> None:
    tried, second = 0, 0
    while second < 86_400:
        try:
            passwords.sign_in(jeanne, second, "jeanne", "wrong", address="192.0.2.1")
        except WrongPassword:
            tried += 1
        except TooManyAttempts as error:
            second += error.facts["seconds"]
    # Five at once, then later and later: a hundred and some in a day, where a list has millions.
    assert 90 < tried < 130
    assert outcome(jeanne, second + 901, GOOD, address="192.0.2.1") == "jeanne"


def test_a_thousand_addresses_guess_no_faster_than_one(jeanne: Store) -> None:
    numbers = count()
    tried = sum(
        outcome(jeanne, second, "wrong", address=f"198.51.{n // 256 % 256}.{n % 256}")
        == "wrong-password"
        for second in range(60)
        for n in (next(numbers) for _ in range(50))
    )
    assert tried < 15


def test_one_address_does_not_go_through_all_accounts(store: Store) -> None:
    refused = Counter[str]()
    for number in range(200):
        try:
            passwords.sign_in(store, 1, f"account-{number}", "wrong", address="192.0.2.1")
        except DatalabError as error:
            refused[error.code] += 1
    assert refused["wrong-password"] <= throttle.ADDRESS.free + 1
    assert refused["too-many-attempts"] > 100


def test_a_hundred_guesses_at_once_are_no_more_than_a_hundred_in_a_row(jeanne: Store) -> None:
    with ThreadPoolExecutor(16) as pool:
        said = Counter(pool.map(lambda _: outcome(jeanne, 1, "wrong"), range(100)))
    assert said["wrong-password"] == throttle.ACCOUNT.free
    assert said["too-many-attempts"] == 100 - throttle.ACCOUNT.free


def test_strangers_do_not_lock_the_owner_out_of_a_browser_that_is_known(jeanne: Store) -> None:
    for second in range(300):
        outcome(jeanne, second, "wrong", address=f"192.0.2.{second % 256}")
    assert outcome(jeanne, 300, GOOD, address="203.0.113.9") == "too-many-attempts"
    assert outcome(jeanne, 300, GOOD, address="203.0.113.9", browser="mine") == "jeanne"
    # That browser is no way around: its own guesses wait too.
    said = Counter(outcome(jeanne, 301, "wrong", browser="mine") for _ in range(50))
    assert said["wrong-password"] == throttle.ACCOUNT.free


def test_a_class_behind_one_address_signs_in(store: Store) -> None:
    for number in range(30):
        accounts.add(store, 0, "operator", f"student-{number}", ["students"])
        passwords.put(store, 0, "operator", f"student-{number}", GOOD)
    for number in range(30):
        name = f"student-{number}"
        with pytest.raises(WrongPassword):
            passwords.sign_in(store, number, name, "typo", address="192.0.2.1")
        passwords.sign_in(store, number, name, GOOD, address="192.0.2.1")


def test_what_is_remembered_stays_small_and_keeps_the_longest_waits(
    jeanne: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "MOST", 50)
    for _ in range(12):
        for second in range(0, 5_000, 100):
            outcome(jeanne, second, "wrong", address="192.0.2.1")
    for number in range(200):
        address = throttle.address(f"10.0.{number // 256}.{number % 256}")
        throttle.attempt(jeanne, 5_000, [address])
    with jeanne.reading() as database:
        marks = {row["mark"] for row in database.execute("SELECT mark FROM throttle")}
    assert len(marks) == 50
    assert "account:jeanne" in marks
    throttle.attempt(jeanne, 5_000 + throttle.FORGET * 2, [throttle.address("192.0.2.1")])
    with jeanne.reading() as database:
        assert database.execute("SELECT count(*) FROM throttle").fetchone()[0] == 1


def test_a_subscriber_of_ipv6_is_one_address(store: Store) -> None:
    assert throttle.address("2001:db8:1:2::1") == throttle.address("2001:db8:1:2:ffff::9")
    assert throttle.address("2001:db8:1:2::1") != throttle.address("2001:db8:1:3::1")
    assert throttle.address("nonsense").name == "address:?"
