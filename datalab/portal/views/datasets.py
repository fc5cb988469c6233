"""The list of datasets: as a page and as JSON, and suggestions while somebody types."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.portal.language import language_of, now
from datalab.portal.listing import LONGEST_QUERY, DatasetsView, view_of
from datalab.portal.page import document, page
from datalab.portal.suggesting import suggest

router = APIRouter()
MOST_PAGES = 2_000
Chosen = Annotated[list[str], Query(max_length=20)]


def _asked(
    q: Annotated[str, Query(description="words, in French or English")] = "",
    theme: Chosen = [],  # noqa: B006 - FastAPI copies it
    publisher: Chosen = [],  # noqa: B006
    format: Chosen = [],  # noqa: B006
    state: Chosen = [],  # noqa: B006
    access: Chosen = [],  # noqa: B006
    reuse: Chosen = [],  # noqa: B006
    license: Chosen = [],  # noqa: B006
    provenance: Chosen = [],  # noqa: B006
    periodicity: Chosen = [],  # noqa: B006
) -> tuple[str, dict[str, list[str]]]:
    return q, {
        "theme": theme,
        "publisher": publisher,
        "format": format,
        "state": state,
        "access": access,
        "reuse": reuse,
        "license": license,
        "provenance": provenance,
        "periodicity": periodicity,
    }


Asked = Annotated[tuple[str, dict[str, list[str]]], Depends(_asked)]
PageNumber = Annotated[
    int, Query(alias="page", ge=1, le=MOST_PAGES, description="page of 100 datasets, from 1")
]


def _view(request: Request, asked: tuple[str, dict[str, list[str]]], number: int) -> DatasetsView:
    shelf = request.app.state.library.shelf()
    prefix = request.app.state.prefix
    return view_of(shelf, language_of(request), now(), prefix, *asked, page=number)


@router.get("/datasets", include_in_schema=False)
def without_slash(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.url.path}/{query}", status_code=308)


@router.get("/datasets/", include_in_schema=False)
def html(request: Request, asked: Asked, number: PageNumber = 1) -> Response:
    return page(request, "datasets.html", _view(request, asked, number))


@router.get("/datasets.json", summary="Search and filter the datasets", tags=["catalog"])
def json(request: Request, asked: Asked, number: PageNumber = 1) -> Response:
    return document(request, _view(request, asked, number))


@router.get("/api/v1/search", summary="Search and filter the datasets", tags=["catalog"])
def search(request: Request, asked: Asked, number: PageNumber = 1) -> Response:
    """The same answer as ``datasets.json``."""
    return document(request, _view(request, asked, number))


@router.get("/api/v1/suggest", summary="Suggestions for what was typed so far", tags=["catalog"])
def suggestions(
    request: Request,
    q: Annotated[str, Query(max_length=LONGEST_QUERY, description="what was typed so far")] = "",
) -> Response:
    shelf = request.app.state.library.shelf()
    found = suggest(shelf, q, language_of(request), request.app.state.prefix)
    return document(request, found)
