"""A server that nobody uses any more ends by itself, after it has said so; and what it uses.

A Jupyter server extension for every notebook server. In use means: a kernel works or has just
said something, a document was saved, somebody typed into a live notebook (``datalab.live`` tells
by ``settings[SETTING]``), a person changed something over HTTP, or said that they still work. A
page of JupyterLab that is merely open asks the server something every few seconds, and does not
count.

``GET {base}/datalab/idle`` answers ``{"stops_in": seconds or null, "ask_in": seconds}``, ``POST``
counts as use; ``GET {base}/datalab/memory`` answers ``{"used", "limit", "kernels"}`` in bytes,
``GET {base}/datalab/workers`` what the clusters of its notebooks do.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.ioloop import PeriodicCallback

from datalab.live.workers import WorkersHandler

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
ASK_SECONDS = 60.0
MINUTES, WARNING = "DATALAB_IDLE_MINUTES", "DATALAB_IDLE_WARNING_MINUTES"
SETTING = "datalab_idle"
PROC = Path("/proc")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Idle:
    """When the server was last used, and how long it stays. ``now`` is in seconds."""

    stay: float
    warning: float
    used_at: float
    kernels: Callable[[], Iterable[Mapping[str, Any]]] = field(default=lambda: ())

    def use(self, now: float) -> None:
        self.used_at = max(self.used_at, now)

    def stops_in(self, now: float) -> float | None:
        """Seconds until the end once the warning is due, None before."""
        for kernel in self.kernels():
            self.use(now if kernel["busy"] else min(now, kernel["last_activity"]))
        left = self.used_at + self.stay - now
        return max(0.0, left) if left <= self.warning else None

    @property
    def ask_in(self) -> float:
        """Seconds after which a page asks again: twice at least within the warning."""
        return max(1.0, min(ASK_SECONDS, self.warning / 3 or ASK_SECONDS))


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Jupyter Server's own name for what this module offers."""
    return [{"module": "datalab.live.idle"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Watch, answer, and end the server when its time has come."""
    web_app = server.web_app
    base = url_path_join(web_app.settings["base_url"], "datalab")
    minutes = float(os.environ.get(MINUTES, "0") or 0)
    idle = Idle(
        stay=minutes * 60 if minutes > 0 else float("inf"),
        warning=float(os.environ.get(WARNING, "5") or 0) * 60,
        used_at=time.time(),
        kernels=lambda: kernels(server.kernel_manager),
    )
    web_app.settings[SETTING] = idle
    watch_requests(web_app, base, idle)
    server.contents_manager.register_post_save_hook(lambda **_: idle.use(time.time()))
    workers = {
        "runtime": Path(server.runtime_dir),
        "sessions": server.session_manager,
        "kernels": server.kernel_manager,
    }
    web_app.add_handlers(
        ".*$",
        [
            (url_path_join(base, "idle"), IdleHandler, {"idle": idle}),
            (url_path_join(base, "memory"), MemoryHandler, {"manager": server.kernel_manager}),
            (url_path_join(base, "workers"), WorkersHandler, workers),
        ],
    )
    if minutes > 0:
        end = Ending(idle, server.log)
        PeriodicCallback(end.look, min(15_000, idle.ask_in * 500)).start()


@dataclass
class Ending:
    """Ends the server as the hub would: what is open is saved, kernels are shut down."""

    idle: Idle
    log: Any
    told: bool = False

    def look(self) -> None:
        if self.idle.stops_in(time.time()) == 0.0 and not self.told:
            self.told = True
            self.log.info("Nobody has used this server for %g minutes.", self.idle.stay / 60)
            os.kill(os.getpid(), signal.SIGTERM)


def kernels(manager: Any) -> list[dict[str, Any]]:
    """Each kernel: whether it works, and when it last said something (seconds since the epoch)."""
    found = []
    for identifier in manager.list_kernel_ids():
        kernel = manager.get_kernel(identifier)
        last = getattr(kernel, "last_activity", None)
        found.append(
            {
                "busy": getattr(kernel, "execution_state", "") == "busy",
                "last_activity": last.timestamp() if last else 0.0,
            }
        )
    return found


def watch_requests(web_app: Any, base: str, idle: Idle) -> None:
    """Requests that change something count as use, those below ``base`` (the lab's own) do not."""
    original = web_app.settings.get("log_function")

    def log(handler: Any) -> None:
        request = handler.request
        if request.method in CHANGING and not request.path.startswith(f"{base}/"):
            idle.use(time.time())
        if original is not None:
            original(handler)

    if original is not None:
        web_app.settings["log_function"] = log


class IdleHandler(APIHandler):
    """``{base}/datalab/idle``."""

    def initialize(self, idle: Idle) -> None:
        self.idle = idle

    @web.authenticated
    def get(self) -> None:
        self._answer()

    @web.authenticated
    def post(self) -> None:
        self.idle.use(time.time())
        self._answer()

    def _answer(self) -> None:
        left = self.idle.stops_in(time.time())
        stops_in = None if left is None else round(left)
        self.finish(json.dumps({"stops_in": stops_in, "ask_in": self.idle.ask_in}))


class MemoryHandler(APIHandler):
    """``{base}/datalab/memory``."""

    def initialize(self, manager: Any) -> None:
        self.manager = manager

    @web.authenticated
    def get(self) -> None:
        tree = children()
        of_kernels = {
            identifier: memory(tree, pid)
            for identifier in self.manager.list_kernel_ids()
            if (pid := pid_of(self.manager.get_kernel(identifier)))
        }
        answer = {
            "used": memory(tree, os.getpid()),
            "limit": int(os.environ.get("MEM_LIMIT", "0") or 0),
            "kernels": of_kernels,
        }
        self.finish(json.dumps(answer))


def pid_of(kernel: Any) -> int | None:
    pid = getattr(getattr(kernel, "provisioner", None), "pid", None)
    return pid if isinstance(pid, int) else None


def children() -> dict[int, list[int]]:
    """Processes that can be seen here, by parent."""
    found: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            parent = int(text.rpartition(")")[2].split()[1])
            found.setdefault(parent, []).append(int(entry.name))
    return found


def memory(tree: Mapping[int, list[int]], pid: int) -> int:
    """Bytes of a process and all below it; what several share counts in part for each."""
    total, pending, seen = 0, [pid], set()
    while pending:
        one = pending.pop()
        if one not in seen:
            seen.add(one)
            total += proportional(one)
            pending += tree.get(one, [])
    return total


def proportional(pid: int) -> int:
    """Proportional set size in bytes; the resident one where the kernel does not tell it."""
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return 0
