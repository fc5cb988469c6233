"""Signing in: by a link, and by nothing else. There is no password in the lab."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler
from jupyterhub.utils import url_path_join
from traitlets import Unicode

from datalab.hub.personas import PERSONAS
from datalab.hub.roles import PORTAL
from datalab.people.links import Links, Outcome

LONGEST_TOKEN = 200


class LinkAuthenticator(Authenticator):  # type: ignore[misc]
    """Opens an account for whoever holds a link that is still good."""

    links_path = Unicode(help="Database of sign-in links").tag(config=True)
    welcome = Unicode("bienvenue", help="Path opened in a person's first notebook").tag(config=True)

    @property
    def links(self) -> Links:
        return Links(Path(self.links_path))

    async def authenticate(self, handler: BaseHandler, data: Any) -> dict[str, Any] | None:
        """The account of a link that was just consumed; a posted form opens nothing."""
        outcome = data.get("outcome") if isinstance(data, dict) else None
        if not isinstance(outcome, Outcome) or outcome.account is None:
            return None
        persona = PERSONAS.get(outcome.account)
        if persona is None:
            return None
        return {
            "name": persona.name,
            "admin": persona.landing == "admin",
            "user_info": {"display_name": persona.display},
        }

    def get_handlers(self, app: Any) -> list[tuple[str, type[BaseHandler]]]:
        return [*super().get_handlers(app), (r"/signin", SigninHandler)]


class SigninHandler(BaseHandler):  # type: ignore[misc]
    """``/hub/signin?token=…``: consumes the link and sends its holder where they work."""

    def set_default_headers(self) -> None:
        super().set_default_headers()
        # The address holds the token: no page or request after this one may carry it on.
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")

    async def get(self) -> None:
        token = self.get_query_argument("token", default="")
        if len(token) > LONGEST_TOKEN:
            outcome = Outcome(refused="unknown")
        else:
            outcome = self.authenticator.links.consume(token, time.time())
        if outcome.refused:
            self.log.warning("A sign-in link was refused: %s", outcome.refused)
            self.set_status(403)
            self.finish(await self.render_template("signin_refused.html", reason=outcome.refused))
            return
        if self.current_user and self.current_user.name != outcome.account:
            # One browser, two people: the earlier one must not stay behind the new one's pages.
            self.clear_login_cookie()
            self._jupyterhub_user = None
        user = await self.login_user({"username": outcome.account, "outcome": outcome})
        if user is None:
            self.set_status(403)
            self.finish(await self.render_template("signin_refused.html", reason="unknown"))
            return
        self.redirect(self._landing(user))

    def _landing(self, user: Any) -> str:
        persona = PERSONAS[user.name]
        if persona.landing == "admin":
            return str(url_path_join(self.hub.base_url, "admin"))
        if persona.landing == "portal":
            return str(url_path_join(self.base_url, "services", PORTAL, "/"))
        notebook = url_path_join(user.url, "lab/tree", quote(self.authenticator.welcome))
        spawn = url_path_join(self.hub.base_url, "spawn", user.escaped_name)
        return f"{spawn}?next={quote(notebook, safe='')}"
