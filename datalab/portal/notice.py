"""One-time messages: said once on the next page, in whatever browser the change was made."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

COOKIE = "datalab-notice"
SECONDS = 60
LARGEST = 3_000
# Another server of this host could plant a cookie, but not one that says what it likes. Messages
# need not survive a restart of the portal, and neither does the key.
KEY = secrets.token_bytes(32)


@dataclass(frozen=True)
class Notice:
    """``undo`` is the address that a button posts to, with ``fields``; ``label`` is on it."""

    text: str
    undo: str = ""
    label: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


def notice(
    response: Response,
    text: str,
    *,
    undo: str = "",
    label: str = "",
    fields: Mapping[str, str] | None = None,
    path: str = "/services/datalab/",
) -> None:
    """Say ``text`` on the page that comes next, with a button that undoes what was done."""
    body = json.dumps(asdict(Notice(text, undo, label, dict(fields or {})))).encode()
    value = f"{base64.urlsafe_b64encode(body).decode()}.{_sign(body)}"
    if len(value) <= LARGEST:
        response.set_cookie(
            COOKIE, value, max_age=SECONDS, path=path, httponly=True, samesite="lax"
        )


def onward(
    address: str,
    text: str,
    *,
    undo: str = "",
    label: str = "",
    fields: Mapping[str, str] | None = None,
) -> RedirectResponse:
    """To the next page, which says ``text``."""
    response = RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
    notice(response, text, undo=undo, label=label, fields=fields)
    return response


def notices_of(request: Request) -> list[Notice]:
    """What is to be said now."""
    text, _, signature = request.cookies.get(COOKIE, "").partition(".")
    try:
        body = base64.urlsafe_b64decode(text.encode())
        if not body or not hmac.compare_digest(_sign(body).encode(), signature.encode()):
            return []
        return [Notice(**json.loads(body))]
    except (ValueError, TypeError):
        return []


def forget(response: Response, path: str) -> None:
    response.delete_cookie(COOKIE, path=path, httponly=True, samesite="lax")


def _sign(body: bytes) -> str:
    return hmac.new(KEY, body, hashlib.sha256).hexdigest()
