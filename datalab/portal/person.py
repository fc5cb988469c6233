"""Who asks: the person signed in to the portal in this browser, and what they may do.

A page navigation is recognised by its cookie. Other requests of a browser (``fetch``, an event
stream) have to prove with the page's own token that a page of the portal sent them: notebooks
live at the same origin, and a script in one must not act, or read, as whoever looks at it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from datalab.errors import RightMissing, SignInNeeded
from datalab.i18n import Phrase
from datalab.people import accounts
from datalab.people.accounts import Account
from datalab.people.rights import MEANING, Right, may
from datalab.people.visits import Visits
from datalab.portal.language import now
from datalab.settings import Settings

COOKIE = "datalab-person"
HUB_COOKIE = "jupyterhub-session-id"
HEADER = "x-datalab-token"  # of a request sent by a script of the portal
FIELD = "_token"  # of a form, or of the address of an event stream


@dataclass(frozen=True)
class Person:
    """An account in one browser. ``csrf`` goes into its forms, and no other browser knows it."""

    account: Account
    csrf: str

    @property
    def name(self) -> str:
        return self.account.name

    @property
    def display(self) -> str:
        return self.account.display

    @property
    def groups(self) -> tuple[str, ...]:
        return self.account.groups

    def may(self, right: Right) -> bool:
        return may(self.account.groups, right)


def visits_of(settings: Settings) -> Visits:
    """Visits lie beside the accounts."""
    return Visits(Path(settings.people).with_name("visits.sqlite"))


def person_of(request: Request) -> Person | None:
    """Who asks, None for nobody known. Asking makes the answer private to the asker."""
    state = request.scope.setdefault("state", {})
    if "person" not in state:
        state["person"] = _recognised(request)
    found: Person | None = state["person"]
    return found


def signed_in(request: Request) -> Person:
    """Who asks.

    Raises
    ------
    SignInNeeded
        which a page navigation follows to the sign-in and back.
    """
    person = person_of(request)
    if person is None:
        raise SignInNeeded()
    return person


def require(request: Request, right: Right) -> Person:
    """Who asks, where they hold ``right``.

    Raises
    ------
    SignInNeeded, RightMissing
    """
    person = signed_in(request)
    if not person.may(right):
        raise RightMissing(right=MEANING[right], whom=Phrase("an operator of the lab"))
    return person


def is_navigation(request: Request) -> bool:
    """Whether a person follows a link or sends a form; browsers without the header count as so."""
    return request.headers.get("sec-fetch-mode", "navigate") == "navigate"


def welcome(request: Request, response: Response, account: Account, hub_session: str) -> None:
    """Open a visit and give its token to this browser, in place of any it held before."""
    goodbye(request, response)
    token = visits_of(request.app.state.settings).open(account, hub_session, now().timestamp())
    response.set_cookie(COOKIE, token, **cookie_options(request))


def goodbye(request: Request, response: Response) -> None:
    """End the visit of this browser."""
    token = request.cookies.get(COOKIE)
    if token:
        visits_of(request.app.state.settings).close(token)
    options = cookie_options(request)
    response.delete_cookie(COOKIE, **options)


def cookie_options(request: Request) -> dict[str, Any]:
    """A cookie that no script reads, no notebook server is sent and no other site makes use of."""
    return {
        "path": f"{request.app.state.prefix}/",
        "httponly": True,
        "samesite": "lax",
        "secure": request.url.scheme == "https",
    }


def csrf_of(token: str) -> str:
    """What proves that a form was made for the holder of a visit's token."""
    return hmac.new(token.encode(), b"datalab form", hashlib.sha256).hexdigest()


def _recognised(request: Request) -> Person | None:
    token = request.cookies.get(COOKIE, "")
    if not token or not token.isascii():
        return None
    visits = visits_of(request.app.state.settings)
    moment = now().timestamp()
    visit = visits.find(token, request.cookies.get(HUB_COOKIE, ""), moment)
    if visit is None:
        return None
    account = accounts.find(request.app.state.store, visit.account)
    if account is None or account.created_at != visit.born or not account.may_enter(moment):
        visits.close(token)
        return None
    csrf = csrf_of(token)
    if not is_navigation(request):
        shown = request.headers.get(HEADER) or request.query_params.get(FIELD) or ""
        if not hmac.compare_digest(shown.encode(), csrf.encode()):
            return None
    return Person(account, csrf)
