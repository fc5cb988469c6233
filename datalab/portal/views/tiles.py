"""Vector tiles of datasets with places, and TileJSON, which says where they are."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request

from datalab.errors import InvalidParameter
from datalab.i18n import translate
from datalab.portal.features import extent_of, place_in
from datalab.portal.library import OPEN
from datalab.portal.opening import is_held, open_rows
from datalab.portal.pinned import ReleaseName, Snapshot
from datalab.portal.rows import is_geometry
from datalab.portal.tiles import DEEPEST, LAYER, MEDIA, Tiles, tile

router = APIRouter(tags=["data"])
AT_ONCE = 4  # tiles made at the same time; others wait without holding a thread
Zoom = Annotated[int, Path(ge=0, le=DEEPEST)]
Index = Annotated[int, Path(ge=0, lt=2**DEEPEST)]


@router.get("/datasets/{dataset}/tiles.json", summary="Where the vector tiles are (TileJSON 3)")
def tilejson(
    request: Request, dataset: str, snapshot: Snapshot = None, release: ReleaseName = None
) -> Response:
    opening = open_rows(request, dataset, snapshot, release, warm=True)
    place, opened = place_in(opening), opening.table
    extent = extent_of(opening.shelf, opening.holding, opened, place)
    own = str(request.url.replace(path=request.url.path.removesuffix(".json"), query=""))
    # Of this very snapshot: tiles of two states never meet on one map.
    address = f"{own}/{{z}}/{{x}}/{{y}}.pbf?snapshot={opened.snapshot}"
    said = opening.holding.dataset
    layer = {
        "id": LAYER,
        "description": said.title.in_(opening.language),
        "fields": {n: t for n, t in opened.columns.items() if not is_geometry(t)},
    }
    document: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": said.title.in_(opening.language),
        "description": said.description.in_(opening.language),
        "attribution": said.publisher,
        "version": f"{opened.snapshot}.0.0",
        "minzoom": 0,
        "maxzoom": DEEPEST,
        "tiles": [address],
        "vector_layers": [layer],
    }
    if extent.bbox:
        document["bounds"] = list(extent.bbox)
    headers = opening.headers("tilejson", opening.language, *place.snapshots)
    headers["Vary"] = "Accept-Language, Cookie"
    if is_held(request, headers):
        return Response(status_code=304, headers=headers)
    return JSONResponse(document, headers=headers)


@router.get(
    "/datasets/{dataset}/tiles/{z}/{x}/{y}.pbf", summary="A vector tile; grouped below zoom 14"
)
async def as_tile(
    request: Request,
    dataset: str,
    z: Zoom,
    x: Index,
    y: Index,
    snapshot: Snapshot = None,
    release: ReleaseName = None,
) -> Response:
    limiter: anyio.CapacityLimiter | None = getattr(request.app.state, "tile_turns", None)
    if limiter is None:
        limiter = request.app.state.tile_turns = anyio.CapacityLimiter(AT_ONCE)

    def made() -> Response:
        return _made(request, dataset, (z, x, y), snapshot, release)

    return await anyio.to_thread.run_sync(made, limiter=limiter)


def _made(
    request: Request,
    dataset: str,
    at: tuple[int, int, int],
    snapshot: int | None,
    release: str | None,
) -> Response:
    opening = open_rows(request, dataset, snapshot, release, warm=True)
    for name, number in zip("xy", at[1:], strict=True):
        if number >= 2 ** at[0]:
            reason = translate(
                "at most {highest} is possible", opening.language, highest=2 ** at[0] - 1
            )
            raise InvalidParameter(name=name, value=str(number), reason=reason)
    place, opened = place_in(opening), opening.table
    headers = opening.headers("tile", *place.snapshots, *at)
    if is_held(request, headers):
        return Response(status_code=304, headers=headers)
    tiles: Tiles = request.app.state.tiles
    key = (dataset, opened.lake, place.snapshots, at)
    found = tiles.get(key) if opened.lake == OPEN else None
    if found is None:
        found = tile(opening.shelf, opening.holding, opened, place, at)
        if opened.lake == OPEN:
            tiles.put(key, found)
    if not found:
        return Response(status_code=204, headers=headers)
    return Response(found, media_type=MEDIA, headers=headers)
