"""A beacon: what the workers of a notebook do, told to the pages of its JupyterLab.

A file beside the kernel's own, rewritten every few seconds while the cluster is there. The
notebook's server shows it to whoever may see the notebook (``datalab.live.workers``).
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from datalab.notebook.cluster import Cluster

FOLDER = "datalab-workers"
EVERY = 2.0  # seconds
# Dask's states of a task, as people count them.
STATES = {
    "processing": "running",
    "memory": "done",
    "forgotten": "done",
    "erred": "failed",
    "waiting": "waiting",
    "queued": "waiting",
    "no-worker": "waiting",
}


def counts(dask_scheduler: Any) -> dict[str, int]:
    """On the scheduler: how many tasks are ``waiting``, ``running``, ``done``, ``failed``."""
    found: Counter[str] = Counter(waiting=0, running=0, done=0, failed=0)
    for group in dask_scheduler.task_groups.values():
        for state, count in group.states.items():
            if state in STATES:
                found[STATES[state]] += count
    return dict(found)


class Beacon:
    """Tells of a cluster from a thread of its own until ``stop``."""

    def __init__(self, cluster: Cluster, folder: Path, kernel: str) -> None:
        self.cluster, self.kernel = cluster, kernel
        self.file = folder / f"{os.getpid()}-{id(cluster):x}.json"
        self._ended = threading.Event()
        folder.mkdir(mode=0o700, exist_ok=True)
        self._thread = threading.Thread(target=self._run, name="beacon", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(EVERY)
        self.file.unlink(missing_ok=True)

    def _run(self) -> None:
        while not self._ended.is_set():
            # The scheduler may be leaving; a page says nothing of a beacon that is old.
            with suppress(Exception):
                beside = self.file.with_suffix(".new")
                beside.write_text(json.dumps(self.told()))
                if not self._ended.is_set():
                    beside.replace(self.file)
            self._ended.wait(EVERY)
        self.file.with_suffix(".new").unlink(missing_ok=True)

    def told(self) -> dict[str, Any]:
        """What pages show: bytes, processor-hours, numbers of workers and tasks."""
        cluster, client = self.cluster, cast("Any", self.cluster.client)
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
        return {
            "kernel": self.kernel,
            "where": cluster.where,
            "asked": cluster.asked,
            "workers": len(workers),
            "used": sum(int(w["metrics"]["memory"]) for w in workers if w.get("metrics")),
            "limit": sum(int(w["memory_limit"]) for w in workers),
            "hours": round(cluster.processor_hours, 4),
            "tasks": client.run_on_scheduler(counts),
            "at": time.time(),
        }


def beacon(cluster: Cluster) -> Beacon | None:
    """The beacon of a cluster of this kernel; None outside of one."""
    try:
        from ipykernel.connect import get_connection_file

        file = Path(get_connection_file())
    except (ImportError, RuntimeError):
        return None
    kernel = file.stem.removeprefix("kernel-")
    try:
        return Beacon(cluster, file.parent / FOLDER, kernel)
    except OSError:
        return None
