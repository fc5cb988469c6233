"""A visit: everything that one connector asks of the open web for one dataset.

Whatever is asked goes through here, an address that an API named just like one in the YAML: it is
public (or the very host for which the YAML allows a private one), asked politely, only where it
changed since the last time (ETag, Last-Modified; RFC 9110, 13), followed through few redirects,
and of bounded size. What came is kept in the folder of the visit, by its digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from datalab import __version__
from datalab.catalog import dataset as catalog
from datalab.connectors import manners, sniff
from datalab.connectors.address import CheckedTransport, Forbidden, addresses_of, proxy_for
from datalab.connectors.fetched import Fetched, Progress
from datalab.connectors.kept import conditions, keep, known_in
from datalab.connectors.remote import RemoteSource as RemoteSource
from datalab.connectors.remote import address as address
from datalab.connectors.remote import fetchable as fetchable
from datalab.connectors.transfer import (
    PATIENT,
    TIMEOUT,
    TRANSIENT,
    Body,
    Patience,
    receive,
    retry_after,
)
from datalab.errors import (
    SourceIncomplete,
    SourceRefused,
    SourceTooLarge,
    SourceUnexpected,
    SourceUnreachable,
)
from datalab.i18n import Phrase

MOST_REDIRECTS = 5
MOST_REQUESTS = 20_000
LARGEST_ANSWER = 64 << 20  # of an API, which is read in memory
AGENT = f"datalab/{__version__} (open data lab in Dijon, France)"


@dataclass
class Visit:
    """One fetch of one dataset. ``home`` is the address that the YAML names."""

    home: str
    file: str
    cache: Path
    folder: Path
    max_bytes: int
    allow_private: bool = False
    progress: Progress | None = None
    patience: Patience = PATIENT
    asked: int = 0
    _kept: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        dataset: catalog.Dataset,
        source: RemoteSource,
        home: str,
        *,
        cache: Path,
        max_bytes: int,
        progress: Progress | None,
        patience: Patience,
    ) -> Visit:
        """A visit whose folder is that of this very question."""
        own = source.model_dump(mode="json", exclude=set(catalog.Source.model_fields))
        text = json.dumps({**own, "format": source.format}, sort_keys=True)
        folder = cache / source.connector / hashlib.sha256(text.encode()).hexdigest()[:32]
        return cls(
            home,
            dataset.file.name,
            cache,
            folder,
            max_bytes,
            source.allow_private,
            progress,
            patience,
        )

    # -- what connectors ask ----------------------------------------------------------------

    def take(
        self, url: str, *, accept: str = "*/*", form: str | None = None, most: int | None = None
    ) -> tuple[Path, str]:
        """The body at ``url`` as a file of the cache, and its SHA-256.

        Parameters
        ----------
        form
            the format that is expected: a web page in its place is refused.
        most
            largest size in bytes, where it is less than that of the visit.

        Raises
        ------
        SourceError
        """
        self.asked += 1
        if self.asked > MOST_REQUESTS:
            reason = Phrase("it goes on after {count} pages", count=MOST_REQUESTS)
            raise self.unexpected(Phrase("an end"), reason)
        limit = min(most or self.max_bytes, self.max_bytes)
        folder = self.folder / self._name(url)
        folder.mkdir(parents=True, exist_ok=True)
        known = known_in(folder, limit)
        host = self._host(url)
        with manners.turn_at(host), _Opener(self, url, accept) as opener:
            body = receive(
                opener.send,
                url=_plain(url),
                file=self.file,
                folder=folder,
                max_bytes=limit,
                headers=conditions(known),
                progress=self.progress,
                patience=self.patience,
                resume=url,
            )
        if body.path is not None:
            if form is not None:
                wrong = sniff.mismatch(body.path, form)
                if wrong is not None:
                    body.path.unlink()
                    raise self.unexpected(form, wrong, url)
            return keep(body, body.path, folder), body.sha256
        if known is None:  # receive() accepts a 304 only as the answer to a condition
            raise SourceUnreachable(url=_plain(url), reason=Phrase("the server sent no file"))
        return folder / known["sha256"], known["sha256"]

    def json(self, url: str, *, expected: str = "JSON", accept: str = "application/json") -> Any:
        """The JSON document at ``url``, of at most :data:`LARGEST_ANSWER` bytes."""
        path, _ = self.take(url, accept=accept, most=LARGEST_ANSWER)
        return self.parsed(path, url, expected)

    def parsed(self, path: Path, url: str, expected: str) -> Any:
        """The JSON document in ``path``, which came from ``url``."""
        try:
            return json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            reason = sniff.mismatch(path, "json") or Phrase("it is not JSON")
            raise self.unexpected(expected, reason, url) from None

    def cached(self, url: str) -> tuple[Path, float] | None:
        """The body of ``url`` of the last time, kept for this one, and its age in seconds."""
        folder = self.folder / self._name(url)
        known = known_in(folder, self.max_bytes)
        if known is None:
            return None
        age = time.time() - (folder / "known.json").stat().st_mtime
        return folder / known["sha256"], age

    def write(self, pieces: Iterable[bytes]) -> tuple[Path, str]:
        """Keep what a connector put together, by its digest, with the one before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".part-")
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as target:
                for piece in pieces:
                    size += len(piece)
                    if size > self.max_bytes:
                        raise SourceTooLarge(url=_plain(self.home), limit=self.max_bytes)
                    digest.update(piece)
                    target.write(piece)
                target.flush()
                os.fsync(target.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        body = Body(path, digest.hexdigest(), size, httpx.Headers())
        return keep(body, path, self.folder), body.sha256

    def done(self, path: Path, sha256: str, url: str | None = None) -> Fetched:
        """What the connector hands over; answers of earlier visits that are of no use go."""
        for other in self.folder.iterdir() if self.folder.is_dir() else ():
            if other.is_dir() and other.name not in self._kept:
                for left in other.iterdir():
                    left.unlink(missing_ok=True)
                with suppress(OSError):
                    other.rmdir()
        size = path.stat().st_size
        return Fetched(path, _plain(url or self.home), sha256, size, datetime.now(UTC))

    # -- what goes wrong --------------------------------------------------------------------

    def unexpected(self, expected: str, reason: Phrase, url: str | None = None) -> SourceUnexpected:
        return SourceUnexpected(
            url=_plain(url or self.home), expected=expected, reason=reason, file=self.file
        )

    def incomplete(self, found: int, expected: int) -> SourceIncomplete:
        return SourceIncomplete(url=_plain(self.home), found=found, expected=expected)

    def refused(self, reason: Phrase, url: str | None = None) -> SourceRefused:
        return SourceRefused(url=_plain(url or self.home), reason=reason, file=self.file)

    def may_be_private(self, url: httpx.URL) -> bool:
        """Whether the YAML allows a private address here: for the host it names, no other."""
        if not self.allow_private:
            return False
        home = httpx.URL(self.home)
        usual = {url.port, home.port} <= {None, 80, 443}
        return url.host == home.host and (url.port == home.port or usual)

    def _name(self, url: str) -> str:
        """The folder of ``url`` inside that of the visit, which is not cleared after it."""
        name = hashlib.sha256(url.encode()).hexdigest()[:24]
        self._kept.add(name)
        return name

    def _host(self, url: str) -> str:
        try:
            return manners.host_of(httpx.URL(url))
        except httpx.InvalidURL:
            raise self.refused(Phrase("it names something that is no address"), url) from None


class _Opener:
    """Sends a question and follows redirects, looking at every address on the way."""

    def __init__(self, visit: Visit, url: str, accept: str) -> None:
        self.visit, self.url, self.accept = visit, url, accept
        self._client: httpx.Client | None = None

    def __enter__(self) -> _Opener:
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()

    def send(self, headers: Mapping[str, str]) -> httpx.Response:
        url = httpx.URL(self.url)
        try:
            if httpx.URL(self.visit.home).scheme == "https" and url.scheme == "http":
                raise Forbidden(Phrase("it leads from https to http"))
            for _ in range(MOST_REDIRECTS + 1):
                response = self._asked(url, headers)
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

    def _asked(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        visit, host = self.visit, manners.host_of(url)
        client = self._opened(url)
        try:
            manners.look(visit.cache, host)
        except manners.LeftAlone as error:
            raise SourceUnreachable(url=_plain(self.url), reason=error.reason) from None
        manners.pause_before(host, visit.patience.pause, visit.patience.sleep)
        request = client.build_request("GET", url, headers={"Accept": self.accept, **headers})
        response = client.send(request, stream=True)
        asked = retry_after(response)
        if response.status_code in TRANSIENT and asked and asked > visit.patience.longest:
            manners.leave_alone(visit.cache, host, asked)
        return response

    def _opened(self, url: httpx.URL) -> httpx.Client:
        """A client for this hop. Behind a proxy, it is the proxy that connects."""
        private = self.visit.may_be_private(url)
        proxy = proxy_for(url)
        if self._client is not None:
            self._client.close()
        options: dict[str, Any] = {"timeout": TIMEOUT, "headers": {"User-Agent": AGENT}}
        if proxy is not None:
            addresses_of(url, private)
            self._client = httpx.Client(proxy=proxy, **options)
        else:
            # Looked at before the pause and the connection, so that nothing is asked of nobody.
            self._client = httpx.Client(
                transport=CheckedTransport(private, url.scheme == "https"), **options
            )
        return self._client

    def _refused(self, reason: Phrase) -> SourceRefused:
        return self.visit.refused(reason, self.url)


def _plain(url: str) -> str:
    """``url`` as it may be shown: without a user name, a password or control characters."""
    parts = urlsplit(url) if "[" not in url else None
    if parts is not None and "@" in parts.netloc:
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return "".join(letter for letter in url[:500] if ord(letter) >= 32)
