"""How often one phone, and one address, may do something: buckets in memory that drip empty.

No address is written down: it is a number that today's random key makes of it, and the key is
forgotten at midnight and whenever the portal stops. A classroom behind one address gets through;
a flood is told how long to wait.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request

from datalab.errors import ContactOverused, TooFast
from datalab.portal.language import now
from datalab.portal.visitor import visitor_of

Act = Literal[
    "join", "contribution", "vote", "picture", "report", "answers", "follow", "link", "read"
]
MOST_BUCKETS = 100_000


@dataclass(frozen=True)
class Rate:
    """``burst`` at once, then ``each_second``."""

    burst: float
    each_second: float


# (one browser, one address): 300 people of one room may share an address.
RATES: dict[Act, tuple[Rate, Rate]] = {
    "join": (Rate(6, 1 / 20), Rate(400, 5)),
    "contribution": (Rate(12, 1 / 5), Rate(600, 10)),
    "vote": (Rate(60, 2), Rate(2000, 50)),
    "picture": (Rate(6, 1 / 15), Rate(120, 1)),
    "report": (Rate(6, 1 / 30), Rate(120, 1)),
    "answers": (Rate(40, 1), Rate(1200, 20)),
    "follow": (Rate(20, 1 / 5), Rate(200, 2)),
    "link": (Rate(30, 1 / 2), Rate(600, 10)),
}
# How often one e-mail address may be given, by whomever: it may be that of a stranger.
GIVEN = Rate(12, 1 / 7200)


class Limits:
    """The buckets of one portal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key, self._day = b"", -1
        self._full: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, act: Act, who: str, rate: Rate, moment: float) -> float:
        """Seconds that ``who`` has to wait, 0 where they may go on (and it is counted)."""
        with self._lock:
            if int(moment // 86_400) != self._day:
                self._key, self._day = secrets.token_bytes(32), int(moment // 86_400)
                self._full.clear()
            name = hmac.new(self._key, f"{act} {who}".encode(), hashlib.sha256).digest()[:16]
            level, at = self._full.pop(name, (0.0, moment))
            level = max(0.0, level - max(0.0, moment - at) * rate.each_second)
            waits = 0.0 if level + 1 <= rate.burst else (level + 1 - rate.burst) / rate.each_second
            self._full[name] = (level if waits else level + 1, moment)
            while len(self._full) > MOST_BUCKETS:
                self._full.popitem(last=False)
            return waits


def allow(request: Request, act: Act) -> None:
    """Let a request pass, and count it.

    Raises
    ------
    TooFast
        with the seconds to wait.
    """
    limits: Limits = request.app.state.limits
    each, together = RATES[act]
    moment, visitor = now().timestamp(), visitor_of(request)
    waits = limits.take(act, f"address {address_of(request)}", together, moment)
    if not waits and not visitor.new:
        waits = limits.take(act, f"visitor {visitor.token}", each, moment)
    if waits:
        raise TooFast(math.ceil(waits))


def allow_email(request: Request, email: str) -> None:
    """Let an e-mail address be given once more, and count it.

    Raises
    ------
    ContactOverused
    """
    limits: Limits = request.app.state.limits
    name, _, domain = email.strip().casefold().rpartition("@")
    mailbox = f"mailbox {name.partition('+')[0]}@{domain}"  # what follows a plus is the same one's
    if limits.take("link", mailbox, GIVEN, now().timestamp()):
        raise ContactOverused


def address_of(request: Request) -> str:
    """The network a request came from: an IPv4 address, or the /64 that an IPv6 one belongs to."""
    host = request.client.host if request.client else ""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
