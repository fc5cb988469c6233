"""Connector ``ckan``: a resource of a CKAN portal, as its file or row by row.

Asks the Action API where the file of a resource lies, or reads the rows of its DataStore page by
page to the end. https://docs.ckan.org/en/2.11/api/ and …/maintaining/datastore.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from datalab.catalog import dataset as catalog
from datalab.connectors.fetched import Fetched, Progress
from datalab.connectors.opendatasoft import wrong_format
from datalab.connectors.transfer import PATIENT, Patience
from datalab.connectors.turn import turn
from datalab.connectors.visit import RemoteSource, Visit, address, fetchable
from datalab.errors import SourceMissing
from datalab.i18n import Phrase

PROTOCOL = "CKAN Action API 3"
ROW = "_id"  # a number of CKAN's own, not a datum


class Source(RemoteSource):
    """A resource of a CKAN portal: its file, or the rows of its DataStore (as JSON)."""

    site: Annotated[str, AfterValidator(fetchable)] = Field(
        description="address of the portal, without /api"
    )
    resource: str = Field(pattern=r"^[A-Za-z0-9_-]+$", description="identifier of the resource")
    datastore: bool = Field(
        False, description="whether its rows are read from the DataStore; then 'format: json'"
    )
    fields: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default_factory=list, description="its columns to read, of the DataStore; all if absent"
    )
    page_size: int = Field(1000, ge=1, le=32_000, description="rows asked for at once")

    def problems_beside(self, file: Path) -> list[tuple[str, str, str | None]]:
        return wrong_format(self.format, ("json",)) if self.datastore else []


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
    patience: Patience = PATIENT,
) -> Fetched:
    """The file of the resource, or all rows of its DataStore as one JSON list.

    Raises
    ------
    SourceIncomplete
        where the DataStore ends before the number of rows that it tells.
    SourceError
    """
    source = Source.model_validate(dataset.source.model_dump())
    api = address(source.site, "api", "3", "action")
    shown = address(api, "resource_show", id=source.resource)
    visit = Visit.of(
        dataset, source, shown, cache=cache, max_bytes=max_bytes, progress=progress,
        patience=patience,
    )  # fmt: skip
    with turn(visit.folder):
        if source.datastore:
            path, sha256 = visit.write(listed(_rows(visit, source, api)))
            return visit.done(path, sha256)
        resource = _result(visit, shown)
        url = resource.get("url")
        if not isinstance(url, str) or not url:
            raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key="url"))
        packed = source.compression != "none"
        path, sha256 = visit.take(url, form=None if packed else source.format)
        return visit.done(path, sha256, url)


def _result(visit: Visit, url: str) -> dict[str, Any]:
    """What an action answers; CKAN says ``success: false`` with a reason of its own."""
    answer = visit.json(url, expected=PROTOCOL)
    if not isinstance(answer, dict) or not isinstance(answer.get("success"), bool):
        raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key="success"), url)
    if not answer["success"]:
        error = answer.get("error")
        said = error.get("message") or error.get("__type") if isinstance(error, dict) else error
        reason = Phrase("it says «{said}»", said=str(said)[:200])
        raise SourceMissing(url=visit.home, reason=reason, file=visit.file)
    result = answer.get("result")
    if not isinstance(result, dict):
        raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key="result"), url)
    return result


def _rows(visit: Visit, source: Source, api: str) -> Iterator[dict[str, Any]]:
    """Every row of the DataStore, in the order of its own numbers: pages then never overlap."""
    found = 0
    while True:
        url = address(
            api,
            "datastore_search",
            resource_id=source.resource,
            limit=source.page_size,
            offset=found,
            sort=ROW,
            fields=json.dumps(source.fields, ensure_ascii=False) if source.fields else None,
        )
        result = _result(visit, url)
        records, total = result.get("records"), result.get("total")
        if not isinstance(records, list) or not isinstance(total, int):
            key = "total" if isinstance(records, list) else "records"
            raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key=key), url)
        found += len(records)
        for record in records:
            if not isinstance(record, dict):
                raise visit.unexpected(PROTOCOL, Phrase("a row of it is no object"), url)
            yield {key: value for key, value in record.items() if key != ROW}
        if found >= total:
            return
        if not records:
            raise visit.incomplete(found, total)


def listed(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """A JSON list, one row a line."""
    start = b"[\n"
    for row in rows:
        yield start + json.dumps(row, ensure_ascii=False).encode()
        start = b",\n"
    yield b"\n]\n" if start != b"[\n" else b"[]\n"
