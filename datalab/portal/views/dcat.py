"""The catalog and its datasets as DCAT-AP 3, for harvesters: Turtle, JSON-LD and RDF/XML."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.requests import Request

from datalab import __version__
from datalab.portal.addresses import root_of
from datalab.portal.badge import quality_header
from datalab.portal.language import now
from datalab.portal.library import Holding, Shelf
from datalab.portal.page import PUBLIC, matches

router = APIRouter(tags=["metadata"])
ON_A_PAGE = 50
Syntax = Literal["ttl", "jsonld", "rdf"]
Number = Annotated[int, Query(ge=1, le=100_000, description="page, from 1")]


@router.get("/catalog.ttl", summary="All datasets as DCAT-AP 3, page by page, in Turtle")
def catalog_as_turtle(request: Request, page: Number = 1) -> Response:
    return _catalog(request, "ttl", page)


@router.get("/catalog.jsonld", summary="All datasets as DCAT-AP 3, page by page, in JSON-LD")
def catalog_as_json(request: Request, page: Number = 1) -> Response:
    return _catalog(request, "jsonld", page)


@router.get("/catalog.rdf", summary="All datasets as DCAT-AP 3, page by page, in RDF/XML")
def catalog_as_xml(request: Request, page: Number = 1) -> Response:
    return _catalog(request, "rdf", page)


def _catalog(request: Request, syntax: Syntax, page: int) -> Response:
    """The pages are linked with Hydra and in the header ``Link``."""
    from datalab.portal import catalog_graph  # RDF is for harvesters: 0.2 s that pages are spared

    shelf: Shelf = request.app.state.library.shelf()
    held = [shelf.holdings[name] for name in sorted(shelf.holdings)]
    leaf = catalog_graph.Leaf(page, ON_A_PAGE, len(held))
    here = f"{root_of(request)}/catalog.{syntax}"
    links = [
        f'<{catalog_graph.page_address(here, number)}>; rel="{rel}"'
        for rel, number in leaf.others().items()
    ]
    start = (page - 1) * ON_A_PAGE
    some = held[start : start + ON_A_PAGE]
    tag = _tag(request, shelf, some)
    headers = {**_headers(tag), "Link": ", ".join(links)}
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    graph = catalog_graph.catalog(root_of(request), here, now(), some, leaf)
    format_, media = catalog_graph.SYNTAXES[syntax]
    return Response(
        graph.serialize(format=format_, encoding="utf-8"), media_type=media, headers=headers
    )


def _one(request: Request, dataset: str, syntax: Syntax) -> Response:
    from datalab.portal import catalog_graph

    shelf: Shelf = request.app.state.library.shelf()
    holding = shelf.get(dataset)
    tag = _tag(request, shelf, [holding])
    headers = {**_headers(tag), **quality_header(holding)}
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    graph = catalog_graph.one(root_of(request), now(), holding)
    format_, media = catalog_graph.SYNTAXES[syntax]
    return Response(
        graph.serialize(format=format_, encoding="utf-8"), media_type=media, headers=headers
    )


@router.get("/datasets/{dataset}.ttl", summary="One dataset as DCAT-AP 3, in Turtle")
def as_turtle(request: Request, dataset: str) -> Response:
    return _one(request, dataset, "ttl")


@router.get("/datasets/{dataset}.jsonld", summary="One dataset as DCAT-AP 3, in JSON-LD")
def as_json(request: Request, dataset: str) -> Response:
    return _one(request, dataset, "jsonld")


@router.get("/datasets/{dataset}.rdf", summary="One dataset as DCAT-AP 3, in RDF/XML")
def as_xml(request: Request, dataset: str) -> Response:
    return _one(request, dataset, "rdf")


def _tag(request: Request, shelf: Shelf, some: list[Holding]) -> str:
    """The same for the same published state; the badge may change with the time alone."""
    badges = [quality_header(one) for one in some]
    said = f"{__version__} {request.url} {shelf.fingerprint} {badges}"
    return f'W/"{hashlib.sha256(said.encode()).hexdigest()[:24]}"'


def _headers(tag: str) -> dict[str, str]:
    exposed = "ETag, Link, Datalab-Quality"
    return {
        **{"ETag": tag, "Cache-Control": "no-cache", "Access-Control-Expose-Headers": exposed},
        **PUBLIC,
    }
