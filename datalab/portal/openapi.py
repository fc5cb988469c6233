"""The description of the interface (OpenAPI 3.1): what FastAPI knows of it, and what it cannot.

The framework knows addresses and parameters. Media types, examples, the one shape of errors, the
parameters of CKAN's actions and the documents of OGC API Features are added here.
"""

from __future__ import annotations

import copy
from typing import Any

from fastapi import FastAPI

from datalab import __version__
from datalab.portal import ogc
from datalab.portal.download import MEDIA

Document = dict[str, Any]
JSON = "application/json"
ERROR: Document = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "status", "message", "details"],
            "properties": {
                "code": {"type": "string"},
                "status": {"type": "integer"},
                "message": {"type": "string"},
                "details": {"type": "object"},
            },
        }
    },
    "examples": [
        {
            "error": {
                "code": "unknown-dataset",
                "status": 404,
                "message": "There is no dataset 'comunes'.",
                "details": {"dataset": "comunes", "suggestion": "communes"},
            }
        }
    ],
}
TABLE: Document = {"type": "array", "items": {"type": "object"}}
NUMBER, WORD, NEXT = {"type": "integer"}, {"type": "string"}, {"type": ["string", "null"]}
SCHEMAS: dict[str, Document] = {
    "Error": ERROR,
    "Rows": {
        "type": "object",
        "required": ["dataset", "snapshot", "next", "rows"],
        "properties": {
            **{"dataset": WORD, "snapshot": NUMBER, "total": NUMBER, "next": NEXT, "rows": TABLE}
        },
        "examples": [
            {
                "dataset": "communes",
                "snapshot": 12,
                "total": 23,
                "next": None,
                "rows": [{"insee_code": "21231", "name": "Dijon"}],
            }
        ],
    },
    "Groups": {
        "type": "object",
        "required": ["dataset", "snapshot", "by", "measures", "next", "groups"],
        "properties": {
            **{"dataset": WORD, "snapshot": NUMBER, "next": NEXT, "groups": TABLE},
            "by": {"type": "array", "items": WORD},
            "measures": {"type": "array", "items": WORD},
        },
        "examples": [
            {
                "dataset": "communes",
                "snapshot": 12,
                "by": [],
                "measures": ["count"],
                "next": None,
                "groups": [{"count": 23}],
            }
        ],
    },
    "Ckan": {
        "type": "object",
        "required": ["help", "success"],
        "properties": {
            "help": WORD,
            "success": {"type": "boolean"},
            "result": True,
            "error": {"type": "object"},
        },
        "examples": [{"help": "…", "success": True, "result": ["communes", "votes"]}],
    },
    "Object": {"type": "object"},
}
# By the end of the path, the first that fits.
KINDS: list[tuple[str, str, str | None]] = [
    ("/rows", JSON, "Rows"),
    ("/aggregate", JSON, "Groups"),
    ("changes.json", "application/feed+json", "Object"),
    *((f".{name}", media.partition(";")[0], None) for name, media in MEDIA.items()),
    (".pbf", "application/vnd.mapbox-vector-tile", None),
    (".atom", "application/atom+xml", None),
    (".ttl", "text/turtle", None),
    (".jsonld", "application/ld+json", None),
    (".rdf", "application/rdf+xml", None),
    (".xml", "application/xml", None),
    (".zip", "application/zip", None),
    (".ics", "text/calendar", None),
    ("", JSON, "Object"),
]
EXAMPLES: dict[str, Any] = {
    **{"dataset": "communes", "snapshot": 12, "release": "2026-1", "limit": 10, "offset": 0},
    **{"sort": "-population", "columns": "name,population", "q": "logement", "page": 1},
    **{"by": "name", "measure": "count,sum(population)", "z": 12, "x": 2105, "y": 1437},
    **{"id": "communes", "resource_id": "communes.csv", "filters": '{"name": "Dijon"}'},
    **{"fq": "organization:insee", "facet.field": '["organization", "groups"]', "rows": 10},
    **{"name": "package_search", "old": "11", "new": "12", "filter": {"name": "Dijon"}},
    **{"bbox": "5.0,47.3,5.1,47.4", "datetime": "2026-01-01/..", "dialect": "lossless"},
}
PAGES = ("limit", "offset")
ACTIONS: dict[str, tuple[str, ...]] = {
    "package_list": PAGES,
    "current_package_list_with_resources": PAGES,
    "package_show": ("id",),
    "package_search": ("q", "fq", "rows", "start", "sort", "facet.field", "facet.limit"),
    "resource_show": ("id",),
    "organization_list": ("all_fields", *PAGES),
    "organization_show": ("id", "include_datasets"),
    "group_list": ("all_fields", *PAGES),
    "group_show": ("id", "include_datasets"),
    "tag_list": PAGES,
    "datastore_search": ("resource_id", "filters", "q", "fields", "sort", *PAGES),
    "help_show": ("name",),
}
REQUIRED = ("id", "resource_id", "name")
WHOLE = ("limit", "offset", "rows", "start", "facet.limit")
REFUSED = {
    **{"400": "Not understood", "401": "Sign in first", "403": "Reserved", "404": "Not there"},
    **{"405": "Only reading", "409": "Not possible", "413": "Too large", "429": "Too often"},
    **{"503": "Busy"},
}


def document(app: FastAPI) -> Document:
    """The whole description; the same for everybody."""
    prefix: str = app.state.prefix
    made: Document = copy.deepcopy(app.openapi())
    made["paths"] |= _features(prefix)
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas |= SCHEMAS
    made["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "a personal token"}
    }
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(path.removeprefix(prefix), method, operation)
    return made


def _complete(path: str, method: str, operation: Document) -> None:
    action = path.rpartition("/")[2] if path.startswith("/api/3/action/") else None
    parameters = operation.setdefault("parameters", [])
    if action is not None:
        parameters += [_of_action(name) for name in ACTIONS.get(action, ())]
    for one in parameters:
        example = EXAMPLES.get(one["name"])
        if example is not None and "example" not in one and "examples" not in one:
            one["example"] = example
    kind, schema = next((m, s) for end, m, s in KINDS if path.endswith(end))
    if action is not None:
        kind, schema = JSON, "Ckan"
    responses = operation.setdefault("responses", {})
    responses.pop("422", None)
    told = responses.setdefault("200", {"description": "The answer"})
    if path.startswith("/ogc"):
        told.setdefault("content", {})["text/html"] = {}  # the same as a page, with f=html
    else:
        told["content"] = {kind: {"schema": _named(schema)} if schema else {}}
    if path == "/api/v1/sql":
        told["content"]["text/csv"] = {}
        operation["security"] = [{"token": []}]
    else:
        operation["security"] = [{}, {"token": []}]  # for what is reserved
    if path.endswith(".pbf"):
        responses["204"] = {"description": "Nothing is there"}
    wrong = "Ckan" if action is not None else "Error"
    for status, description in REFUSED.items():
        content = {JSON: {"schema": _named(wrong)}}
        responses[status] = {"description": description, "content": content}
    if method == "post":
        body = operation.get("requestBody", {}).get("content", {}).get(JSON)
        if body is not None:
            body["example"] = {"query": "SELECT * FROM communes LIMIT 10"}


def _named(schema: str) -> Document:
    return {"$ref": f"#/components/schemas/{schema}"}


def _of_action(name: str) -> Document:
    schema: Document = {"type": "string"}
    if name in WHOLE:
        schema = {"type": "integer", "minimum": 0, "maximum": 10**9}
    elif name in ("all_fields", "include_datasets"):
        schema = {"type": "boolean"}
    return {"name": name, "in": "query", "required": name in REQUIRED, "schema": schema}


def _features(prefix: str) -> Document:
    """What ``/ogc/api`` says, in this document."""
    paths: Document = {}
    for path, item in ogc.openapi("", [], __version__)["paths"].items():
        operation = copy.deepcopy(item["get"])
        operation["tags"] = ["ogc"]
        for one in operation["parameters"]:
            one["schema"] = {k: v for k, v in one["schema"].items() if v != []}
            if one["name"] == "collectionId":
                one["example"] = "communes"
        paths[f"{prefix}/ogc{path}"] = {"get": operation}
    return paths
