"""``/datasets/<id>/datapackage.json``, and the same as an archive with the CSV."""

from __future__ import annotations

from itertools import chain

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from datalab.portal.addresses import root_of
from datalab.portal.badge import quality_header
from datalab.portal.datapackage import FILE, package_of, zipped
from datalab.portal.download import csv
from datalab.portal.language import language_of
from datalab.portal.library import Shelf
from datalab.portal.limits import address_of
from datalab.portal.lines import DIALECTS
from datalab.portal.opening import is_held, open_rows
from datalab.portal.page import document
from datalab.portal.pinned import ReleaseName, Snapshot
from datalab.portal.turns import Flow, Turns

router = APIRouter(tags=["metadata"])
LOSSLESS = DIALECTS["lossless"]


@router.get(
    "/datasets/{dataset}/datapackage.json",
    summary="A dataset as a Data Package, with the schema of its CSV",
)
def as_json(request: Request, dataset: str) -> Response:
    """The CSV it names is the lossless one, of the newest snapshot."""
    shelf: Shelf = request.app.state.library.shelf()
    holding = shelf.get(dataset)
    root = root_of(request)
    path = f"{root}/datasets/{holding.id}.csv?dialect=lossless"
    answer = document(request, package_of(holding, language_of(request), root, path, None))
    answer.headers.update(quality_header(holding))
    return answer


@router.get(
    "/datasets/{dataset}/datapackage.zip", summary="A Data Package as an archive, with its CSV"
)
def as_zip(
    request: Request, dataset: str, snapshot: Snapshot = None, release: ReleaseName = None
) -> Response:
    opening = open_rows(request, dataset, snapshot, release)
    headers = opening.headers("datapackage", opening.language)
    headers["Vary"] = "Accept-Language, Cookie"
    name = f"{opening.holding.id}-{opening.table.snapshot}.zip"
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if is_held(request, headers):
        return Response(status_code=304, headers=headers)
    if request.scope.get("head"):
        return Response(headers=headers, media_type="application/zip")
    package = package_of(
        opening.holding, opening.language, root_of(request), FILE, opening.table.columns
    )
    package["version"] = str(opening.table.snapshot)
    turns: Turns = request.app.state.turns
    give_back = turns.take(address_of(request))
    try:
        pieces = zipped(package, csv(opening.shelf, opening.table, LOSSLESS))
        first = next(pieces, b"")  # so that a failure still has a status
    except BaseException:
        give_back()
        raise
    flow = chain([first], pieces)
    return Flow(flow, give_back, headers=headers, media_type="application/zip")
