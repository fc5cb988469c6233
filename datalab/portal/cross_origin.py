"""What pages of other sites may read: the data API, and only as anybody or with a token.

A browser lets a script of another site read an answer that says ``Access-Control-Allow-Origin``
(Fetch standard, "CORS protocol"). Here that is ``*``, never with credentials: no cookie goes along,
so that such a script learns what everybody may know, or what the token that it holds may read.
Errors say it too: a program can tell its reader that the quota is spent only if it can read that.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The doors that give metadata or rows of one dataset by GET. The SQL door takes POST and is left
# out, and so is everything that a person does.
DOORS = re.compile(
    r"/(api/v1/datasets/[^/]+/(rows|aggregate)"
    r"|datasets/[^/]+\.(json|csv|parquet|arrow|geojson|xlsx)|datasets/[^/]+/changes\.(json|atom))"
)
EXPOSED = (
    "ETag, Link, Content-Disposition, Retry-After, RateLimit, RateLimit-Policy, Datalab-Snapshot, "
    "Datalab-Quality, Datalab-Licence, Datalab-Dialect"
)
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "Authorization, If-None-Match, Range",
    "Access-Control-Max-Age": "86400",
}


class CrossOrigin:
    """Answer the question that a browser asks first, and let errors be read."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app, self.prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(self.prefix) if scope["type"] == "http" else ""
        if not DOORS.fullmatch(path) or "origin" not in Headers(scope=scope):
            await self.app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=PREFLIGHT)(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["method"] in {"GET", "HEAD"}:
                headers = MutableHeaders(scope=message)
                # Taken away again where somebody was recognised by a cookie (headers.py).
                headers["Access-Control-Allow-Origin"] = "*"
                headers["Access-Control-Expose-Headers"] = EXPOSED
            await send(message)

        await self.app(scope, receive, sending)
