"""The hub's authorization-code flow (RFC 6749, with PKCE of RFC 7636), for a service of the hub.

Nothing is stored between leaving and coming back: ``state`` carries where to go on, signed
together with a cookie of this browser, and the PKCE verifier is made again from both.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode, urlsplit

import httpx

from datalab.errors import HubUnreachable, SignInRefused
from datalab.i18n import Phrase

SECONDS = 10.0
LIFETIME = 1800.0  # seconds from leaving for the hub to coming back; a person signs in meanwhile
LONGEST_PATH = 1000
FORGED = Phrase("the answer does not belong to a sign-in that began in this browser")


@dataclass(frozen=True)
class Identity:
    """Who the hub says this is, and the session of the hub in which it was said."""

    name: str
    session: str


@dataclass(frozen=True)
class Client:
    """The portal as a client of the hub. ``authorize`` is an address of the browser's side."""

    api: str
    authorize: str
    redirect: str
    id: str
    secret: str
    key: bytes

    @classmethod
    def of(cls, environment: Mapping[str, str], prefix: str, key: str) -> Client | None:
        """The client that JupyterHub's variables describe; None outside a hub."""
        api, secret = environment.get("JUPYTERHUB_API_URL"), environment.get("JUPYTERHUB_API_TOKEN")
        if not api or not secret:
            return None
        base = environment.get("JUPYTERHUB_BASE_URL", "/").rstrip("/")
        return cls(
            api=api.rstrip("/"),
            authorize=f"{base}/hub/api/oauth2/authorize",
            redirect=f"{prefix}/oauth_callback",
            id=environment.get("JUPYTERHUB_CLIENT_ID", "service-datalab"),
            secret=secret,
            key=key.encode(),
        )

    def leave(self, browser: str, onward: str, now: float) -> str:
        """The address at the hub to send a browser to; ``onward`` is where it goes afterwards."""
        facts = [secrets.token_urlsafe(16), int(now), onward]
        body = base64.urlsafe_b64encode(json.dumps(facts).encode()).decode()
        state = f"{body}.{self._sign('state', browser, body)}"
        query = {
            "client_id": self.id,
            "redirect_uri": self.redirect,
            "response_type": "code",
            "state": state,
            "code_challenge": _challenge(self._verifier(browser, state)),
            "code_challenge_method": "S256",
        }
        return f"{self.authorize}?{urlencode(query)}"

    def onward(self, browser: str, state: str, now: float) -> str:
        """Where the browser goes after it came back with ``state``.

        Raises
        ------
        SignInRefused
            where this browser did not leave with that state, or too long ago.
        """
        body, _, signature = state.partition(".")
        expected = self._sign("state", browser, body)
        if not browser or not hmac.compare_digest(signature.encode(), expected.encode()):
            raise SignInRefused(reason=FORGED)
        _, left, onward = json.loads(base64.urlsafe_b64decode(body))
        if not 0 <= now - left < LIFETIME:
            raise SignInRefused(reason=Phrase("it took too long"))
        return str(onward)

    def identity(self, browser: str, state: str, code: str) -> Identity:
        """Who signed in. The hub's token is used once and forgotten.

        Raises
        ------
        SignInRefused
            where the hub does not take the code.
        HubUnreachable
        """
        question = {
            "client_id": self.id,
            "client_secret": self.secret,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect,
            "code_verifier": self._verifier(browser, state),
        }
        try:
            with httpx.Client(timeout=SECONDS, trust_env=False) as hub:
                given = hub.post(f"{self.api}/oauth2/token", data=question)
                if given.status_code != 200:
                    raise SignInRefused(reason=Phrase("the hub did not confirm it"))
                headers = {"Authorization": f"Bearer {given.json()['access_token']}"}
                told = hub.get(f"{self.api}/user", headers=headers)
                model = told.json() if told.status_code == 200 else {}
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise HubUnreachable(reason=type(error).__name__) from error
        if model.get("kind") != "user" or not model.get("session_id"):
            raise SignInRefused(reason=Phrase("the hub did not confirm it"))
        return Identity(model["name"], model["session_id"])

    def _verifier(self, browser: str, state: str) -> str:
        return self._sign("verifier", browser, state)

    def _sign(self, *parts: str) -> str:
        # JSON keeps the parts apart.
        body = json.dumps(parts).encode()
        return hmac.new(self.key, body, hashlib.sha256).hexdigest()


def own_path(prefix: str, address: str) -> str:
    """``address`` where it is one of the portal's own, else the portal's first page.

    Browsers drop tabs and line ends, read a backslash as a slash and resolve dots, encoded or not:
    whatever holds one of those is nothing that the portal made.
    """
    home = f"{prefix}/"
    try:
        parts = urlsplit(address)
    except ValueError:
        return home
    path = unquote(parts.path)
    odd = any(ord(letter) < 32 or letter in "\\\x7f" for letter in address + path)
    if (
        odd
        or len(address) > LONGEST_PATH
        or parts.scheme
        or parts.netloc
        or not path.startswith(home)
        or any(part in {"", ".", ".."} for part in path.removeprefix(home).split("/")[:-1])
        or path.rpartition("/")[2] in {".", ".."}
        or path.removeprefix(home).partition("/")[0] in {"signin", "signout", "oauth_callback"}
    ):
        return home
    return quote(address, safe="/?&=%:@!$'()*+,;-._~#[]")


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
