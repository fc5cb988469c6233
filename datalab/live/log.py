"""The log of this server on a thread of its own, so that a slow disk stops nobody's screen."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from datalab.live.store import Store


class Log:
    """Questions are answered one after the other by one thread."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="datalab-log")
        self.store: Store = self._thread.submit(Store, path).result()

    async def ask(self, question: str, *arguments: Any) -> Any:
        """The answer of the store's method of that name."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._answer, question, arguments
        )

    def _answer(self, question: str, arguments: tuple[Any, ...]) -> Any:
        answer = getattr(self.store, question)(*arguments)
        # An iterator would be read on another thread.
        return list(answer) if hasattr(answer, "__next__") else answer

    def close(self) -> None:
        """Everything asked so far is answered first."""
        self._thread.submit(self.store.close).result()
        self._thread.shutdown()
