"""What changed between two snapshots of a dataset: a page, its JSON twin, and CSV."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse
from starlette.requests import Request

from datalab import __version__
from datalab.catalog.compatibility import SchemaChange
from datalab.errors import NotPublished
from datalab.i18n import Language
from datalab.lake.diff import KINDS, Kind
from datalab.portal.access import version_for
from datalab.portal.comparison import RowChange, Sides, sides_of
from datalab.portal.language import language_of
from datalab.portal.library import Holding, Shelf
from datalab.portal.lines import DIALECTS, DialectName
from datalab.portal.page import PAGE_ONLY, PUBLIC, document, matches, page
from datalab.portal.pinned import LONGEST, state_of
from datalab.portal.reader import reader_of

router = APIRouter(tags=["data"])
MOST_ROWS = 1_000
MOST_ON_A_PAGE = 200
PREVIEW = 50
FARTHEST = 1_000_000_000
OFFERED = 200  # snapshots in the two lists of the page

State = Annotated[
    str | None,
    Query(max_length=LONGEST, description="a snapshot, or the name of a release"),
]
Kinds = Annotated[
    list[Kind] | None, Query(description="rows of this kind only; may be given several times")
]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="rows, at most 1,000")]
PageLimit = Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE)]
Offset = Annotated[int, Query(ge=0, le=FARTHEST, description="rows to leave out first")]


@dataclass(frozen=True)
class Point:
    """One snapshot that can be compared, as its list names it."""

    snapshot: int
    at: str
    releases: list[str]


@dataclass(frozen=True)
class SchemaLine:
    """A change of the description, in words."""

    kind: str
    breaking: bool
    column: str
    before: str
    after: str
    sentence: str


@dataclass(frozen=True)
class DiffView:
    """``by`` is ``key`` or, where no key tells rows apart, ``row``; ``reason`` says why."""

    dataset: str
    title: str
    before: Point
    after: Point
    by: str
    key: list[str]
    reason: str | None
    added: int
    removed: int
    changed: int
    same: int
    cells: dict[str, int]
    schema: list[SchemaLine]
    kinds: list[str]
    limit: int
    offset: int
    total: int
    rows: list[RowChange]
    points: list[Point] = field(metadata=PAGE_ONLY)
    types: dict[str, str] = field(metadata=PAGE_ONLY)
    csv: str = field(metadata=PAGE_ONLY)
    only_one: bool = field(default=False, metadata=PAGE_ONLY)


@dataclass(frozen=True)
class Asked:
    """What an address asks to compare."""

    shelf: Shelf
    holding: Holding
    language: Language
    sides: Sides


def asked(request: Request, dataset: str, before: str | None, after: str | None) -> Asked:
    """Both sides, the newest snapshot and the one before it where none is named.

    Raises
    ------
    UnknownDataset, NotPublished, UnknownSnapshot, UnknownRelease, AccessRefused
    """
    shelf: Shelf = request.app.state.library.shelf()
    reader, language = reader_of(request), language_of(request)
    whole = shelf.get(dataset)
    holding = version_for(shelf, whole, reader)
    known = [int(s["snapshot"]) for s in holding.entry.snapshots]
    if not known:
        raise NotPublished(dataset=whole.id, reason="no-published-run")
    new = state_of(holding, after) if after else known[0]
    earlier = [number for number in known if number < new]
    old = state_of(holding, before) if before else (earlier[0] if earlier else new)
    return Asked(shelf, holding, language, sides_of(shelf, whole, language, old, new, reader))


def view_of(asked: Asked, kinds: list[Kind] | None, limit: int, offset: int) -> DiffView:
    """One page of what differs."""
    holding, sides, language = asked.holding, asked.sides, asked.language
    chosen = [kind for kind in KINDS if kind in kinds] if kinds else list(KINDS)
    comparison, counts = sides.comparison, sides.counts
    points = [_point(holding, int(s["snapshot"])) for s in holding.entry.snapshots]
    by_number = {point.snapshot: point for point in points}
    reason = comparison.reason
    same = sides.before.snapshot == sides.after.snapshot
    return DiffView(
        dataset=holding.id,
        title=holding.dataset.title.in_(language),
        before=by_number[sides.before.snapshot],
        after=by_number[sides.after.snapshot],
        by=comparison.by,
        key=list(comparison.key),
        reason=reason.in_(language) if reason else None,
        added=counts.added,
        removed=counts.removed,
        changed=counts.changed,
        same=counts.same,
        cells=dict(counts.cells),
        schema=[_line(change, language) for change in sides.schema],
        kinds=list(chosen),
        limit=limit,
        offset=offset,
        total=counts.of(chosen),
        rows=sides.rows(chosen, limit, offset) if counts.of(chosen) else [],
        points=points[:OFFERED],
        types=sides.types,
        csv=f"/datasets/{holding.id}/diff.csv?from={sides.before.snapshot}"
        f"&to={sides.after.snapshot}",
        only_one=same and len(points) == 1,
    )


def _point(holding: Holding, snapshot: int) -> Point:
    known = next(s for s in holding.entry.snapshots if s["snapshot"] == snapshot)
    names = [release.name for release in holding.releases if release.snapshot == snapshot]
    return Point(snapshot, str(known.get("at") or ""), names)


def _line(change: SchemaChange, language: Language) -> SchemaLine:
    return SchemaLine(
        change.kind,
        change.breaking,
        change.column,
        change.before,
        change.after,
        change.sentence.in_(language),
    )


def _json(request: Request, dataset: str, *asking: Any) -> Response:
    before, after, kinds, limit, offset = asking
    return document(request, view_of(asked(request, dataset, before, after), kinds, limit, offset))


@router.get("/datasets/{dataset}/diff.json", include_in_schema=False)
def json(
    request: Request,
    dataset: str,
    before: Annotated[State, Query(alias="from")] = None,
    after: Annotated[State, Query(alias="to")] = None,
    kind: Kinds = None,
    limit: Limit = PREVIEW,
    offset: Offset = 0,
) -> Response:
    return _json(request, dataset, before, after, kind, limit, offset)


@router.get(
    "/api/v1/datasets/{dataset}/diff", summary="What changed between two snapshots or releases"
)
def api(
    request: Request,
    dataset: str,
    before: Annotated[State, Query(alias="from")] = None,
    after: Annotated[State, Query(alias="to")] = None,
    kind: Kinds = None,
    limit: Limit = PREVIEW,
    offset: Offset = 0,
) -> Response:
    """Rows added, removed and changed cell by cell, matched by the declared key.

    Without `to`, the newest snapshot; without `from`, the one before it.
    """
    return _json(request, dataset, before, after, kind, limit, offset)


@router.get(
    "/datasets/{dataset}/diff.csv", summary="What changed between two snapshots, one cell a line"
)
def csv(
    request: Request,
    dataset: str,
    before: Annotated[State, Query(alias="from")] = None,
    after: Annotated[State, Query(alias="to")] = None,
    kind: Kinds = None,
    dialect: DialectName = "safe",
) -> Response:
    """Change, key, column, value before and after; whole rows where there is no key."""
    found = asked(request, dataset, before, after)
    sides, chosen = found.sides, DIALECTS[dialect]
    kinds = [k for k in KINDS if k in kind] if kind else list(KINDS)
    old, new = sides.before.snapshot, sides.after.snapshot
    parts = (dataset, sides.lake, old, new, "-".join(kinds), chosen.name, "diff", __version__)
    headers = {
        "ETag": f'W/"{".".join(map(str, parts))}"',
        "Cache-Control": "no-cache",
        "Content-Disposition": f'attachment; filename="{dataset}-{old}-{new}-diff.csv"',
        "Datalab-Dialect": chosen.said,
        **PUBLIC,
    }
    if matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    lines = sides.lines(chosen, kinds)
    first = next(lines, b"")  # before the answer starts, so that a failure still has a status
    return StreamingResponse(
        chain([first], lines), headers=headers, media_type="text/csv; charset=utf-8"
    )


@router.get("/datasets/{dataset}/diff", include_in_schema=False)
def html(
    request: Request,
    dataset: str,
    before: Annotated[State, Query(alias="from")] = None,
    after: Annotated[State, Query(alias="to")] = None,
    kind: Kinds = None,
    limit: PageLimit = PREVIEW,
    offset: Offset = 0,
) -> Response:
    view = view_of(asked(request, dataset, before, after), kind, limit, offset)
    return page(request, "diff.html", view)
