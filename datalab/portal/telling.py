"""One teller for each live page that many look at: what changed is drawn once and sent to all.

Three hundred phones that each looked for themselves would ask the database three hundred times
for every idea; the teller asks once, and hands everybody the same words.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool

from datalab.participation.journal import Change
from datalab.portal import streams
from datalab.portal.feed import Feed
from datalab.portal.listener import Listener
from datalab.portal.scene import Scene

LOG = logging.getLogger("datalab.portal")
GATHER = 0.15  # seconds in which changes come together before they are told
MOST_WAITING = 200  # what a slow reader may be behind before it has to come again


@dataclass(frozen=True)
class Told:
    """An event as it goes over the wire, the changes behind it, and the scene's number."""

    text: str
    number: int
    changes: Sequence[Change]


@dataclass
class _Teller:
    listeners: set[Listener[Told]] = field(default_factory=set)
    task: asyncio.Task[None] | None = None


class Telling:
    """The tellers of one portal, each there as long as somebody listens."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._tellers: dict[Any, _Teller] = {}

    async def listen(
        self, key: Any, scope: str, shown: Callable[[], Scene], more: Callable[[Scene], Any]
    ) -> AsyncIterator[Scene | Told | None]:
        """The scene as it is now, then what changes; None where nothing did for a while.

        Parameters
        ----------
        key
            what all who get the same words have in common: session, language, kind of page.
        shown
            makes the scene, in a thread.
        more
            goes into every event beside the pieces.
        """
        teller = self._tellers.setdefault(key, _Teller())
        listener: Listener[Told] = Listener(MOST_WAITING)
        teller.listeners.add(listener)
        try:
            # Asked for after it was put on the list: nothing can come between the two.
            scene = await run_in_threadpool(shown)
            if teller.task is None or teller.task.done():
                teller.task = asyncio.create_task(self._tell(teller, scope, scene, shown, more))
            yield scene
            async for told in listener:
                if told is None or told.number > scene.number:
                    yield told
        finally:
            teller.listeners.discard(listener)
            if not teller.listeners and teller.task is not None:
                teller.task.cancel()
                self._tellers.pop(key, None)

    async def _tell(
        self,
        teller: _Teller,
        scope: str,
        scene: Scene,
        shown: Callable[[], Scene],
        more: Callable[[Scene], Any],
    ) -> None:
        try:
            async for change in self.feed.changes(scope, scene.number):
                if change is None or change.id <= scene.number:
                    continue
                await asyncio.sleep(GATHER)
                newer = await run_in_threadpool(shown)
                behind = await run_in_threadpool(self.feed.since, scene.number, scope)
                document = {**newer.since(scene.digests), **more(newer)}
                text = streams.event("scene", document, newer.number)
                behind = [one for one in behind if one.id <= newer.number]
                told, scene = Told(text, newer.number, tuple(behind)), newer
                for listener in list(teller.listeners):
                    listener.tell(told)
        except asyncio.CancelledError:
            raise
        except Exception:
            LOG.exception("the teller of %s ended; its pages come again", scope)
        for listener in list(teller.listeners):
            listener.end()
