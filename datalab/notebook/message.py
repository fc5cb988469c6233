"""A message from a notebook: through the hub, which knows whose notebook it is, to the portal."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datalab.i18n import Language

SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """Status 503 stands for a lab that cannot be reached."""

    status: int
    document: dict[str, Any]


def send(
    path: str, document: Mapping[str, Any], language: Language, seconds: float = SECONDS
) -> Answer | None:
    """Send ``document`` to ``path`` of the lab's part of the hub's API, as this server's account.

    None where this notebook does not run in the lab.
    """
    api, token = os.environ.get("JUPYTERHUB_API_URL"), os.environ.get("JUPYTERHUB_API_TOKEN")
    if not api or not token:
        return None
    request = urllib.request.Request(  # noqa: S310 (the hub's own address)
        f"{api}/datalab/{path}",
        data=json.dumps(document).encode(),
        method="POST",
        headers={
            "Authorization": f"token {token}",
            "Content-Type": "application/json",
            "Accept-Language": language,
        },
    )
    # The hub is at the room's own door, past any proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=seconds) as answer:
            return Answer(answer.status, _json(answer.read()))
    except urllib.error.HTTPError as error:
        return Answer(error.code, _json(error.read()))
    except OSError:  # urllib's own errors are such ones
        return Answer(503, {})


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
