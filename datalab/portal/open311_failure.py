"""Errors of Open311: every problem of a call, in the format that was asked for.

404 for what does not exist, 403 for a key, 400 for what cannot be fulfilled as it was sent, as
GeoReport v2 has it. What it does not speak of keeps its own status: 405 for another method, 429
for a key that sends too much, 503 while the lab can record nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.requests import Request

from datalab.errors import (
    CallRefused,
    DatalabError,
    MethodNotServed,
    ParticipationUnavailable,
    ReportRefused,
    TooFast,
)
from datalab.i18n import Language
from datalab.portal.language import language_of
from datalab.portal.open311_format import Format, respond
from datalab.portal.open311_query import Refused

LOG = logging.getLogger("datalab.portal")
OWN_STATUS = (403, 404, 405, 429, 500, 503)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class GeoReportRoute(APIRoute):
    """A route whose errors are lists of ``code`` and ``description``."""

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await answer(request)
            except Exception as error:
                return failed(request, error)

        return guarded


def failed(request: Request, error: Exception) -> Response:
    """What went wrong, as GeoReport v2 tells it."""
    language = language_of(request)
    problems = _problems(error, language)
    unexpected = not isinstance(error, DatalabError | Refused)
    if unexpected or isinstance(error, ParticipationUnavailable):
        LOG.error("%s failed", request.url.path, exc_info=error)
    status = max(code for code, _ in problems)
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, MethodNotServed):
        headers["Allow"] = "GET, HEAD, POST, OPTIONS"
    headers |= getattr(error, "headers", {})
    if isinstance(error, TooFast):
        headers["Retry-After"] = str(error.facts["seconds"])
    document = [{"code": code, "description": said} for code, said in problems]
    return respond("errors", document, format_of(request), status=status, headers=headers)


def _problems(error: Exception, language: Language) -> list[tuple[int, str]]:
    if isinstance(error, Refused):
        return [(_status(one), one.message(language)) for one in error.problems]
    if isinstance(error, ReportRefused):
        refused = [CallRefused(field=name, reason=why) for name, why in error.problems]
        return [(400, one.message(language)) for one in refused]
    known = error if isinstance(error, DatalabError) else DatalabError()
    return [(_status(known), known.message(language))]


def _status(error: DatalabError) -> int:
    return error.status if error.status in OWN_STATUS else 400


def format_of(request: Request) -> Format:
    """The format that the address ends in; XML, the one that is required, where it names none."""
    return "json" if request.url.path.endswith(".json") else "xml"
