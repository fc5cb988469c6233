"""Every open websocket of this server, by the person who opened it.

Rooms, kernels and events are different classes of different packages; all of them pass through
Tornado's ``WebSocketHandler.get``, which returns when the connection has ended.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketHandler

GOODBYE_SECONDS = 0.5


@dataclass(eq=False)
class Socket:
    """One connection. ``token`` and ``session`` are what its owner showed when it was opened."""

    name: str
    handler: WebSocketHandler
    token: str
    session: str
    since: float = field(default_factory=time.time)


class Sockets:
    """The register. There is one per server."""

    def __init__(self) -> None:
        self._open: set[Socket] = set()

    def __iter__(self) -> Any:
        return iter(tuple(self._open))

    def watch(self, credentials: Callable[[WebSocketHandler], tuple[str, str]]) -> None:
        """Write down every websocket from now on."""
        WebSocketHandler.get = self._watched(WebSocketHandler.get, credentials)  # type: ignore[method-assign,assignment]

    def _watched(
        self,
        original: Callable[..., Awaitable[None]],
        credentials: Callable[[WebSocketHandler], tuple[str, str]],
    ) -> Callable[..., Awaitable[None]]:
        @wraps(original)
        async def get(handler: WebSocketHandler, *arguments: Any, **named: Any) -> None:
            name = getattr(handler.current_user, "username", "")
            socket = Socket(name, handler, *credentials(handler))
            self._open.add(socket)
            try:
                await original(handler, *arguments, **named)
            finally:
                self._open.discard(socket)

        return get

    def close(self, which: Callable[[Socket], bool], reason: str) -> int:
        """End connections at once: nothing that arrives on them counts any more. How many."""
        ended = [socket for socket in self._open if which(socket)]
        for socket in ended:
            self._open.discard(socket)
            _end(socket.handler, reason)
        return len(ended)


def _end(handler: Any, reason: str) -> None:
    handler.revoked = True
    if hasattr(handler, "turn_away"):
        handler.turn_away(reason, reloadable=False)
    else:
        handler.close(4403, "")
    connection = handler.ws_connection
    if connection is not None:
        # Tornado would go on reading for five seconds from a client that does not say goodbye.
        connection.client_terminated = True
        IOLoop.current().call_later(GOODBYE_SECONDS, connection._abort)
