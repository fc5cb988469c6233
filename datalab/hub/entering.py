"""The last step of every way in: the hub's own groups, the record, and where the person lands."""

from __future__ import annotations

import ipaddress
import secrets
import time
from typing import Any
from urllib.parse import quote

from jupyterhub import orm
from jupyterhub.handlers import BaseHandler
from jupyterhub.utils import url_path_join
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tornado import web

from datalab.hub.authenticator import Entry
from datalab.hub.roles import PORTAL
from datalab.i18n import Language, negotiate
from datalab.people import accounts, audit, throttle
from datalab.people.accounts import Account
from datalab.people.rights import GROUPS
from datalab.people.store import Store

# Those whose work begins in a notebook; the others come for the portal.
BUILDERS = ("students", "citizens", "entrepreneurs")
# The cookie by which somebody else's wrong guesses do not slow down one's own browser.
BROWSER = "datalab-browser"
BROWSER_DAYS = 180


class EnteringHandler(BaseHandler):  # type: ignore[misc]
    """A page of the hub that can let somebody in."""

    def set_default_headers(self) -> None:
        super().set_default_headers()
        # The address may hold a token or a code: no page after this one may carry it on.
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")

    async def prepare(self) -> None:
        """A link and a code are good once: neither is looked at while the hub's database is away.

        After a restart of its server, the connection that the hub holds is a dead one.
        """
        for last in (False, True):
            try:
                self.db.execute(text("SELECT 1"))
                break
            except DBAPIError as error:
                self.db.rollback()
                if last:
                    raise web.HTTPError(503) from error
        await super().prepare()

    def append_query_parameters(self, url: str, exclude: list[str] | None = None) -> str:
        """Nothing of this address goes on to the next one."""
        return url

    @property
    def store(self) -> Store:
        store: Store = self.authenticator.store
        return store

    @property
    def language(self) -> Language:
        return negotiate(self.request.headers.get("Accept-Language"))

    @property
    def network(self) -> str:
        """Where the request comes from, without the part that names one household."""
        return network_of(self.request.remote_ip)

    async def enter(self, entry: Entry) -> Any:
        """Sign in as the account of ``entry``; None where it may not enter (now)."""
        now = time.time()
        if self.current_user and self.current_user.name != entry.account:
            # One browser, two people: the earlier one must not stay behind the new one's pages.
            self.clear_login_cookie()
            self._jupyterhub_user = None
        user = await self.login_user({"username": entry.account, "entry": entry})
        account = accounts.find(self.store, entry.account)
        if user is None or account is None:
            self.refuse(entry.way, "closed", entry.account)
            return None
        self._jupyterhub_user = user
        self._remember_browser(account.name)
        follow_groups(self.db, user.orm_user, account)
        accounts.seen(self.store, now, account.name)
        detail = {"way": entry.way, "from": self.network}
        audit.record(self.store, now, account.name, "signin.ok", account.name, **detail)
        return user

    def known_browser(self, name: str) -> str:
        """What tells this browser, where ``name`` was opened in it before; else nothing."""
        signed = self.get_signed_cookie(BROWSER, max_age_days=BROWSER_DAYS)
        known, _, identifier = (signed or b"").decode("ascii", "replace").partition(":")
        return identifier if known == name else ""

    def _remember_browser(self, name: str) -> None:
        if not self.known_browser(name):
            self.set_signed_cookie(
                BROWSER,
                f"{name}:{secrets.token_urlsafe(12)}",
                expires_days=BROWSER_DAYS,
                path=self.hub.base_url,
                httponly=True,
                samesite="Lax",
                secure=self.request.protocol == "https",
            )

    def refuse(self, way: str, reason: str, account: str = "") -> None:
        """Write a refused sign-in down. ``account`` only where there is such an account: people
        type passwords where names belong."""
        now = time.time()
        detail = {"way": way, "reason": reason, "from": self.network}
        # A log that only grows must not be filled by whoever likes to: attempts on an account are
        # slowed down anyway, those on none are written down only so often.
        if account or not throttle.attempt(self.store, now, self._log_marks()):
            audit.record(self.store, now, account or "?", "signin.refused", account, **detail)

    def _log_marks(self) -> list[throttle.Mark]:
        mark = throttle.address(self.request.remote_ip)
        everybody = throttle.Pace(free=1_000, first=1, longest=10)
        return [
            throttle.Mark(f"log:{mark.name}", mark.pace, pardoned=False),
            throttle.Mark("log", everybody, pardoned=False),
        ]

    def landing(self, account: Account) -> str:
        """The address where this account's work begins."""
        portal = url_path_join(self.base_url, "services", PORTAL, "/")
        if "operators" in account.groups:
            return f"{portal}machine/"
        if not set(account.groups) & set(BUILDERS):
            # By its door, so that they arrive signed in there too.
            return f"{portal}signin"
        notebook = f"user/{account.name}/lab/tree/{quote(self.authenticator.welcome)}"
        spawn = url_path_join(self.hub.base_url, "spawn", account.name)
        return f"{spawn}?next={quote(url_path_join(self.base_url, notebook), safe='')}"

    def go_on(self, account: Account) -> None:
        """Send somebody who just entered where they were going, or where their work begins."""
        # JupyterHub keeps to addresses of this lab.
        self.redirect(self.get_next_url(self.current_user, default=self.landing(account)))


class FormHandler(EnteringHandler):
    """A form for people who are not signed in, on a phone that changes networks."""

    stale = False

    def check_xsrf_cookie(self) -> None:
        """The token is bound to the address: another one is a reason to ask again, not an error."""
        try:
            super().check_xsrf_cookie()
        except web.HTTPError:
            if self.request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
                raise
            self.stale = True


def follow_groups(database: Any, user: Any, account: Account) -> None:
    """The hub's groups of one user as the store says; those of projects stay as they are."""
    held = {group.name: group for group in user.groups if group.name in GROUPS}
    for name in account.groups:
        if name not in held:
            group = orm.Group.find(database, name)
            if group is None:
                group = orm.Group(name=name)
                database.add(group)
            group.users.append(user)
    for name, group in held.items():
        if name not in account.groups:
            group.users.remove(user)
    database.commit()


def network_of(address: str | None) -> str:
    """``192.0.2.0/24`` or ``2001:db8:1::/48``: enough to see an attack, not a household."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "?"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    kept = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network(f"{parsed}/{kept}", strict=False))
