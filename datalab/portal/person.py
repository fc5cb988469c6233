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
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from datalab.errors import RightMissing, SignInNeeded
from datalab.i18n import Phrase
from datalab.people import accounts
from datalab.people.accounts import Account
from datalab.people.rights import MEANING, Right, may
from datalab.people.visits import Visit, Visits
from datalab.portal.language import language_of, now
from datalab.portal.oauth import own_path
from datalab.settings import Settings

COOKIE = "datalab-person"
HUB_COOKIE = "jupyterhub-session-id"
ASKED = "datalab-asked"  # which session of the hub was asked who this is
MOST_COOKIES = 5  # of one name
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
    visits = visits_of(request.app.state.settings)
    for earlier in cookies_of(request, COOKIE):
        visits.close(earlier)
    accounts.speak(request.app.state.store, account.name, language_of(request))
    token = visits.open(account, hub_session, now().timestamp())
    response.set_cookie(COOKIE, token, **cookie_options(request))


def goodbye(request: Request, response: Response) -> None:
    """End the visit of this browser."""
    for token in cookies_of(request, COOKIE):
        visits_of(request.app.state.settings).close(token)
    response.delete_cookie(COOKIE, **cookie_options(request))


def cookie_options(request: Request) -> dict[str, Any]:
    """A cookie that no script reads, no notebook server is sent and no other site makes use of."""
    return {
        "path": f"{request.app.state.prefix}/",
        "httponly": True,
        "samesite": "lax",
        "secure": request.url.scheme == "https",
    }


def signin_address(request: Request) -> str:
    """Where somebody signs in and comes back to this page."""
    query = f"?{request.url.query}" if request.url.query else ""
    onward = own_path(request.app.state.prefix, f"{request.url.path}{query}")
    return f"{request.app.state.prefix}/signin?next={quote(onward, safe='')}"


def may_be_known(request: Request) -> bool:
    """Whether the hub may know who looks at a public page, and was not yet asked in this session.

    Asked once: where the hub does not know them after all, they see its sign-in page once.
    """
    hub_session = request.cookies.get(HUB_COOKIE, "")
    return (
        bool(hub_session)
        and request.app.state.client is not None
        and request.method == "GET"
        and not request.scope.get("head")
        and is_navigation(request)
        and not hmac.compare_digest(_asked(hub_session), request.cookies.get(ASKED, "").encode())
    )


def recognise(request: Request) -> Response:
    """To the hub and back to this page."""
    response = RedirectResponse(
        signin_address(request), status_code=303, headers={"Cache-Control": "no-store"}
    )
    asked = _asked(request.cookies[HUB_COOKIE]).decode()
    response.set_cookie(ASKED, asked, **cookie_options(request))
    return response


def _asked(hub_session: str) -> bytes:
    return hashlib.sha256(hub_session.encode("utf-8", "replace")).hexdigest()[:16].encode()


def csrf_of(token: str) -> str:
    """What proves that a form was made for the holder of a visit's token."""
    return hmac.new(token.encode(), b"datalab form", hashlib.sha256).hexdigest()


def pass_of(csrf: str, purpose: str) -> str:
    """What proves one purpose only: for a page of JupyterLab, which holds no more than it needs."""
    return hmac.new(csrf.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def holder_of(request: Request, purpose: str) -> Person | None:
    """Who asks, by this browser's cookie and a pass for ``purpose``."""
    return _recognised(request, purpose)


def _recognised(request: Request, purpose: str = "") -> Person | None:
    visits, moment = visits_of(request.app.state.settings), now().timestamp()
    sessions = cookies_of(request, HUB_COOKIE)
    for token in cookies_of(request, COOKIE):
        visit = visits.find(token, sessions, moment) if token.isascii() else None
        if visit is not None:
            return _holder(request, visit, token, purpose)
    return None


def cookies_of(request: Request, name: str) -> list[str]:
    """Every cookie of that name.

    A notebook server of this host could plant another one, for a path above or below; whichever
    comes first, the real one is among them.
    """
    found = []
    for part in request.headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            found.append(value.strip('"'))
    return found[:MOST_COOKIES]


def _holder(request: Request, visit: Visit, token: str, purpose: str) -> Person | None:
    account = accounts.find(request.app.state.store, visit.account)
    if (
        account is None
        or account.created_at != visit.born
        or not account.may_enter(now().timestamp())
    ):
        visits_of(request.app.state.settings).close(token)
        return None
    csrf = csrf_of(token)
    if not is_navigation(request):
        shown = request.headers.get(HEADER) or request.query_params.get(FIELD) or ""
        expected = pass_of(csrf, purpose) if purpose else csrf
        if not hmac.compare_digest(shown.encode(), expected.encode()):
            return None
    return Person(account, csrf)
