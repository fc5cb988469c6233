"""How much of the data one token, or one address without a token, may take.

The state of a quota is told in the fields ``RateLimit`` and ``RateLimit-Policy`` of every answer of
data (draft-ietf-httpapi-ratelimit-headers-10). No address is written down, see
:mod:`datalab.portal.limits`; what a token used is, so that a restart of the portal gives nothing.
"""

from __future__ import annotations

import ipaddress
import math
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from datalab.errors.grant import QuotaSpent
from datalab.i18n import Phrase
from datalab.people import tokens
from datalab.people.accounts import Account
from datalab.people.store import Store
from datalab.people.tokens import Token
from datalab.portal.failure import answer
from datalab.portal.language import now
from datalab.portal.limits import Limits, Rate, address_of
from datalab.settings import Settings

MINUTE, DAY = 60, 86_400
WRITE_SECONDS = 10.0  # between two writings of what was used
MOST_KEPT = 10_000  # tokens in memory
SCHEME = re.compile(r"\s*(?:bearer|token)\s+(\S+)\s*", re.IGNORECASE)
# Doors of whole tables and pages of rows. Tiles are left out: one map asks for dozens of them.
DATA = re.compile(r"/(api/(v1/datasets|v1/sql|3/|action/)|ogc/|datasets/[^/]+\.[a-z]+$|sql)")
PER_MINUTE = Phrase("requests a minute")
PER_DAY = Phrase("requests a day")
BYTES = Phrase("bytes a day")


@dataclass
class Used:
    """What a token used in this minute and on this day; ``written`` is what the store knows."""

    day: int
    requests: int
    bytes: int
    minute: int = 0
    in_minute: int = 0
    written: tuple[int, int] = (0, 0)

    @property
    def unwritten(self) -> tuple[int, int]:
        return self.requests - self.written[0], self.bytes - self.written[1]

    def found(self, together: tuple[int, int]) -> None:
        """What the store knows after a writing: with what other workers of the portal saw."""
        requests, count = self.unwritten
        self.requests, self.bytes = together[0] + requests, together[1] + count
        self.written = together


class Quotas:
    """What the tokens of one portal used."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings = store, settings
        self._lock = threading.Lock()
        self._used: OrderedDict[str, Used] = OrderedDict()
        self._written_at = 0.0

    def take(self, token: str, moment: float) -> None:
        """Count one request.

        Raises
        ------
        QuotaSpent
        """
        with self._lock:
            used = self._of(token, moment)
            for limit, spent, most, seconds in self._state(used, moment):
                if spent >= most:
                    raise QuotaSpent(limit=limit, used=spent, most=most, seconds=seconds)
            used.requests += 1
            used.in_minute += 1

    def add(self, token: str, count: int, moment: float) -> None:
        """Count the bytes of an answer; written to the store every few seconds."""
        with self._lock:
            self._of(token, moment).bytes += count
            if moment - self._written_at < WRITE_SECONDS:
                return
            self._written_at = moment
        self.write(moment)

    def write(self, moment: float) -> None:
        """Write down what was used since the last time."""
        with self._lock:
            new = {}
            for token, used in self._used.items():
                if any(used.unwritten):
                    new[token, used.day] = used.unwritten
                    used.written = (used.requests, used.bytes)
        if not new:
            return
        known = tokens.note_use(self.store, moment, new)
        with self._lock:
            for (token, day), together in known.items():
                held = self._used.get(token)
                if held is not None and held.day == day:
                    held.found(together)

    def headers(self, token: str, moment: float) -> dict[str, str]:
        """``RateLimit-Policy`` and ``RateLimit`` as they stand."""
        with self._lock:
            state = self._state(self._of(token, moment), moment)
        policies, left = [], []
        for (name, window, unit), (_, spent, most, seconds) in zip(_NAMES, state, strict=True):
            policies.append(f'"{name}";q={most};w={window}{unit}')
            left.append(f'"{name}";r={max(0, most - spent)};t={seconds}')
        return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}

    def _of(self, token: str, moment: float) -> Used:
        day, minute = int(moment // DAY), int(moment // MINUTE)
        used = self._used.pop(token, None)
        if used is None or used.day != day:
            if used is not None:
                tokens.note_use(self.store, moment, {(token, used.day): used.unwritten})
            requests, count = tokens.used_today(self.store, token, day)
            used = Used(day, requests, count, written=(requests, count))
        if used.minute != minute:
            used.minute, used.in_minute = minute, 0
        self._used[token] = used
        while len(self._used) > MOST_KEPT:
            left, old = self._used.popitem(last=False)
            tokens.note_use(self.store, moment, {(left, old.day): old.unwritten})
        return used

    def _state(self, used: Used, moment: float) -> list[tuple[Phrase, int, int, int]]:
        minute, day = (math.ceil(w - moment % w) for w in (MINUTE, DAY))
        most = self.settings
        return [
            (PER_MINUTE, used.in_minute, most.token_requests_per_minute, minute),
            (PER_DAY, used.requests, most.token_requests_per_day, day),
            (BYTES, used.bytes, most.token_bytes_per_day, day),
        ]


_NAMES = (
    ("minute", MINUTE, ""),
    ("day", DAY, ""),
    ("bytes", DAY, ';qu="content-bytes"'),
)


class Metered:
    """Recognise the token of a request (``scope["state"]["token"]``) and keep its quota.

    A token that opens nothing is noted as None: the door that reads says so. Where a request of
    data has none, its address is counted.
    """

    def __init__(self, app: ASGIApp, quotas: Quotas, limits: Limits, prefix: str) -> None:
        self.app, self.quotas, self.limits = app, quotas, limits
        self.data = re.compile(re.escape(prefix) + DATA.pattern)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        shown = SCHEME.fullmatch(Headers(scope=scope).get("authorization", ""))
        try:
            if shown is not None:
                await self._with_token(scope, receive, send, shown[1])
                return
            if self.data.match(scope["path"]):
                self._count_address(Request(scope))
        except QuotaSpent as problem:
            await _refuse(scope, receive, send, problem, {})
            return
        await self.app(scope, receive, send)

    async def _with_token(self, scope: Scope, receive: Receive, send: Send, words: str) -> None:
        moment = now().timestamp()
        found = await run_in_threadpool(tokens.find, self.quotas.store, words, moment)
        scope.setdefault("state", {})["token"] = found
        if found is None:
            await self.app(scope, receive, send)
            return
        id, count = found[0].id, 0
        try:
            await run_in_threadpool(self.quotas.take, id, moment)
        except QuotaSpent as problem:
            headers = await run_in_threadpool(self.quotas.headers, id, moment)
            await _refuse(scope, receive, send, problem, headers)
            return

        async def sending(message: Message) -> None:
            nonlocal count
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(await run_in_threadpool(self.quotas.headers, id, moment))
                # What one account may read is kept by no cache that others are served from.
                headers["Cache-Control"] = "private, no-cache"
                headers.add_vary_header("Authorization")
            elif message["type"] == "http.response.body":
                count += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            await run_in_threadpool(self.quotas.add, id, count, now().timestamp())

    def _count_address(self, request: Request) -> None:
        most = self.quotas.settings.anonymous_requests_per_minute
        if not most or not _elsewhere(request):
            return
        moment, rate = now().timestamp(), Rate(most, most / MINUTE)
        waits = self.limits.take("read", f"address {address_of(request)}", rate, moment)
        if waits:
            raise QuotaSpent(limit=PER_MINUTE, used=most, most=most, seconds=math.ceil(waits))


def token_of(request: Request) -> tuple[Token, Account] | None:
    """The token that a request shows and its account, None where it shows none.

    Raises
    ------
    TokenRefused
        where it shows one that opens nothing.
    """
    from datalab.errors.grant import TokenRefused

    state = request.scope.get("state") or {}
    if "token" not in state:
        return None
    found: tuple[Token, Account] | None = state["token"]
    if found is None:
        raise TokenRefused
    return found


def _elsewhere(request: Request) -> bool:
    """Whether a request comes from another machine."""
    try:
        return not ipaddress.ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False


async def _refuse(
    scope: Scope, receive: Receive, send: Send, problem: QuotaSpent, headers: dict[str, str]
) -> None:
    response = answer(Request(scope), problem)
    seconds = problem.facts["seconds"]
    response.headers["Retry-After"] = str(seconds)
    policy = {
        "RateLimit-Policy": f'"minute";q={problem.facts["most"]};w={MINUTE}',
        "RateLimit": f'"minute";r=0;t={seconds}',
    }
    response.headers.update(headers or policy)
    await response(scope, receive, send)
