"""Connector ``datagouv``: a resource of data.gouv.fr, or of another udata portal.

The dataset is asked for its resources, and the one that the YAML means is fetched from where the
portal says it lies: a producer who publishes a new file every year needs no new YAML.
https://guides.data.gouv.fr/guide-data.gouv.fr/readme-1
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator, model_validator

from datalab.catalog import dataset as catalog
from datalab.connectors.fetched import Fetched, Progress
from datalab.connectors.transfer import PATIENT, Patience
from datalab.connectors.turn import turn
from datalab.connectors.visit import RemoteSource, Visit, address, fetchable
from datalab.errors import SourceMissing, nearest
from datalab.i18n import Phrase

PROTOCOL = "the API of data.gouv.fr (udata)"
DIGESTS = {"sha1", "sha256", "sha512", "md5"}


class Source(RemoteSource):
    """A resource of data.gouv.fr or of another udata portal."""

    site: Annotated[str, AfterValidator(fetchable)] = Field(
        "https://www.data.gouv.fr", description="address of the portal"
    )
    dataset: str = Field(
        pattern=r"^[A-Za-z0-9-]+$", description="slug or identifier of the dataset"
    )
    resource: str | None = Field(
        None, pattern=r"^[0-9a-f-]{36}$", description="identifier of the resource"
    )
    match: str | None = Field(
        None,
        max_length=200,
        description="instead of it: regular expression for title or address of the resource; "
        "among several, the one that was modified last",
    )

    @field_validator("match")
    @classmethod
    def _expression(cls, match: str | None) -> str | None:
        try:
            re.compile(match or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return match

    @model_validator(mode="after")
    def _one_of_both(self) -> Source:
        if (self.resource is None) == (self.match is None):
            raise ValueError("say which resource: either 'resource' or 'match'")
        return self


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
    patience: Patience = PATIENT,
) -> Fetched:
    """The file of the resource as the portal has it now."""
    source = Source.model_validate(dataset.source.model_dump())
    here = address(source.site, "api", "1", "datasets", source.dataset) + "/"
    visit = Visit.of(
        dataset, source, here, cache=cache, max_bytes=max_bytes, progress=progress,
        patience=patience,
    )  # fmt: skip
    with turn(visit.folder):
        answer = visit.json(here, expected=PROTOCOL)
        resource = _chosen(visit, source, answer)
        url = resource.get("url")
        if not isinstance(url, str):
            raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key="url"), here)
        packed = source.compression != "none"
        path, sha256 = visit.take(url, form=None if packed else source.format)
        reason = _other_bytes(resource, path)
        if reason is not None:
            raise visit.unexpected(PROTOCOL, reason, url)
        return visit.done(path, sha256, url)


def _chosen(visit: Visit, source: Source, answer: Any) -> dict[str, Any]:
    listed = answer.get("resources") if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key="resources"))
    resources = [one for one in listed if isinstance(one, dict)]
    if source.resource is not None:
        fitting = [one for one in resources if one.get("id") == source.resource]
    else:
        wanted = re.compile(source.match or "")
        fitting = [
            one
            for one in resources
            if any(wanted.search(str(one.get(key) or "")[:2000]) for key in ("title", "url"))
        ]
    if fitting:
        return max(fitting, key=lambda one: str(one.get("last_modified") or ""))
    titles = [str(one.get("title")) for one in resources]
    close = nearest(source.match or "", titles) or (titles[0] if titles else "–")
    reason = Phrase(
        "the dataset has {count} resources and none of them is meant; one is called «{title}»",
        count=len(resources),
        title=close[:100],
    )
    raise SourceMissing(url=visit.home, reason=reason, file=visit.file)


def _other_bytes(resource: dict[str, Any], path: Path) -> Phrase | None:
    """Why these are not the bytes that the portal describes.

    Only for files that it keeps itself: of a file elsewhere it remembers what once was there.
    """
    if resource.get("filetype") != "file":
        return None
    checksum = resource.get("checksum")
    kind = str(checksum.get("type")).lower() if isinstance(checksum, dict) else ""
    if isinstance(checksum, dict) and kind in DIGESTS:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False))
        if found.hexdigest() != str(checksum.get("value")).lower():
            return Phrase("the file has another {kind} than the portal says", kind=kind)
    return None
