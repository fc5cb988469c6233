"""Whole datasets as files: CSV, XLSX, Parquet, Arrow and GeoJSON, at any snapshot or release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask
from starlette.requests import Request

from datalab.errors import NoGeometry, RangeRefused
from datalab.i18n import translate
from datalab.portal.about import about_rows
from datalab.portal.download import MEDIA, Door, arrow, csv, geojson, xlsx
from datalab.portal.kept import KeptFiles, is_kept
from datalab.portal.language import now
from datalab.portal.limits import address_of
from datalab.portal.lines import DIALECTS, DialectName
from datalab.portal.opening import Opening, is_held, open_rows
from datalab.portal.pinned import ReleaseName, Snapshot
from datalab.portal.places import place_of
from datalab.portal.turns import Flow, Turns
from datalab.portal.workbook import require_room

router = APIRouter(tags=["data"])
PART = r"\s*(\d{1,18}-\d{0,18}|-\d{1,18})\s*"
STANDING: tuple[Door, ...] = ("csv", "geojson", "arrow")  # what can be kept to be read in parts
MOST_ROWS = 5_000_000  # of a table of which a file is made for that
RANGE = re.compile(rf"bytes={PART}(,{PART}){{0,20}}")
DialectOf = Annotated[
    DialectName,
    Query(
        description="safe (the default): comma, decimal point, and an apostrophe before text that "
        "a spreadsheet would run as a formula; excel: the same with byte order mark, semicolon and "
        "decimal comma; lossless, also named rfc4180: every text as it is, for programs"
    ),
]
Bom = Annotated[bool, Query(description="whether a byte order mark comes first; excel has one")]


@router.get("/datasets/{dataset}.csv", summary="The whole table as CSV (RFC 4180)")
def as_csv(
    request: Request,
    dataset: str,
    snapshot: Snapshot = None,
    release: ReleaseName = None,
    dialect: DialectOf = "safe",
    bom: Bom = False,
) -> Response:
    opening = open_rows(request, dataset, snapshot, release)
    chosen = DIALECTS[dialect].with_mark(bom)
    pieces = csv(opening.shelf, opening.table, chosen)
    headers = opening.headers("csv", chosen.name, chosen.mark)
    headers["Datalab-Dialect"] = chosen.said
    return _answer(request, opening, "csv", pieces, headers)


@router.get("/datasets/{dataset}.xlsx", summary="The whole table as XLSX, with a sheet about it")
def as_xlsx(
    request: Request, dataset: str, snapshot: Snapshot = None, release: ReleaseName = None
) -> Response:
    opening = open_rows(request, dataset, snapshot, release)
    require_room(opening.table.rows, dataset)
    language = opening.language
    page = str(request.url.replace(path=request.url.path.removesuffix(".xlsx"), query=""))
    told = about_rows(opening.holding, opening.table, language, page, now())
    names = (translate("data", language), translate("about", language))
    pieces = xlsx(opening.shelf, opening.table, told, names)
    headers = opening.headers("xlsx", language)
    headers["Vary"] = "Accept-Language, Cookie"
    return _answer(request, opening, "xlsx", pieces, headers)


@router.get("/datasets/{dataset}.arrow", summary="The whole table as an Arrow stream (IPC)")
def as_arrow(
    request: Request, dataset: str, snapshot: Snapshot = None, release: ReleaseName = None
) -> Response:
    opening = open_rows(request, dataset, snapshot, release)
    pieces = arrow(opening.shelf, opening.holding, opening.table)
    return _answer(request, opening, "arrow", pieces, opening.headers("arrow"))


@router.get("/datasets/{dataset}.geojson", summary="The whole table as GeoJSON (RFC 7946)")
def as_geojson(
    request: Request, dataset: str, snapshot: Snapshot = None, release: ReleaseName = None
) -> Response:
    opening = open_rows(request, dataset, snapshot, release)
    shelf, holding, opened = opening.shelf, opening.holding, opening.table
    place = place_of(shelf, holding, opened, opening.language)
    if place is None:
        raise NoGeometry(dataset=holding.id)
    pieces = geojson(shelf, holding, opened, place)
    headers = opening.headers("geojson", *place.snapshots)
    return _answer(request, opening, "geojson", pieces, headers)


@router.get("/datasets/{dataset}.parquet", summary="The whole table as Parquet (GeoParquet)")
def as_parquet(
    request: Request, dataset: str, snapshot: Snapshot = None, release: ReleaseName = None
) -> Response:
    """A file that stands still: parts of it can be asked (``Range``)."""
    opening = open_rows(request, dataset, snapshot, release)
    kept: KeptFiles = request.app.state.kept_files
    shared = is_kept(opening.table)
    give_back = _turns(request).take(address_of(request))
    try:
        found = kept.parquet(opening.shelf, opening.holding, opening.table, shared=shared)
    finally:
        give_back()
    headers = opening.headers("parquet", weak=False)
    headers["ETag"] = f'"{found.tag}"'
    headers["Accept-Ranges"] = "bytes"
    headers["Content-Disposition"] = _disposition(opening, "parquet")
    size = found.path.stat().st_size
    _require_range(request, size)
    held = is_held(request, headers)
    if held or request.scope.get("head"):
        if not shared:
            found.path.unlink(missing_ok=True)
        if held:
            return Response(status_code=304, headers=headers)
        headers["Content-Length"] = str(size)
        return Response(headers=headers, media_type=MEDIA["parquet"])
    gone = None if shared else BackgroundTask(_remove, found.path)
    return FileResponse(found.path, media_type=MEDIA["parquet"], headers=headers, background=gone)


def _answer(
    request: Request,
    opening: Opening,
    door: Door,
    pieces: Iterator[bytes],
    headers: dict[str, str],
) -> Response:
    headers["Content-Disposition"] = _disposition(opening, door)
    if is_held(request, headers):
        return Response(status_code=304, headers=headers)
    asked = request.scope.get("head") or RANGE.fullmatch(request.headers.get("range", ""))
    if door in STANDING and is_kept(opening.table) and (opening.table.rows or 0) <= MOST_ROWS:
        if asked:
            return _part(request, opening, door, pieces, headers)
        headers["Accept-Ranges"] = "bytes"
    if request.scope.get("head"):
        made = Response(headers=headers, media_type=MEDIA[door])
        del made.headers["Content-Length"]  # nobody knows it yet; 0 tells GDAL of an empty file
        return made
    give_back = _turns(request).take(address_of(request))
    try:
        # The first piece is made before the answer starts, so that a failure still has a status.
        first = next(pieces, b"")
    except BaseException:
        give_back()
        raise
    return Flow(
        _begun(first, pieces),
        give_back,
        headers=headers,
        media_type=MEDIA[door],
    )


def _part(
    request: Request,
    opening: Opening,
    door: Door,
    pieces: Iterator[bytes],
    headers: dict[str, str],
) -> Response:
    """A part or the length of what flows otherwise: GDAL's /vsicurl/ asks for both first."""
    kept: KeptFiles = request.app.state.kept_files
    made_of = f"{headers['ETag']} {headers.get('Last-Modified')}"
    give_back = _turns(request).take(address_of(request))
    try:
        found = kept.flowing(opening.holding.id, made_of, door, pieces)
    finally:
        give_back()
    headers["Accept-Ranges"] = "bytes"
    size = found.path.stat().st_size
    # The tag stays that of what flows: DuckDB gives up where it is another than that of HEAD.
    if request.scope.get("head"):
        headers["Content-Length"] = str(size)
        return Response(headers=headers, media_type=MEDIA[door])
    _require_range(request, size)
    if request.headers.get("if-range", "").startswith("W/"):
        # A weak tag does not promise the same bytes (RFC 9110, 13.1.5): all of them are sent.
        request.scope["headers"] = [h for h in request.scope["headers"] if h[0] != b"range"]
    return FileResponse(found.path, media_type=MEDIA[door], headers=headers)


def _begun(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """All pieces again, closed together."""
    try:
        yield from chain([first], pieces)
    finally:
        pieces.close()  # type: ignore[attr-defined]


def _disposition(opening: Opening, door: Door) -> str:
    return f'attachment; filename="{opening.holding.id}-{opening.table.snapshot}.{door}"'


def _turns(request: Request) -> Turns:
    found: Turns = request.app.state.turns
    return found


def _require_range(request: Request, size: int) -> None:
    """Refuse parts beyond the end in our own words; one that is not understood is passed over.

    Raises
    ------
    RangeRefused
    """
    asked = request.headers.get("range", "")
    if not RANGE.fullmatch(asked):
        request.scope["headers"] = [
            (name, value) for name, value in request.scope["headers"] if name != b"range"
        ]
        return
    starts = [part.strip().partition("-")[0] for part in asked.removeprefix("bytes=").split(",")]
    if all(start and int(start) >= size for start in starts):
        raise RangeRefused(range=asked[:80], size=size)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
