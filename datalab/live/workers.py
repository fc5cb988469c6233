"""The clusters of this server's notebooks, as their beacons tell (``datalab.notebook.beacon``)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado import web

FOLDER = "datalab-workers"
STALE = 15.0  # seconds
LARGEST = 10_000  # bytes; what a kernel wrote is not more to be trusted than its outputs
TASKS = ("waiting", "running", "done", "failed")


def clusters(runtime: Path, notebooks: dict[str, str], now: float) -> list[dict[str, Any]]:
    """What is told now, by kernel; ``notebooks`` are the paths of kernels.

    Files that are old, large or not as a beacon writes them are passed over.
    """
    found = []
    for file in sorted((runtime / FOLDER).glob("*.json")):
        try:
            if file.is_symlink() or file.stat().st_size > LARGEST:
                continue
            told = json.loads(file.read_text())
            if now - float(told["at"]) > STALE or told["kernel"] not in notebooks:
                continue
            found.append(
                {
                    "notebook": notebooks[told["kernel"]],
                    "where": "gateway" if told["where"] == "gateway" else "here",
                    **{name: int(told[name]) for name in ("asked", "workers", "used", "limit")},
                    "hours": float(told["hours"]),
                    "tasks": {name: int(told["tasks"][name]) for name in TASKS},
                }
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


class WorkersHandler(APIHandler):
    """``{base}/datalab/workers``."""

    def initialize(self, runtime: Path, sessions: Any, kernels: Any) -> None:
        self.runtime, self.sessions, self.kernels = runtime, sessions, kernels

    @web.authenticated
    async def get(self) -> None:
        notebooks = {str(kernel): "" for kernel in self.kernels.list_kernel_ids()}
        for session in await self.sessions.list_sessions():
            notebooks[str(session["kernel"]["id"])] = str(session["path"])
        self.finish(json.dumps({"clusters": clusters(self.runtime, notebooks, time.time())}))
