"""How long the portal takes to answer, by what was asked for: figures without who asked.

Counted until the answer begins: a page that listens for hours is not slow.
"""

from __future__ import annotations

import time
from collections import deque
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
RECENT = 2000  # answers that the operator's page looks back on
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Timings:
    """The figures of one portal process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "datalab_portal_request_seconds",
            "Seconds until an answer begins.",
            ["area", "method"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.answers = Counter(
            "datalab_portal_answers",
            "Answers by kind of status.",
            ["area", "status"],
            registry=self.registry,
        )
        self.at_work = Gauge(
            "datalab_portal_requests_open",
            "Requests that are being answered, pages that listen included.",
            registry=self.registry,
        )
        self.recent: deque[tuple[float, float, int]] = deque(maxlen=RECENT)
        self._lock = Lock()

    def add(self, area: str, method: str, status: int, seconds: float) -> None:
        self.seconds.labels(area, method).observe(seconds)
        self.answers.labels(area, f"{status // 100}xx").inc()
        with self._lock:
            self.recent.append((time.monotonic(), seconds, status))

    def within(self, seconds: float) -> list[tuple[float, int]]:
        """Seconds and status of the latest answers, those of the last ``seconds`` at most."""
        since = time.monotonic() - seconds
        with self._lock:
            return [(took, status) for at, took, status in self.recent if at >= since]


class Timed:
    """Measures every request; ``areas`` are the first words of the portal's own addresses."""

    def __init__(self, app: ASGIApp, timings: Timings, prefix: str, areas: frozenset[str]) -> None:
        self.app, self.timings = app, timings
        self.begin, self.areas = f"{prefix}/", areas

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start" and not begun:
                begun = True
                took = time.perf_counter() - began
                self.timings.add(self._area(scope), _method(scope), message["status"], took)
            await send(message)

        with self.timings.at_work.track_inprogress():
            await self.app(scope, receive, sending)

    def _area(self, scope: Scope) -> str:
        """One of a fixed list, whatever somebody typed."""
        path: str = scope["path"]
        if not path.startswith(self.begin):
            return "other"
        first = path[len(self.begin) :].partition("/")[0]
        if not first:
            return "home"
        return first if first in self.areas else "other"


def _method(scope: Scope) -> str:
    found: str = scope["method"]
    return found if found in METHODS else "other"


def quantile(values: list[float], share: float) -> float:
    """The nearest-rank quantile; 0 for no values."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0
