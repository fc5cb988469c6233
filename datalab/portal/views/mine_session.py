"""Back into a session by one's private link, on whatever device."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import UnknownLink
from datalab.participation import author, joining
from datalab.portal import limits, own
from datalab.portal.language import now
from datalab.portal.mine_participant import mine_participant
from datalab.portal.views.mine import PARTS
from datalab.portal.visitor import open_form_of

router = APIRouter(include_in_schema=False)
PARTS.append(("mine_participant.html", mine_participant))


@router.post("/mine/{secret}/take-part")
async def come_in(secret: str, request: Request) -> Response:
    """Take part from this device as who one was on the other."""
    await open_form_of(request)
    limits.allow(request, "link")
    session = await run_in_threadpool(_session, request, secret)
    address = f"{request.app.state.prefix}/sessions/{session}/take-part"
    return own.remember(request, RedirectResponse(address, status_code=303), secret)


def _session(request: Request, secret: str) -> str:
    """
    Raises
    ------
    UnknownLink
    """
    with request.app.state.participation.reading() as connection:
        one = author.of_secret(connection, secret, now().timestamp())
        found = joining.session_of(connection, one.id)
    if found is None:
        raise UnknownLink
    return found
