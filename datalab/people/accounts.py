"""Accounts: who has one, in which groups, until when. The hub follows what stands here.

A name is a slug, the same in the hub, in paths and in logs; ``display`` is what people read.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from datalab.errors import (
    AccountExists,
    AccountLeaving,
    InvalidName,
    LastOperator,
    UnknownAccount,
    UnknownGroup,
)
from datalab.i18n import DEFAULT, Language, Phrase
from datalab.people import audit
from datalab.people.identity import clean
from datalab.people.rights import GROUPS
from datalab.people.store import Store

Kind = Literal["person", "guest"]
# The hub's names, minus what a path, a URL or a shell would read otherwise. ``proj-`` belongs to
# projects, ``invite-`` to guests.
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 32
RESERVED = ("proj-", "invite-")
GUEST = re.compile(r"invite-[0-9a-f]{8,16}")
OPERATORS = "operators"


@dataclass(frozen=True)
class Account:
    """``origin`` is how it came to be: persona, command, portal, oidc or invitation."""

    name: str
    display: str
    kind: Kind
    groups: tuple[str, ...]
    origin: str
    email: str | None
    has_password: bool
    created_at: float
    created_by: str
    expires_at: float | None
    disabled_at: float | None
    invitation: str | None = None
    seen_at: float | None = None
    language: Language = DEFAULT

    def may_enter(self, now: float) -> bool:
        """Neither disabled nor over, and in a group: without one, there is nothing to do."""
        over = self.expires_at is not None and now >= self.expires_at
        return self.disabled_at is None and not over and bool(self.groups)

    @property
    def closed_because(self) -> Phrase:
        """Why it may not enter, as the end of a sentence."""
        if self.disabled_at is not None:
            return Phrase("is disabled")
        return Phrase("is over") if self.groups else Phrase("is in no group")


def checked_name(name: str) -> str:
    """``name`` where it can be the name of a person's account.

    Raises
    ------
    InvalidName
        with what a name looks like.
    """
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name) or name.startswith(RESERVED):
        raise InvalidName(name=name[:LONGEST_NAME])
    return name


def add(
    store: Store,
    now: float,
    actor: str,
    name: str,
    groups: Iterable[str],
    display: str = "",
    *,
    kind: Kind = "person",
    origin: str = "command",
    email: str | None = None,
    expires_at: float | None = None,
) -> Account:
    """A new account.

    Raises
    ------
    InvalidName, UnknownGroup, AccountExists
    AccountLeaving
        where one of that name is still being deleted.
    """
    wanted = checked_groups(groups)
    if kind == "person":
        checked_name(name)
    account = Account(
        name,
        clean(display) or name,
        kind,
        wanted,
        origin,
        email,
        False,
        now,
        actor,
        expires_at,
        None,
    )
    with store.writing() as database:
        insert(database, now, account)
    return get(store, name)


def insert(database: sqlite3.Connection, now: float, account: Account) -> None:
    """Write a new account inside a transaction.

    Raises
    ------
    AccountExists, AccountLeaving
    """
    name = account.name
    if database.execute("SELECT 1 FROM accounts WHERE name = ?", (name,)).fetchone():
        raise AccountExists(name=name)
    if database.execute("SELECT 1 FROM departures WHERE name = ?", (name,)).fetchone():
        raise AccountLeaving(name=name)
    database.execute(
        "INSERT INTO accounts (name, display, kind, origin, email, created_at, created_by, "
        "expires_at, invitation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            name,
            account.display,
            account.kind,
            account.origin,
            account.email,
            account.created_at,
            account.created_by,
            account.expires_at,
            account.invitation,
        ),
    )
    database.executemany(
        "INSERT INTO memberships VALUES (?, ?)", [(name, group) for group in account.groups]
    )
    facts = {"groups": list(account.groups), "origin": account.origin}
    audit.append(database, now, account.created_by, "account.add", name, facts)


def get(store: Store, name: str) -> Account:
    """The account of that name.

    Raises
    ------
    UnknownAccount
        with the nearest known name.
    """
    found = find(store, name)
    if found is None:
        raise UnknownAccount(name, [account.name for account in accounts(store)])
    return found


def find(store: Store, name: str) -> Account | None:
    with store.reading() as database:
        row = database.execute("SELECT * FROM accounts WHERE name = ?", (name,)).fetchone()
        return _account(database, row) if row else None


def accounts(store: Store) -> list[Account]:
    """Everybody, by name."""
    with store.reading() as database:
        rows = database.execute("SELECT * FROM accounts ORDER BY name").fetchall()
        return [_account(database, row) for row in rows]


def set_groups(store: Store, now: float, actor: str, name: str, groups: Iterable[str]) -> Account:
    """Replace the groups of an account.

    Raises
    ------
    UnknownAccount, UnknownGroup
    LastOperator
        where nobody would be left to run the lab.
    """
    wanted = checked_groups(groups)
    before = get(store, name).groups
    if before == wanted:
        return get(store, name)
    with store.writing() as database:
        if OPERATORS not in wanted:
            _keep_an_operator(database, now, name)
        database.execute("DELETE FROM memberships WHERE account = ?", (name,))
        database.executemany(
            "INSERT INTO memberships VALUES (?, ?)", [(name, group) for group in wanted]
        )
        facts = {"before": list(before), "after": list(wanted)}
        audit.append(database, now, actor, "account.groups", name, facts)
    return get(store, name)


def disable(store: Store, now: float, actor: str, name: str, *, disabled: bool = True) -> Account:
    """Close an account to its holder, or open it again. Nothing of it is deleted.

    Raises
    ------
    UnknownAccount, LastOperator
    """
    get(store, name)
    with store.writing() as database:
        if disabled:
            _keep_an_operator(database, now, name)
        at = now if disabled else None
        database.execute("UPDATE accounts SET disabled_at = ? WHERE name = ?", (at, name))
        verb = "account.disable" if disabled else "account.enable"
        audit.append(database, now, actor, verb, name, {})
    return get(store, name)


def rename(store: Store, now: float, actor: str, name: str, display: str) -> Account:
    """Change the name that people read.

    Raises
    ------
    UnknownAccount
    """
    before = get(store, name).display
    shown = clean(display) or name
    if shown != before:
        with store.writing() as database:
            database.execute("UPDATE accounts SET display = ? WHERE name = ?", (shown, name))
            facts = {"before": before, "after": shown}
            audit.append(database, now, actor, "account.rename", name, facts)
    return get(store, name)


def seen(store: Store, now: float, name: str) -> None:
    """Note that an account was just entered."""
    with store.writing() as database:
        database.execute("UPDATE accounts SET seen_at = ? WHERE name = ?", (now, name))


def remove(store: Store, now: float, actor: str, name: str) -> None:
    """Forget an account; its server and home follow (:mod:`datalab.people.follow`).

    The audit log keeps its name. Until all of it is gone, nobody else can take that name.

    Raises
    ------
    UnknownAccount, LastOperator
    """
    get(store, name)
    with store.writing() as database:
        _keep_an_operator(database, now, name)
        database.execute("DELETE FROM accounts WHERE name = ?", (name,))
        database.execute("DELETE FROM links WHERE account = ?", (name,))
        database.execute("INSERT OR IGNORE INTO departures VALUES (?, ?)", (name, now))
        audit.append(database, now, actor, "account.remove", name, {})


def _keep_an_operator(database: sqlite3.Connection, now: float, name: str) -> None:
    """Refuse to take the last open operator's account away."""
    rows = database.execute(
        "SELECT name FROM accounts JOIN memberships ON account = name WHERE grp = ? "
        "AND disabled_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
        (OPERATORS, now),
    )
    if {row["name"] for row in rows} == {name}:
        raise LastOperator(name=name)


def speak(store: Store, name: str, language: Language) -> None:
    """Remember in which language a person reads: letters go out in it."""
    with store.reading() as database:
        row = database.execute("SELECT language FROM accounts WHERE name = ?", (name,)).fetchone()
    if row is not None and row["language"] != language:
        with store.writing() as database:
            database.execute("UPDATE accounts SET language = ? WHERE name = ?", (language, name))


def checked_groups(groups: Iterable[str]) -> tuple[str, ...]:
    """Groups without repetition, in the lab's order.

    Raises
    ------
    UnknownGroup
        with the ones there are.
    """
    wanted = set(groups)
    for group in sorted(wanted - set(GROUPS)):
        raise UnknownGroup(group=group, known=", ".join(GROUPS))
    return tuple(group for group in GROUPS if group in wanted)


def _account(database: sqlite3.Connection, row: sqlite3.Row) -> Account:
    rows = database.execute("SELECT grp FROM memberships WHERE account = ?", (row["name"],))
    held = {r["grp"] for r in rows}
    return Account(
        name=row["name"],
        display=row["display"],
        kind=row["kind"],
        groups=tuple(group for group in GROUPS if group in held),
        origin=row["origin"],
        email=row["email"],
        has_password=row["password"] is not None,
        created_at=row["created_at"],
        created_by=row["created_by"],
        expires_at=row["expires_at"],
        disabled_at=row["disabled_at"],
        invitation=row["invitation"],
        seen_at=row["seen_at"],
        language="en" if row["language"] == "en" else DEFAULT,
    )
