"""Turns for what is heavy: how many large answers leave at once, in all and for one network.

A turn is given back when the answer is out, when its reader goes away, and when its reader takes
nothing for :data:`STALLED` seconds: one who never reads must not keep others from reading.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from datalab.errors import TooBusy

MOST = 12
MOST_EACH = 4  # of one network: a classroom shares one, and waits a little
AGAIN = 5  # seconds after which to come back
STALLED = 60.0  # seconds


class Turns:
    """The turns of one portal."""

    def __init__(self, most: int = MOST, most_each: int = MOST_EACH) -> None:
        self.most, self.most_each = most, most_each
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def take(self, who: str) -> Callable[[], None]:
        """A turn for ``who``; calling the answer gives it back, once.

        Raises
        ------
        TooBusy
            with the seconds after which to try again.
        """
        with self._lock:
            if self._taken.total() >= self.most or self._taken[who] >= self.most_each:
                raise TooBusy(AGAIN)
            self._taken[who] += 1
        given = threading.Event()

        def give_back() -> None:
            with self._lock:
                if not given.is_set():
                    given.set()
                    self._taken[who] -= 1
                    if not self._taken[who]:
                        del self._taken[who]

        return give_back

    @property
    def taken(self) -> int:
        with self._lock:
            return self._taken.total()


class Flow(StreamingResponse):
    """An answer that is made while it leaves, and whose work ends with its reader."""

    def __init__(self, pieces: Iterator[bytes], done: Callable[[], None], **options: Any) -> None:
        super().__init__(pieces, **options)
        self._pieces, self._done = pieces, done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def patient(message: Message) -> None:
            with anyio.fail_after(STALLED):
                await send(message)

        try:
            await super().__call__(scope, receive, patient)
        except TimeoutError:  # who asked does not read: the connection is cut, not completed
            raise ConnectionError("the reader takes nothing") from None
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._end)

    def _end(self) -> None:
        close = getattr(self._pieces, "close", None)
        try:
            if close is not None:
                close()
        finally:
            self._done()
