"""Addresses that people give as evidence: whole ones of the public web, as they look."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Letters of other alphabets look like ours: such a name is given as browsers send it (xn--…).
_HOST = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,}}|xn--[a-z0-9-]+)", re.IGNORECASE)


def is_link(text: str) -> bool:
    """Whether anybody's browser opens ``text`` where it seems to lead.

    It is http or https; it has no account in it, nothing that cannot be seen, no backslash (which
    browsers read as a slash), and a host that others can reach too: no name of one machine, no
    address of a network at home or of this one.
    """
    if not text.isprintable() or " " in text or "\\" in text:
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or port == 0:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return len(host) <= 253 and bool(_HOST.fullmatch(host))
