"""Whose address counts: the one that the lab's own proxy saw, whatever a browser claims."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from datalab.hub.proxy import StreamingHandler
from datalab.portal.limits import address_of
from tests.hub.lab import in_a_loop_of_its_own


def carried(claimed: list[tuple[str, str]], seen: str) -> HTTPHeaders:
    """The headers with which the proxy asks the portal for a browser at ``seen``."""

    class Connection:
        context = None

        def set_close_callback(self, callback: Any) -> None: ...

    line: Any = Connection()
    asked = HTTPServerRequest("GET", "/x", headers=HTTPHeaders(), connection=line)
    for name, value in claimed:
        asked.headers.add(name, value)
    asked.headers.add("Host", "lab.test")
    asked.host, asked.remote_ip, asked.protocol = "lab.test", seen, "http"
    handler = StreamingHandler.__new__(StreamingHandler)
    handler.request = asked
    return handler._get_proxy_request("http://127.0.0.1:8010/x").headers


def counted(headers: HTTPHeaders, peer: str = "127.0.0.1") -> str:
    """The address that the limits count, behind uvicorn as the portal starts it."""
    found: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        from starlette.requests import Request

        found.append(address_of(Request(scope)))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask() -> None:
        wrapped: Any = ProxyHeadersMiddleware(app)
        transport = httpx.ASGITransport(wrapped, client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            await client.get("/", headers=list(headers.get_all()))

    in_a_loop_of_its_own(ask())
    return found[0]


@pytest.mark.parametrize(
    "claimed",
    [
        [],
        [("X-Forwarded-For", "1.2.3.4")],
        [("X-Forwarded-For", "1.2.3.4, 127.0.0.1")],
        [("X-Forwarded-For", "127.0.0.1")],
        [("X-Forwarded-For", "1.2.3.4"), ("x-forwarded-for", "5.6.7.8")],
        [("X-Forwarded-For", ""), ("X-Real-IP", "1.2.3.4"), ("Forwarded", "for=1.2.3.4")],
        [("X-Forwarded-For", "a" * 9000)],
    ],
)
def test_a_browser_cannot_say_that_it_is_elsewhere(claimed: list[tuple[str, str]]) -> None:
    assert counted(carried(claimed, "203.0.113.9")) == "203.0.113.9"


def test_a_server_in_front_on_this_machine_is_believed() -> None:
    """nginx with TLS: it sets the header itself and reaches the proxy from 127.0.0.1."""
    headers = carried([("X-Forwarded-For", "203.0.113.9")], "127.0.0.1")
    assert counted(headers) == "203.0.113.9"


def test_whoever_reaches_the_portal_from_elsewhere_is_not_believed() -> None:
    assert counted(HTTPHeaders({"X-Forwarded-For": "1.2.3.4"}), "10.9.8.7") == "10.9.8.7"
