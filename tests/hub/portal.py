"""Somebody at the portal of a running lab: a browser without scripts, behind the real proxy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.hub.lab import Lab

PORTAL = "/services/datalab/"
TOKEN = re.compile(r'name="_token" value="([0-9a-f]+)"')
# What Chromium sends when a person follows a link, and when they send a form.
LINK = {
    "Accept": "text/html",
    "Accept-Language": "en",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}


@dataclass
class Guest:
    """A browser. ``path`` arguments without a leading slash lie below the portal."""

    lab: Lab
    client: httpx.Client

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(_full(path), headers={**LINK, **headers})

    def sign_in(self, name: str) -> httpx.Response:
        """Use a link up to the cookie of the hub, and not the notebook server that it leads to."""
        return self.client.get(self.lab.link(name), follow_redirects=False, headers=LINK)

    def join(self, code: str, display: str) -> httpx.Response:
        """Come in with an invitation, as the page of the hub asks for it."""
        page = self.get(f"/hub/rejoindre/{code}")
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        assert xsrf, page.text
        sent = {"_xsrf": xsrf[1], "display": display}
        return self.client.post(
            page.url, data=sent, headers={**LINK, **self._origin}, follow_redirects=False
        )

    def send(
        self, path: str, fields: dict[str, Any] | None = None, page: str = "me/"
    ) -> httpx.Response:
        """Send a form with the token that a page of the portal holds."""
        found = TOKEN.search(self.get(page).text)
        sent = {"_token": found[1] if found else "", **(fields or {})}
        return self.client.post(
            _full(path), data=sent, headers={**LINK, **self._origin}, follow_redirects=False
        )

    @property
    def _origin(self) -> dict[str, str]:
        return {"Origin": self.lab.url, "Sec-Fetch-Site": "same-origin"}


def _full(path: str) -> str:
    return path if path.startswith(("/", "http")) else PORTAL + path


@contextmanager
def guest(lab: Lab) -> Iterator[Guest]:
    """A new browser."""
    with httpx.Client(base_url=lab.url, follow_redirects=True, timeout=60) as client:
        yield Guest(lab, client)


@contextmanager
def signed_in(lab: Lab, name: str) -> Iterator[Guest]:
    """A new browser in which somebody is signed in."""
    with guest(lab) as found:
        answer = found.sign_in(name)
        assert answer.status_code == 302, answer.text
        yield found
