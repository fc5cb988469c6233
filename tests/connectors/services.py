"""The services that the connectors speak to, as answers written by hand after each protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from datalab.connectors import dcat
from tests.connectors.conftest import Recorded

CSV = b"station_id;bikes\n1;5\n2;0\n"
ROWS = [{"station_id": "1", "bikes": 5}, {"station_id": "2", "bikes": 0}]
RESOURCE = "6d0e3f6c-8a1b-4a7e-9d55-0c5d0a1b2c3d"
COLUMNS = {"station_id": "varchar", "bikes": "integer"}


@dataclass(frozen=True)
class Service:
    """One service with two rows to give.

    ``answers`` are bodies by path, first those that lead to the data; ``changed`` is what the same
    paths say once the producer changed his mind; ``rows`` are what the staged table then holds.
    """

    name: str
    source: Callable[[Recorded], dict[str, Any]]
    answers: Callable[[Recorded], dict[str, bytes]]
    changed: bytes = b'{"hello": "world"}'
    columns: dict[str, str] = field(default_factory=lambda: dict(COLUMNS))
    rows: tuple[tuple[Any, ...], ...] = (("1", 5), ("2", 0))

    def __str__(self) -> str:
        return self.name


def document(**keys: Any) -> bytes:
    return json.dumps(keys).encode()


def feature(number: int, **properties: Any) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [5.04 + number / 100, 47.32]}
    return {"type": "Feature", "id": f"s.{number}", "geometry": point, "properties": properties}


def features(*found: dict[str, Any], **more: Any) -> bytes:
    return document(type="FeatureCollection", features=list(found), **more)


TWO = [feature(number, **row) for number, row in enumerate(ROWS, start=1)]
HITS = (
    b'<?xml version="1.0"?><wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" '
    b'numberMatched="2" numberReturned="0"/>'
)
WFS = "/geoserver/wfs?service=WFS&version=2.0.0&request=GetFeature&typeNames=velo%3Astations"


def gbfs(server: Recorded, version: str) -> dict[str, bytes]:
    """A bicycle system of two stations, in the words of either version."""
    three = version.startswith("3")
    listed = [
        {"name": name, "url": server.url(f"/gbfs/{name}.json")}
        for name in ("station_information", "station_status")
    ]
    at = "2026-11-22T08:30:00+01:00" if three else 1795332600
    head = {"last_updated": at, "ttl": 0, "version": version}
    places = [
        {"station_id": number, "name": _named(name, three), "lat": 47.32, "lon": 5.04,
         "capacity": 12}
        for number, name in (("1", "Darcy"), ("2", "Wilson"))
    ]  # fmt: skip
    bikes = "num_vehicles_available" if three else "num_bikes_available"
    states = [
        {"station_id": row["station_id"], bikes: row["bikes"], "num_docks_available": 4,
         "is_installed": True, "is_renting": True, "is_returning": True, "last_reported": at}
        for row in ROWS
    ]  # fmt: skip
    return {
        "/gbfs/gbfs.json": document(
            **head, data={"feeds": listed} if three else {"fr": {"feeds": listed}}
        ),
        "/gbfs/station_information.json": document(**head, data={"stations": places}),
        "/gbfs/station_status.json": document(**head, data={"stations": states}),
    }


def _named(name: str, three: bool) -> Any:
    return [{"text": name, "language": "fr"}] if three else name


STATIONS = {
    "station_id": "varchar", "observed_at": "timestamptz", "name": "varchar",
    "latitude": "double", "longitude": "double", "capacity": "integer",
    "bikes_available": "integer", "docks_available": "integer", "bikes_disabled": "integer",
    "docks_disabled": "integer", "installed": "boolean", "renting": "boolean",
    "returning": "boolean", "reported_at": "timestamptz",
}  # fmt: skip
TURTLE = b"""@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> .
<https://data.example.org/velos> a dcat:Dataset ;
  dct:title "V\xc3\xa9los"@fr , "Bicycles"@en ;
  dct:description "<p>Comptages <b>horaires</b></p>"@fr ;
  dct:publisher [ a foaf:Organization ; foaf:name "Ville" ] ; dcat:keyword "v\xc3\xa9lo" ;
  dct:modified "2026-11-02T10:00:00+01:00" ;
  dcat:distribution [ a dcat:Distribution ; dct:format "csv" ;
    dcat:accessURL <https://data.example.org/velos.csv> ] .
<https://data.example.org/arbres> a dcat:Dataset ; dct:title "Arbres" ;
  dcat:landingPage <javascript:alert(1)> .
<https://data.example.org/catalog> a dcat:Catalog ; hydra:totalItems 2 .
"""
LINKS: dict[str, str] = dict.fromkeys(dcat.COLUMNS, "varchar")

SERVICES = [
    Service(
        "http",
        lambda server: {"url": server.url("/bikes.csv"), "csv": {"delimiter": ";"}},
        lambda server: {"/bikes.csv": CSV},
        changed=b"station;velos\n1;5\n",
    ),
    Service(
        "opendatasoft",
        lambda server: {
            "portal": server.url(""), "dataset": "velos", "csv": {"delimiter": ";"}
        },
        lambda server: {
            "/api/explore/v2.1/catalog/datasets/velos": document(dataset_id="velos", metas={}),
            "/api/explore/v2.1/catalog/datasets/velos/records": document(total_count=2, results=[]),
            "/api/explore/v2.1/catalog/datasets/velos/exports/csv": CSV,
        },
        changed=b'{"dataset_uid": "da_1"}',
    ),
    Service(
        "datagouv",
        lambda server: {
            "site": server.url(""), "dataset": "velos", "match": r"velos-\d{4}\.csv$",
            "csv": {"delimiter": ";"},
        },
        lambda server: {
            "/api/1/datasets/velos/": document(
                id="5f", slug="velos", resources=[
                    {"id": RESOURCE, "title": "velos-2025.csv", "url": server.url("/r/old.csv"),
                     "last_modified": "2025-01-02T03:04:05+00:00", "filetype": "remote"},
                    {"id": RESOURCE, "title": "velos-2026.csv", "url": server.url("/r/new.csv"),
                     "last_modified": "2026-01-02T03:04:05+00:00", "filetype": "remote"},
                    {"id": RESOURCE, "title": "notice.pdf", "url": server.url("/r/notice.pdf")},
                ],
            ),
            "/r/new.csv": CSV,
        },
    ),
    Service(
        "ckan",
        lambda server: {
            "site": server.url(""), "resource": RESOURCE, "csv": {"delimiter": ";"}
        },
        lambda server: {
            "/api/3/action/resource_show": document(
                success=True, result={"id": RESOURCE, "url": server.url("/files/velos.csv")}
            ),
            "/files/velos.csv": CSV,
        },
    ),
    Service(
        "ckan",
        lambda server: {
            "site": server.url(""), "resource": RESOURCE, "datastore": True, "format": "json",
            "page_size": 1,
        },
        lambda server: {
            f"/api/3/action/datastore_search?resource_id={RESOURCE}&limit=1&offset={n}&sort=_id":
                document(success=True, result={
                    "total": 2, "records": [{"_id": n + 1, **ROWS[n]}], "fields": [],
                })
            for n in (0, 1)
        },
    ),
    Service(
        "ogcapi",
        lambda server: {"url": server.url("/ogc"), "collection": "bikes", "format": "geojson"},
        lambda server: {
            "/ogc/collections/bikes/items": features(
                TWO[0], numberMatched=2, numberReturned=1, links=[
                    {"rel": "self", "href": "items"},
                    {"rel": "next", "href": "/ogc/page2", "type": "application/geo+json"},
                ],
            ),
            "/ogc/page2": features(TWO[1], numberMatched=2, numberReturned=1, links=[]),
        },
    ),
    Service(
        "wfs",
        lambda server: {
            "url": server.url("/geoserver/wfs"), "typename": "velo:stations",
            "format": "geojson", "page_size": 1,
        },
        lambda server: {
            f"{WFS}&resultType=hits": HITS,
            **{
                f"{WFS}&outputFormat=application%2Fjson&srsName=EPSG%3A4326&count=1&startIndex={n}":
                    features(TWO[n], totalFeatures=2, numberMatched=2, numberReturned=1)
                for n in (0, 1)
            },
        },
    ),
    *(
        Service(
            "gbfs",
            lambda server: {"url": server.url("/gbfs/gbfs.json"), "format": "json"},
            partial(gbfs, version=version),
            columns=STATIONS,
            rows=(("1", 5, "Darcy"), ("2", 0, "Wilson")),
        )
        for version in ("2.3", "3.0")
    ),
    Service(
        "dcat",
        lambda server: {"url": server.url("/catalog.ttl"), "format": "json"},
        lambda server: {"/catalog.ttl": TURTLE},
        columns=LINKS,
        rows=(
            ("https://data.example.org/arbres", "Arbres", "https://data.example.org/arbres"),
            ("https://data.example.org/velos", "Vélos", "https://data.example.org/velos"),
        ),
    ),
]  # fmt: skip
