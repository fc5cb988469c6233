"""The hub follows the store: users, groups, who is shut out, and who is gone for good.

Every step is asked again without harm. What the store does not know and nobody removed (a project's
account, a user of an older lab) is left where it is; it is in none of the lab's groups.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from datalab.errors import HubUnreachable
from datalab.isolation.homes import Homes
from datalab.people import accounts, departures
from datalab.people.accounts import Account
from datalab.people.hub_api import HubApi
from datalab.people.rights import GROUPS
from datalab.people.store import Store

Leave = Callable[[str], object]
LOG = logging.getLogger("datalab.people")
PAGE = 200
PATIENCE = 40.0  # seconds that the hub may take to stop a server and delete a home


@dataclass
class Followed:
    """What was done: names per kind of change."""

    added: list[str] = field(default_factory=list)
    regrouped: list[str] = field(default_factory=list)
    shut_out: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def wanted_groups(store: Store, now: float) -> dict[str, list[str]]:
    """Per group of the lab the accounts that hold it and may enter."""
    open_ones = [account for account in accounts.accounts(store) if account.may_enter(now)]
    return {group: [a.name for a in open_ones if group in a.groups] for group in GROUPS}


def follow(
    store: Store, hub: HubApi, homes: Homes, now: float, leave: Leave | None = None
) -> Followed:
    """Make the hub as the store says.

    ``leave`` takes an account out of its projects; with it, who is gone is deleted as well
    (:func:`part`), which may take as long as their servers need to stop.

    Raises
    ------
    HubUnreachable
        what was done before stays done; the next call does the rest.
    """
    done = Followed()
    if leave is not None:
        part(store, hub, homes, now, leave, done)
    users = {user["name"]: user for user in _pages(hub, "/users")}
    known = accounts.accounts(store)
    for account in known:
        if account.name not in users and account.may_enter(now):
            hub.ask("POST", f"/users/{account.name}", done=(409,))
            done.added.append(account.name)
    _regroup(hub, wanted_groups(store, now), done)
    for account in known:
        user = users.get(account.name)
        if user is not None and not account.may_enter(now):
            _shut_out(hub, account, user, done)
    return done


def _regroup(hub: HubApi, wanted: dict[str, list[str]], done: Followed) -> None:
    present = {group["name"]: set(group.get("users", ())) for group in _pages(hub, "/groups")}
    for group, names in wanted.items():
        if group not in present:
            hub.ask("POST", f"/groups/{group}", done=(409,))
        held = present.get(group, set())
        missing, extra = sorted(set(names) - held), sorted(held - set(names))
        if missing:
            hub.ask("POST", f"/groups/{group}/users", {"users": missing})
        if extra:
            hub.ask("DELETE", f"/groups/{group}/users", {"users": extra}, done=(404,))
        done.regrouped += [name for name in (*missing, *extra) if name not in done.regrouped]


def _shut_out(hub: HubApi, account: Account, user: dict[str, Any], done: Followed) -> None:
    """Stop the server and forget the tokens of an account that is closed."""
    path = f"/users/{quote(account.name)}"
    tokens = hub.ask("GET", f"{path}/tokens", done=(404,)) or {}
    for token in tokens.get("api_tokens", ()):
        hub.ask("DELETE", f"{path}/tokens/{token['id']}", done=(404,))
    if user.get("server") or user.get("pending"):
        hub.ask("DELETE", f"{path}/server", done=(400, 404), seconds=PATIENCE)
        done.shut_out.append(account.name)


def part(
    store: Store,
    hub: HubApi,
    homes: Homes,
    now: float,
    leave: Leave,
    done: Followed | None = None,
) -> Followed:
    """Guests whose time is over leave; then everything of who left is deleted.

    Raises
    ------
    HubUnreachable
        what was done before stays done; the next call does the rest.
    """
    done = done or Followed()
    for account in accounts.accounts(store):
        over = account.expires_at is not None and account.expires_at <= now
        if account.kind == "guest" and over:
            accounts.remove(store, now, "lab", account.name)
    for name in departures.names(store):
        leave(name)
        # The hub stops the server first, then deletes the home.
        if _deleted(hub, name) and homes.release(name):
            departures.finish(store, name)
            done.gone.append(name)
        else:
            done.waiting.append(name)
    return done


def _deleted(hub: HubApi, name: str) -> bool:
    path = f"/users/{quote(name)}"
    user = hub.ask("GET", path, done=(404,))
    if user is None:
        return True
    if user.get("pending"):
        # A server that starts or stops cannot be stopped: next time.
        return False
    try:
        hub.ask("DELETE", path, done=(404,), seconds=PATIENCE)
    except HubUnreachable as error:
        LOG.info("%s is not gone yet: %s", name, error)
        return False
    return True


def _pages(hub: HubApi, path: str) -> list[dict[str, Any]]:
    """All entries of a list that the hub gives in pages."""
    found: list[dict[str, Any]] = []
    while True:
        page = hub.ask("GET", f"{path}?limit={PAGE}&offset={len(found)}") or []
        found += page
        if len(page) < PAGE:
            return found
