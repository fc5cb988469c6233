"""Whose notebook speaks: what the hub passes on names the account, and proves that it is the hub.

The key is what the hub and the portal alone know (``datalab.hub.passing``).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from datalab.errors import InvalidParameter, SignInNeeded
from datalab.i18n import Phrase
from datalab.isolation.private import secret
from datalab.portal.form import body_of
from datalab.portal.reader import reader_of

KEY = "portal_token"
LARGEST = 20_000  # bytes


async def document_of(request: Request) -> dict[str, Any]:
    """What was sent.

    Raises
    ------
    InvalidParameter, FormTooLarge
    """
    try:
        document = json.loads(await body_of(request, LARGEST))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        reason = Phrase("an object is needed")
        raise InvalidParameter(name="body", value="", reason=reason)
    return document


def account_of(request: Request, document: Mapping[str, Any]) -> str:
    """The account for which a program speaks: that of a personal token, or as the hub says.

    Raises
    ------
    SignInNeeded
    """
    reader = reader_of(request)
    if reader.via == "token" and reader.name and reader.only is None:
        return reader.name
    expected = secret(request.app.state.settings.secrets, KEY)
    shown = request.headers.get("x-datalab-hub", "")
    if not hmac.compare_digest(shown.encode("utf-8", "replace"), expected.encode()):
        raise SignInNeeded
    account = document.get("account")
    if not isinstance(account, str) or not account:
        raise SignInNeeded
    return account[:120]
