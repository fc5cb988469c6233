"""Where a dataset comes from and where it goes: source, snapshots, projects, published pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from datalab.people.identity import named
from datalab.portal.facts import Provenance, provenance_of
from datalab.portal.language import language_of
from datalab.portal.library import Shelf
from datalab.portal.page import document, page
from datalab.portal.uses import UsedBy, used_by

router = APIRouter(tags=["catalog"])
RECENT = 10  # snapshots shown


@dataclass(frozen=True)
class LineageView:
    """From left to right: where it comes from, its newest snapshots, who uses it."""

    dataset: str
    title: str
    steward: str
    connector: str
    provenance: Provenance
    beside: list[str]
    snapshot: int | None
    snapshots: list[dict[str, Any]]
    more_snapshots: int
    used_by: UsedBy


def view_of(request: Request, dataset: str) -> LineageView:
    """Fill the page.

    Raises
    ------
    UnknownDataset
    """
    shelf: Shelf = request.app.state.library.shelf()
    language = language_of(request)
    holding = shelf.get(dataset)
    described, entry = holding.dataset, holding.entry
    boundaries = described.map.boundaries if described.map else None
    names = {release.snapshot: release.name for release in holding.releases}
    return LineageView(
        dataset=holding.id,
        title=described.title.in_(language),
        steward=named(described.steward, language),
        connector=described.source.connector,
        provenance=provenance_of(holding),
        beside=[boundaries] if boundaries and boundaries in shelf.holdings else [],
        snapshot=holding.snapshot,
        snapshots=[
            {
                **{key: s.get(key) for key in ("snapshot", "at", "author", "rows", "run_id")},
                "release": names.get(s["snapshot"]),
            }
            for s in entry.snapshots[:RECENT]
        ],
        more_snapshots=max(0, len(entry.snapshots) - RECENT),
        used_by=used_by(request, holding, language),
    )


@router.get("/datasets/{dataset}/lineage.json", summary="Where a dataset comes from and goes")
def json(request: Request, dataset: str) -> Response:
    return document(request, view_of(request, dataset))


@router.get("/datasets/{dataset}/lineage", include_in_schema=False)
def html(request: Request, dataset: str) -> Response:
    return page(request, "lineage.html", view_of(request, dataset))
