"""Reports of citizens: report, ask, find one's own, see everybody's on a map and in a list."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection, select
from starlette.requests import Request

from datalab.i18n import Language, Phrase
from datalab.participation import case_list, following
from datalab.participation.case_list import MOST_POINTS, Filter
from datalab.participation.request_state import STATE_NAMES
from datalab.participation.tables.request import REQUEST
from datalab.portal import limits, own
from datalab.portal.boundaries import boundaries
from datalab.portal.case_view import CaseCard, age, card_of, sentence_of, services_of
from datalab.portal.language import language_of, now
from datalab.portal.page import PAGE_ONLY, PUBLIC, document, page, render
from datalab.portal.person import is_navigation
from datalab.portal.visitor import open_form_of

router = APIRouter(include_in_schema=False)
SIZE = 20
MOST_IDS = 60
_OWN = ("id", "service_code", "state", "status", "author_id", "moderation")
MODERATION = {
    "waiting": Phrase("An agent reads it first"),
    "rejected": Phrase("It was not published"),
}
Text = Annotated[str, Query(max_length=60)]


@dataclass(frozen=True)
class Own:
    """One of the reports of this browser; ``link`` is the private one."""

    id: str
    icon: str
    service: str
    state_title: str
    status: str
    followed: bool
    link: str


@dataclass(frozen=True)
class CasesView:
    language: Language
    total: int
    page: int
    pages: int
    cases: list[CaseCard]
    service: str
    commune: str
    status: str
    services: list[tuple[str, str]] = field(metadata=PAGE_ONLY)
    communes: dict[str, str] = field(metadata=PAGE_ONLY)
    query: str = field(metadata=PAGE_ONLY)
    own: list[Own] = field(default_factory=list, metadata=PAGE_ONLY)


def view_of(request: Request, chosen: Filter, number: int) -> CasesView:
    language, moment = language_of(request), now().timestamp()
    known = boundaries(request.app.state.library.shelf())
    names = known.names if known else {}
    with request.app.state.participation.reading() as connection:
        services = services_of(connection)
        found, total = request.app.state.sharing.of(
            ("cases", chosen), lambda: case_list.page(connection, chosen)
        )
        mine = own_of(request, connection, language, moment)
    filters = {
        "service": next(iter(chosen.services), ""),
        "commune": next(iter(chosen.communes), ""),
        "status": next(iter(chosen.statuses), ""),
    }
    return CasesView(
        language=language,
        total=total,
        page=number,
        pages=max(1, -(-total // SIZE)),
        cases=[card_of(case, services, names, language, moment) for case in found],
        **filters,
        services=[(one.code, one.name(language)) for one in services.values() if one.active],
        communes=names,
        query=urlencode({name: value for name, value in filters.items() if value}),
        own=mine,
    )


def own_of(
    request: Request, connection: Connection, language: Language, moment: float
) -> list[Own]:
    """What this browser sent or follows: only for a page that a person looks at."""
    if not is_navigation(request):
        return []
    services, found = services_of(connection), []
    columns = [REQUEST.c[name] for name in _OWN]
    for author in own.authors_of(request, connection, moment):
        if author.kind != "reporter":
            continue
        follows = following.followed(connection, author.id)
        asked = select(*columns).where(
            (REQUEST.c.author_id == author.id) | REQUEST.c.id.in_(follows)
        )
        newest = asked.order_by(REQUEST.c.requested_at.desc()).limit(SIZE)
        root = f"{request.app.state.prefix}/mine/{author.secret}/"
        found += [
            Own(
                row.id,
                row.service_code,
                services[row.service_code].name(language),
                MODERATION.get(row.moderation, STATE_NAMES[row.state]).in_(language),
                row.status,
                row.author_id != author.id,
                f"{root}#case-{row.id}",
            )
            for row in connection.execute(newest)
        ]
    return found


def filter_of(service: str, commune: str, status: str, number: int = 1) -> Filter:
    return Filter(
        services=(service,) if service else (),
        communes=(commune,) if commune else (),
        statuses=(status,) if status in ("open", "closed") else (),
        limit=SIZE,
        offset=(number - 1) * SIZE,
    )


@router.get("/cases/")
def html(
    request: Request,
    service: Text = "",
    commune: Text = "",
    status: Text = "",
    page_number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    request.app.state.uses.add("page")
    chosen = filter_of(service, commune, status, page_number)
    return page(request, "cases_home.html", view_of(request, chosen, page_number))


@router.get("/cases.json")
def json(
    request: Request,
    service: Text = "",
    commune: Text = "",
    status: Text = "",
    page_number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    chosen = filter_of(service, commune, status, page_number)
    return document(request, view_of(request, chosen, page_number))


@router.get("/cases/map.geojson")
def points(request: Request, service: Text = "", commune: Text = "", status: Text = "") -> Response:
    """The newest cases as points, each where its rounded place is."""
    language, chosen = language_of(request), filter_of(service, commune, status)
    packed = request.app.state.sharing.of(
        ("points", chosen, language), lambda: _points(request, chosen, language)
    )
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie", **PUBLIC}
    return Response(packed, media_type="application/geo+json", headers=headers)


def _points(request: Request, chosen: Filter, language: Language) -> bytes:
    """The map's GeoJSON."""
    moment = now().timestamp()
    with request.app.state.participation.reading() as connection:
        services = services_of(connection)
        found = case_list.points(connection, chosen)
    # A thousand cases share few names: each is translated once.
    names = {code: about.name(language) for code, about in services.items()}
    states = {code: said.in_(language) for code, said in STATE_NAMES.items()}
    since = cache(lambda minutes: age(60.0 * minutes, language))
    features = [
        {
            "type": "Feature",
            "properties": {
                "id": point.id,
                "service": names[point.service_code],
                "state": states[point.state],
                "status": point.status,
                "age": since((moment - point.requested_at) // 60),
            },
            "geometry": {"type": "Point", "coordinates": [point.longitude, point.latitude]},
        }
        for point in found
    ]
    collection = {"type": "FeatureCollection", "features": features, "most": MOST_POINTS}
    return bytes(JSONResponse(collection).body)


@router.get("/cases/states.json")
def states(request: Request, ids: Annotated[str, Query(max_length=1_500)] = "") -> Response:
    """How public cases are now, for a page that is open to say so."""
    language = language_of(request)
    with request.app.state.participation.reading() as connection:
        services = services_of(connection)
        found = case_list.some(connection, [one for one in ids.split(",") if one][:MOST_IDS])
    told = {
        case.id: {
            "state": case.state,
            "updated_at": case.updated_at,
            "title": services[case.service_code].name(language),
            "said": sentence_of(case, language),
        }
        for case in found
    }
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


@router.get("/cases/waiting")
def waiting(request: Request) -> Response:
    """What waits on this phone for the network: filled in there, from the phone's own memory."""
    return render(request, "cases_waiting.html", {})


@router.post("/cases/used")
async def used(request: Request) -> Response:
    """Count what only a browser knows: that the app was installed."""
    limits.allow(request, "link")
    fields = await open_form_of(request, 2_000)
    if fields.get("what") == "installed":
        request.app.state.uses.add("installed")
    return Response(status_code=204)
