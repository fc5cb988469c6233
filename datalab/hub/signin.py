"""``/hub/signin?token=…``: consumes a link and sends its holder where they work."""

from __future__ import annotations

import time

from datalab.hub.authenticator import Entry
from datalab.hub.entering import EnteringHandler
from datalab.people import accounts
from datalab.people.links import Links


class SigninHandler(EnteringHandler):
    async def get(self) -> None:
        outcome = Links(self.store).consume(
            self.get_query_argument("token", default=""), time.time()
        )
        if outcome.account is None:
            self.log.warning("A sign-in link was refused: %s", outcome.refused)
            self.refuse("link", outcome.refused or "unknown")
            await self._refused(outcome.refused or "unknown")
            return
        if await self.enter(Entry(outcome.account, "link")) is None:
            await self._refused("closed")
            return
        self.go_on(accounts.get(self.store, outcome.account))

    async def _refused(self, reason: str) -> None:
        self.set_status(403)
        self.finish(await self.render_template("signin_refused.html", reason=reason))
