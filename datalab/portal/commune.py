"""In which commune a point lies, answered from memory: the lake is looked at now and then."""

from __future__ import annotations

import time

from starlette.concurrency import run_in_threadpool

from datalab.portal.boundaries import Boundaries, boundaries
from datalab.portal.library import Library

SECONDS = 10.0  # between two looks at what was published: 0.3 ms each, of the 3 that a report takes


class Communes:
    """The outlines of the lake as they were a moment ago."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: Boundaries | None = None
        self._again = 0.0

    async def code_of(self, latitude: float | None, longitude: float | None) -> str | None:
        """The INSEE code of the commune of a point; None for no point, or one outside of all."""
        if latitude is None or longitude is None:
            return None
        if time.monotonic() >= self._again:
            self._known = await run_in_threadpool(self._look)
            self._again = time.monotonic() + SECONDS
        return self._known.commune_of(latitude, longitude) if self._known else None

    def _look(self) -> Boundaries | None:
        return boundaries(self._library.shelf())
