"""Documents as files to take away: each one made once, and one at a time."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from importlib import import_module
from urllib.parse import quote

from fastapi.responses import Response
from starlette.requests import Request

from datalab.errors import TooFast
from datalab.participation.documents.block import Document
from datalab.portal.address import proposed
from datalab.portal.page import matches

# Written by other people's packages from other people's words, a second or so each: one at a time,
# the last ones kept, and never so many who wait that nobody else is answered.
MOST_WAITING = 4
MOST_KEPT = 24
PATIENCE = 5  # seconds after which one may ask again
# Loaded when the first document is written: a portal starts without them.
FORMATS: Mapping[str, tuple[str, str]] = {
    "pdf": ("pdf", "application/pdf"),
    "docx": (
        "word",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "odt": ("opendocument", "application/vnd.oasis.opendocument.text"),
}


def printed(request: Request, document: Document, format: str) -> Response:
    """``document`` as a file of this format."""
    _, kind = FORMATS[format]
    name = f"{proposed(document.title)}.{format}"
    return file(request, lambda: PRESS.written(document, format), name, kind)


def file(request: Request, made: Callable[[], bytes], name: str, kind: str) -> Response:
    """Bytes to keep under a name, asked for again only where they changed."""
    content = made()
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"}
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=kind, headers=headers)


class Press:
    """Writes documents; ``kept`` are the last ones."""

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._queue = threading.BoundedSemaphore(MOST_WAITING)
        self._kept: OrderedDict[tuple[Document, str], bytes] = OrderedDict()

    def written(self, document: Document, format: str) -> bytes:
        """
        Raises
        ------
        TooFast
            where too many ask at once.
        """
        known = self._kept.get((document, format))
        if known is not None:
            return known
        if not self._queue.acquire(blocking=False):
            raise TooFast(PATIENCE)
        try:
            with self._one:
                return self._write(document, format)
        finally:
            self._queue.release()

    def _write(self, document: Document, format: str) -> bytes:
        asked = (document, format)
        if asked not in self._kept:
            module = import_module(f"datalab.participation.documents.{FORMATS[format][0]}")
            made: bytes = module.write(document)
            self._kept[asked] = made
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return self._kept[asked]


PRESS = Press()
