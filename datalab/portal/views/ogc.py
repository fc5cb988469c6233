"""``/ogc/``: datasets with places for map tools (OGC API Features), and the same as pages."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab import __version__
from datalab.errors import DatalabError, InvalidParameter
from datalab.i18n import Language, translate
from datalab.portal import ogc
from datalab.portal.access import barrier
from datalab.portal.failure import wants_page
from datalab.portal.features import (
    CRS84,
    Asked,
    box_of,
    extent_of,
    interval_of,
    item,
    items,
    place_in,
)
from datalab.portal.filters import filters_of
from datalab.portal.language import language_of, now
from datalab.portal.library import Holding, Shelf
from datalab.portal.opening import Opening, is_held, open_rows
from datalab.portal.page import PUBLIC, render
from datalab.portal.pinned import ReleaseName, Snapshot
from datalab.portal.reader import reader_of

router = APIRouter(prefix="/ogc", tags=["ogc"], include_in_schema=False)
MOST = 10_000
ROWS = 100
ON_A_PAGE = 50
RESERVED = (
    *("limit", "offset", "bbox", "bbox-crs", "crs", "datetime"),
    *("snapshot", "release", "f", "lang"),
)
Form = Annotated[Literal["json", "html"] | None, Query()]
# A larger limit is not an error there: the answer is as large as it can be (17-069r4, 7.15.2).
Limit = Annotated[int, Query(ge=1, le=2**31)]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]
Written = Annotated[str | None, Query(max_length=200)]


@router.get("")
def without_stroke(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.url.path}/{query}", status_code=308)


@router.get("/")
def landing(request: Request, f: Form = None) -> Response:
    language = language_of(request)
    return _answer(request, f, ogc.landing(_root(request), language), "landing")


@router.get("/conformance")
def conformance(request: Request, f: Form = None) -> Response:
    _only(request, "f", "lang")
    return _answer(request, f, ogc.conformance(), "conformance")


@router.get("/api")
def api(request: Request, f: Form = None) -> Response:
    names = [holding.id for holding in _collections(request)]
    document = ogc.openapi(_root(request), names, __version__)
    return _answer(request, f, document, "api", media=ogc.OPENAPI)


@router.get("/collections")
def collections(request: Request, f: Form = None) -> Response:
    _only(request, "f", "lang")
    root, language = _root(request), language_of(request)
    found = []
    for holding in _collections(request):
        try:
            found.append(_collection(request, holding.id, language))
        except DatalabError:  # described as a map, but no place can be read now
            continue
    document = {"links": ogc.both(f"{root}/collections"), "collections": found}
    return _answer(request, f, document, "collections")


@router.get("/collections/{dataset}")
def collection(request: Request, dataset: str, f: Form = None) -> Response:
    _only(request, "f", "lang")
    document = _collection(request, dataset, language_of(request))
    return _answer(request, f, document, "collection")


@router.get("/collections/{dataset}/items")
def features(
    request: Request,
    dataset: str,
    limit: Limit = ROWS,
    offset: Offset = 0,
    bbox: Written = None,
    datetime: Written = None,
    snapshot: Snapshot = None,
    release: ReleaseName = None,
    f: Form = None,
) -> Response:
    opening = open_rows(request, dataset, snapshot, release, warm=True)
    place, language = place_in(opening), opening.language
    _in_crs84(request, "crs", "bbox-crs")
    as_page = _wants_page(request, f)
    asked = Asked(
        min(limit, ON_A_PAGE if as_page else MOST),
        offset,
        box_of(bbox, language),
        interval_of(datetime, language),
        tuple(
            filters_of(
                request.query_params.multi_items(), opening.table.columns, RESERVED, language
            )
        ),
    )
    headers = opening.headers("ogc", *place.snapshots) | {"Content-Crs": f"<{CRS84}>"}
    headers["Vary"] = "Accept, Accept-Language, Cookie"
    if not as_page and is_held(request, headers):
        return Response(status_code=304, headers=headers)
    texts, matched = items(opening, place, asked)
    links = _paging(request, opening, asked, matched)
    about = {
        "type": "FeatureCollection",
        "timeStamp": now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberMatched": matched,
        "numberReturned": len(texts),
        "links": links,
    }
    if as_page:
        found = {**about, "features": [json.loads(text) for text in texts]}
        return _page(request, found, "items", opening.holding)
    head = json.dumps(about, ensure_ascii=False, separators=(",", ":"))
    body = f'{head[:-1]},"features":[{",".join(texts)}]}}'
    return Response(body.encode(), media_type=ogc.GEOJSON, headers=headers)


@router.get("/collections/{dataset}/items/{feature:path}")
def feature(
    request: Request,
    dataset: str,
    feature: str,
    snapshot: Snapshot = None,
    release: ReleaseName = None,
    f: Form = None,
) -> Response:
    _only(request, "f", "lang", "snapshot", "release", "crs")
    _in_crs84(request, "crs")
    opening = open_rows(request, dataset, snapshot, release, warm=True)
    found = item(opening, place_in(opening), feature)
    root = _root(request)
    own = f"{root}/collections/{dataset}/items/{feature}"
    found["links"] = [
        ogc.link(own, "self", ogc.GEOJSON),
        ogc.link(f"{own}?f=html", "alternate", ogc.HTML),
        ogc.link(f"{root}/collections/{dataset}", "collection", ogc.JSON),
    ]
    if _wants_page(request, f):
        return _page(request, found, "item", opening.holding)
    headers = opening.headers("ogc") | {"Content-Crs": f"<{CRS84}>"}
    headers["Vary"] = "Accept, Accept-Language, Cookie"
    return _json(found, ogc.GEOJSON, headers)


def _collection(request: Request, dataset: str, language: Language) -> dict[str, Any]:
    opening = open_rows(request, dataset, warm=True)
    place = place_in(opening)
    extent = extent_of(opening.shelf, opening.holding, opening.table, place)
    return ogc.collection(_root(request), opening.holding, extent, language)


def _collections(request: Request) -> list[Holding]:
    """Datasets with places that who asks may read."""
    shelf: Shelf = request.app.state.library.shelf()
    reader = reader_of(request)
    return [
        holding
        for holding in shelf.holdings.values()
        if holding.dataset.map is not None and holding.good and barrier(holding, reader) is None
    ]


def _paging(request: Request, opening: Opening, asked: Asked, matched: int) -> list[dict[str, str]]:
    """This page, the next and the one before, of this very snapshot."""
    own = f"{_root(request)}/collections/{opening.holding.id}"
    moved = {"limit", "offset", "snapshot", "release", "f"}
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in moved]
    kept.append(("snapshot", str(opening.table.snapshot)))

    def at(offset: int, form: str) -> str:
        pairs = [*kept, ("limit", str(asked.limit)), ("offset", str(offset)), ("f", form)]
        return f"{own}/items?{urlencode(pairs)}"

    links = [
        ogc.link(at(asked.offset, "json"), "self", ogc.GEOJSON),
        ogc.link(at(asked.offset, "html"), "alternate", ogc.HTML),
        ogc.link(own, "collection", ogc.JSON),
    ]
    if asked.offset + asked.limit < matched:
        links.append(ogc.link(at(asked.offset + asked.limit, "json"), "next", ogc.GEOJSON))
    if asked.offset:
        links.append(ogc.link(at(max(0, asked.offset - asked.limit), "json"), "prev", ogc.GEOJSON))
    return links


def _root(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{request.app.state.prefix}/ogc"


def _only(request: Request, *known: str) -> None:
    """Refuse parameters that mean nothing here (17-069r4, 7.8)."""
    for name, value in request.query_params.items():
        if name not in known:
            reason = translate("it is neither a column nor known here", language_of(request))
            raise InvalidParameter(name=name[:80], value=value[:80], reason=reason)


def _in_crs84(request: Request, *names: str) -> None:
    """GDAL asks for the one system there is by name (17-069r4 leaves others to Part 2)."""
    for name in names:
        asked = request.query_params.get(name)
        if asked not in {None, CRS84}:
            reason = translate("use one of: {known}", language_of(request), known=CRS84)
            raise InvalidParameter(name=name, value=str(asked)[:80], reason=reason)


def _wants_page(request: Request, form: str | None) -> bool:
    return form == "html" or (form is None and wants_page(request))


def _answer(
    request: Request, form: str | None, document: dict[str, Any], kind: str, media: str = ogc.JSON
) -> Response:
    if _wants_page(request, form):
        return _page(request, document, kind)
    vary = {"Vary": "Accept, Accept-Language, Cookie", "Cache-Control": "no-cache"}
    return _json(document, media, vary | PUBLIC)


def _json(document: dict[str, Any], media: str, headers: dict[str, str]) -> Response:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text.encode(), media_type=media, headers=headers)


def _page(
    request: Request, document: dict[str, Any], kind: str, holding: Holding | None = None
) -> Response:
    context = {"document": document, "kind": kind, "holding": holding, "root": _root(request)}
    return render(request, "ogc.html", context)
