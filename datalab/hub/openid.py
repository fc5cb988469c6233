"""Signing in through an OpenID provider; links and invitations of the lab go on beside it.

The provider is asked where its doors are when the first person comes (discovery), so that the hub
starts without it.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlsplit

import jwt
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.oauth2 import (
    OAuthCallbackHandler,
    OAuthLoginHandler,
    _deserialize_state,
)
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from traitlets import Instance

from datalab.errors import DatalabError, SignInRefused
from datalab.hub.authenticator import Accounts, Entry
from datalab.hub.entering import EnteringHandler
from datalab.i18n import Phrase
from datalab.people import openid
from datalab.people.accounts import Account
from datalab.people.openid import Rules

TROUBLE = (HTTPClientError, OSError, ValueError, KeyError, TypeError, jwt.PyJWTError)
SECONDS = 10.0
LOCAL = {"127.0.0.1", "localhost", "::1"}


class SayingHandler(EnteringHandler):
    """Says in plain words why the provider let nobody in."""

    async def say(self, error: DatalabError) -> None:
        self.refuse("oidc", error.code)
        self.set_status(error.status)
        values = {"reason": "told", "problem": error.message(self.language)}
        self.finish(await self.render_template("signin_refused.html", **values))


class StartHandler(SayingHandler, OAuthLoginHandler):  # type: ignore[misc]
    """``/hub/oauth_login``: on to the provider."""

    async def get(self) -> None:
        try:
            await self.authenticator.discover()
        except DatalabError as error:
            await self.say(error)
            return
        OAuthLoginHandler.get(self)


class BackHandler(SayingHandler, OAuthCallbackHandler):  # type: ignore[misc]
    """``/hub/oauth_callback``: back from the provider."""

    async def get(self) -> None:
        try:
            state = _deserialize_state(self.get_state_cookie() or "") or {}
            account = await self._account()
        except DatalabError as error:
            await self.say(error)
            return
        if await self.enter(Entry(account.name, "oidc")) is not None:
            self.redirect(state.get("next_url") or self.landing(account))

    async def _account(self) -> Account:
        try:
            self.check_arguments()
            claims = await self.authenticator.claims(self)
        except web.HTTPError as error:
            self.log.warning("OpenID: %s", error)
            reason = Phrase("the provider refused, or the page had been open for too long")
            raise SignInRefused(reason=reason) from None
        except TROUBLE as error:
            self.log.warning("OpenID: %s: %s", type(error).__name__, error)
            reason = Phrase("the provider does not answer as it should")
            raise SignInRefused(reason=reason) from None
        found: Account = await asyncio.to_thread(
            openid.account_of, self.store, time.time(), self.authenticator.rules, claims
        )
        return found


class OpenidAuthenticator(Accounts, GenericOAuthenticator):  # type: ignore[misc]
    """Whom the provider vouches for, and whoever holds a link of the lab."""

    login_handler = StartHandler
    callback_handler = BackHandler

    rules = Instance(Rules, help="Whose groups are whose").tag(config=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Passwords are the provider's: one place to change, one place to close.
        self.passwords = False
        self.discovered: dict[str, Any] = {}

    async def discover(self) -> None:
        """Ask the provider where its doors are, once.

        Raises
        ------
        SignInRefused
            where it does not answer, or is not the one it should be.
        """
        if self.discovered:
            return
        issuer = self.rules.issuer
        parts = urlsplit(issuer)
        try:
            if parts.scheme != "https" and parts.hostname not in LOCAL:
                raise ValueError(f"{issuer} is not https")
            answer = await AsyncHTTPClient().fetch(
                f"{issuer}/.well-known/openid-configuration", request_timeout=SECONDS
            )
            found = json.loads(answer.body)
            if str(found["issuer"]).rstrip("/") != issuer:
                raise ValueError(f"{issuer} calls itself {found['issuer']}")
            self.authorize_url = found["authorization_endpoint"]
            self.token_url = found["token_endpoint"]
            self.userdata_url = found["userinfo_endpoint"]
        except TROUBLE as error:
            self.log.warning("OpenID: %s: %s", type(error).__name__, error)
            reason = Phrase("the provider does not answer as it should")
            raise SignInRefused(reason=reason) from None
        methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        self.basic_auth = "client_secret_basic" in methods
        self.discovered = found

    async def claims(self, handler: BackHandler) -> dict[str, Any]:
        """What the provider says about who just came back from it.

        The ID token came over TLS from the provider itself, so that its signature need not be
        checked (OpenID Connect Core 1.0, 3.1.3.7); what the other door says has to be about the
        same person (5.3.2).

        Raises
        ------
        SignInRefused
        """
        await self.discover()
        params = self.build_access_tokens_request_params(handler)
        token_info = await self.get_token_info(handler, params)
        token = jwt.decode(
            token_info["id_token"],
            audience=self.client_id,
            issuer=self.discovered["issuer"],
            options={
                "verify_signature": False,
                "verify_aud": True,
                "verify_iss": True,
                "verify_exp": True,
                "require": ["sub", "iss", "aud", "exp"],
            },
        )
        claims: dict[str, Any] = await self.token_to_user(token_info)
        if claims.get("sub") != token["sub"]:
            raise ValueError("the two doors of the provider speak of two people")
        return {**token, **claims}
