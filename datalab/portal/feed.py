"""What happens, told to every open page at once: one look at the journal for all who listen.

A page gets the changes of its scope as server-sent events whose number is the change's, so that a
phone that was away says where it was and misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool

from datalab.participation import journal
from datalab.participation.journal import Change
from datalab.participation.store import Store
from datalab.portal.listener import Listener

EVERY = ":*"  # ending of a scope that stands for all of its kind: "request:*"
LOOK = 0.1  # seconds between two looks, while anybody listens
MOST_WAITING = 1_000  # changes that a slow reader may be behind before it has to start anew


class Feed:
    """The journal of ``store``, spread to those who listen."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._listening: dict[str, set[Listener[Change]]] = defaultdict(set)
        self._looking: asyncio.Task[None] | None = None
        self._seen = 0

    async def changes(self, scope: str, after: int | None) -> AsyncIterator[Change | None]:
        """Changes of ``scope`` after number ``after`` (None: from now on), as they come.

        None is a sign that nothing happened for a while. Of what happened before, the newest
        MOST_WAITING are told: who was away longer draws the page anew anyhow.
        """
        listener: Listener[Change] = Listener(MOST_WAITING)
        self._listening[scope].add(listener)
        try:
            await self._look_on()
            last = after if after is not None else self._seen
            for change in await run_in_threadpool(self.since, last, scope):
                last = change.id
                yield change
            async for told in listener:
                if told is None:
                    yield None
                elif told.id > last:
                    last = told.id
                    yield told
        finally:
            self._listening[scope].discard(listener)
            if not self._listening[scope]:
                del self._listening[scope]

    def since(self, number: int, scope: str | None = None) -> list[Change]:
        with self.store.reading() as connection:
            most = None if scope is None else MOST_WAITING  # what is spread leaves nothing out
            return journal.since(connection, number, scope, most=most)

    def _newest(self) -> int:
        with self.store.reading() as connection:
            return journal.newest(connection)

    async def _look_on(self) -> None:
        if self._looking is None or self._looking.done():
            self._seen = await run_in_threadpool(self._newest)
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while self._listening:
            # A database that is away for a moment ends no stream.
            with contextlib.suppress(Exception):
                for change in await run_in_threadpool(self.since, self._seen):
                    self._seen = change.id
                    every = change.scope.partition(":")[0] + EVERY
                    for scope in (change.scope, every):
                        for listener in list(self._listening.get(scope, ())):
                            listener.tell(change)
            await asyncio.sleep(LOOK)
