"""What every answer carries: a policy under which a page can load and send nothing elsewhere."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",  # blob: the photo that somebody is about to send
        "worker-src 'self'",
        "manifest-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# For a page that offers "my position": its browser still asks the person each time.
LOCATING = {
    "Permissions-Policy": HEADERS["Permissions-Policy"].replace(
        "geolocation=()", "geolocation=(self)"
    )
}


class SafeHeaders:
    """Add :data:`HEADERS` to every answer, errors included.

    An answer for which somebody was recognised is kept by no cache; one that depends on who asks
    (``scope["state"]["person"]``, set by :mod:`datalab.portal.person`) is never given to other
    sites.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Made here, so that what the application notes in it is seen here.
        noted = scope.setdefault("state", {})

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "person" in noted:
                    del headers["Access-Control-Allow-Origin"]
                if noted.get("person") is not None:
                    headers["Cache-Control"] = "private, no-store"
                    del headers["ETag"]
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if noted.get("framed"):  # for a page without an origin, which cannot be named
                    del headers["X-Frame-Options"]
            await send(message)

        await self.app(scope, receive, sending)


class HeadAsGet:
    """Answer HEAD like GET without the body; ``scope["head"]`` lets a long answer be spared."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def bodiless(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET", "head": True}, receive, bodiless)
