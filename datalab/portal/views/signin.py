"""Signing in to the portal through the hub, and out of both."""

from __future__ import annotations

import secrets

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.errors import HubUnreachable, SignInRefused
from datalab.i18n import Phrase
from datalab.people import accounts
from datalab.portal.form import form_of
from datalab.portal.language import now
from datalab.portal.oauth import FORGED, Client, own_path
from datalab.portal.person import (
    HUB_COOKIE,
    cookie_options,
    cookies_of,
    goodbye,
    person_of,
    welcome,
)

router = APIRouter(include_in_schema=False)
BROWSER = "datalab-signin"  # cookie that ties coming back to having left
MINUTES = 30
NO_STORE = {"Cache-Control": "no-store"}


@router.get("/signin")
def leave(request: Request) -> Response:
    """To the hub, which asks nothing of who is signed in there already."""
    onward = own_path(request.app.state.prefix, request.query_params.get("next", ""))
    if person_of(request):
        return RedirectResponse(onward, status_code=303, headers=NO_STORE)
    # Two tabs may leave at once: both come back with the same cookie.
    browser = request.cookies.get(BROWSER, "")
    if not 32 <= len(browser) <= 64 or not browser.isascii():
        browser = secrets.token_urlsafe(32)
    address = _client(request).leave(browser, onward, now().timestamp())
    response = RedirectResponse(address, status_code=303, headers=NO_STORE)
    response.set_cookie(BROWSER, browser, max_age=60 * MINUTES, **cookie_options(request))
    return response


@router.get("/oauth_callback")
def come_back(request: Request, state: str = "", code: str = "") -> Response:
    """From the hub. Who it is comes from the hub, what they may from the lab's own accounts."""
    client, moment = _client(request), now().timestamp()
    browser = request.cookies.get(BROWSER, "")
    onward = client.onward(browser, state, moment)
    if not code:
        raise SignInRefused(reason=Phrase("the hub did not confirm it"))
    identity = client.identity(browser, state, code)
    if identity.session not in cookies_of(request, HUB_COOKIE):
        raise SignInRefused(reason=FORGED)
    account = accounts.find(request.app.state.store, identity.name)
    if account is None or not account.may_enter(moment):
        raise SignInRefused(reason=Phrase("this account is closed, or its time is over"))
    response = RedirectResponse(
        own_path(request.app.state.prefix, onward), status_code=303, headers=NO_STORE
    )
    welcome(request, response, account, identity.session)
    return response


@router.post("/signout")
async def sign_out(request: Request) -> Response:
    """Out of the portal, then out of the hub."""
    await form_of(request)
    response = RedirectResponse(
        f"{request.app.state.hub}/logout", status_code=303, headers=NO_STORE
    )
    goodbye(request, response)
    return response


def _client(request: Request) -> Client:
    client: Client | None = request.app.state.client
    if client is None:
        raise HubUnreachable(reason=Phrase("the portal runs without a hub"))
    return client
