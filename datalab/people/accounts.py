"""Accounts: who has one, in which groups, until when. The hub follows what stands here.

A name is a slug, the same in the hub, in paths and in logs; ``display`` is what people read.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from datalab.errors import AccountExists, InvalidName, UnknownAccount, UnknownGroup
from datalab.people import audit
from datalab.people.rights import GROUPS
from datalab.people.store import Store

Kind = Literal["person", "guest"]
# The hub's names, minus what a path, a URL or a shell would read otherwise. ``proj-`` belongs to
# projects, ``invite-`` to guests.
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 32
RESERVED = ("proj-", "invite-")
LONGEST_DISPLAY = 80


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

    def may_enter(self, now: float) -> bool:
        """Neither disabled nor over."""
        return self.disabled_at is None and (self.expires_at is None or now < self.expires_at)


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
    """
    wanted = checked_groups(groups)
    if kind == "person":
        checked_name(name)
    shown = " ".join(display.split())[:LONGEST_DISPLAY] or name
    with store.writing() as database:
        if database.execute("SELECT 1 FROM accounts WHERE name = ?", (name,)).fetchone():
            raise AccountExists(name=name)
        database.execute(
            "INSERT INTO accounts (name, display, kind, origin, email, created_at, created_by, "
            "expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (name, shown, kind, origin, email, now, actor, expires_at),
        )
        database.executemany(
            "INSERT INTO memberships VALUES (?, ?)", [(name, group) for group in wanted]
        )
        facts = {"groups": list(wanted), "origin": origin}
        audit.append(database, now, actor, "account.add", name, facts)
    return get(store, name)


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
    """
    wanted = checked_groups(groups)
    before = get(store, name).groups
    with store.writing() as database:
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
    UnknownAccount
    """
    get(store, name)
    with store.writing() as database:
        at = now if disabled else None
        database.execute("UPDATE accounts SET disabled_at = ? WHERE name = ?", (at, name))
        verb = "account.disable" if disabled else "account.enable"
        audit.append(database, now, actor, verb, name, {})
    return get(store, name)


def remove(store: Store, now: float, actor: str, name: str) -> None:
    """Forget an account. The audit log keeps its name.

    Raises
    ------
    UnknownAccount
    """
    get(store, name)
    with store.writing() as database:
        database.execute("DELETE FROM accounts WHERE name = ?", (name,))
        database.execute("DELETE FROM attempts WHERE account = ?", (name,))
        audit.append(database, now, actor, "account.remove", name, {})


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
    )
