"""Signing in with a password, setting a first one through a link, and changing it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from jupyterhub.handlers.login import LoginHandler as HubLoginHandler
from jupyterhub.orm import new_token

from datalab.errors import (
    DatalabError,
    FormExpired,
    PeopleError,
    TooManyAttempts,
    UnknownAccount,
    WeakPassword,
    WrongPassword,
)
from datalab.hub.authenticator import Entry
from datalab.hub.entering import FormHandler
from datalab.i18n import Phrase
from datalab.people import accounts, passwords
from datalab.people.links import Links

# Each comparison takes 64 MiB and one processor for a moment: a few at a time.
TURN = asyncio.Semaphore(2)
LONGEST_FIELD = 1_000


class LoginHandler(FormHandler, HubLoginHandler):  # type: ignore[misc]
    """``/hub/login``: a name and a password, or what else leads in."""

    async def post(self) -> None:
        if not self.authenticator.passwords:
            self.set_status(403)
            self.finish(await self._render(login_error=""))
            return
        name = self.get_body_argument("username", default="").lower()
        if self.stale:
            await self._refused(FormExpired(), name)
            return
        password = self.get_body_argument("password", default="", strip=False)
        try:
            async with TURN:
                account = await asyncio.to_thread(
                    passwords.sign_in,
                    self.store,
                    time.time(),
                    name,
                    password,
                    address=self.request.remote_ip,
                    browser=self.known_browser(name),
                )
        except PeopleError as error:
            await self._refused(error, name)
            return
        if await self.enter(Entry(account.name, "password")) is not None:
            self.go_on(account)

    async def _refused(self, error: PeopleError, name: str) -> None:
        if isinstance(error, FormExpired):
            pass
        elif isinstance(error, TooManyAttempts):
            # Not written down: the failures before it are, and these could be endless.
            self.set_header("Retry-After", str(error.facts["seconds"]))
        else:
            known = accounts.find(self.store, name)
            self.refuse("password", error.code, known.name if known else "")
        self.set_status(error.status)
        shown = name[: accounts.LONGEST_NAME]
        said = error.message(self.language)
        self.finish(await self._render(login_error=said, username=shown))


class PasswordHandler(FormHandler):
    """``/hub/password``: for who is signed in, or holds a link to set one."""

    async def get(self) -> None:
        token = self.get_query_argument("token", default="")
        name = self._name(token)
        if name is None:
            await self._no_link(token)
            return
        await self._form(name, token)

    async def post(self) -> None:
        token = self.get_body_argument("token", default="")
        name = self._name(token)
        if name is None:
            await self._no_link(token)
            return
        old, new, again = (
            self.get_body_argument(field, default="", strip=False)[:LONGEST_FIELD]
            for field in ("old", "new", "again")
        )
        try:
            if self.stale:
                raise FormExpired()
            if new != again:
                raise WeakPassword(reason=Phrase("it was typed differently the second time"))
            async with TURN:
                await asyncio.to_thread(self._set, name, token, old, new)
        except PeopleError as error:
            self.set_status(error.status)
            await self._form(name, token, error)
            return
        await self._done(name, bool(token))

    def _set(self, name: str, token: str, old: str, new: str) -> None:
        now = time.time()
        if not token:
            passwords.change(
                self.store,
                now,
                name,
                old,
                new,
                address=self.request.remote_ip,
                browser=self.known_browser(name),
            )
            return
        # Looked at before it is used up: a weak password costs nobody the link.
        passwords.check(accounts.get(self.store, name), new)
        if Links(self.store).consume(token, now, "password").account != name:
            raise UnknownAccount(name)
        passwords.put(self.store, now, name, name, new)

    async def _done(self, name: str, by_link: bool) -> None:
        """Every other browser has to sign in again."""
        user = self.find_user(name)
        if user is not None:
            user.orm_user.cookie_id = new_token()
            self.db.commit()
        if by_link:
            await self.enter(Entry(name, "password link"))
        elif user is not None:
            self.set_login_cookie(user)
        self.finish(await self.render_template("login_password_done.html"))

    def _name(self, token: str) -> str | None:
        """Whose password this is about."""
        if token:
            return Links(self.store).look(token, time.time(), "password").account
        user = self.current_user
        account = self.authenticator.opened(user.name, time.time()) if user else None
        ours = account is not None and account.kind == "person" and self.authenticator.passwords
        return account.name if account is not None and ours else None

    async def _no_link(self, token: str) -> None:
        if not token:
            # Guests come with a code, and those of a provider have their password there.
            signed_in = self.current_user is not None
            login = f"{self.settings['login_url']}?next={self.hub.base_url}password"
            self.redirect(f"{self.hub.base_url}home" if signed_in else login)
            return
        reason = Links(self.store).look(token, time.time(), "password").refused
        self.set_status(403)
        self.finish(await self.render_template("signin_refused.html", reason=reason))

    async def _form(self, name: str, token: str, error: DatalabError | None = None) -> None:
        account = accounts.get(self.store, name)
        values: dict[str, Any] = {
            "account": account,
            "token": token,
            "ask_old": account.has_password and not token,
            "shortest": passwords.SHORTEST,
            "problem": error.message(self.language) if error else "",
            "problem_field": "old" if isinstance(error, WrongPassword) else "new",
            "xsrf": self.xsrf_token.decode("ascii"),
        }
        self.finish(await self.render_template("login_password.html", **values))
