"""Server-sent events: what a page hears while it is open, within bounds for each person."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi.responses import StreamingResponse

from datalab.errors import TooManyStreams

MOST_EACH = 8  # open streams of one person, or of one browser
# Of all browsers of one address, since a browser is whoever it says it is: a room of 300 people has
# its phones on one.
MOST_ADDRESS = 600
TICK = 0.3  # seconds between two looks
HEARTBEAT = 50  # ticks between two signs of life, so that no proxy closes a quiet stream
LONGEST = 12_000  # ticks: an hour, after which the page asks again


class Streams:
    """Counts who listens."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def answer(
        self, name: str, events: Callable[[], AsyncIterator[str]], address: str = ""
    ) -> StreamingResponse:
        """A response that sends ``events`` to the person ``name``, or to a browser of ``address``.

        Raises
        ------
        TooManyStreams
        """
        counted = {name: MOST_EACH} | ({f"all of {address}": MOST_ADDRESS} if address else {})
        if any(self._open[one] >= most for one, most in counted.items()):
            raise TooManyStreams
        # Counted here and not in the generator, which a browser that leaves at once never starts.
        self._open.update(counted.keys())
        closed = False

        def close() -> None:
            nonlocal closed
            if not closed:
                closed = True
                self._open.subtract(counted.keys())
                self._open += Counter()  # keeps what is above zero

        return _Stream(events(), close)


class _Stream(StreamingResponse):
    def __init__(self, events: AsyncIterator[str], close: Callable[[], None]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._close = close

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._close()


def event(name: str, document: Any, number: int | None = None) -> str:
    """One event; ``number`` is what a browser sends back as ``Last-Event-ID``."""
    body = json.dumps(document, ensure_ascii=False)
    known = "" if number is None else f"id: {number}\n"
    return f"{known}event: {name}\ndata: {body}\n\n"


async def ticks() -> AsyncIterator[int]:
    """0, 1, 2 … at a steady pace, as long as one stream lasts."""
    for tick in range(LONGEST):
        yield tick
        await asyncio.sleep(TICK)
