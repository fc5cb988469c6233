"""Documents as files to take away: each one made once, and one at a time."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import ModuleType
from urllib.parse import quote

from fastapi.responses import Response
from starlette.requests import Request

from datalab.participation.documents import opendocument, pdf, word
from datalab.participation.documents.block import Document
from datalab.portal.address import proposed
from datalab.portal.page import matches

# Written by other people's packages from other people's words: never two at a time.
ONE = threading.Lock()
FORMATS: Mapping[str, tuple[ModuleType, str]] = {
    "pdf": (pdf, "application/pdf"),
    "docx": (
        word,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "odt": (opendocument, "application/vnd.oasis.opendocument.text"),
}


def printed(request: Request, document: Document, format: str) -> Response:
    """``document`` as a file of this format."""
    _, kind = FORMATS[format]
    name = f"{proposed(document.title)}.{format}"
    return file(request, lambda: _written(document, format), name, kind)


def file(request: Request, made: Callable[[], bytes], name: str, kind: str) -> Response:
    """Bytes to keep under a name, asked for again only where they changed."""
    content = made()
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"}
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=kind, headers=headers)


@lru_cache(maxsize=24)
def _kept(document: Document, format: str) -> bytes:
    module, _ = FORMATS[format]
    written: bytes = module.write(document)
    return written


def _written(document: Document, format: str) -> bytes:
    with ONE:
        return _kept(document, format)
