"""The page for who writes a program that reads or sends reports: also where keys come from."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.participation import service
from datalab.participation.api_key import PREFIX
from datalab.portal.own import root_of
from datalab.portal.page import render

router = APIRouter(include_in_schema=False)


@router.get("/open311")
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/open311/")
def guide(request: Request) -> Response:
    state = request.app.state
    with state.participation.reading() as connection:
        offered = service.services(connection)
    context = {
        "services": offered,
        "root": f"{root_of(request)}{state.prefix}/open311",
        "jurisdiction": state.settings.jurisdiction,
        "rate": state.settings.key_reports_per_second,
        "key": f"{PREFIX}…",
    }
    return render(request, "open311.html", context)
