"""One file over HTTP, with patience and with limits.

Owns retries, waits, time limits, size limits, resuming and the check that all bytes came. Who may
be asked is the caller's affair (``address`` for the open web, ``index`` for the package index).
"""

from __future__ import annotations

import email.utils
import hashlib
import os
import random
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

from datalab.connectors.fetched import CHUNK, Progress
from datalab.connectors.part import Part
from datalab.errors import SourceMissing, SourceTooLarge, SourceUnreachable
from datalab.i18n import Phrase

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
REFUSING = frozenset({401, 402, 403, 407, 451})


@dataclass(frozen=True)
class Patience:
    """How long a source that is out of breath is waited for, in seconds.

    The wait doubles each time, with up to half of it added at random so that refreshes which
    failed together do not come back together. ``Retry-After`` is honoured up to ``longest``. A
    body may take ``whole``, so that a source which only trickles does not hold a refresh for ever.
    Between two questions to one host lies at least ``pause``.
    """

    attempts: int = 4
    first_wait: float = 1.0
    longest: float = 60.0
    whole: float = 3600.0
    pause: float = 1.0

    def wait(self, attempt: int, response: httpx.Response | None) -> float | None:
        """Seconds before the next attempt, or None where there is none."""
        if attempt + 1 >= self.attempts:
            return None
        asked = retry_after(response)
        if asked is not None:
            return asked if asked <= self.longest else None
        wait: float = self.first_wait * 2**attempt
        return min(self.longest, wait * (1 + random.random() / 2))  # noqa: S311 (no secret)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


PATIENT = Patience()


@dataclass(frozen=True)
class Body:
    """A body in a temporary file of the given folder; the caller moves or deletes it.

    ``path`` is None where the server said that the known body still holds (304).
    """

    path: Path | None
    sha256: str
    size: int
    headers: httpx.Headers


Send = Callable[[Mapping[str, str]], httpx.Response]
"""Opens one streaming response for these headers; the caller closes it."""


def receive(
    send: Send,
    *,
    url: str,
    file: str,
    folder: Path,
    max_bytes: int,
    headers: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    patience: Patience = PATIENT,
    resume: str | None = None,
) -> Body:
    """The body that ``send`` answers with, whole.

    Parameters
    ----------
    url
        what errors call the source: no credentials in it.
    file
        the YAML file to correct, for errors.
    resume
        what the body is called in ``folder``: where it breaks off, what came stays under that
        name, and the next attempt, of a later run too, asks for the rest alone.

    Raises
    ------
    SourceMissing
        for a 4xx that no waiting will mend.
    SourceTooLarge
        before the first byte where the server says so, else as soon as it is.
    SourceUnreachable
        when every attempt failed, with the reason of the last one, and where access is refused.
    """
    part = Part(folder, resume) if resume is not None else None
    landing = _Landing(url, folder, max_bytes, progress, patience.whole)
    attempt = 0
    while True:
        rest = part.conditions() if part else {}
        asked = {"Accept-Encoding": "identity", **(headers or {}), **rest}
        response: httpx.Response | None = None
        try:
            response = send(asked)
            status = response.status_code
            if status == 304 and headers:
                return Body(None, "", 0, response.headers)
            if status == 206 and part and rest and part.total_of(response) is not None:
                return landing.rest(response, part)
            if status == 200:
                return landing.whole_of(response, part)
            reason = Phrase("error {status}", status=_said(response))
            if part and rest and status in {206, 416}:
                part.forget()  # it is asked for anew, from the first byte
            else:
                _give_up(status, reason, url, file)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = reason_of(error)
        finally:
            if response is not None:
                response.close()
        wait = patience.wait(attempt, response)
        if wait is None:
            raise SourceUnreachable(url=url, reason=reason)
        patience.sleep(wait)
        attempt += 1


def _give_up(status: int, reason: Phrase, url: str, file: str) -> None:
    """Raise where asking again will mend nothing."""
    if status in REFUSING:
        reason = Phrase("it refuses the access (error {status})", status=status)
        raise SourceUnreachable(url=url, reason=reason)
    if status not in TRANSIENT:
        if 400 <= status < 500:
            raise SourceMissing(url=url, reason=reason, file=file)
        raise SourceUnreachable(url=url, reason=reason)


def reason_of(error: Exception) -> Phrase:
    """Why no answer came, without the address that was asked (it may carry a password)."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return Phrase("no connection within {seconds} seconds", seconds=int(TIMEOUT.connect or 0))
    if isinstance(error, httpx.TimeoutException):
        return Phrase("no byte came within {seconds} seconds", seconds=int(TIMEOUT.read or 0))
    if isinstance(error, httpx.ConnectError):
        if "CERTIFICATE" in str(error).upper():
            return Phrase("its certificate could not be verified")
        return Phrase("no connection could be made")
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return Phrase("the connection broke before the whole file had come")
    if isinstance(error, httpx.TooManyRedirects | httpx.InvalidURL):
        return Phrase("it redirects without end or to something that is no address")
    if isinstance(error, httpx.UnsupportedProtocol):
        return Phrase("pip's settings for the certificate or the proxy cannot be used here")
    if isinstance(error, httpx.DecodingError):
        return Phrase("its compression could not be read")
    return Phrase("the connection failed ({kind})", kind=type(error).__name__)


def _said(response: httpx.Response) -> str:
    return f"{response.status_code} {response.reason_phrase}".strip()


@dataclass(frozen=True)
class _Landing:
    """Writes bodies to the disk, within the limits of size and time."""

    url: str
    folder: Path
    max_bytes: int
    progress: Progress | None
    whole: float

    def whole_of(self, response: httpx.Response, part: Part | None) -> Body:
        """A body from its first byte; kept under its name where it breaks off."""
        announced = _length(response)
        if announced is not None and announced > self.max_bytes:
            raise SourceTooLarge(url=self.url, limit=self.max_bytes)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".part-")
        path = Path(name)
        kept = part if part is not None and part.begin(response) else None
        if kept is not None:
            path.replace(kept.path)
            path = kept.path
        with os.fdopen(handle, "wb") as target:
            return self._written(response, target, path, hashlib.sha256(), announced, kept)

    def rest(self, response: httpx.Response, part: Part) -> Body:
        """The bytes that were missing, after those that were kept."""
        total = part.total_of(response)
        if total is not None and total > self.max_bytes:
            part.forget()
            raise SourceTooLarge(url=self.url, limit=self.max_bytes)
        digest = hashlib.sha256()
        with part.path.open("rb") as before:
            while piece := before.read(CHUNK):
                digest.update(piece)
        with part.path.open("ab") as target:
            return self._written(response, target, part.path, digest, total, part)

    def _written(
        self,
        response: httpx.Response,
        target: IO[bytes],
        path: Path,
        digest: Any,
        announced: int | None,
        part: Part | None,
    ) -> Body:
        size, end = target.tell(), time.monotonic() + self.whole
        begun = size
        try:
            for piece in response.iter_bytes():  # as they come: a full chunk may never do
                size += len(piece)
                if size > self.max_bytes:
                    raise SourceTooLarge(url=self.url, limit=self.max_bytes)
                digest.update(piece)
                target.write(piece)
                if time.monotonic() > end:
                    seconds = int(self.whole)
                    reason = Phrase("it was not whole after {seconds} seconds", seconds=seconds)
                    raise SourceUnreachable(url=self.url, reason=reason)
                if self.progress is not None:
                    self.progress(size, announced)
            target.flush()
            os.fsync(target.fileno())
            if announced is not None and begun + response.num_bytes_downloaded != announced:
                raise httpx.RemoteProtocolError("fewer bytes than announced")
        except BaseException as error:
            target.flush()
            if part is None:
                path.unlink(missing_ok=True)
            elif isinstance(error, SourceTooLarge):
                part.forget()
            raise
        if part is not None:
            handle, name = tempfile.mkstemp(dir=self.folder, prefix=".part-")
            os.close(handle)
            path = path.replace(name)
            part.forget()
        return Body(path, digest.hexdigest(), size, response.headers)


def _length(response: httpx.Response) -> int | None:
    text = response.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def retry_after(response: httpx.Response | None) -> float | None:
    """Seconds asked for by ``Retry-After``: a number or an HTTP date (RFC 9110, 10.2.3)."""
    text = response.headers.get("retry-after", "").strip() if response is not None else ""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, moment.timestamp() - time.time())
