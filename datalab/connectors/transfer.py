"""One file over HTTP, with patience and with limits.

Owns retries, waits, time limits, size limits and the check that all bytes came. Who may be asked
is the caller's affair (``address`` for the open web, ``index`` for the package index).
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

import httpx

from datalab.connectors.fetched import Progress
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
    """

    attempts: int = 4
    first_wait: float = 1.0
    longest: float = 60.0
    whole: float = 3600.0

    def wait(self, attempt: int, response: httpx.Response | None) -> float | None:
        """Seconds before the next attempt, or None where there is none."""
        if attempt + 1 >= self.attempts:
            return None
        asked = _retry_after(response)
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
) -> Body:
    """The body that ``send`` answers with, whole.

    Parameters
    ----------
    url
        what errors call the source: no credentials in it.
    file
        the YAML file to correct, for errors.

    Raises
    ------
    SourceMissing
        for a 4xx that no waiting will mend.
    SourceTooLarge
        before the first byte where the server says so, else as soon as it is.
    SourceUnreachable
        when every attempt failed, with the reason of the last one, and where access is refused.
    """
    asked = {"Accept-Encoding": "identity", **(headers or {})}
    attempt = 0
    while True:
        response: httpx.Response | None = None
        try:
            response = send(asked)
            status = response.status_code
            if status == 304 and headers:
                return Body(None, "", 0, response.headers)
            if status == 200:
                return _written(response, url, folder, max_bytes, progress, patience.whole)
            if status in REFUSING:
                reason = Phrase("it refuses the access (error {status})", status=status)
                raise SourceUnreachable(url=url, reason=reason)
            reason = Phrase("error {status}", status=_said(response))
            if status not in TRANSIENT:
                if 400 <= status < 500:
                    raise SourceMissing(url=url, reason=reason, file=file)
                raise SourceUnreachable(url=url, reason=reason)
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


def _written(
    response: httpx.Response,
    url: str,
    folder: Path,
    max_bytes: int,
    progress: Progress | None,
    whole: float,
) -> Body:
    announced = _length(response)
    if announced is not None and announced > max_bytes:
        raise SourceTooLarge(url=url, limit=max_bytes)
    digest, size, end = hashlib.sha256(), 0, time.monotonic() + whole
    handle, name = tempfile.mkstemp(dir=folder, prefix=".part-")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            for piece in response.iter_bytes():  # as they come: a full chunk may never do
                size += len(piece)
                if size > max_bytes:
                    raise SourceTooLarge(url=url, limit=max_bytes)
                if time.monotonic() > end:
                    reason = Phrase("it was not whole after {seconds} seconds", seconds=int(whole))
                    raise SourceUnreachable(url=url, reason=reason)
                digest.update(piece)
                target.write(piece)
                if progress is not None:
                    progress(size, announced)
            target.flush()
            os.fsync(target.fileno())
        if announced is not None and response.num_bytes_downloaded != announced:
            raise httpx.RemoteProtocolError("fewer bytes than announced")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Body(path, digest.hexdigest(), size, response.headers)


def _length(response: httpx.Response) -> int | None:
    text = response.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _retry_after(response: httpx.Response | None) -> float | None:
    """Seconds asked for by ``Retry-After``: a number or an HTTP date (RFC 9110, 10.2.3)."""
    text = response.headers.get("retry-after", "").strip() if response is not None else ""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, moment.timestamp() - time.time())
