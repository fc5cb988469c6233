"""Connector ``gtfs``: one table of a public transport feed, from an address or beside the YAML.

The feed is fetched once for all the datasets that are its tables; which table is meant, and what is
wrong in and between them, is seen when it is staged.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, field_validator, model_validator

from datalab.catalog import dataset as catalog
from datalab.connectors import file as beside
from datalab.connectors import http
from datalab.connectors.fetched import Fetched, Progress
from datalab.connectors.transfer import PATIENT, Patience
from datalab.connectors.visit import RemoteSource


class Source(RemoteSource):
    """A GTFS feed (a zip) at a public address or beside the YAML; ``table`` says which part."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    table: str = Field(
        pattern=r"^[a-z][a-z_]*$", description="table of the feed, such as stops or stop_times"
    )
    url: str | None = Field(None, description="address of the feed, http or https")
    path: str | None = Field(
        None, min_length=1, description="path of the feed, from the folder of the YAML"
    )
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the feed, where it must not change"
    )

    @field_validator("format")
    @classmethod
    def _gtfs(cls, value: str) -> str:
        if value != "gtfs":
            raise ValueError("write 'format: gtfs': that is how a feed is read")
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Source:
        if (self.url is None) == (self.path is None):
            raise ValueError("say where the feed is: either 'url' or 'path'")
        if self.url is not None:
            http.Source.model_validate(_kept(self.model_dump(), http.Source))
        return self

    def problems_beside(self, file: Path) -> list[tuple[str, str, str | None]]:
        if self.path is None:
            return []
        there = beside.Source.model_validate(_kept(self.model_dump(), beside.Source))
        return there.problems_beside(file)


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
    patience: Patience = PATIENT,
) -> Fetched:
    """The feed as it is now, whole."""
    written = dataset.source.model_dump()
    source = Source.model_validate(written)
    if source.path is not None:
        plain = dataset.model_copy(update={"source": _plain(written, beside.Source)})
        return beside.fetch(plain, cache=cache, max_bytes=max_bytes, progress=progress)
    plain = dataset.model_copy(update={"source": _plain(written, http.Source)})
    return http.fetch(plain, cache=cache, max_bytes=max_bytes, progress=progress, patience=patience)


def _plain(written: Mapping[str, Any], model: type[catalog.Source]) -> catalog.Source:
    return catalog.Source.model_validate(_kept(written, model))


def _kept(written: Mapping[str, Any], model: type[catalog.Source]) -> dict[str, Any]:
    """The keys that ``model`` knows, those that say nothing left out."""
    return {k: v for k, v in written.items() if k in model.model_fields and v is not None}
