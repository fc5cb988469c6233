"""Indicators of the requests: one page for agents, one for everybody, and the same as files."""

from __future__ import annotations

import csv
import io

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.requests import Request

from datalab.participation import sample_cases
from datalab.participation.cell import guarded
from datalab.portal.indicators import PERIODS, PUBLIC, IndicatorsView, Line, view_of
from datalab.portal.language import language_of, now
from datalab.portal.page import document, render
from datalab.portal.person import require

router = APIRouter()
HEADER = (
    *("group", "key", "name", "cases", "answered", "answer_median", "answer_p90", "closed"),
    *("closure_median", "closure_p90", "per_km2", "per_1000_inhabitants", "low_95", "high_95"),
)


@router.get("/control/indicators", include_in_schema=False)
def for_agents(request: Request, days: int = 90) -> Response:
    require(request, "handle:requests")
    return _page(request, _view(request, days, False))


@router.get("/control/indicators.csv", include_in_schema=False)
def file_for_agents(request: Request, days: int = 90) -> Response:
    require(request, "handle:requests")
    return _file(_view(request, days, False))


@router.get("/control/indicators.json", include_in_schema=False)
def json_for_agents(request: Request, days: int = 90) -> Response:
    require(request, "handle:requests")
    return document(request, _view(request, days, False))


@router.get("/cases/indicators", include_in_schema=False)
def for_everybody(request: Request) -> Response:
    return _page(request, _view(request, PUBLIC, True))


@router.get("/cases/indicators.csv", include_in_schema=False)
def file_for_everybody(request: Request) -> Response:
    return _file(_view(request, PUBLIC, True))


@router.get("/cases/indicators.json", summary="Delays, backlog and density of citizens' reports")
def json_for_everybody(request: Request, lang: str = Query("fr", max_length=5)) -> Response:
    return document(request, _view(request, PUBLIC, True))


def _view(request: Request, days: int, released: bool) -> IndicatorsView:
    chosen = days if days in (*PERIODS, PUBLIC) else PERIODS[1]
    return view_of(request, chosen, released, language_of(request), now().timestamp())


def _page(request: Request, view: IndicatorsView) -> Response:
    with request.app.state.participation.reading() as connection:
        samples = sample_cases.present(connection)
    context = {"view": view, "periods": PERIODS, "samples": samples}
    return render(request, "indicators.html", context)


def _file(view: IndicatorsView) -> Response:
    """What the tables say, one line for each group. What is not told is empty."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(HEADER)
    every = Line("", "", view.total, view.answer, view.closure, None, None, None)
    lines = [("all", every)]
    lines += [("category", line) for line in view.categories]
    lines += [("commune", line) for line in view.communes]
    for group, line in lines:
        low, high = line.between or (None, None)
        writer.writerow(
            (
                *(group, line.key, guarded(line.name), line.count),
                *(line.answer.over, line.answer.median, line.answer.most),
                *(line.closure.over, line.closure.median, line.closure.most),
                *(line.per_km2, line.per_thousand, low, high),
            )
        )
    return Response(
        "\ufeff" + written.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="indicators.csv"'},
    )
