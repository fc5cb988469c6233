"""What the map of the place field is drawn from: outlines of communes, and streets near a point."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.requests import Request

from datalab.errors import UnknownPage
from datalab.lake.connection import identifier
from datalab.portal.boundaries import boundaries, collection, feature
from datalab.portal.library import Shelf
from datalab.portal.page import PUBLIC, matches
from datalab.portal.place import streets_of
from datalab.portal.rows import open_table

router = APIRouter(include_in_schema=False)
MOST_STREETS = 3_000
WIDEST = 0.08  # degrees of a view in which streets are drawn
GEOJSON = "application/geo+json"


@router.get("/place/communes.geojson")
def communes(request: Request) -> Response:
    known = boundaries(request.app.state.library.shelf())
    if known is None:
        raise UnknownPage(path="communes.geojson")
    tag = f'W/"communes-{known.snapshot}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", **PUBLIC}
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(known.outlines, media_type=GEOJSON, headers=headers)


@router.get("/place/streets.geojson")
def streets(
    request: Request,
    west: Annotated[float, Query(ge=-180, le=180)],
    south: Annotated[float, Query(ge=-90, le=90)],
    east: Annotated[float, Query(ge=-180, le=180)],
    north: Annotated[float, Query(ge=-90, le=90)],
) -> Response:
    """Streets that touch a small box; none where the box is large."""
    shelf: Shelf = request.app.state.library.shelf()
    name = streets_of(shelf)
    if name is None:
        raise UnknownPage(path="streets.geojson")
    if not (0 < east - west <= WIDEST and 0 < north - south <= WIDEST):
        return Response(collection([]), media_type=GEOJSON)
    holding = shelf.get(name)
    hint = holding.dataset.map
    opened = open_table(shelf, holding, "fr")
    shape = identifier(str(hint.geometry if hint else ""))
    label = identifier(hint.label) if hint and hint.label else "''"
    asked = (
        f"SELECT CAST(ST_AsGeoJSON({shape}) AS VARCHAR), CAST({label} AS VARCHAR) "  # noqa: S608
        f"FROM {opened.sql} WHERE ST_Intersects({shape}, ST_MakeEnvelope(?, ?, ?, ?)) "
        f"LIMIT {MOST_STREETS}"
    )
    with shelf.reading() as cursor:
        rows = cursor.execute(asked, [west, south, east, north]).fetchall()
    drawn = [feature(json.loads(row[0]), {"name": row[1] or ""}) for row in rows if row[0]]
    headers = {"Cache-Control": "public, max-age=3600", **PUBLIC}
    return Response(collection(drawn), media_type=GEOJSON, headers=headers)
