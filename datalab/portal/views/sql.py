"""A question in SQL over what one may read: a page for people, an address for programs."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request

from datalab.errors import DatalabError, InvalidParameter, SignInNeeded
from datalab.i18n import Language, Phrase, translate
from datalab.portal.cells import Plain, csv_of, rows_of, shown
from datalab.portal.form import body_of, form_of, json_of
from datalab.portal.language import language_of
from datalab.portal.library import Shelf
from datalab.portal.page import PAGE_ONLY, page
from datalab.portal.plot import Plot, numbers_of, plot_of
from datalab.portal.query import LONGEST, ROWS, Answer, Queries, readable
from datalab.portal.reader import Reader, reader_of
from datalab.portal.refusal import with_way

router = APIRouter(tags=["data"])
SHOWN = 200  # rows of a page
DRAWN = 5_000
LOOKING = 0.5  # seconds between two looks whether somebody still waits
CSV = "text/csv; charset=utf-8"


@dataclass(frozen=True)
class TableView:
    """A table that can be asked: its columns with types, and what they say."""

    name: str
    id: str
    title: str
    columns: list[tuple[str, str, str]]


@dataclass(frozen=True)
class AnswerView:
    """``rows`` are texts to show; ``shapes`` is GeoJSON to draw on a map, empty where none is."""

    columns: list[str]
    numeric: list[int]
    rows: list[list[str]]
    total: int
    cut: bool
    datasets: list[tuple[str, int]]
    seconds: float
    plot: Plot | None
    shapes: str


@dataclass(frozen=True)
class SqlView:
    language: Language
    query: str
    tables: list[TableView] = field(metadata=PAGE_ONLY)
    examples: list[tuple[str, str]] = field(metadata=PAGE_ONLY)
    answer: AnswerView | None
    refused: str
    longest: int = LONGEST


class Question(BaseModel):
    """A question to the lake."""

    query: str = Field(min_length=1, max_length=LONGEST, description="exactly one SELECT")
    limit: int = Field(ROWS, ge=1, le=ROWS, description="rows, at most 10,000")
    format: str = Field("json", pattern="^(json|csv)$", description="json or csv")


@router.get("/sql", include_in_schema=False)
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/sql/", include_in_schema=False)
def show(request: Request, q: Annotated[str, Query(max_length=LONGEST)] = "") -> Response:
    """The editor. A question that comes by a link is run by whoever reads it, not by the link."""
    return page(request, "sql.html", _view(request, q))


@router.post("/sql/", include_in_schema=False)
async def ask(request: Request) -> Response:
    """Run what was typed: the same page with the answer, or the answer as a file."""
    fields = await form_of(request)
    query, reader = str(fields.get("q", "")).strip(), reader_of(request)
    try:
        answer = await _answer(request, reader, query)
    except DatalabError as refused:
        if fields.get("format") == "csv":
            raise
        language = language_of(request)
        said = with_way(request, refused, language).message(language)
        view = _view(request, query, refused=said)
        made = page(request, "sql.html", view)
        made.status_code = 400 if refused.status < 500 else refused.status
        return made
    if fields.get("format") == "csv":
        headers = {"Content-Disposition": 'attachment; filename="answer.csv"'}
        return Response("\ufeff" + csv_of(answer.table), media_type=CSV, headers=headers)
    chosen = (_number(fields.get("across")), _number(fields.get("up")))
    return page(request, "sql.html", _view(request, query, answer, chosen))


@router.post("/sql/cancel", include_in_schema=False)
async def cancel(request: Request) -> Response:
    """End the question that this person waits for, whatever lies between them and the portal."""
    await form_of(request)
    if (name := reader_of(request).name) is not None:
        await request.app.state.queries.cancel(name)
    return Response(status_code=204)


@router.post(
    "/api/v1/sql",
    summary="The answer to one SELECT over all tables that the token may read",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": Question.model_json_schema()}},
        },
    },
)
async def api(request: Request) -> Response:
    """Rows as lists, since two columns of a question may have the same name."""
    reader = await asyncio.to_thread(reader_of, request)
    if reader.name is None:
        raise SignInNeeded()
    if reader.via == "token":
        body = await body_of(request, 4 * LONGEST + 1_000)
        try:
            posted = json.loads(body)
        except (ValueError, RecursionError):
            raise _unreadable() from None
    else:
        posted = await json_of(request, 4 * LONGEST + 1_000)
    try:
        question = Question.model_validate(posted)
    except ValidationError as error:
        found = error.errors()[0]
        name = ".".join(str(step) for step in found["loc"]) or "body"
        reason = Phrase("it is too long or not written as expected")
        raise InvalidParameter(name=name[:80], value="", reason=reason) from None
    answer = await _answer(request, reader, question.query, question.limit)
    headers = {"Cache-Control": "private, no-store"}
    if question.format == "csv":
        return Response(csv_of(answer.table), media_type=CSV, headers=headers)
    schema = answer.table.schema
    document: dict[str, Any] = {
        "columns": [{"name": one.name, "type": str(one.type)} for one in schema],
        "rows": await asyncio.to_thread(rows_of, answer.table),
        "cut": answer.cut,
        "datasets": answer.datasets,
        "seconds": round(answer.seconds, 3),
    }
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text.encode("utf-8", "replace"), media_type="application/json", headers=headers)


async def _answer(request: Request, reader: Reader, query: str, rows: int = ROWS) -> Answer:
    """The answer, given up as soon as nobody waits for it any more."""
    queries: Queries = request.app.state.queries
    shelf: Shelf = request.app.state.library.shelf()
    running = asyncio.create_task(queries.answer(shelf, reader, query, language_of(request), rows))
    async with _watched(request, running):
        return await running


@contextlib.asynccontextmanager
async def _watched(request: Request, running: asyncio.Task[Answer]) -> AsyncIterator[None]:
    async def watch() -> None:
        while not await request.is_disconnected():
            await asyncio.sleep(LOOKING)
        running.cancel()

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        running.cancel()


def _view(
    request: Request,
    query: str,
    answer: Answer | None = None,
    chosen: tuple[int | None, int | None] = (None, None),
    refused: str = "",
) -> SqlView:
    language = language_of(request)
    shelf: Shelf = request.app.state.library.shelf()
    reader = reader_of(request)
    tables = [
        TableView(
            name,
            holding.id,
            holding.dataset.title.in_(language),
            [
                (column, about.type, about.description.in_(language))
                for column, about in holding.dataset.columns.items()
            ],
        )
        for name, holding in readable(shelf, reader).items()
    ]
    made = _answer_view(answer, language, chosen) if answer is not None else None
    return SqlView(language, query, tables, _examples(tables, language), made, refused)


def _answer_view(
    answer: Answer, language: Language, chosen: tuple[int | None, int | None]
) -> AnswerView:
    table = answer.table
    types = [str(column.type) for column in table.schema]
    rows = rows_of(table, DRAWN)
    numeric = numbers_of(types)
    return AnswerView(
        columns=list(table.column_names),
        numeric=numeric,
        rows=[[shown(value, language) for value in row] for row in rows[:SHOWN]],
        total=table.num_rows,
        cut=answer.cut,
        datasets=list(answer.datasets.items()),
        seconds=answer.seconds,
        plot=plot_of(rows, types, language, *chosen),
        shapes=_shapes(list(table.column_names), rows, language),
    )


def _shapes(columns: list[str], rows: list[list[Plain]], language: Language) -> str:
    """GeoJSON of the rows that have a shape, or a longitude and a latitude."""
    lowered = [name.lower() for name in columns]
    place: Any = None
    if "longitude" in lowered and "latitude" in lowered:
        east, north = lowered.index("longitude"), lowered.index("latitude")
        place = lambda row: _point(row[east], row[north])  # noqa: E731
        used = {east, north}
    else:
        for number in range(len(columns)):
            if rows and _shape(next((r[number] for r in rows if r[number] is not None), None)):
                place, used = (lambda row, at=number: _shape(row[at])), {number}
                break
    if place is None:
        return ""
    features = [
        {
            "type": "Feature",
            "geometry": found,
            "properties": {
                name: shown(value, language)
                for number, (name, value) in enumerate(zip(columns, row, strict=True))
                if number not in used
            },
        }
        for row in rows
        if (found := place(row)) is not None
    ]
    if not features:
        return ""
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def _point(east: Plain, north: Plain) -> dict[str, Any] | None:
    if not isinstance(east, int | float) or not isinstance(north, int | float):
        return None
    if not (-180 <= east <= 180 and -90 <= north <= 90):
        return None
    return {"type": "Point", "coordinates": [east, north]}


def _shape(value: Plain) -> dict[str, Any] | None:
    if not isinstance(value, str) or not value.startswith('{"type":"'):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "coordinates" in found else None


def _examples(tables: list[TableView], language: Language) -> list[tuple[str, str]]:
    names = {table.name for table in tables}
    offered = [
        (
            {"communes"},
            translate("The five largest municipalities", language),
            "SELECT name, population\nFROM communes\nORDER BY population DESC\nLIMIT 5",
        ),
        (
            {"electricity_france"},
            translate("A mean by hour of the day", language),
            "SELECT hour(local_time) AS hour, avg(consumption_mw) AS mean_mw\n"
            "FROM electricity_france\nGROUP BY ALL\nORDER BY hour",
        ),
        (
            {"communes", "commune_boundaries"},
            translate("A map: density beside outlines", language),
            "SELECT c.name, c.density, b.geometry\nFROM communes c\n"
            "JOIN commune_boundaries b USING (insee_code)",
        ),
    ]
    return [(title, sql) for needed, title, sql in offered if needed <= names]


def _number(value: object) -> int | None:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


def _unreadable() -> InvalidParameter:
    reason = Phrase("it is too long or not written as expected")
    return InvalidParameter(name="body", value="", reason=reason)
