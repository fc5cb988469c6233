"""Who comes without an account: one browser, recognised by a cookie that tells nothing else.

Its forms carry a token that no other browser, and no page outside the portal, can know. The token
goes only into pages that a person looks at, never to a script that fetches them: notebooks live at
the same origin (see :mod:`datalab.portal.person`).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from markupsafe import Markup
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from datalab.errors import FormExpired
from datalab.portal.form import LARGEST, body_of, check_origin, fields_of
from datalab.portal.person import FIELD, HEADER, cookie_options, cookies_of, is_navigation

COOKIE = "datalab-visitor"
DAYS = 400
LENGTH = 43  # of a token


@dataclass(frozen=True)
class Visitor:
    """``token`` is the cookie; ``csrf`` goes into forms. ``new`` ones still have to be given it."""

    token: str
    csrf: str
    new: bool


def visitor_of(request: Request) -> Visitor:
    """The browser that asks; one that was never here gets a token made for it."""
    state = request.scope.setdefault("state", {})
    if "visitor" not in state:
        held = [c for c in cookies_of(request, COOKIE) if len(c) == LENGTH and c.isascii()]
        token = held[0] if held else secrets.token_urlsafe(32)
        state["visitor"] = Visitor(token, _csrf(token), not held)
    found: Visitor = state["visitor"]
    return found


def remember(request: Request, response: Response) -> Response:
    """Give a browser that is new here its cookie: call it on every page with an open form."""
    visitor = visitor_of(request)
    if visitor.new:
        age = DAYS * 86_400
        response.set_cookie(COOKIE, visitor.token, max_age=age, **cookie_options(request))
    return response


def open_form_token(request: Request) -> Markup:
    """The hidden field of a form for everybody (``open_token`` in the page's context)."""
    token = visitor_of(request).csrf if is_navigation(request) else ""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)


async def open_form_of(request: Request, largest: int = LARGEST) -> FormData:
    """The fields of a form that anybody may send (urlencoded, or multipart with files).

    The token may come in the field ``_token`` or in the header that scripts of the portal send.

    Raises
    ------
    FormExpired
        where no page of the portal, in this browser, made the form.
    FormTooLarge
    """
    check_origin(request)
    fields = await fields_of(request, await body_of(request, largest))
    check_visitor(request, {"token": fields.get(FIELD)})
    return fields


def check_visitor(request: Request, shown: Mapping[str, str | UploadFile | None]) -> None:
    """Whether the token, of a field or of the header, is this browser's.

    Raises
    ------
    FormExpired
    """
    visitor = visitor_of(request)
    given = str(shown.get("token") or request.headers.get(HEADER, ""))
    if visitor.new or not hmac.compare_digest(given.encode(), visitor.csrf.encode()):
        raise FormExpired()


def _csrf(token: str) -> str:
    return hmac.new(token.encode("utf-8", "replace"), b"open form", sha256).hexdigest()
