"""Access ends while it is used: each connection is asked about again at the hub.

A websocket is checked when it opens and never again, so somebody who was removed from a project
would go on typing for as long as their page stays open. Three ways end that, each by itself within
ten seconds: the lab's ``POST datalab/revoke``, the file of members, and the hub, asked again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from tornado.web import HTTPError

from datalab.i18n import language_of, translate
from datalab.live.members import Members
from datalab.live.sockets import Socket, Sockets

LOG = logging.getLogger("datalab.live")
# With the five seconds that an answer of the hub is kept for plain requests, everything of a
# removed member ends within ten.
PERIOD_SECONDS = 4.0
GLANCE_SECONDS = 1.0
AT_ONCE = 4


class Access:
    """Who may stay. ``hub_auth`` is the one that lets people in."""

    def __init__(self, sockets: Sockets, hub_auth: Any, members: Members) -> None:
        self.sockets, self.hub_auth, self.members = sockets, hub_auth, members
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._watch())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        due = 0.0
        while True:
            await asyncio.sleep(GLANCE_SECONDS)
            try:
                self.glance()
                due += GLANCE_SECONDS
                if due >= PERIOD_SECONDS:
                    due = 0.0
                    await self.look()
            except Exception:
                LOG.exception("open connections could not be checked; tried again")

    def glance(self) -> None:
        """Whoever the file of members excludes goes now."""
        self._end(lambda socket: self.members.excludes(socket.name))

    async def look(self) -> None:
        """Ask once about every distinct token that holds a connection open."""
        held: dict[tuple[str, str], list[Socket]] = {}
        for socket in self.sockets:
            held.setdefault((socket.token, socket.session), []).append(socket)
        gate = asyncio.Semaphore(AT_ONCE)

        async def ask(token: str, session: str) -> None:
            async with gate:
                if await self._may_stay(token, session) is False:
                    self._end(lambda s: (s.token, s.session) == (token, session))

        await asyncio.gather(*(ask(*key) for key in held))

    async def _may_stay(self, token: str, session: str) -> bool | None:
        """None where the hub does not answer: it restarts while people go on working.

        Nobody can be removed while it is away, and no new connection is let in.
        """
        if not token:
            return False
        try:
            person = await self.hub_auth.user_for_token(
                token, use_cache=False, session_id=session, sync=False
            )
        except HTTPError:
            return None
        return person is not None and bool(
            self.hub_auth.check_scopes(self.hub_auth.access_scopes, person)
        )

    def revoke(self, name: str) -> int:
        """End every connection of a person and ask the hub again for whatever they send next."""
        self.hub_auth.cache.clear()
        return self._end(lambda socket: socket.name == name)

    def _end(self, which: Any) -> int:
        said = translate("You no longer have access to this project.", language_of())
        ended = self.sockets.close(which, said)
        if ended:
            LOG.warning("%d connections were closed: no access any more", ended)
            self.hub_auth.cache.clear()
        return ended


def credentials(hub_auth: Any) -> Any:
    """What the owner of a websocket showed: the token and the hub's session."""

    def shown(handler: Any) -> tuple[str, str]:
        return str(hub_auth.get_token(handler) or ""), str(hub_auth.get_session_id(handler) or "")

    return shown
