"""Positive-energy blocks: sliders for residents over cases that were computed beforehand."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from datalab.portal import positive_energy as blocks
from datalab.portal.language import language_of
from datalab.portal.page import document, render

router = APIRouter()


@router.get("/positive-energy/", include_in_schema=False)
def shown(request: Request) -> Response:
    view = blocks.view_of(_catalog(request), language_of(request), dict(request.query_params))
    words = {
        "works_words": blocks.WORKS_WORDS,
        "heat_words": blocks.HEAT_WORDS,
        "status_words": blocks.STATUS_WORDS,
    }
    return render(request, "positive_energy.html", {"view": view, **words})


@router.get("/positive-energy.json", summary="Positive-energy blocks: the chosen case and readings")
def as_json(request: Request) -> Response:
    view = blocks.view_of(_catalog(request), language_of(request), dict(request.query_params))
    return document(request, view)


@router.get("/positive-energy/cases.json", summary="Positive-energy blocks: every case")
def every_case(request: Request) -> Response:
    return document(request, list(blocks.cases(_catalog(request)).values()))


def _catalog(request: Request) -> Path:
    found: Path = request.app.state.settings.catalog
    return found
