"""``python -m datalab.hub.proxy``: the pure-Python proxy, made fit for a room full of people.

The routing table and its API are those of the PyPI package ``configurable-http-proxy``. How bytes
are carried is our own, because its version (0.4) was seen to hold back every answer until it is
complete, to talk to ten servers at a time for at most 20 seconds, to drop the websocket
subprotocol that JupyterLab asks for, to send binary messages as text, and to keep a websocket open
whose server has gone. Notebook servers run anybody's code and share one address with the portal
and the hub: :mod:`datalab.hub.bounds` holds them to their own part of it.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Awaitable, Sequence
from typing import Any
from urllib.parse import quote

from configurable_http_proxy.configproxy import PythonProxy  # type: ignore[import-untyped]
from configurable_http_proxy.handlers import ProxyHandler  # type: ignore[import-untyped]
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, parse_response_start_line, split_host_and_port
from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError
from tornado.simple_httpclient import HTTPStreamClosedError
from tornado.web import Application
from tornado.websocket import WebSocketClosedError, websocket_connect

from datalab.hub import affinity, bounds
from datalab.i18n import negotiate, translate

LARGEST_UPLOAD = 2**30
# Outputs travel as one websocket message each: a map of all communes is some megabytes.
LARGEST_MESSAGE = 2**28
PORTAL_PATH = "/services/datalab"
BROKEN = (HTTPStreamClosedError, StreamClosedError, ConnectionResetError)
# RFC 9110, section 7.6.1: these concern one connection, not the answer.
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
PAGE = """<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>"""


class StreamingHandler(ProxyHandler):  # type: ignore[misc]
    """Carries requests, answers and websocket messages as they come."""

    waiting: list[str | bytes] | None = None
    portals: Sequence[str] = ()

    def initialize(self, proxy: PythonProxy, portals: Sequence[str] = ()) -> None:
        """``portals`` are the addresses of the portal's workers where there are several."""
        super().initialize(proxy)
        self.portals = portals

    async def get_target_url(self, path: str | None) -> str | None:
        """Where the request goes, by its address as the browser sees it.

        The package decodes the address twice: ``/user%252fname%252fx`` would reach the server of
        ``name``, while browsers take it for a file at the top of the site.
        """
        # Encoded once more, since the package decodes what it compares.
        self.target = self.proxy.target_for_req(None, quote(self.request.path))
        if self.target is None:
            await self.handle_proxy_error(404, None)
            return None
        if bounds.refused(self.target["prefix"], self.request.headers):
            self.set_status(403)
            await self.finish()
            return None
        target = (self._workers() or [str(self.target["target"]).rstrip("/")])[0]
        address = target + quote(self.request.path, safe="/%:@!$&'()*+,;=~")
        return f"{address}?{self.request.query}" if self.request.query else address

    def _workers(self) -> list[str]:
        """The portal's workers, in the order in which they are asked for this browser."""
        if (
            len(self.portals) < 2
            or self.target is None
            or self.target["prefix"].rstrip("/") != PORTAL_PATH
        ):
            return []
        asked = self.request
        token = asked.headers.get("Authorization", "")
        shown = {name: morsel.value for name, morsel in asked.cookies.items()}
        address = f"{asked.headers.get('X-Forwarded-For', '')} {asked.remote_ip}"
        return affinity.order(affinity.key_of(token, shown, address), self.portals)

    async def call_proxy(self, path: str | None = None) -> None:
        url = await self.get_target_url(path)
        if url is None:
            return
        try:
            await self._carry(url)
        except StreamClosedError:
            return
        except Exception as error:
            if self._headers_written:
                # Too late for an error page: a broken connection says that the answer is too.
                self.request.connection.stream.close()
            else:
                await self.handle_proxy_error(503, type(error).__name__)
            return
        if not self._finished:
            await self.finish()

    async def _carry(self, url: str) -> None:
        """The answer of ``url``; where no worker of the portal listens, that of the next one."""
        first, *others = self._workers() or [""]
        addresses = [url, *(other + url.removeprefix(first) for other in others)]
        for address in addresses:
            request = self._get_proxy_request(address)
            request.header_callback = self._header
            request.streaming_callback = self._chunk
            try:
                await AsyncHTTPClient().fetch(request, raise_error=False)
                return
            except ConnectionRefusedError:  # nothing was done with the request there
                if address == addresses[-1]:
                    raise
            except BROKEN:  # it died over it: reading may be done twice, anything else may not
                asking = self.request.method in {"GET", "HEAD"} and not self._headers_written
                if address == addresses[-1] or not asking:
                    raise

    def _get_proxy_request(self, url: str) -> HTTPRequest:
        """The same request for the server behind, saying whom it came from and for which host."""
        asked = self.request
        headers = HTTPHeaders()
        for name, value in asked.headers.get_all():
            if name.lower() not in HOP_BY_HOP:
                headers.add(name, value)
        _, port = split_host_and_port(asked.host)
        standard = 443 if asked.protocol == "https" else 80
        chain = [*asked.headers.get_list("X-Forwarded-For"), str(asked.remote_ip)]
        headers["X-Forwarded-For"] = ", ".join(chain)
        for name, value in (
            ("X-Forwarded-Proto", asked.protocol),
            ("X-Forwarded-Port", str(port or standard)),
            ("X-Forwarded-Host", asked.host),
        ):
            headers.setdefault(name, value)
        return HTTPRequest(
            url,
            method=asked.method,
            headers=headers,
            body=asked.body or None,
            follow_redirects=False,
            allow_nonstandard_methods=True,
        )

    def _header(self, line: str) -> None:
        line = line.rstrip("\r\n")
        if line.startswith("HTTP/"):
            start = parse_response_start_line(line)
            self.clear()
            for name in ("Server", "Content-Type", "Date"):
                self.clear_header(name)
            self.set_status(start.code, start.reason or None)
        elif line:
            name, _, value = line.partition(":")
            name, kept = name.strip(), value.strip()
            if name.lower() in HOP_BY_HOP or self.target is None:
                return
            held = bounds.held(self.target["prefix"], name, kept)
            if held is not None:
                self.add_header(name, held)

    def _chunk(self, chunk: bytes) -> Awaitable[None]:
        # Waiting for the browser here is what keeps a large download out of memory.
        self.write(chunk)
        return self.flush()  # type: ignore[no-any-return]

    def compute_etag(self) -> None:
        """The answer has its own, or none."""

    # -- websockets -----------------------------------------------------------------------

    async def start_ws_client(self, path: str | None = None) -> None:
        self.closed, self.waiting = False, []
        url = await self.get_target_url(path)
        if url is None:
            return
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "")
        request = self._get_proxy_request("ws" + url.removeprefix("http"))
        for name in ("Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"):
            request.headers.pop(name, None)
        try:
            self.ws_client = await websocket_connect(
                request,
                on_message_callback=self._from_server,
                max_message_size=LARGEST_MESSAGE,
                subprotocols=[name.strip() for name in offered.split(",") if name.strip()],
            )
        except HTTPClientError as error:
            self.set_status(error.code)
            await self.finish(error.message)
        except Exception as error:
            await self.handle_proxy_error(503, type(error).__name__)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return self.ws_client.selected_subprotocol if self.ws_client else None

    def open(self, *arguments: str, **named: str) -> None:
        """The browser is there: what its server said meanwhile comes first."""
        waiting, self.waiting = self.waiting or [], None
        for message in waiting:
            self._from_server(message)

    def on_message(self, message: str | bytes) -> None:
        if self.ws_client is None:
            return
        if self.target:
            self.proxy.update_last_activity(self.target["prefix"])
        try:
            self.ws_client.write_message(message, binary=isinstance(message, bytes))
        except WebSocketClosedError:
            self.close(1001)

    def _from_server(self, message: str | bytes | None) -> None:
        client = self.ws_client
        if message is None:
            code = getattr(client, "close_code", None)
            # 1005 and 1006 say "no code" and may not be sent (RFC 6455, section 7.4.1).
            if code and code not in {1005, 1006}:
                # The reason as well: JupyterLab shows it to whoever lost access to a document.
                self.close(code, getattr(client, "close_reason", None))
            else:
                self.close(1001)
            return
        if self.waiting is not None:
            self.waiting.append(message)
            return
        if self.target:
            self.proxy.update_last_activity(self.target["prefix"])
        try:
            self.write_message(message, binary=isinstance(message, bytes))
        except WebSocketClosedError:
            if client:
                client.close()

    # -- failure --------------------------------------------------------------------------

    def handle_proxy_error_default(self, code: int, err: object) -> None:
        """The hub itself does not answer: the proxy has to find the words."""
        language = negotiate(self.request.headers.get("Accept-Language"))
        title = translate("This part of the lab does not answer at the moment", language)
        text = translate(
            "It is probably starting again: wait a few seconds, then load the page again. "
            "Your files are safe.",
            language,
        )
        self.set_status(code)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Retry-After", "5")
        self.write(PAGE.format(language=language, title=title, text=text))
        self.finish()


def _is_fault(record: logging.LogRecord) -> bool:
    """Whether a line is worth reading: a browser that left a stream is no fault.

    What was being carried has to fail all the same, so that the server behind hears of it.
    """
    return not (record.exc_info and isinstance(record.exc_info[1], StreamClosedError))


def main() -> None:
    """Serve, with those options of ``configurable-http-proxy`` that the lab uses."""
    parser = argparse.ArgumentParser(prog="python -m datalab.hub.proxy")
    parser.add_argument("--ip", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api-ip", default="127.0.0.1")
    parser.add_argument("--api-port", type=int, required=True)
    parser.add_argument("--default-target", required=True)
    parser.add_argument("--error-target", required=True)
    parser.add_argument("--portals", default="", help="addresses of the portal's workers, by comma")
    options = parser.parse_args()
    token = os.environ.get("CONFIGPROXY_AUTH_TOKEN", "")
    if not token:
        parser.error("CONFIGPROXY_AUTH_TOKEN is not set: anybody could change the routes")

    defaults: dict[str, Any] = {
        "request_timeout": 0,
        "connect_timeout": 10,
        "decompress_response": False,
    }
    AsyncHTTPClient.configure(None, max_clients=100_000, max_body_size=2**62, defaults=defaults)
    # Both would write addresses, and an address may hold a sign-in token.
    logging.getLogger("tornado.access").disabled = True
    logging.getLogger("tornado.application").addFilter(_is_fault)
    proxy = PythonProxy(
        {
            "auth_token": token,
            "default_target": options.default_target,
            "error_target": options.error_target,
        }
    )
    pages = Application(
        [(r"/(.*)", StreamingHandler, {"proxy": proxy, "portals": options.portals.split(",")})],
        websocket_max_message_size=LARGEST_MESSAGE,
    )
    HTTPServer(pages, max_body_size=LARGEST_UPLOAD, max_buffer_size=LARGEST_UPLOAD).listen(
        options.port, options.ip
    )
    HTTPServer(proxy.api_app).listen(options.api_port, options.api_ip)
    IOLoop.current().start()


if __name__ == "__main__":
    main()
