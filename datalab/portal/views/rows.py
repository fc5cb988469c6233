"""The rows of a dataset by API: filtered, sorted, page by page, or summed up by groups."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.requests import Request

from datalab.errors import InvalidParameter
from datalab.i18n import translate
from datalab.portal.filters import column_of, filters_of
from datalab.portal.lookup import Lookups
from datalab.portal.opening import Opening, is_held, open_rows
from datalab.portal.pinned import ReleaseName, Snapshot
from datalab.portal.rows import json_answer
from datalab.portal.selection import (
    MOST_GROUPS,
    Page,
    Selection,
    columns_of,
    following,
    groups,
    measures_of,
    page,
    ranked,
    sorts_of,
    total,
)
from datalab.portal.words import BEST, RowWords

router = APIRouter(prefix="/api/v1", tags=["data"])
ROWS = 100
MOST_ROWS = 10_000
FARTHEST = 1_000_000_000
LONGEST = 2000  # characters of a list of columns
RESERVED = (
    *("q", "limit", "offset", "after", "sort", "columns"),
    *("snapshot", "release", "count", "lang"),
)
RESERVED_NAMES = frozenset(RESERVED)
GROUPING = ("by", "measure", "limit", "offset", "sort", "snapshot", "release", "lang")

Limit = Annotated[int, Query(ge=0, le=MOST_ROWS, description="rows, at most 10,000")]
Groups = Annotated[int, Query(ge=1, le=MOST_GROUPS, description="groups, at most 10,000")]
Offset = Annotated[int, Query(ge=0, le=FARTHEST, description="rows to leave out first")]
After = Annotated[
    int | None,
    Query(ge=-1, le=2**53, description="row to start after; taken from Link, it stays fast"),
]
Sort = Annotated[
    str | None,
    Query(max_length=LONGEST, description="columns, commas between; descending with a minus"),
]
Columns = Annotated[
    str | None, Query(max_length=LONGEST, description="columns to give, commas between")
]
Count = Annotated[bool, Query(description="whether to count all rows that meet the filters")]
By = Annotated[str | None, Query(max_length=LONGEST, description="columns that make a group")]
Measures = Annotated[
    str | None,
    Query(
        max_length=LONGEST,
        description="count, sum(c), avg(c), min(c), max(c), median(c), distinct(c); commas between",
    ),
]
Words = Annotated[
    str | None,
    Query(max_length=300, description="words that a row must hold; the best rows come first"),
]
FILTERS = {
    "parameters": [
        {
            "name": "filter",
            "in": "query",
            "style": "form",
            "explode": True,
            "schema": {"type": "object", "additionalProperties": {"type": "string"}},
            "description": "column=value or column__operator=value, where the operator is one of "
            "eq, ne, gt, gte, lt, lte, in (commas between), null (true or false), and for text "
            "contains and startswith",
        }
    ]
}


@router.get(
    "/datasets/{dataset}/rows",
    summary="Rows of a dataset: filter, sort, choose columns, page by page",
    openapi_extra=FILTERS,
)
def rows(
    request: Request,
    dataset: str,
    limit: Limit = ROWS,
    offset: Offset = 0,
    after: After = None,
    sort: Sort = None,
    columns: Columns = None,
    count: Count = True,
    q: Words = None,
    snapshot: Snapshot = None,
    release: ReleaseName = None,
) -> Response:
    opening = open_rows(request, dataset, snapshot, release, warm=True)
    opened, language = opening.table, opening.language
    if RESERVED_NAMES.isdisjoint(opening.holding.dataset.key):
        lookups: Lookups = request.app.state.lookups
        lookups.prepare(opening.shelf, opening.holding, opened)
    pairs = request.query_params.multi_items()
    chosen = Selection(
        columns_of(columns, opened, language),
        tuple(filters_of(pairs, opened.columns, RESERVED, language)),
        sorts_of(sort, opened, language),
        limit,
        offset,
        after,
    )
    headers = opening.headers("rows")
    if is_held(request, headers):
        return Response(status_code=304, headers=headers)
    body: dict[str, Any] = {"dataset": opening.holding.id, "snapshot": opened.snapshot}
    if q is None:
        found = page(opening.shelf, opened, chosen)
        whole = after is None and not found.more and (found.rows or not offset) and limit
        if count:
            body["total"] = (
                offset + len(found.rows) if whole else total(opening.shelf, opened, chosen)
            )
        more = following(chosen, found)
    else:
        found, body["total"] = _best(request, opening, chosen, q)
        more = replace(chosen, offset=offset + limit) if found.more else None
    body["next"] = None
    if more is not None:
        start = {"after": more.after} if more.after is not None else {"offset": more.offset}
        body["next"] = _address(request, opening, {"limit": limit, **start})
        headers["Link"] = ", ".join(filter(None, [_link(body["next"]), headers.get("Link")]))
    body["rows"] = found.rows
    return json_answer(body, headers)


def _best(request: Request, opening: Opening, chosen: Selection, query: str) -> tuple[Page, int]:
    """The rows that hold the words, best first; with filters, among the best 10,000."""
    if chosen.sort or chosen.after is not None:
        name = "sort" if chosen.sort else "after"
        reason = translate("rows found by words come in the order of their rank", opening.language)
        raise InvalidParameter(name=name, value=request.query_params[name][:80], reason=reason)
    words: RowWords = request.app.state.row_words
    enough = BEST if chosen.filters else chosen.offset + chosen.limit + 1
    numbers, total_ = words.search(
        opening.shelf, opening.holding, opening.table, query, max(enough, 1)
    )
    found = ranked(opening.shelf, opening.table, chosen, numbers)
    if chosen.filters:
        total_ = chosen.offset + len(found.rows) if not found.more else total_
    return found, total_


@router.get(
    "/datasets/{dataset}/aggregate",
    summary="Groups of rows of a dataset, with counts, sums, averages",
    openapi_extra=FILTERS,
)
def aggregate(
    request: Request,
    dataset: str,
    by: By = None,
    measure: Measures = None,
    limit: Groups = 1000,
    offset: Offset = 0,
    sort: Sort = None,
    snapshot: Snapshot = None,
    release: ReleaseName = None,
) -> Response:
    opening = open_rows(request, dataset, snapshot, release, warm=True)
    opened, language = opening.table, opening.language
    measures = measures_of(measure, opened, language)
    names = columns_of(by, opened, language) if by else ()
    named = {**{name: opened.columns[name] for name in names}, **{m.name: "" for m in measures}}
    sorts = tuple(
        (column_of("sort", part.removeprefix("-"), named, language), part.startswith("-"))
        for part in (sort or "").split(",")
        if part
    )
    filters = tuple(
        filters_of(request.query_params.multi_items(), opened.columns, GROUPING, language)
    )
    headers = opening.headers("aggregate")
    if is_held(request, headers):
        return Response(status_code=304, headers=headers)
    chosen = Selection(names, filters, sorts, limit, offset)
    found = groups(opening.shelf, opened, names, measures, chosen)
    body: dict[str, Any] = {
        "dataset": opening.holding.id,
        "snapshot": opened.snapshot,
        "by": list(names),
        "measures": [one.name for one in measures],
        "next": None,
    }
    if found.more:
        body["next"] = _address(request, opening, {"limit": limit, "offset": offset + limit})
        headers["Link"] = ", ".join(filter(None, [_link(body["next"]), headers.get("Link")]))
    body["groups"] = found.rows
    return json_answer(body, headers)


def _address(request: Request, opening: Opening, changes: dict[str, int]) -> str:
    """The next page, of this very snapshot: a publish in between must not shift rows."""
    moved = {"offset", "after", "snapshot", "release", *changes}
    pairs = [(k, v) for k, v in request.query_params.multi_items() if k not in moved]
    pairs += [("snapshot", str(opening.table.snapshot))]
    pairs += [(name, str(value)) for name, value in changes.items()]
    return f"{request.url.replace(query=urlencode(pairs))}"


def _link(address: str) -> str:
    return f'<{address}>; rel="next"'
