"""Connector ``wfs``: a feature type of a Web Feature Service 2.0, as GeoJSON, page by page.

https://docs.ogc.org/is/09-025r2/09-025r2.html. GeoJSON is no format of that standard, but
GeoServer, MapServer and QGIS Server give it, each under a name of its own (``output``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from datalab.catalog import dataset as catalog
from datalab.connectors.features import Collection, written
from datalab.connectors.fetched import Fetched, Progress
from datalab.connectors.ogcapi import BBOX
from datalab.connectors.opendatasoft import wrong_format
from datalab.connectors.transfer import PATIENT, Patience
from datalab.connectors.turn import turn
from datalab.connectors.visit import LARGEST_ANSWER, RemoteSource, Visit, address, fetchable
from datalab.i18n import Phrase

PROTOCOL = "WFS 2.0"
_MATCHED = re.compile(rb'\bnumberMatched\s*=\s*["\'](\d+)["\']')
_SAID = re.compile(rb"<(?:\w+:)?(?:ExceptionText|ServiceException)[^>]*>\s*([^<]{1,400})")


class Source(RemoteSource):
    """A feature type of a Web Feature Service 2.0, as GeoJSON (WGS 84)."""

    url: Annotated[str, AfterValidator(fetchable)] = Field(description="address of the service")
    typename: str = Field(
        pattern=r"^[\w.:-]+$", description="the feature type, such as indice:ind_bfc"
    )
    output: str = Field("application/json", description="the name that the service gives GeoJSON")
    srs: str = Field("EPSG:4326", description="coordinate system asked for; GeoJSON is WGS 84")
    properties: list[str] | None = Field(
        None, description="properties to take, the geometry among them; all if absent"
    )
    bbox: str | None = Field(
        None, pattern=BBOX, description="west,south,east,north in degrees; all if absent"
    )
    cql_filter: str | None = Field(None, description="filter in CQL (GeoServer, not with 'bbox')")
    sort_by: str | None = Field(
        None, description="property to sort by, where pages would overlap without"
    )
    page_size: int = Field(1000, ge=1, le=10_000, description="features asked for at once")

    def problems_beside(self, file: Path) -> list[tuple[str, str, str | None]]:
        if self.bbox and self.cql_filter:
            message = Phrase("GeoServer takes either 'bbox' or 'cql_filter': say it in the filter")
            return [("bbox", message, None)]
        return wrong_format(self.format, ("geojson",))


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
    patience: Patience = PATIENT,
) -> Fetched:
    """Every feature of the type in one GeoJSON file.

    Raises
    ------
    SourceIncomplete
        where the pages end before the number that the service counts, or repeat themselves.
    SourceError
    """
    source = Source.model_validate(dataset.source.model_dump())
    visit = Visit.of(
        dataset, source, source.url, cache=cache, max_bytes=max_bytes, progress=progress,
        patience=patience,
    )  # fmt: skip
    with turn(visit.folder):
        collection = Collection(visit, PROTOCOL)
        path, sha256 = visit.write(written(_pages(visit, source, collection), collection))
        return visit.done(path, sha256)


def _question(source: Source, **more: object) -> str:
    bbox = f"{source.bbox},urn:ogc:def:crs:OGC:1.3:CRS84" if source.bbox else None
    return address(
        source.url,
        service="WFS",
        version="2.0.0",
        request="GetFeature",
        typeNames=source.typename,
        bbox=bbox,
        cql_filter=source.cql_filter,
        **more,
    )


def _pages(visit: Visit, source: Source, collection: Collection) -> Iterator[list[dict[str, Any]]]:
    total = _hits(visit, _question(source, resultType="hits"))
    while True:
        url = _question(
            source,
            outputFormat=source.output,
            srsName=source.srs,
            propertyName=",".join(source.properties) if source.properties else None,
            sortBy=source.sort_by,
            count=source.page_size,
            startIndex=collection.found,
        )
        path, _ = visit.take(url, most=LARGEST_ANSWER)
        content = path.read_bytes()
        if content.lstrip()[:1] == b"<":
            raise visit.unexpected("GeoJSON", _said(content), url)
        document = visit.parsed(path, url, "GeoJSON")
        features = collection.page(document, url)
        collection.announced = max(total, collection.announced or 0)
        yield features
        if not features or collection.found >= collection.announced:
            return


def _hits(visit: Visit, url: str) -> int:
    """How many features there are. The answer is XML, of which one number is taken: no parser,
    so nothing in it can name another file or grow."""
    path, _ = visit.take(url, most=1 << 20)
    content = path.read_bytes()
    found = _MATCHED.search(content)
    if found is None:
        raise visit.unexpected(PROTOCOL, _said(content), url)
    return int(found.group(1))


def _said(content: bytes) -> Phrase:
    said = _SAID.search(content)
    if said is None:
        page = b"<html" in content[:1000].lower()
        return Phrase("it is a web page") if page else Phrase("it counts no features")
    text = " ".join(said.group(1).decode("utf-8", "replace").split())
    return Phrase("it says «{said}»", said=text[:200])
