"""Connector ``http``: one file at one address."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from datalab.catalog import dataset as catalog
from datalab.connectors.fetched import Fetched, Progress
from datalab.connectors.transfer import PATIENT, Patience
from datalab.connectors.turn import turn
from datalab.connectors.visit import MOST_REDIRECTS, RemoteSource, Visit, fetchable
from datalab.errors import SourceChanged

__all__ = ["MOST_REDIRECTS", "Source", "fetch"]


class Source(RemoteSource):
    """A file at a public address."""

    url: Annotated[str, AfterValidator(fetchable)] = Field(
        description="address of the file, http or https"
    )
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file, where it must not change"
    )


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
    patience: Patience = PATIENT,
) -> Fetched:
    """The file as it is now; the one of the last time where the server says it still holds."""
    source = Source.model_validate(dataset.source.model_dump())
    visit = Visit.of(
        dataset,
        source,
        source.url,
        cache=cache,
        max_bytes=max_bytes,
        progress=progress,
        patience=patience,
    )
    packed = source.compression != "none"
    with turn(visit.folder):
        path, sha256 = visit.take(source.url, form=None if packed else source.format)
        if source.sha256 is not None and sha256 != source.sha256:
            raise SourceChanged(
                url=source.url, found=sha256, expected=source.sha256, file=dataset.file.name
            )
        return visit.done(path, sha256)
