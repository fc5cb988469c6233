"""The hub over REST: what portal, keeper and command line ask of it, with the keeper's token.

Every question is asked again where asking twice is harmless, and an answer that says "already so"
(409 on creation, 404 on deletion) counts as done.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from datalab.errors import HubUnreachable

SECONDS = 10.0


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: every question would read them again, which costs more than the question."""
    return ssl.create_default_context()


@dataclass(frozen=True)
class HubApi:
    """``url`` ends in ``/hub/api``."""

    url: str
    token: str

    def ask(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        done: tuple[int, ...] = (),
        seconds: float = SECONDS,
    ) -> Any:
        """The answer's JSON, None where it has none or its status is one of ``done``.

        Raises
        ------
        HubUnreachable
            where the hub does not answer, or answers anything but success.
        """
        headers = {"Authorization": f"token {self.token}"}
        try:
            answer = httpx.request(
                method,
                f"{self.url}{path}",
                json=document,
                headers=headers,
                timeout=seconds,
                verify=_certificates(),
                # The token goes to the hub of this machine, past any proxy that is set around it.
                trust_env=False,
            )
        except httpx.HTTPError as error:
            raise HubUnreachable(reason=type(error).__name__) from error
        if answer.status_code in done:
            return None
        if answer.status_code >= 400:
            raise HubUnreachable(reason=f"{method} {path}: {answer.status_code}")
        return answer.json() if answer.content else None
