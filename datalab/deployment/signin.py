"""Sign-in links for people: printed at the terminal; those of the personas are kept in
``signin.json`` (mode 0600)."""

from __future__ import annotations

import json
import time

from datalab.deployment.seeding import ORIGIN
from datalab.errors import AccountClosed
from datalab.hub.plan import Plan
from datalab.isolation.private import write_private
from datalab.people import accounts, audit
from datalab.people.links import Links
from datalab.people.store import Store
from datalab.settings import Settings


def issue(settings: Settings, plan: Plan, name: str, actor: str) -> str:
    """A new sign-in link for one account, noted in the audit: it opens it for who holds it.

    Raises
    ------
    UnknownAccount
    AccountClosed
        where it is disabled or over.
    """
    now = time.time()
    account = accounts.get(Store(settings.people), name)
    if not account.may_enter(now):
        raise AccountClosed(name=name, reason=account.closed_because)
    link = _link(settings, plan, name, now)
    audit.record(Store(settings.people), now, actor, "signin.link", name)
    if account.origin == ORIGIN:
        _write(settings, plan, {**_known(settings, plan), name: link})
    return link


def issue_all(settings: Settings, plan: Plan) -> dict[str, str]:
    """One new link per persona that may enter."""
    now = time.time()
    personas = [
        account.name
        for account in sorted(accounts.accounts(Store(settings.people)), key=_age)
        if account.origin == ORIGIN and account.may_enter(now)
    ]
    links = {name: _link(settings, plan, name, now) for name in personas}
    _write(settings, plan, links)
    return links


def _age(account: accounts.Account) -> tuple[float, int]:
    from datalab.hub.personas import PERSONAS

    known = list(PERSONAS)
    return account.created_at, known.index(account.name) if account.name in known else len(known)


def _link(settings: Settings, plan: Plan, name: str, now: float) -> str:
    token = Links(Store(settings.people)).issue(name, now, settings.signin_hours * 3600)
    return f"{plan.url}/hub/signin?token={token}"


def _known(settings: Settings, plan: Plan) -> dict[str, str]:
    try:
        document = json.loads((settings.home / "signin.json").read_text())
    except (OSError, ValueError):
        return {}
    return dict(document.get("links", {})) if document.get("url") == plan.url else {}


def _write(settings: Settings, plan: Plan, links: dict[str, str]) -> None:
    document = {"url": plan.url, "links": links}
    write_private(settings.home / "signin.json", json.dumps(document, indent=1))
