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

from datalab.errors import FormExpired, UnknownLink
from datalab.participation import author
from datalab.participation.author import Author
from datalab.portal.person import FIELD, cookie_options, cookies_of, is_navigation
from datalab.portal.visitor import check_visitor

COOKIE = "datalab-mine"
DAYS = 400
MOST = 24  # secrets in one cookie, the newest first
SECRET = re.compile(r"[\w-]{20,64}", re.ASCII)


def secrets_of(request: Request) -> list[str]:
    """The secrets that this browser holds, the newest first.

    None for a script that reads without the token of a page (header or ``_token``): notebooks live
    at the same origin, and what looks at one must not read the links of who looks.
    """
    reads = request.method in ("GET", "HEAD")
    return _held(request) if not reads or is_navigation(request) or _shown(request) else []


def authors_of(
    request: Request, connection: Connection, now: float, *, proven: bool = True
) -> list[Author]:
    """Who this browser was, each with its secret, the newest first.

    Without ``proven`` a script is believed too, for what it has to know the secret id of anyhow.
    """
    found = []
    for secret in secrets_of(request) if proven else _held(request):
        try:
            found.append(replace(author.of_secret(connection, secret, now), secret=secret))
        except UnknownLink:
            continue
    return found


def remember(request: Request, response: Response, secret: str) -> Response:
    """Let this browser find again what it sends as the holder of ``secret``."""
    held = [secret, *(s for s in _held(request) if s != secret)]
    return _keep(request, response, held)


def forget(request: Request, response: Response, secret: str) -> Response:
    """Take a link from this browser."""
    return _keep(request, response, [s for s in _held(request) if s != secret])


def link_of(request: Request, secret: str) -> str:
    """The private link, whole, as it is copied or scanned."""
    return f"{root_of(request)}{request.app.state.prefix}/mine/{secret}"


def root_of(request: Request) -> str:
    """Where people reach the lab: the setting, or the host that was asked for."""
    public: str = request.app.state.settings.public_url
    return public.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"


def _held(request: Request) -> list[str]:
    held = [s for cookie in cookies_of(request, COOKIE) for s in cookie.split(".")]
    return list(dict.fromkeys(s for s in held if SECRET.fullmatch(s)))[:MOST]


def _shown(request: Request) -> bool:
    try:
        check_visitor(request, {"token": request.query_params.get(FIELD)})
    except FormExpired:
        return False
    return True


def _keep(request: Request, response: Response, held: list[str]) -> Response:
    options = cookie_options(request)
    if held:
        response.set_cookie(COOKIE, ".".join(held[:MOST]), max_age=DAYS * 86_400, **options)
    else:
        response.delete_cookie(COOKIE, **options)
    return response
