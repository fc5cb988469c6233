"""What a notebook says to the portal, passed on by the hub: a flag, an answer of a training.

``POST /hub/api/datalab/flags/<dataset>`` and ``…/training/<module>``. A notebook in a room reaches
nothing of this machine but its own way to the hub. Its server's token says whose it is; the hub
adds the account, and proves itself to the portal with the token that only the two of them know.
"""

from __future__ import annotations

import json
from typing import ClassVar

from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.utils import url_path_join
from tornado.httpclient import AsyncHTTPClient, HTTPError, HTTPRequest
from tornado.web import HTTPError as Refused

from datalab.hub.roles import PORTAL

LARGEST = 20_000  # bytes
SECONDS = 20.0
HEADER = "X-Datalab-Hub"
# The client of tokens that the hub made itself. A server also holds tokens of those who visit it,
# issued to its own client: the code of a project would speak as any member who looked in.
OWN_CLIENT = "jupyterhub"


class PassedOn(APIHandler):  # type: ignore[misc]
    """``where`` is the portal's address, with a place for what the message is about."""

    where: ClassVar[str]

    async def post(self, about: str) -> None:
        """The portal's own answer, refusals included."""
        user, token = self.current_user, self.get_token()
        if token is None or user is None or token.client_id != OWN_CLIENT:
            raise Refused(403)
        try:
            document = json.loads(self.request.body[: LARGEST + 1])
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Refused(400)
        service = self.services[PORTAL]
        path = url_path_join(service.prefix, self.where.format(about=about))
        question = HTTPRequest(
            f"{service.url.rstrip('/')}{path}",
            method="POST",
            body=json.dumps({**document, "account": user.name}),
            headers={
                "Content-Type": "application/json",
                "Accept-Language": self.request.headers.get("Accept-Language", "fr"),
                HEADER: service.api_token,
            },
            request_timeout=SECONDS,
        )
        try:
            answer = await AsyncHTTPClient().fetch(question, raise_error=False)
        except (HTTPError, OSError):
            raise Refused(503) from None
        self.set_status(answer.code)
        self.set_header("Content-Type", "application/json")
        self.finish(answer.body or b"{}")


class FlagHandler(PassedOn):
    where = "api/v1/datasets/{about}/flags"


class TrainingHandler(PassedOn):
    where = "api/v1/training/{about}"
