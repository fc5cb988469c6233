"""``/hub/rejoindre``: a code, a name to be called by, and a temporary account."""

from __future__ import annotations

import time
from urllib.parse import quote

from jupyterhub.utils import url_path_join

from datalab.errors import DatalabError, InvalidInvitation, TooManyAttempts
from datalab.hub.authenticator import Entry
from datalab.hub.entering import FormHandler
from datalab.hub.roles import PORTAL
from datalab.i18n import Language, translate
from datalab.people import accounts, invitations, pseudonyms, throttle
from datalab.people.accounts import Account
from datalab.people.identity import LONGEST_DISPLAY, group_names
from datalab.people.invitations import Invitation

LONGEST_CODE = 40


class JoinHandler(FormHandler):
    """``/hub/rejoindre`` asks for the code; ``/hub/rejoindre/<code>`` for the name."""

    async def get(self, code: str | None = None) -> None:
        code = code or self.get_query_argument("code", default="")
        if not code:
            await self._ask_for_code("")
            return
        try:
            invitation = self._look(code)
        except DatalabError as error:
            await self._ask_for_code(code, error)
            return
        await self._ask_for_name(invitation, pseudonyms.propose())

    async def post(self, code: str | None = None) -> None:
        display = self.get_body_argument("display", default="")[: 4 * LONGEST_DISPLAY]
        code = code or self.get_body_argument("code", default="")
        try:
            invitation = self._look(code)
            if self.stale:
                await self._ask_for_name(invitation, display, again=True)
                return
            account = invitations.join(self.store, time.time(), code, display)
        except DatalabError as error:
            await self._ask_for_code(code, error)
            return
        self._join_project(invitation, account)
        if await self.enter(Entry(account.name, "invitation")) is not None:
            self.redirect(self._destination(invitation, account))

    def _look(self, code: str) -> Invitation:
        """The invitation; wrong codes from one address wait longer and longer."""
        mark = throttle.address(self.request.remote_ip)
        marks = [throttle.Mark(f"code:{mark.name}", mark.pace, pardoned=False)]
        now = time.time()
        wait = throttle.attempt(self.store, now, marks)
        if wait:
            raise TooManyAttempts(seconds=wait)
        try:
            found = invitations.look(self.store, now, code)
        except InvalidInvitation:
            self.refuse("invitation", "code")
            raise
        throttle.succeeded(self.store, now, marks)
        return found

    def _join_project(self, invitation: Invitation, account: Account) -> None:
        """Membership is the manifest's: a project that is gone keeps nobody out of the lab."""
        if invitation.project:
            try:
                self.authenticator.add_viewer(
                    invitation.project, account.name, invitation.created_by, time.time()
                )
            except DatalabError as error:
                self.log.warning("%s did not join %s: %s", account.name, invitation.project, error)

    def _destination(self, invitation: Invitation, account: Account) -> str:
        if invitation.project:
            parts = ("services", PORTAL, "projects", quote(invitation.project), "/")
            return str(url_path_join(self.base_url, *parts))
        return self.landing(account)

    async def _ask_for_code(self, code: str, error: DatalabError | None = None) -> None:
        if error is not None:
            self.set_status(error.status)
            if isinstance(error, TooManyAttempts):
                self.set_header("Retry-After", str(error.facts["seconds"]))
        values = {
            "code": code[:LONGEST_CODE],
            "problem": error.message(self.language) if error else "",
        }
        self.finish(await self.render_template("join.html", **values))

    async def _ask_for_name(
        self, invitation: Invitation, display: str, *, again: bool = False
    ) -> None:
        values = {
            "invitation": invitation,
            "display": display,
            "longest": LONGEST_DISPLAY,
            "groups": ", ".join(group_names([invitation.group], self.language)),
            "duration": duration(invitation.stay, self.language),
            "again": again,
            "xsrf": self.xsrf_token.decode("ascii"),
            "signed_in": self.current_user.name if self.current_user else "",
        }
        self.finish(await self.render_template("join_name.html", **values))


class LeaveHandler(FormHandler):
    """``/hub/quitter``: a guest leaves, and everything of theirs is deleted."""

    async def get(self) -> None:
        await self._ask()

    async def post(self) -> None:
        account = self._guest()
        if account is None or self.stale:
            await self._ask()
            return
        accounts.remove(self.store, time.time(), account.name, account.name)
        self.clear_login_cookie()
        self._jupyterhub_user = None
        self.finish(await self.render_template("join_left.html"))

    def _guest(self) -> Account | None:
        user = self.current_user
        account = accounts.find(self.store, user.name) if user else None
        return account if account is not None and account.kind == "guest" else None

    async def _ask(self) -> None:
        if self.current_user is None:
            self.redirect(self.settings["login_url"])
            return
        values = {"guest": self._guest(), "xsrf": self.xsrf_token.decode("ascii")}
        self.finish(await self.render_template("join_leave.html", **values))


def duration(seconds: float, language: Language) -> str:
    """A stay as people say it: minutes below an hour and a half, days from two on."""
    if seconds < 5_400:
        return translate("{count} min", language, count=max(1, round(seconds / 60)))
    if seconds < 2 * 86_400:
        return translate("{count} h", language, count=round(seconds / 3600))
    return translate("{count} days", language, count=round(seconds / 86_400))
