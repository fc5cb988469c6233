"""Connector ``http``: one file at one address.

Asks for the body only when it changed since the last time (ETag, Last-Modified; RFC 9110, 13),
follows few redirects and looks at each of them, and keeps the last body in the cache.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import ConfigDict, Field, field_validator

from datalab import __version__
from datalab.catalog import dataset as catalog
from datalab.connectors.address import CheckedTransport, Forbidden, addresses_of, proxy_for
from datalab.connectors.fetched import Fetched, Progress, sha256_of
from datalab.connectors.transfer import PATIENT, TIMEOUT, Body, Patience, receive
from datalab.connectors.turn import turn
from datalab.errors import SourceChanged, SourceRefused, SourceUnreachable
from datalab.i18n import Phrase

MOST_REDIRECTS = 5
AGENT = f"datalab/{__version__}"


class Source(catalog.Source):
    """A file at a public address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="address of the file, http or https")
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file, where it must not change"
    )
    allow_private: bool = Field(
        False, description="whether the address may belong to a private network"
    )

    @field_validator("url")
    @classmethod
    def _fetchable(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            wrong = parts.scheme not in {"http", "https"} or not parts.hostname
        except ValueError:
            wrong = True
        if wrong or any(letter.isspace() for letter in url):
            raise ValueError("an address that starts with https:// or http:// is expected here")
        if parts.username is not None or parts.password is not None:
            raise ValueError(
                "no user name or password belongs into an address that everybody reads"
            )
        return url


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
    folder = cache / "http" / hashlib.sha256(source.url.encode()).hexdigest()[:32]
    with turn(folder):
        known = _known(folder, max_bytes)
        with _Opener(source, dataset.file.name) as opener:
            body = receive(
                opener.send,
                url=source.url,
                file=dataset.file.name,
                folder=folder,
                max_bytes=max_bytes,
                headers=_conditions(known),
                progress=progress,
                patience=patience,
            )
        if body.path is not None:
            path, sha256 = _kept(body, body.path, folder), body.sha256
        elif known is not None:
            path, sha256 = folder / known["sha256"], known["sha256"]
        else:  # receive() accepts a 304 only as the answer to a condition
            raise SourceUnreachable(url=source.url, reason=Phrase("the server sent no file"))
        if source.sha256 is not None and sha256 != source.sha256:
            raise SourceChanged(
                url=source.url, found=sha256, expected=source.sha256, file=dataset.file.name
            )
        return Fetched(path, source.url, sha256, path.stat().st_size, datetime.now(UTC))


class _Opener:
    """Sends the request and follows redirects, looking at every address on the way."""

    def __init__(self, source: Source, file: str) -> None:
        self.source, self.file = source, file
        self._client: httpx.Client | None = None

    def __enter__(self) -> _Opener:
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()

    def send(self, headers: Mapping[str, str]) -> httpx.Response:
        url = httpx.URL(self.source.url)
        try:
            for _ in range(MOST_REDIRECTS + 1):
                client = self._opened(url)
                request = client.build_request("GET", url, headers=dict(headers))
                response = client.send(request, stream=True)
                location = response.headers.get("location")
                if response.status_code not in {301, 302, 303, 307, 308} or location is None:
                    return response
                response.close()
                there = url.join(location)
                if url.scheme == "https" and there.scheme == "http":
                    raise Forbidden(Phrase("it redirects from https to http"))
                url = there
        except Forbidden as error:
            raise self._refused(error.reason) from None
        except httpx.InvalidURL:
            raise self._refused(Phrase("it redirects to something that is no address")) from None
        raise self._refused(Phrase("it redirects more than {limit} times", limit=MOST_REDIRECTS))

    def _opened(self, url: httpx.URL) -> httpx.Client:
        """A client for this hop. Behind a proxy, it is the proxy that connects."""
        proxy = proxy_for(url)
        if self._client is not None:
            self._client.close()
        options: dict[str, Any] = {"timeout": TIMEOUT, "headers": {"User-Agent": AGENT}}
        if proxy is not None:
            addresses_of(url, self.source.allow_private)
            self._client = httpx.Client(proxy=proxy, **options)
        else:
            transport = CheckedTransport(self.source.allow_private)
            self._client = httpx.Client(transport=transport, **options)
        return self._client

    def _refused(self, reason: Phrase) -> SourceRefused:
        return SourceRefused(url=self.source.url, reason=reason, file=self.file)


def _known(folder: Path, max_bytes: int) -> dict[str, str] | None:
    """What is remembered of the last body, if that body is still whole."""
    try:
        known = json.loads((folder / "known.json").read_text("utf-8"))
        path = folder / known["sha256"]
        if path.stat().st_size <= max_bytes and sha256_of(path) == known["sha256"]:
            return dict(known)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _conditions(known: dict[str, str] | None) -> dict[str, str]:
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {header: known[name] for name, header in names.items() if known and name in known}


def _kept(body: Body, received: Path, folder: Path) -> Path:
    """Name the body by its digest and remember it; the one before stays for who still reads it."""
    path = folder / body.sha256
    os.replace(received, path)
    before = _remembered(folder)
    facts = {"sha256": body.sha256}
    facts |= {n: body.headers[n] for n in ("etag", "last-modified") if n in body.headers}
    temporary = folder / ".known"
    temporary.write_text(json.dumps(facts), "utf-8")
    os.replace(temporary, folder / "known.json")
    for other in folder.iterdir():
        if len(other.name) == 64 and other.name not in {body.sha256, before}:
            other.unlink()
    return path


def _remembered(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / "known.json").read_text("utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
