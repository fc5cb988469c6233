"""What a person reads while their server starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from datalab.hub.queue import Queue, where
from datalab.i18n import Language, translate


async def steps(
    queue: Queue | None, who: object, launched: Callable[[], bool], language: Language
) -> AsyncIterator[dict[str, Any]]:
    """Where the person stands in the queue, then what happens; the hub ends it."""
    said = ""
    while True:
        waiting = where(queue, who, language)
        if waiting:
            part, message = waiting
        elif not launched():
            part, message = 55, translate("Preparing your private space…", language)
        else:
            part, message = 75, translate("Starting JupyterLab…", language)
        if message != said:
            said = message
            yield {"progress": part, "message": message}
        await asyncio.sleep(0.3)
