"""The documents of OGC API Features (Part 1: Core) around the features: plain values for JSON.

``root`` is the address of the landing page, without a stroke at its end.
"""

from __future__ import annotations

from typing import Any

from datalab.i18n import Language, translate
from datalab.portal.card import license_of
from datalab.portal.features import CRS84, Extent
from datalab.portal.library import Holding

CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
CONFORMS = [f"{CORE}/{name}" for name in ("core", "geojson", "html", "oas30")]
GEOJSON, JSON, HTML = "application/geo+json", "application/json", "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"


def link(href: str, rel: str, type_: str, title: str | None = None) -> dict[str, str]:
    found = {"href": href, "rel": rel, "type": type_}
    return found | ({"title": title} if title else {})


def both(address: str, rel: str = "self") -> list[dict[str, str]]:
    """A document and its page."""
    return [link(f"{address}?f=json", rel, JSON), link(f"{address}?f=html", "alternate", HTML)]


def landing(root: str, language: Language) -> dict[str, Any]:
    return {
        "title": translate("Data lab of Dijon Métropole", language),
        "description": translate(
            "Datasets with places, as features that QGIS, GDAL and other map tools read.", language
        ),
        "links": [
            *both(f"{root}/"),
            link(f"{root}/api", "service-desc", OPENAPI, "OpenAPI"),
            link(f"{root}/api?f=html", "service-doc", HTML),
            link(f"{root}/conformance", "conformance", JSON),
            link(f"{root}/collections", "data", JSON),
        ],
    }


def conformance() -> dict[str, Any]:
    return {"conformsTo": CONFORMS}


def collection(root: str, holding: Holding, extent: Extent, language: Language) -> dict[str, Any]:
    dataset, license_ = holding.dataset, license_of(holding.dataset)
    own = f"{root}/collections/{holding.id}"
    page = f"{root.removesuffix('/ogc')}/datasets/{holding.id}"
    links = [
        *both(own),
        link(f"{own}/items", "items", GEOJSON, dataset.title.in_(language)),
        link(f"{own}/items?f=html", "items", HTML, dataset.title.in_(language)),
        link(page, "describedby", HTML, dataset.title.in_(language)),
        link(f"{page}.parquet", "enclosure", "application/vnd.apache.parquet", "GeoParquet"),
    ]
    if license_.url:
        links.append(link(license_.url, "license", HTML, license_.title))
    found: dict[str, Any] = {
        "id": holding.id,
        "title": dataset.title.in_(language),
        "description": dataset.description.in_(language),
        "itemType": "feature",
        "crs": [CRS84],
        "storageCrs": CRS84,
        "links": links,
    }
    held: dict[str, Any] = {}
    if extent.bbox is not None:
        held["spatial"] = {"bbox": [list(extent.bbox)], "crs": CRS84}
    if extent.interval is not None:
        held["temporal"] = {"interval": [list(extent.interval)], "trs": GREGORIAN}
    return found | ({"extent": held} if held else {})


def openapi(root: str, names: list[str], version: str) -> dict[str, Any]:
    """OpenAPI 3.0, which this part of the standard asks for (the lab's own one is 3.1)."""

    def one(summary: str, type_: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
        answers = {"200": {"description": summary, "content": {type_: {"schema": OBJECT}}}}
        for status, what in (("400", "Invalid parameter"), ("404", "Not found")):
            answers[status] = {"description": what, "content": {JSON: {"schema": OBJECT}}}
        operation = {"summary": summary, "operationId": summary.replace(" ", "-").lower()}
        return {"get": {**operation, "parameters": parameters, "responses": answers}}

    of = {**_parameter("collectionId", {"type": "string", "enum": names}), "in": "path"}
    which = {**_parameter("featureId", {"type": "string"}), "in": "path"}
    of["required"] = which["required"] = True
    shape = _parameter("f", {"type": "string", "enum": ["json", "html"]})
    return {
        "openapi": "3.0.3",
        "info": {"title": "Data lab of Dijon Métropole: features", "version": version},
        "servers": [{"url": root}],
        "paths": {
            "/": one("Landing page", JSON, [shape]),
            "/conformance": one("Conformance", JSON, [shape]),
            "/collections": one("Collections", JSON, [shape]),
            "/collections/{collectionId}": one("Collection", JSON, [of, shape]),
            "/collections/{collectionId}/items": one("Features", GEOJSON, [of, *QUERY, shape]),
            "/collections/{collectionId}/items/{featureId}": one(
                "Feature", GEOJSON, [of, which, shape]
            ),
        },
    }


def _parameter(name: str, schema: dict[str, Any], description: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "in": "query", "required": False, "schema": schema}
    return found | ({"description": description} if description else {})


OBJECT = {"type": "object"}
NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
QUERY = [
    _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100}),
    _parameter("offset", {"type": "integer", "minimum": 0, "default": 0}),
    {**_parameter("bbox", NUMBERS, "west,south,east,north"), "style": "form", "explode": False},
    _parameter("datetime", {"type": "string"}, "RFC 3339 moment or interval"),
    _parameter("snapshot", {"type": "integer"}, "a snapshot of the dataset; the newest if absent"),
    {
        **_parameter("filter", {"type": "object", "additionalProperties": {"type": "string"}}),
        "style": "form",
        "explode": True,
        "description": "column=value, column__gt=value, column__in=a,b and the like",
    },
]
