"""The running server of a project, asked over HTTP by the lab.

The server runs the project's code, which can read whatever reaches it. So it never gets a token of
the lab: only one of its own account, which opens this very server and nothing else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from datalab.errors import HubUnreachable
from datalab.people.hub_api import HubApi
from datalab.projects.project import Project

State = Literal["running", "starting", "stopping", "asleep"]
TOKEN_SECONDS = 3600
LARGEST = 64_000  # bytes of an answer
LONGEST = 10.0  # seconds for a whole answer


@dataclass
class ProjectServers:
    """Every shared server. ``address`` gives the proxy's URL, where servers are reached."""

    hub: HubApi
    address: Callable[[], str]
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    def state(self, project: Project) -> State:
        """What the hub says of the server.

        Raises
        ------
        HubUnreachable
        """
        user = self.hub.ask("GET", f"/users/{project.account}", done=(404,)) or {}
        return state_of((user.get("servers") or {}).get("") or {})

    def ask(
        self,
        project: Project,
        method: str,
        path: str,
        document: Any = None,
        *,
        seconds: float = 2.0,
    ) -> Any:
        """What the server answers at ``/user/<account>/<path>``; ``seconds`` between two bytes.

        Its project's code may have written the answer: nothing in it is to be believed.

        Raises
        ------
        HubUnreachable
            where the server does not answer, refuses, or says too much.
        """
        address = f"{self.address()}/user/{project.account}/{path}"
        headers = {"Authorization": f"token {self._token(project.account)}"}
        try:
            with httpx.stream(
                method, address, json=document, headers=headers, timeout=seconds
            ) as answer:
                if answer.status_code in {401, 403}:
                    self._tokens.pop(project.account, None)
                if answer.status_code >= 300:
                    raise HubUnreachable(reason=f"{path}: {answer.status_code}")
                body = _body(answer)
            return json.loads(body) if body else None
        except (httpx.HTTPError, ValueError) as error:
            raise HubUnreachable(reason=f"{path}: {type(error).__name__}") from error

    def _token(self, account: str) -> str:
        held = self._tokens.get(account)
        if held and held[1] > time.monotonic():
            return held[0]
        wanted = {
            "scopes": [f"access:servers!server={account}/"],
            "expires_in": TOKEN_SECONDS,
            "note": "the lab speaks to this server",
        }
        made = self.hub.ask("POST", f"/users/{account}/tokens", wanted)
        self._tokens[account] = (str(made["token"]), time.monotonic() + TOKEN_SECONDS / 2)
        return self._tokens[account][0]


def state_of(server: dict[str, Any]) -> State:
    """The state in the hub's model of a server."""
    pending = server.get("pending")
    if pending == "spawn":
        return "starting"
    if pending == "stop":
        return "stopping"
    return "running" if server.get("ready") else "asleep"


def _body(answer: httpx.Response) -> bytes:
    body = b""
    deadline = time.monotonic() + LONGEST
    for part in answer.iter_bytes():
        body += part
        if len(body) > LARGEST or time.monotonic() > deadline:
            raise ValueError("too long")
    return body
