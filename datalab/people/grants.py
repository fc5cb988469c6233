"""Access to restricted datasets, asked of a steward and granted to one account until a day.

A grant ends by itself: whether it holds is always asked together with the time of day.
"""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from datalab.errors.grant import AlreadyAsked, GrantRefused, GrantSettled, UnknownGrant
from datalab.i18n import Phrase
from datalab.people import audit
from datalab.people.audience import MARK
from datalab.people.grant import STATES, Grant, State, checked_end, checked_text, short
from datalab.people.store import Store

LAB = "lab"


def ask(store: Store, now: float, account: str, dataset: str, purpose: str, until: float) -> Grant:
    """Ask the steward of ``dataset`` for access.

    Raises
    ------
    GrantRefused
        where no purpose is given, or the end is not within a year from now.
    AlreadyAsked
    """
    purpose = checked_text("purpose", purpose)
    checked_end(now, until)
    made = Grant(
        _id(), account, dataset, dataset, "asked", purpose, now, until, None, None, "", None
    )
    with store.writing() as database:
        try:
            _insert(database, made)
        except sqlite3.IntegrityError as error:
            raise AlreadyAsked(dataset=dataset) from error
        facts = {"dataset": dataset, "purpose": purpose, "until": until}
        audit.append(database, now, account, "access.ask", account, facts)
    return made


def give(
    store: Store,
    now: float,
    actor: str,
    account: str,
    version: str,
    until: float,
    purpose: str,
) -> Grant:
    """Let an account in without having been asked; in place of what it had of that version.

    Raises
    ------
    GrantRefused
    """
    purpose = checked_text("purpose", purpose)
    checked_end(now, until)
    dataset = version.partition(MARK)[0]
    made = Grant(
        _id(), account, dataset, version, "granted", purpose, now, until, now, actor, "", None
    )
    with store.writing() as database:
        _supersede(database, now, actor, made)
        _insert(database, made)
        _tell(database, now, actor, "access.grant", made)
    return made


def grant(
    store: Store,
    now: float,
    actor: str,
    id: str,
    version: str = "",
    until: float | None = None,
    reason: str = "",
) -> Grant:
    """Answer a request with yes: for a version of the dataset, until a day.

    Raises
    ------
    UnknownGrant, GrantSettled, GrantRefused
    """
    with store.writing() as database:
        asked = _open(database, id, "asked")
        version = version or asked.dataset
        if version.partition(MARK)[0] != asked.dataset:
            raise GrantRefused(reason=Phrase("that is another dataset"), field="version")
        end = asked.until if until is None else until
        checked_end(now, end)
        if actor == asked.account:
            raise GrantRefused(reason=Phrase("nobody answers their own request"), field="")
        after = _settle(
            database, now, actor, asked, "granted", short(reason), version=version, until=end
        )
        _tell(database, now, actor, "access.grant", after)
    return after


def refuse(store: Store, now: float, actor: str, id: str, reason: str) -> Grant:
    """Answer a request with no; who asked is told why.

    Raises
    ------
    UnknownGrant, GrantSettled, GrantRefused
    """
    reason = checked_text("reason", reason)
    with store.writing() as database:
        asked = _open(database, id, "asked")
        after = _settle(database, now, actor, asked, "refused", reason)
        _tell(database, now, actor, "access.refuse", after)
    return after


def revoke(store: Store, now: float, actor: str, id: str, reason: str) -> Grant:
    """Take a grant back, from now on.

    Raises
    ------
    UnknownGrant, GrantSettled, GrantRefused
    """
    reason = checked_text("reason", reason)
    with store.writing() as database:
        held = _open(database, id, "granted")
        after = _settle(database, now, actor, held, "revoked", reason)
        _tell(database, now, actor, "access.revoke", after)
    return after


def withdraw(store: Store, now: float, account: str, id: str) -> Grant:
    """Take back one's own request, or give up what was granted.

    Raises
    ------
    UnknownGrant, GrantSettled
    """
    with store.writing() as database:
        found = _find(database, id)
        if found is None or found.account != account:
            raise UnknownGrant(id=id[:40])
        found = _open(database, id, "asked", "granted")
        after = _settle(database, now, account, found, "withdrawn", "")
        _tell(database, now, account, "access.withdraw", after)
    return after


def end(store: Store, now: float) -> list[Grant]:
    """Write down which grants are over; they open nothing since that very moment."""
    asked = "SELECT * FROM grants WHERE state = 'granted' AND until <= ?"
    with store.reading() as database:
        if database.execute(asked, (now,)).fetchone() is None:
            return []
    with store.writing() as database:
        over = [_grant(row) for row in database.execute(asked, (now,)).fetchall()]
        for one in over:
            _settle(database, now, LAB, one, "ended", "")
            _tell(database, now, LAB, "access.end", one)
    return over


def ending(store: Store, now: float, ahead: float) -> list[Grant]:
    """Grants that end within ``ahead`` seconds and whose holder was not told yet; now they are."""
    asked = "SELECT * FROM grants WHERE state = 'granted' AND until <= ? AND warned_at IS NULL"
    with store.reading() as database:
        if database.execute(asked, (now + ahead,)).fetchone() is None:
            return []
    with store.writing() as database:
        found = [_grant(row) for row in database.execute(asked, (now + ahead,)).fetchall()]
        database.executemany(
            "UPDATE grants SET warned_at = ? WHERE id = ?", [(now, one.id) for one in found]
        )
    return found


def untold(store: Store) -> list[Grant]:
    """Requests and grants of whose state no letter was sent yet."""
    with store.reading() as database:
        rows = database.execute("SELECT * FROM grants WHERE told <> state").fetchall()
    return [_grant(row) for row in rows]


def note_told(store: Store, one: Grant) -> None:
    """A letter about ``one`` as it was went out, or nobody could be written to."""
    with store.writing() as database:
        database.execute("UPDATE grants SET told = ? WHERE id = ?", (one.state, one.id))


def get(store: Store, id: str) -> Grant:
    """
    Raises
    ------
    UnknownGrant
    """
    with store.reading() as database:
        found = _find(database, id)
    if found is None:
        raise UnknownGrant(id=id[:40])
    return found


def listed(
    store: Store,
    *,
    dataset: str | None = None,
    account: str | None = None,
    states: tuple[State, ...] = (),
) -> list[Grant]:
    """Requests and grants, the newest first."""
    with store.reading() as database:
        rows = database.execute(
            "SELECT * FROM grants WHERE (? IS NULL OR dataset = ?) AND (? IS NULL OR account = ?) "
            "ORDER BY asked_at DESC, id",
            (dataset, dataset, account, account),
        ).fetchall()
    found = [_grant(row) for row in rows]
    return [one for one in found if not states or one.state in states]


def by_account(store: Store, now: float) -> dict[str, frozenset[str]]:
    """Versions that hold now, by account."""
    found: dict[str, set[str]] = {}
    with store.reading() as database:
        for row in database.execute(
            "SELECT account, version FROM grants WHERE state = 'granted' AND until > ?", (now,)
        ):
            found.setdefault(row["account"], set()).add(row["version"])
    return {account: frozenset(versions) for account, versions in sorted(found.items())}


def of_account(store: Store, account: str, now: float) -> frozenset[str]:
    """Versions that one account was granted and that hold now."""
    with store.reading() as database:
        rows = database.execute(
            "SELECT version FROM grants WHERE account = ? AND state = 'granted' AND until > ?",
            (account, now),
        ).fetchall()
    return frozenset(row["version"] for row in rows)


def _id() -> str:
    return secrets.token_hex(5)


def _insert(database: sqlite3.Connection, made: Grant) -> None:
    values = vars(made)
    database.execute(
        f"INSERT INTO grants ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608
        tuple(values.values()),
    )


def _find(database: sqlite3.Connection, id: str) -> Grant | None:
    row = database.execute("SELECT * FROM grants WHERE id = ?", (id,)).fetchone()
    return _grant(row) if row else None


def _open(database: sqlite3.Connection, id: str, *states: State) -> Grant:
    found = _find(database, id)
    if found is None:
        raise UnknownGrant(id=id[:40])
    if found.state not in states:
        raise GrantSettled(state=STATES[found.state])
    return found


def _settle(
    database: sqlite3.Connection,
    now: float,
    actor: str,
    found: Grant,
    state: State,
    reason: str,
    **changes: Any,
) -> Grant:
    after = Grant(
        **{
            **vars(found),
            "state": state,
            "decided_at": now,
            "decided_by": actor,
            "reason": reason,
            **changes,
        }
    )
    if state == "granted":
        _supersede(database, now, actor, after)
    database.execute(
        "UPDATE grants SET state = ?, decided_at = ?, decided_by = ?, reason = ?, version = ?, "
        "until = ? WHERE id = ?",
        (state, now, actor, reason, after.version, after.until, after.id),
    )
    return after


def _supersede(database: sqlite3.Connection, now: float, actor: str, by: Grant) -> None:
    """A new grant of a version replaces the one that stands."""
    database.execute(
        "UPDATE grants SET state = 'ended', decided_at = ?, decided_by = ? "
        "WHERE account = ? AND version = ? AND state = 'granted' AND id <> ?",
        (now, actor, by.account, by.version, by.id),
    )


def _tell(database: sqlite3.Connection, now: float, actor: str, action: str, one: Grant) -> None:
    facts: dict[str, Any] = {"dataset": one.version, "until": one.until}
    if one.reason:
        facts["reason"] = one.reason
    audit.append(database, now, actor, action, one.account, facts)


def _grant(row: sqlite3.Row) -> Grant:
    return Grant(**dict(row))
