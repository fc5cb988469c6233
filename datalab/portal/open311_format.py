"""XML and JSON of GeoReport v2: the same document in both, by the Spark convention.

A list is a container of elements of one name in XML and an array in JSON, with one member too;
what is not known is an empty element, or null. Both are UTF-8.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal
from xml.sax.saxutils import escape

from fastapi.responses import Response

Format = Literal["xml", "json"]
MEDIA_TYPES: dict[str, str] = {
    "xml": "text/xml; charset=utf-8",
    "json": "application/json; charset=utf-8",
}
# The name of the members of each container.
MEMBERS = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "values": "value",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
    "notes": "note",
}
# Any site may call; no call rests on a cookie.
CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, Retry-After",
}
VARY = "Accept-Language, Cookie"  # texts are in the language of who asks
ILLEGAL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0


def respond(
    name: str,
    document: Any,
    format: Format,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """``document`` under the root element ``name``."""
    body = xml(name, document) if format == "xml" else dumped(document)
    sent = {**CROSS_ORIGIN, "Cache-Control": "no-cache", "Vary": VARY, **(headers or {})}
    return Response(
        body.encode("utf-8", "replace"),
        status,
        {**sent, "Content-Type": MEDIA_TYPES[format]},
    )


def dumped(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def xml(name: str, document: Any) -> str:
    """A whole XML document."""
    written: list[str] = ['<?xml version="1.0" encoding="utf-8"?>\n']
    _write(written, name, document)
    return "".join(written)


def _write(written: list[str], name: str, value: Any) -> None:
    if value is None or value == "" or value == [] or value == {}:
        written.append(f"<{name}/>")
        return
    written.append(f"<{name}>")
    if isinstance(value, Mapping):
        for key, member in value.items():
            _write(written, key, member)
    elif isinstance(value, list | tuple):
        for member in value:
            _write(written, MEMBERS[name], member)
    elif isinstance(value, bool):
        written.append("true" if value else "false")
    else:
        written.append(escape(ILLEGAL.sub("", str(value))))
    written.append(f"</{name}>")
