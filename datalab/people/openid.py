"""Accounts of an OpenID provider: who they are here, and in which groups.

A person is known by the provider's ``sub``, which never changes, and by nothing else: what they
call themselves only proposes a name for the account, which never is that of an account that exists.
An address counts where the provider says that it verified it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from datalab.errors import AccountClosed, LastOperator, NotEntitled, SignInRefused
from datalab.i18n import Phrase
from datalab.people import accounts
from datalab.people.accounts import LONGEST_NAME, RESERVED, Account
from datalab.people.identity import clean
from datalab.people.store import Store

ORIGIN = "oidc"
LONGEST_SUBJECT = 255


@dataclass(frozen=True)
class Rules:
    """Which groups of the provider are which of ours; ``default`` for who is in none of them."""

    issuer: str
    provider: str
    claim: str = "groups"
    groups: Mapping[str, str] = field(default_factory=dict)
    default: str = ""

    @classmethod
    def of(cls, issuer: str, provider: str, claim: str, groups: str, default: str) -> Rules:
        """From settings: ``groups`` is ``etudiants=students, enseignants=facilitators``.

        Raises
        ------
        UnknownGroup
        """
        pairs = [part.partition("=") for part in groups.split(",") if part.strip()]
        found = {theirs.strip(): ours.strip() for theirs, _, ours in pairs}
        accounts.checked_groups([*found.values(), *([default] if default else [])])
        return cls(issuer, provider, claim, found, default)

    def wanted(self, claims: Mapping[str, Any], held: Iterable[str] = ()) -> set[str]:
        """Groups of an account: those the provider decides about, and those given here by hand."""
        said = claims.get(self.claim)
        names = said.replace(",", " ").split() if isinstance(said, str) else said
        theirs = {n for n in names if isinstance(n, str)} if isinstance(names, list) else set()
        by_hand = set(held) - set(self.groups.values()) - {self.default}
        mapped = {self.groups[name] for name in theirs if name in self.groups}
        return by_hand | mapped or ({self.default} if self.default else set())


def account_of(store: Store, now: float, rules: Rules, claims: Mapping[str, Any]) -> Account:
    """The account of a person whom the provider vouches for; made when they first come.

    Raises
    ------
    SignInRefused
        where the provider does not say who it is.
    NotEntitled
        where none of their groups means anything here.
    AccountClosed
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise SignInRefused(reason=Phrase("the provider does not say who you are"))
    with store.writing() as database:
        name = _known(database, rules.issuer, subject)
        if name is None:
            account = _new(database, now, rules, claims)
            accounts.insert(database, now, account)
            database.execute(
                "INSERT INTO identities VALUES (?, ?, ?)", (rules.issuer, subject, account.name)
            )
            return account
    return _updated(store, now, rules, claims, accounts.get(store, name))


def _updated(
    store: Store, now: float, rules: Rules, claims: Mapping[str, Any], account: Account
) -> Account:
    wanted = rules.wanted(claims, account.groups)
    # The provider may not take the last operator away: somebody has to run the lab.
    with contextlib.suppress(LastOperator):
        account = accounts.set_groups(store, now, ORIGIN, account.name, wanted)
    if not account.groups:
        raise NotEntitled(provider=rules.provider)
    if not account.may_enter(now):
        raise AccountClosed(name=account.name, reason=account.closed_because)
    return account


def _new(
    database: sqlite3.Connection, now: float, rules: Rules, claims: Mapping[str, Any]
) -> Account:
    wanted = rules.wanted(claims)
    if not wanted:
        raise NotEntitled(provider=rules.provider)
    verified = claims.get("email_verified") in (True, "true")
    email = _text(claims, "email") if verified else ""
    display = clean(_text(claims, "name"))
    spoken = (_text(claims, "preferred_username"), display, email.partition("@")[0])
    name = _free(database, next((s for s in map(slug, spoken) if s), "membre"))
    return Account(
        name=name,
        display=display or clean(spoken[0]) or name,
        kind="person",
        groups=accounts.checked_groups(wanted),
        origin=ORIGIN,
        email=email or None,
        has_password=False,
        created_at=now,
        created_by=ORIGIN,
        expires_at=None,
        disabled_at=None,
    )


def slug(text: str) -> str:
    """A name for an account in the letters that one may have; empty where there are none."""
    plain = unicodedata.normalize("NFKD", text[:200].partition("@")[0]).encode("ascii", "ignore")
    parts = "".join(c if c.isalnum() else "-" for c in plain.decode().lower()).split("-")
    joined = "-".join(part for part in parts if part)
    if joined and (not joined[0].isalpha() or f"{joined}-".startswith(RESERVED)):
        joined = f"u-{joined}"
    return joined[:LONGEST_NAME].rstrip("-")


def _free(database: sqlite3.Connection, wanted: str) -> str:
    """``wanted``, or with a number behind: an account that exists is never taken over."""
    rows = database.execute("SELECT name FROM accounts UNION SELECT name FROM departures")
    taken = {row["name"] for row in rows}
    return next(name for name in _numbered(wanted) if name not in taken)


def _numbered(wanted: str) -> Iterator[str]:
    yield wanted
    number = 2
    while True:
        end = f"-{number}"
        yield wanted[: LONGEST_NAME - len(end)].rstrip("-") + end
        number += 1


def _known(database: sqlite3.Connection, issuer: str, subject: str) -> str | None:
    row = database.execute(
        "SELECT account FROM identities WHERE issuer = ? AND subject = ?", (issuer, subject)
    ).fetchone()
    return row["account"] if row else None


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value[:320] if isinstance(value, str) else ""
