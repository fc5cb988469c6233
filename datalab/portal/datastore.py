"""``datastore_search`` of CKAN: rows of a dataset, through the same door as every other reader."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from datalab.errors import InvalidParameter
from datalab.i18n import Language
from datalab.portal.ckan import Document, Invalid, NotFound, Site
from datalab.portal.filters import Filter, column_of, filters_of
from datalab.portal.opening import Opening, open_rows
from datalab.portal.rows import Table, is_geometry, is_long
from datalab.portal.selection import Page, Selection, page, ranked, sorts_of, total
from datalab.portal.words import BEST, RowWords

ROWS, MOST = 100, 32_000  # as CKAN's own limits
FARTHEST = 1_000_000_000
KINDS = {
    "varchar": "text",
    "boolean": "bool",
    "smallint": "int2",
    "integer": "int4",
    "bigint": "int8",
    "double": "float8",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "timestamp with time zone": "timestamptz",
}


def kind_of(type_: str) -> str:
    """The PostgreSQL name of a column type. Geometry is GeoJSON."""
    if is_geometry(type_):
        return "json"
    if is_long(type_):
        return "text"
    return "numeric" if type_.startswith("decimal") else KINDS.get(type_, "text")


def search(request: Request, site: Site, given: Document) -> Document:
    """The answer of ``datastore_search``.

    Raises
    ------
    NotFound, Invalid
        in CKAN's way.
    DatalabError
        where the rows may not be read.
    """
    id = str(given.get("resource_id") or given.get("id") or "")
    if not id:
        raise Invalid(resource_id="Missing value")
    name = id.partition(".")[0]
    if name != id and id.partition(".")[2] not in (
        "csv",
        "parquet",
        "arrow",
        "xlsx",
        "geojson",
        "json",
    ):
        raise NotFound
    site.holding(name)
    opening = open_rows(request, name, warm=True)
    opened, language = opening.table, opening.language
    limit = whole(given, "limit", ROWS, MOST)
    offset = whole(given, "offset", 0, FARTHEST)
    try:
        chosen = Selection(
            _fields(given.get("fields"), opened, language),
            tuple(_filters(given.get("filters"), opened, language)),
            sorts_of(_sort(given.get("sort")), opened, language),
            limit,
            offset,
        )
        found, count = _found(request, opening, chosen, given.get("q"))
    except InvalidParameter as error:
        place = "filters" if error.facts["name"] in opened.columns else str(error.facts["name"])
        raise Invalid(**{place: error.message(language)}) from None
    # A number is the row's own place in the table of this snapshot, from 1 on.
    records: list[Any] = [
        {"_id": number + 1, **row} for number, row in zip(found.numbers, found.rows, strict=True)
    ]
    form = str(given.get("records_format") or "objects")
    if form not in ("objects", "lists"):
        raise Invalid(records_format="objects or lists")
    if form == "lists":
        records = [list(record.values()) for record in records]
    answer: Document = {
        "resource_id": id,
        "include_total": True,
        "records_format": form,
        "limit": limit,
        "offset": offset,
        "fields": [
            {"id": "_id", "type": "int"},
            *({"id": one, "type": kind_of(opened.columns[one])} for one in chosen.columns),
        ],
        "records": records,
        "_links": _links(request, given, limit, offset),
        "total": count,
        "total_was_estimated": False,
    }
    for key in ("filters", "q", "sort"):
        if given.get(key):
            answer[key] = given[key]
    return answer


def _found(request: Request, opening: Opening, chosen: Selection, q: Any) -> tuple[Page, int]:
    if not q:
        found = page(opening.shelf, opening.table, chosen)
        return found, total(opening.shelf, opening.table, chosen)
    if not isinstance(q, str) or len(q) > 300:
        raise Invalid(q="words are needed, at most 300 characters")
    if chosen.sort:
        raise Invalid(sort="not possible together with q")
    words: RowWords = request.app.state.row_words
    numbers, count = words.search(opening.shelf, opening.holding, opening.table, q, BEST)
    if chosen.filters:
        whole_ = Selection(chosen.columns, chosen.filters, (), BEST, 0)
        count = len(ranked(opening.shelf, opening.table, whole_, numbers).rows)
    return ranked(opening.shelf, opening.table, chosen, numbers), count


def _fields(given: Any, opened: Table, language: Language) -> tuple[str, ...]:
    names = given.split(",") if isinstance(given, str) else given
    if not names:
        return tuple(opened.columns)
    if not isinstance(names, list):
        raise Invalid(fields="a list of columns is needed")
    asked = [str(name).strip().strip('"') for name in names]
    asked = [name for name in asked if name and name != "_id"]
    return tuple(
        dict.fromkeys(column_of("fields", name, opened.columns, language) for name in asked)
    ) or tuple(opened.columns)


def _sort(given: Any) -> str:
    """``population desc, name`` as the lab writes it: ``-population,name``."""
    parts = given.split(",") if isinstance(given, str) else given or []
    if not isinstance(parts, list):
        raise Invalid(sort="columns are needed, each with asc or desc")
    found = []
    for part in parts:
        name, _, way = str(part).strip().rpartition(" ")
        if not name or way.lower() not in ("asc", "desc"):
            name, way = str(part).strip(), "asc"
        name = name.strip().strip('"')
        if name == "_id":  # the order of the source, which is what one gets
            continue
        found.append(("-" if way.lower() == "desc" else "") + name)
    return ",".join(found)


def _filters(given: Any, opened: Table, language: Language) -> list[Filter]:
    if isinstance(given, str) and given:
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise Invalid(filters="Not a json string") from None
    if not given:
        return []
    if not isinstance(given, dict):
        raise Invalid(filters="Not a json object")
    found: list[Filter] = []
    for name, values in given.items():
        column_of("filters", str(name), opened.columns, language)
        listed = values if isinstance(values, list) else [values]
        if len(listed) > 200:
            raise Invalid(filters="too many values")
        if None in listed and len(listed) > 1:
            raise Invalid(filters="null stands alone")
        texts = [_text(value) for value in listed if value is not None]
        if not texts and None in listed:
            found.append(Filter(str(name), "null", (True,)))
            continue
        # One by one, so that a comma in a value is a comma.
        each = [
            filters_of([(f"{name}__eq", text)], opened.columns, (), language)[0] for text in texts
        ]
        found.append(Filter(str(name), "in", tuple(one.values[0] for one in each)))
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise Invalid(filters="a text, a number, true, false or a list of these is needed")


def whole(given: Document, name: str, default: int, most: int) -> int:
    """A whole number among the parameters; too large a one is the largest, as CKAN has it.

    Raises
    ------
    Invalid
    """
    value = given.get(name)
    if value is None or value == "":
        return default
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Invalid(
            **{name: "Invalid integer" if text[:1] != "-" else "Must be a natural number"}
        )
    return min(int(text), most)


def _links(request: Request, given: Document, limit: int, offset: int) -> dict[str, str]:
    path = request.url.path
    asked = {
        key: value if isinstance(value, str | int) else json.dumps(value)
        for key, value in given.items()
        if key not in ("offset", "limit") and value is not None
    }
    start = {**asked, "limit": limit}
    return {
        "start": f"{path}?{urlencode(start)}",
        "next": f"{path}?{urlencode({**start, 'offset': offset + limit})}",
    }
