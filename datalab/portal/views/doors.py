"""Whole datasets as files: ``.csv``, ``.parquet`` and ``.geojson``, at any snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse
from starlette.requests import Request

from datalab import __version__
from datalab.errors import NoGeometry
from datalab.portal.download import MEDIA, Door, csv, geojson, parquet
from datalab.portal.language import language_of
from datalab.portal.library import Holding, Shelf
from datalab.portal.lines import Dialect
from datalab.portal.page import PUBLIC, matches
from datalab.portal.pinned import ReleaseName, Snapshot, snapshot_of
from datalab.portal.places import place_of
from datalab.portal.rows import Table, open_table

router = APIRouter(tags=["data"])
HOUR = 3600  # seconds
DialectOf = Annotated[
    Dialect,
    Query(description="excel: byte order mark, semicolon, decimal comma, formulas made harmless"),
]


@router.get("/datasets/{dataset}.csv", summary="The whole table as CSV (RFC 4180)")
def as_csv(
    request: Request,
    dataset: str,
    snapshot: Snapshot = None,
    release: ReleaseName = None,
    dialect: DialectOf = "rfc4180",
) -> Response:
    return _answer(request, dataset, (snapshot, release), "csv", dialect)


@router.get("/datasets/{dataset}.parquet", summary="The whole table as Parquet (GeoParquet)")
def as_parquet(
    request: Request, dataset: str, snapshot: Snapshot = None, release: ReleaseName = None
) -> Response:
    return _answer(request, dataset, (snapshot, release), "parquet", "rfc4180")


@router.get("/datasets/{dataset}.geojson", summary="The whole table as GeoJSON (RFC 7946)")
def as_geojson(
    request: Request, dataset: str, snapshot: Snapshot = None, release: ReleaseName = None
) -> Response:
    return _answer(request, dataset, (snapshot, release), "geojson", "rfc4180")


def _answer(
    request: Request,
    dataset: str,
    pinned: tuple[int | None, str | None],
    door: Door,
    dialect: Dialect,
) -> Response:
    shelf: Shelf = request.app.state.library.shelf()
    holding = shelf.get(dataset)
    snapshot = snapshot_of(holding, *pinned)
    opened = open_table(shelf, holding, language_of(request), snapshot)
    chunks, borrowed = _chunks(shelf, holding, opened, door, dialect, request)
    headers = _headers(holding, opened, door, dialect, snapshot is not None, borrowed)
    if _held(request, headers):
        return Response(status_code=304, headers=headers)
    if request.scope.get("head"):
        return Response(headers=headers, media_type=MEDIA[door])
    # The first piece is made before the answer starts, so that a failure still has a status.
    first = next(chunks, b"")
    return StreamingResponse(chain([first], chunks), headers=headers, media_type=MEDIA[door])


def _chunks(
    shelf: Shelf, holding: Holding, opened: Table, door: Door, dialect: Dialect, request: Request
) -> tuple[Iterator[bytes], tuple[int, ...]]:
    """The file in pieces, and the snapshots it is made of."""
    language = language_of(request)
    if door == "csv":
        return csv(shelf, opened, dialect), (opened.snapshot,)
    if door == "parquet":
        return parquet(shelf, holding, opened), (opened.snapshot,)
    place = place_of(shelf, holding, opened, language)
    if place is None:
        raise NoGeometry(dataset=holding.id)
    return geojson(shelf, holding, opened, place), place.snapshots


def _headers(
    holding: Holding,
    opened: Table,
    door: Door,
    dialect: Dialect,
    pinned: bool,
    snapshots: tuple[int, ...],
) -> dict[str, str]:
    made_of = "-".join(str(number) for number in snapshots)
    name = f"{holding.id}-{opened.snapshot}.{door}"
    headers = {
        "ETag": f'W/"{holding.id}.{made_of}.{door}.{dialect}.{__version__}"',
        # The newest is asked again each time; a pinned one never changes, but may be withdrawn.
        "Cache-Control": f"public, max-age={HOUR}" if pinned else "no-cache",
        "Content-Disposition": f'attachment; filename="{name}"',
        "Datalab-Snapshot": str(opened.snapshot),
        "Access-Control-Expose-Headers": "ETag, Datalab-Snapshot",
        **PUBLIC,
    }
    at = next(
        (s.get("at") for s in holding.entry.snapshots if s["snapshot"] == opened.snapshot), None
    )
    if at:
        moment = datetime.fromisoformat(at).astimezone(UTC)
        headers["Last-Modified"] = format_datetime(moment, usegmt=True)
    return headers


def _held(request: Request, headers: dict[str, str]) -> bool:
    """Whether the reader's copy is this one (RFC 9110, 13.1: a tag decides where given)."""
    if "if-none-match" in request.headers:
        return matches(request, headers["ETag"])
    since = request.headers.get("if-modified-since")
    if not since or "Last-Modified" not in headers:
        return False
    try:
        return parsedate_to_datetime(headers["Last-Modified"]) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False
