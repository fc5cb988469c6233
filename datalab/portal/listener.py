"""Somebody who listens to what happens: told in order, within bounds."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")
QUIET = 15.0  # seconds without news after which that is said


class Listener(Generic[T]):
    """Gives what it is told, one after the other, and None where nothing came for a while.

    It ends where it fell ``most`` behind: its browser comes again, and says where it was.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        # One more than may wait: there is always room for the end.
        self._told: asyncio.Queue[T | None] = asyncio.Queue(most + 1)

    def tell(self, what: T) -> None:
        if self._told.qsize() < self._most:
            self._told.put_nowait(what)
        else:
            self.end()

    def end(self) -> None:
        """After what was told already, nothing comes any more."""
        if not self._told.full():
            self._told.put_nowait(None)

    def __aiter__(self) -> Listener[T]:
        return self

    async def __anext__(self) -> T | None:
        try:
            async with asyncio.timeout(QUIET):
                told = await self._told.get()
        except TimeoutError:
            return None
        if told is None:
            raise StopAsyncIteration
        return told
