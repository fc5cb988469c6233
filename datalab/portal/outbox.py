"""What a form marked ``data-outbox`` gets for an answer: the same at each try of one receipt.

The page's script (static/outbox.js) asks for JSON and repeats a post until it had an answer; a
browser without scripts follows a redirect.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import InvalidParameter
from datalab.i18n import Phrase

RECEIPT = re.compile(r"[A-Za-z0-9_-]{16,80}")
# Who goes back to a form that was sent, and writes another thing into it, finds it there again.
SENT_BEFORE = Phrase(
    "This form was sent before with something else in it. What it says now is not sent: send it "
    "once more if both are needed."
)


def new_receipt() -> str:
    """For the hidden field ``receipt`` of a form that is sent without scripts."""
    return secrets.token_urlsafe(18)


def receipt_of(fields: FormData | Mapping[str, Any]) -> str:
    """The idempotency key of a posted form.

    Raises
    ------
    InvalidParameter
        where there is none, or it is not one that the page or its script made.
    """
    receipt = str(fields.get("receipt") or "")
    if not RECEIPT.fullmatch(receipt):
        reason = Phrase("load the page again and send it from there")
        raise InvalidParameter(name="receipt", value=receipt[:80], reason=reason)
    return receipt


def by_script(request: Request) -> bool:
    """Whether the page's script asks, which wants JSON."""
    return "application/json" in request.headers.get("accept", "")


def taken(request: Request, receipt: str, said: str, next: str) -> Response:
    """What was sent is on disk: ``said`` to the person, who finds it at the address ``next``."""
    if by_script(request):
        document = {"receipt": receipt, "said": said, "next": next}
        return JSONResponse(document, headers={"Cache-Control": "no-store"})
    return RedirectResponse(next, status_code=303, headers={"Cache-Control": "no-store"})
