"""One account's way to the hub's API, for rooms that cannot reach it otherwise.

The hub listens on a unix socket per account, which only that account's room can see. What comes
through is held to that account: cookies are taken off, pages are refused, and a token opens
nothing unless it is the account's own or was issued to its very server. A token or a cookie that
was stolen from somebody else is of no use here. Requests are counted: the hub answers about a
hundred a second, and no single notebook may take them all.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream

from datalab.isolation import doorway

LARGEST = 2**20
CONNECTIONS = 32
IDLE_SECONDS = 60
# Requests per second, and how many may come at once.
RATE, BURST = 10.0, 60.0
REFUSED = b'{"status": 403, "message": "Only the API of the hub, for one account"}'


class Gate:
    """Open from the account's start of a server to its end."""

    def __init__(self, hub: Any, account: str, client_id: str, folder: Path) -> None:
        """``hub`` is the running JupyterHub, ``client_id`` the OAuth client of the server."""
        self.hub, self.account, self.client_id = hub, account, client_id
        self.folder = folder
        self.server: HTTPServer | None = None
        self.left, self.counted = BURST, time.monotonic()

    def open(self) -> None:
        """Listen; again where it was open."""
        self.close()
        self.server = _Server(
            _Filter(self), max_body_size=LARGEST, idle_connection_timeout=IDLE_SECONDS
        )
        self.server.add_socket(doorway.bind(self.folder))

    def close(self) -> None:
        if self.server is not None:
            self.server.stop()
            (self.folder / doorway.SOCKET).unlink(missing_ok=True)
        self.server = None

    def counts(self) -> bool:
        """Count one request; False where there were too many lately."""
        now = time.monotonic()
        self.left = min(BURST, self.left + RATE * (now - self.counted))
        self.counted = now
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def admits(self, path: str, authorization: str | None) -> bool:
        """Whether a request may go on to the hub."""
        address, _, query = path.partition("?")
        api = f"{self.hub.hub.base_url}api"
        if address != api and not address.startswith(f"{api}/"):
            return False
        if ".." in address or "%" in address or "token" in query:
            return False
        if authorization is None:
            # The version of the hub, and codes of OAuth, which come with a secret of their own.
            return True
        kind, _, token = authorization.partition(" ")
        return kind.lower() in {"token", "bearer"} and self._knows(token.strip())

    def _knows(self, token: str) -> bool:
        from jupyterhub import orm

        found = orm.APIToken.find(self.hub.db, token)
        if found is None:
            # The hub says so itself.
            return True
        mine = found.user is not None and found.user.name == self.account
        return bool(mine or found.client_id == self.client_id)


class _Server(HTTPServer):
    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """One more connection, unless the account has enough of them."""
        if len(self._connections) >= CONNECTIONS:
            stream.close()
        else:
            super().handle_stream(stream, address)


class _Filter(HTTPServerConnectionDelegate):
    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        application = getattr(self.gate.hub, "tornado_application", None)
        inner = application.start_request(server_conn, request_conn) if application else None
        return _Request(self.gate, inner, request_conn)


class _Request(HTTPMessageDelegate):
    """Hands a request on to the hub, or refuses it and lets its body fall."""

    def __init__(
        self, gate: Gate, inner: HTTPMessageDelegate | None, connection: HTTPConnection
    ) -> None:
        self.gate, self.inner, self.connection = gate, inner, connection
        # A hub that is still starting has no pages yet: its servers ask again.
        self.status = (403, "Forbidden") if inner else (503, "Service Unavailable")

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        for name in ("Cookie", "X-Forwarded-For", "X-Real-Ip"):
            headers.pop(name, None)
        if not self.gate.counts():
            self.inner, self.status = None, (429, "Too Many Requests")
            return None
        given = headers.get_list("Authorization")
        path = start_line.path if isinstance(start_line, RequestStartLine) else ""
        if len(given) > 1 or not self.gate.admits(path, given[0] if given else None):
            self.inner = None
        if self.inner is None:
            return None
        return self.inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self.inner.data_received(chunk) if self.inner else None

    def finish(self) -> None:
        if self.inner:
            self.inner.finish()
            return
        headers = HTTPHeaders(
            {"Content-Type": "application/json", "Content-Length": str(len(REFUSED))}
        )
        self.connection.write_headers(ResponseStartLine("", *self.status), headers, REFUSED)
        self.connection.finish()

    def on_connection_close(self) -> None:
        if self.inner:
            self.inner.on_connection_close()
