"""Errors as an answer: one JSON shape for machines, one page with the next step for people."""

from __future__ import annotations

import logging

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import Request

from datalab.errors import (
    BeingPrepared,
    DatalabError,
    InvalidParameter,
    MethodRefused,
    SignInNeeded,
    TooBusy,
    UnknownPage,
)
from datalab.i18n import translate
from datalab.portal.headers import HEADERS
from datalab.portal.language import language_of
from datalab.portal.page import render
from datalab.portal.person import is_navigation, signin_address

LOG = logging.getLogger("datalab.portal")
LONGEST = 80  # characters of a foreign value that are said back


def wants_page(request: Request) -> bool:
    """A browser's navigation gets a page; everything else, and every ``.json``, gets JSON."""
    path = request.url.path
    if path.endswith(".json") or "/api/" in path or path.endswith("/health"):
        return False
    return "text/html" in request.headers.get("accept", "")


def answer(request: Request, error: DatalabError) -> Response:
    """The error in the shape that fits the reader."""
    from datalab.portal.refusal import with_way  # it stands above the doors that answer by this

    language = language_of(request)
    error = with_way(request, error, language)
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Language, Cookie"}
    if isinstance(error, MethodRefused):
        headers["Allow"] = "GET, HEAD"
    headers |= getattr(error, "headers", {})
    if isinstance(error, BeingPrepared | TooBusy):
        headers["Retry-After"] = str(error.facts["seconds"])
    if isinstance(error, SignInNeeded) and _may_leave(request):
        # The hub asks nothing of who is signed in there: they come back at once.
        return RedirectResponse(signin_address(request), status_code=303, headers=headers)
    if wants_page(request):
        return render(
            request,
            "error.html",
            {
                "error": error,
                "message": error.message(language),
                "posted": request.method == "POST",
            },
            status=error.status,
            headers=headers,
        )
    return JSONResponse(error.as_json(language), status_code=error.status, headers=headers)


def _may_leave(request: Request) -> bool:
    """Whether a browser that follows a link here can be sent to the hub and back."""
    known = request.app.state.client is not None
    return known and request.method == "GET" and is_navigation(request) and wants_page(request)


def refused(request: Request, problem: RequestValidationError) -> InvalidParameter:
    """FastAPI's first complaint in our words."""
    first = problem.errors()[0]
    language = language_of(request)
    context = first.get("ctx", {})
    if "le" in context:
        reason = translate("at most {highest} is possible", language, highest=context["le"])
    elif "ge" in context:
        reason = translate("at least {lowest} is possible", language, lowest=context["ge"])
    elif first["type"].startswith("int"):
        reason = translate("a whole number is needed", language)
    elif "expected" in context:
        reason = translate(
            "one of these is needed: {choices}", language, choices=context["expected"]
        )
    else:
        reason = translate("it is too long or not written as expected", language)
    return InvalidParameter(
        name=str(first["loc"][-1]), value=str(first.get("input"))[:LONGEST], reason=reason
    )


def install(app: FastAPI) -> None:
    """Make the application answer every error in the lab's own way."""

    @app.exception_handler(DatalabError)
    async def known(request: Request, error: DatalabError) -> Response:
        if error.status >= 500 and not isinstance(error, BeingPrepared | TooBusy):
            LOG.error("%s could not be answered", request.url.path, exc_info=error)
        return answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return answer(request, refused(request, error))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        path = request.url.path[:LONGEST]
        if error.status_code == 405:
            return answer(request, MethodRefused(path=path, method=request.method[:20]))
        return answer(request, UnknownPage(path=path))

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> Response:
        LOG.error("%s failed", request.url.path, exc_info=error)
        response = answer(request, DatalabError())
        response.headers.update(HEADERS)  # this handler stands outside the middleware
        return response
