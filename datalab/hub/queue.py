"""The queue in front of starting servers: a few at a time, each told its place and how long.

JupyterHub's own limit answers 429, which a person sees as an error. People's own servers and those
of projects stand in two lanes that take turns: a class that arrives does not hold up the project
that others wait for together, nor the other way round.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import zip_longest
from typing import Literal

from prometheus_client import Gauge, Histogram

from datalab.i18n import Language, translate

Lane = Literal["personal", "project"]
LANES: tuple[Lane, Lane] = ("personal", "project")
# Starts that the estimate looks back on; before the first one, what a start takes on two cores.
RECENT = 15
FIRST_GUESS = 4.0
# On /hub/metrics, beside JupyterHub's own.
WAITING = Gauge("datalab_spawn_queue", "Servers that wait for their turn.", ["lane"])
WAITED = Histogram(
    "datalab_spawn_wait_seconds",
    "How long a server waited for its turn, where it had to.",
    ["lane"],
    buckets=(0.1, 1, 5, 15, 30, 60, 120, 300),
)
for _lane in LANES:
    WAITING.labels(_lane)


class Queue:
    """Lets ``at_once`` in at the same time. ``clock`` is in seconds."""

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = self._at_once = at_once
        self._clock = clock
        self._lanes: dict[Lane, deque[tuple[object, asyncio.Future[None]]]] = {
            lane: deque() for lane in LANES
        }
        self._last: Lane = "project"
        self._took: deque[float] = deque(maxlen=RECENT)

    @asynccontextmanager
    async def turn(self, who: object, lane: Lane = "personal") -> AsyncIterator[None]:
        """Wait for one's turn, and give it on at the end."""
        if self._free and not any(self._lanes.values()):
            self._free -= 1
        else:
            with WAITING.labels(lane).track_inprogress(), WAITED.labels(lane).time():
                await self._wait(who, lane)
        begin = self._clock()
        try:
            yield
            self._took.append(self._clock() - begin)
        finally:
            self._free += 1
            self._admit()

    async def _wait(self, who: object, lane: Lane) -> None:
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (who, admitted)
        self._lanes[lane].append(entry)
        self._admit()
        try:
            await admitted
        except asyncio.CancelledError:
            if entry in self._lanes[lane]:
                self._lanes[lane].remove(entry)
            elif admitted.done() and not admitted.cancelled():
                # Admitted in the very moment of leaving: the turn goes to the next one.
                self._free += 1
                self._admit()
            raise

    def _admit(self) -> None:
        while self._free and any(self._lanes.values()):
            other = LANES[1 - LANES.index(self._last)]
            lane = other if self._lanes[other] else self._last
            _, admitted = self._lanes[lane].popleft()
            if admitted.cancelled():
                continue
            self._free -= 1
            self._last = lane
            admitted.set_result(None)

    def _order(self) -> list[object]:
        first = LANES[1 - LANES.index(self._last)]
        lanes = [[who for who, _ in self._lanes[lane]] for lane in (first, self._last)]
        return [who for pair in zip_longest(*lanes) for who in pair if who is not None]

    def place(self, who: object) -> int | None:
        """1 for whoever is next, None for who does not wait."""
        order = self._order()
        return order.index(who) + 1 if who in order else None

    def seconds(self, place: int) -> float:
        """How long until a place has its server, from the median of recent starts."""
        one = statistics.median(self._took) if self._took else FIRST_GUESS
        return one * (1 + math.ceil(place / self._at_once))


def where(queue: Queue | None, who: object, language: Language) -> tuple[int, str] | None:
    """Part of the way in percent, and a sentence; None for who does not wait."""
    place = queue.place(who) if queue else None
    if queue is None or place is None:
        return None
    # In steps that do not make the sentence jump: five seconds, then half minutes.
    seconds = queue.seconds(place)
    step = 5 if seconds < 60 else 30
    rounded = max(step, math.ceil(seconds / step) * step)
    said = (
        translate(
            "Many people are arriving at once. Your place in the queue: {place}. "
            "Your notebooks open in about {seconds} seconds.",
            language,
            place=place,
            seconds=rounded,
        )
        if rounded < 90
        else translate(
            "Many people are arriving at once. Your place in the queue: {place}. "
            "Your notebooks open in about {minutes} minutes.",
            language,
            place=place,
            minutes=f"{rounded / 60:g}".replace(".", "," if language == "fr" else "."),
        )
    )
    return max(5, 50 - 5 * place), said
