"""The one lock of the lake: who writes now, told to whoever comes second.

The kernel holds the lock (``flock``), so that of a process that died is free at once; the JSON
inside only says whose it is.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from datalab.errors import LakeBusy


class Lock:
    """Context manager around ``path``; ``owner`` is told to others.

    Raises
    ------
    LakeBusy
        on entering, where a living process holds it and does not let go within ``wait`` seconds.
    """

    def __init__(self, path: Path, owner: str, wait: float = 0) -> None:
        self.path, self.owner, self.wait = path, owner, wait
        self._descriptor: int | None = None

    def __enter__(self) -> Lock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + self.wait
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    raise LakeBusy(**_holder(self.path)) from None
                time.sleep(0.05)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        text = json.dumps({"pid": os.getpid(), "owner": self.owner, "since": since})
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def _holder(path: Path) -> dict[str, Any]:
    """Who holds the lock; its holder may be about to write that down."""
    for _ in range(20):
        try:
            found = json.loads(path.read_bytes())
            return {"pid": found["pid"], "owner": found["owner"], "since": found["since"]}
        except (OSError, ValueError, KeyError):
            time.sleep(0.01)
    return {"pid": "?", "owner": "?", "since": "?"}
