"""Connector ``ogcapi``: a collection of an OGC API – Features service, followed to its last page.

https://docs.ogc.org/is/17-069r4/17-069r4.html (7.15: items, links ``next``, ``numberMatched``)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urljoin

from pydantic import AfterValidator, Field

from datalab.catalog import dataset as catalog
from datalab.connectors.features import Collection, written
from datalab.connectors.fetched import Fetched, Progress
from datalab.connectors.opendatasoft import wrong_format
from datalab.connectors.transfer import PATIENT, Patience
from datalab.connectors.turn import turn
from datalab.connectors.visit import RemoteSource, Visit, address, fetchable
from datalab.i18n import Phrase

PROTOCOL = "OGC API Features"
BBOX = r"^-?\d+(\.\d+)?(,-?\d+(\.\d+)?){3}$"


class Source(RemoteSource):
    """A collection of an OGC API Features service, as GeoJSON (WGS 84)."""

    url: Annotated[str, AfterValidator(fetchable)] = Field(
        description="landing page of the service"
    )
    collection: str = Field(min_length=1, description="identifier of the collection")
    bbox: str | None = Field(
        None, pattern=BBOX, description="west,south,east,north in degrees; all if absent"
    )
    datetime: str | None = Field(None, description="moment or interval, RFC 3339")
    page_size: int = Field(1000, ge=1, le=10_000, description="features asked for at once")

    def problems_beside(self, file: Path) -> list[tuple[str, str, str | None]]:
        return wrong_format(self.format, ("geojson",))


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
    patience: Patience = PATIENT,
) -> Fetched:
    """Every feature of the collection in one GeoJSON file.

    Raises
    ------
    SourceIncomplete
        where the pages end before ``numberMatched``, or repeat themselves.
    SourceError
    """
    source = Source.model_validate(dataset.source.model_dump())
    here = address(source.url, "collections", source.collection, "items")
    visit = Visit.of(
        dataset, source, here, cache=cache, max_bytes=max_bytes, progress=progress,
        patience=patience,
    )  # fmt: skip
    first = address(
        here, f="json", limit=source.page_size, bbox=source.bbox, datetime=source.datetime
    )
    with turn(visit.folder):
        collection = Collection(visit, PROTOCOL)
        path, sha256 = visit.write(written(_pages(visit, collection, first), collection))
        return visit.done(path, sha256)


def _pages(visit: Visit, collection: Collection, url: str) -> Iterator[list[dict[str, Any]]]:
    seen: set[str] = set()
    following: str | None = url
    while following is not None:
        if following in seen:
            raise visit.unexpected(PROTOCOL, Phrase("its pages lead in a circle"), following)
        seen.add(following)
        document = visit.json(following, expected=PROTOCOL, accept="application/geo+json")
        yield collection.page(document, following)
        following = _next(document, following)


def _next(document: dict[str, Any], here: str) -> str | None:
    links = document.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") == "next" and "json" in _kind(link):
            return urljoin(here, str(link.get("href")))
    return None


def _kind(link: dict[str, Any]) -> str:
    """Media type of a link; one that says none continues in the format it stands in."""
    return str(link.get("type") or "application/geo+json")
