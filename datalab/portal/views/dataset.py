"""The page of one dataset: everything a person needs to trust it, take it and cite it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from markupsafe import Markup
from starlette.requests import Request

from datalab.i18n import Language
from datalab.participation.flag import STATE_NAMES
from datalab.people.identity import named
from datalab.portal.access import barrier, explain, version_for
from datalab.portal.addresses import Address, addresses_of, root_of
from datalab.portal.admission import Admission, admission_of
from datalab.portal.card import Card, card_of
from datalab.portal.chart import Chart, chart_of
from datalab.portal.facts import (
    ColumnView,
    Download,
    Provenance,
    Reuse,
    Run,
    Standard,
    code_of,
    columns_of,
    downloads_of,
    history_of,
    period_label,
    periodicity_label,
    provenance_of,
    reuse_of,
    standard_of,
)
from datalab.portal.flag_form import Seen, row_names, seen
from datalab.portal.language import language_of, now
from datalab.portal.library import Holding, Library, Shelf
from datalab.portal.page import PAGE_ONLY, SPREAD, document, page
from datalab.portal.pinned import ReleaseName, Snapshot, snapshot_of
from datalab.portal.quality import Quality, quality_of
from datalab.portal.reader import Reader, reader_of
from datalab.portal.rows import Slice, open_table, read, sort_of
from datalab.portal.schema_org import as_markup, described
from datalab.portal.uses import Held, UsedBy, held_of, used_by
from datalab.portal.verdicts import Verdicts, verdicts_of

router = APIRouter(tags=["data"])
PREVIEW = 100
MOST_ON_A_PAGE = 200
MOST_ROWS = 10_000
WITHHELD = {"source"}  # how the lab fetches is for its operators; provenance says from where
FARTHEST = 1_000_000_000


@dataclass(frozen=True)
class DatasetView:
    language: Language
    card: Card = field(metadata=SPREAD)
    metadata: dict[str, Any]
    steward: str
    keywords: list[str]
    periodicity: str
    temporal: str | None
    reuse: Reuse
    access_note: str | None
    calibration: str | None
    columns: list[ColumnView]
    quality: Quality
    history: list[Run]
    rejected: int
    rejects: list[dict[str, Any]]
    rejects_published: bool
    snapshots: list[dict[str, Any]]
    snapshot: int | None
    provenance: Provenance
    barrier: str | None
    barrier_sentence: str | None
    admission: Admission | None
    total_rows: int | None
    limit: int
    offset: int
    sort: str
    rows: list[dict[str, Any]] | None
    downloads: list[Download]
    addresses: list[Address]
    code: str
    schema: Standard | None = None
    periodicity_label: str = field(default="", metadata=PAGE_ONLY)
    period_label: str = field(default="", metadata=PAGE_ONLY)
    used_by: UsedBy | None = field(default=None, metadata=PAGE_ONLY)
    held: Held | None = None
    releases: list[dict[str, Any]] = field(default_factory=list)
    map: Chart | None = field(default=None, metadata=PAGE_ONLY)
    verdicts: Verdicts | None = field(default=None, metadata=PAGE_ONLY)
    described: Markup = field(default=Markup(""), metadata=PAGE_ONLY)
    flags: Seen | None = field(default=None, metadata=PAGE_ONLY)
    flag_states: dict[str, str] = field(default_factory=dict, metadata=PAGE_ONLY)
    row_names: list[str] = field(default_factory=list, metadata=PAGE_ONLY)
    descending: bool = field(default=False, metadata=PAGE_ONLY)
    sorted_by: str = field(default="", metadata=PAGE_ONLY)


@dataclass(frozen=True)
class Asked:
    """What an address asks of the rows."""

    limit: int
    offset: int
    sort: str | None
    snapshot: int | None
    map: str | None = None


def view_of(request: Request, name: str, asked: Asked, with_map: bool) -> DatasetView:
    """Fill the page.

    Raises
    ------
    UnknownDataset, UnknownSnapshot, InvalidParameter
        where the address asks for something that is not there.
    """
    library: Library = request.app.state.library
    shelf, language, prefix = library.shelf(), language_of(request), request.app.state.prefix
    reader = reader_of(request)
    holding = version_for(shelf, shelf.get(name), reader)
    dataset, good = holding.dataset, holding.good
    reason = barrier(holding, reader)
    found, chart, sorted_by, descending, snapshot = None, None, "", False, holding.snapshot
    if reason is None and (good or asked.snapshot is not None):
        found, chart, sorted_by, descending, snapshot = _rows(
            shelf, holding, language, asked, with_map, reader
        )
    rejected = library.rejected(holding)
    return DatasetView(
        language=language,
        card=card_of(holding, language, now(), prefix),
        metadata={k: v for k, v in holding.entry.dataset.items() if k not in WITHHELD},
        steward=named(dataset.steward, language),
        keywords=dataset.keywords,
        periodicity=dataset.periodicity,
        temporal=dataset.temporal,
        reuse=reuse_of(holding, language),
        access_note=dataset.access_note.in_(language) if dataset.access_note else None,
        calibration=dataset.calibration.in_(language) if dataset.calibration else None,
        columns=columns_of(holding, language),
        quality=quality_of(holding, language, reader),
        history=history_of(library, holding, language),
        rejected=rejected.count,
        rejects=rejected.rows if reason is None else [],
        rejects_published=rejected.published,
        snapshots=[
            {key: s.get(key) for key in ("snapshot", "at", "author", "rows", "sha256", "run_id")}
            for s in holding.entry.snapshots
        ],
        snapshot=snapshot,
        provenance=provenance_of(holding),
        barrier=reason,
        barrier_sentence=explain(reason, language) if reason else None,
        admission=admission_of(request, holding, reader, language),
        total_rows=found.total if found else (good or {}).get("rows"),
        limit=asked.limit,
        offset=asked.offset,
        sort=("-" if descending else "") + sorted_by,
        rows=found.rows if found else None,
        downloads=downloads_of(holding, language, prefix, asked.snapshot) if found else [],
        addresses=addresses_of(holding, language, root_of(request), asked.snapshot)
        if found
        else [],
        code=code_of(holding.id, asked.snapshot),
        schema=standard_of(holding, language),
        periodicity_label=periodicity_label(dataset.periodicity, language),
        period_label=period_label(dataset.temporal, language),
        map=chart,
        described=as_markup(described(holding, language, root_of(request))),
        verdicts=verdicts_of(history_of(library, holding, language), language),
        flags=seen(request, holding) if with_map else None,
        used_by=used_by(request, holding, language) if with_map else None,
        held=held_of(library.lake, holding, language),
        releases=[release.as_json() for release in holding.releases],
        row_names=row_names(dataset.key, found.rows, asked.offset) if found and with_map else [],
        flag_states={state: said.in_(language) for state, said in STATE_NAMES.items()},
        descending=descending,
        sorted_by=sorted_by,
    )


def _rows(
    shelf: Shelf,
    holding: Holding,
    language: Language,
    asked: Asked,
    with_map: bool,
    reader: Reader,
) -> tuple[Slice, Chart | None, str, bool, int]:
    opened = open_table(shelf, holding, language, asked.snapshot, reader)
    sorted_by, descending = sort_of(asked.sort, opened.columns, language)
    found = read(
        shelf, opened, limit=asked.limit, offset=asked.offset, sort=sorted_by, descending=descending
    )
    chart = chart_of(shelf, holding, opened, language, asked.map) if with_map else None
    return found, chart, sorted_by, descending, opened.snapshot


Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="rows, at most 10,000")]
PageLimit = Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE)]
Offset = Annotated[int, Query(ge=0, le=FARTHEST, description="rows to leave out first")]
Sort = Annotated[
    str | None, Query(max_length=100, description="a column; descending with a minus before it")
]


@router.get("/datasets/{dataset}.json", summary="Description, state, quality and rows of a dataset")
def json(
    request: Request,
    dataset: str,
    limit: Limit = PREVIEW,
    offset: Offset = 0,
    sort: Sort = None,
    snapshot: Snapshot = None,
    release: ReleaseName = None,
) -> Response:
    asked = Asked(limit, offset, sort, _pinned(request, dataset, snapshot, release))
    return document(request, view_of(request, dataset, asked, with_map=False))


@router.get("/datasets/{dataset}", include_in_schema=False)
def html(
    request: Request,
    dataset: str,
    limit: PageLimit = PREVIEW,
    offset: Offset = 0,
    sort: Sort = None,
    snapshot: Snapshot = None,
    release: ReleaseName = None,
    map: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    asked = Asked(limit, offset, sort, _pinned(request, dataset, snapshot, release), map)
    return page(request, "dataset.html", view_of(request, dataset, asked, with_map=True))


def _pinned(
    request: Request, dataset: str, snapshot: int | None, release: str | None
) -> int | None:
    library: Library = request.app.state.library
    shelf = library.shelf()
    holding = shelf.get(dataset)
    if release and holding.dataset.access == "restricted":
        holding = version_for(shelf, holding, reader_of(request))
    return snapshot_of(holding, snapshot, release)
