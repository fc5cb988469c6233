"""The queue in front of starting servers: a few at a time, in order, each told its place.

JupyterHub's own limit answers 429, which a person sees as an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Queue:
    """Lets ``at_once`` in at the same time."""

    def __init__(self, at_once: int) -> None:
        self._gate = asyncio.Semaphore(at_once)
        self._waiting: list[object] = []

    @asynccontextmanager
    async def turn(self, who: object) -> AsyncIterator[None]:
        """Wait for one's turn, and give it on at the end."""
        self._waiting.append(who)
        try:
            await self._gate.acquire()
        finally:
            self._waiting.remove(who)
        try:
            yield
        finally:
            self._gate.release()

    def place(self, who: object) -> int | None:
        """1 for whoever is next, None for who does not wait."""
        return self._waiting.index(who) + 1 if who in self._waiting else None
