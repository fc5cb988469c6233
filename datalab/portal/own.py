"""The private links that a phone holds: it finds again what was sent from it.

The cookie carries the secrets themselves, which no script reads and no notebook server is sent.
Give it with the answer in which an author was made.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from datalab.errors import UnknownLink
from datalab.participation import author
from datalab.participation.author import Author
from datalab.portal.person import cookie_options, cookies_of

COOKIE = "datalab-mine"
DAYS = 400
MOST = 24  # secrets in one cookie, the newest first
SECRET = re.compile(r"[\w-]{20,64}", re.ASCII)


def secrets_of(request: Request) -> list[str]:
    """The secrets that this browser holds, the newest first."""
    held = [s for cookie in cookies_of(request, COOKIE) for s in cookie.split(".")]
    return list(dict.fromkeys(s for s in held if SECRET.fullmatch(s)))[:MOST]


def authors_of(request: Request, connection: Connection, now: float) -> list[Author]:
    """Who this browser was, each with its secret, the newest first."""
    found = []
    for secret in secrets_of(request):
        try:
            found.append(replace(author.of_secret(connection, secret, now), secret=secret))
        except UnknownLink:
            continue
    return found


def remember(request: Request, response: Response, secret: str) -> Response:
    """Let this browser find again what it sends as the holder of ``secret``."""
    held = [secret, *(s for s in secrets_of(request) if s != secret)]
    return _keep(request, response, held)


def forget(request: Request, response: Response, secret: str) -> Response:
    """Take a link from this browser."""
    return _keep(request, response, [s for s in secrets_of(request) if s != secret])


def link_of(request: Request, secret: str) -> str:
    """The private link, whole, as it is copied or scanned."""
    return f"{root_of(request)}{request.app.state.prefix}/mine/{secret}"


def root_of(request: Request) -> str:
    """Where people reach the lab: the setting, or the host that was asked for."""
    public: str = request.app.state.settings.public_url
    return public.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"


def _keep(request: Request, response: Response, held: list[str]) -> Response:
    options = cookie_options(request)
    if held:
        response.set_cookie(COOKIE, ".".join(held[:MOST]), max_age=DAYS * 86_400, **options)
    else:
        response.delete_cookie(COOKIE, **options)
    return response
