"""Passwords: which ones may be set, and whether one is right. Nobody has one by default.

Argon2id with the parameters of RFC 9106 for machines with little memory (argon2-cffi's default:
64 MiB, three passes); a hash made with others is made anew when its password is next used.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from datalab.errors import AccountClosed, TooManyAttempts, WeakPassword, WrongPassword
from datalab.i18n import Phrase
from datalab.people import accounts, audit, throttle
from datalab.people.accounts import Account
from datalab.people.store import Store
from datalab.people.throttle import Mark

SHORTEST, LONGEST = 12, 256
DISTINCT = 5
# What a guesser tries first; with these and one's own names taken away, eight characters must stay.
COMMON: tuple[str, ...] = ("motdepasse", "password", "azertyuiop", "qwertyuiop", "azerty", "qwerty")
COMMON += ("1234567890", "0123456789", "123456789", "dijon", "metropole", "datalab", "bonjour")
REMAINING = 8

HASHER = PasswordHasher()


def sign_in(
    store: Store, now: float, name: str, password: str, *, address: str = "", browser: str = ""
) -> Account:
    """The account whose password this is. It takes as long where there is no such account.

    ``browser`` is what tells a browser that this account was opened in before, or nothing.

    Raises
    ------
    TooManyAttempts
        before anything is compared.
    WrongPassword
        whether or not there is such an account.
    AccountClosed
        only to who knows the password.
    """
    marks = _marks(name, address, browser)
    wait = throttle.attempt(store, now, marks)
    if wait:
        raise TooManyAttempts(seconds=wait)
    account = accounts.find(store, name) if _can_be_a_name(name) else None
    if not _matches(store, account, password) or account is None:
        raise WrongPassword()
    throttle.succeeded(store, now, marks)
    if not account.may_enter(now):
        raise AccountClosed(name=name, reason=account.closed_because)
    return account


def change(
    store: Store, now: float, name: str, old: str, new: str, *, address: str = "", browser: str = ""
) -> None:
    """Replace one's own password; ``old`` is ignored where there was none.

    Raises
    ------
    UnknownAccount, TooManyAttempts, WrongPassword, WeakPassword, AccountClosed
    """
    account = accounts.get(store, name)
    check(account, new)
    if account.has_password:
        sign_in(store, now, name, old, address=address, browser=browser)
    put(store, now, name, name, new)


def put(store: Store, now: float, actor: str, name: str, new: str) -> None:
    """Set a password, whatever was there before.

    Raises
    ------
    UnknownAccount, WeakPassword
    """
    check(accounts.get(store, name), new)
    hashed = HASHER.hash(_bytes(new))
    with store.writing() as database:
        database.execute("UPDATE accounts SET password = ? WHERE name = ?", (hashed, name))
        audit.append(database, now, actor, "account.password", name, {})


def check(account: Account, new: str) -> None:
    """Whether ``new`` may be a password of ``account``.

    Raises
    ------
    WeakPassword
        with what to change.
    """
    if len(new) < SHORTEST:
        raise WeakPassword(reason=Phrase("it has fewer than {count} characters", count=SHORTEST))
    if len(new) > LONGEST:
        raise WeakPassword(reason=Phrase("it has more than {count} characters", count=LONGEST))
    if len(set(new)) < DISTINCT:
        raise WeakPassword(reason=Phrase("it repeats the same few characters"))
    mine = _plain(account.email or "").partition("@")[0]
    rest = _letters(new)
    for word in sorted({_letters(account.name), _letters(account.display), _letters(mine)}):
        if len(word) >= 3 and len(rest.replace(word, "")) < min(REMAINING, len(rest)):
            raise WeakPassword(reason=Phrase("it is made of your own name"))
    for word in COMMON:
        if word in rest and len(rest.replace(word, "")) < REMAINING:
            raise WeakPassword(reason=Phrase("it is among the first that anybody would try"))


def _matches(store: Store, account: Account | None, password: str) -> bool:
    stored = _stored(store, account.name) if account else None
    # A hash is computed in every case: how long the answer takes tells nothing about accounts.
    guess = _bytes(password if len(password) <= LONGEST else "")
    try:
        HASHER.verify(stored or dummy(), guess)
    except (VerificationError, InvalidHashError):
        return False
    if account is None or stored is None or len(password) > LONGEST:
        return False
    if HASHER.check_needs_rehash(stored):
        with store.writing() as database:
            database.execute(
                "UPDATE accounts SET password = ? WHERE name = ? AND password = ?",
                (HASHER.hash(guess), account.name, stored),
            )
    return True


@cache
def dummy() -> str:
    """The hash of nobody's password."""
    return HASHER.hash(b"nobody")


def _stored(store: Store, name: str) -> str | None:
    with store.reading() as database:
        row = database.execute("SELECT password FROM accounts WHERE name = ?", (name,)).fetchone()
    return row["password"] if row else None


def _marks(name: str, address: str, browser: str) -> Sequence[Mark]:
    known = name if _can_be_a_name(name) else "?"
    if browser:
        return (throttle.browser(known, browser),)
    return (throttle.account(known), throttle.address(address))


def _can_be_a_name(name: str) -> bool:
    return len(name) <= accounts.LONGEST_NAME and accounts.NAME.fullmatch(name) is not None


def _bytes(password: str) -> bytes:
    """One spelling for what looks the same on two keyboards (NFKC, as NIST SP 800-63B asks)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in decomposed if not unicodedata.combining(part))


def _letters(text: str) -> str:
    return "".join(part for part in _plain(text) if part.isalnum())
