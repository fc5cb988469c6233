"""The processes of a running lab: how each is called, started again and written down."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from datalab.deployment.journal import filtered
from datalab.hub.plan import Plan
from datalab.hub.roles import PORTAL
from datalab.isolation.private import secret, write_private
from datalab.isolation.process import Process
from datalab.settings import Settings

LONGEST_PAUSE = 30.0
# What ran this long did not fail at its start: it comes back at once, however often it is killed.
STEADY_SECONDS = 10.0


@dataclass
class Child:
    """One process that is kept running. ``umask`` is that of the files it makes."""

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    umask: int = 0o022
    popen: subprocess.Popen[bytes] | None = None
    process: Process | None = None
    failures: int = 0
    started_at: float = 0.0
    due_at: float = field(default=0.0)

    def start(self, logs: Path) -> None:
        log = filtered(logs / f"{self.name}.log")
        try:
            self.popen = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                umask=self.umask,
                # Ctrl-C is for the supervisor, which stops its children in order.
                start_new_session=True,
            )
        finally:
            log.close()
        self.process = Process.of(self.popen.pid)
        self.started_at = time.monotonic()

    def ended(self) -> int | None:
        """Exit code of a child that ended and was not yet started again."""
        return self.popen.poll() if self.popen is not None else None

    def plan_restart(self) -> float:
        """Note one more failure; returns the pause in seconds before the next attempt."""
        now = time.monotonic()
        self.failures = 1 if now - self.started_at > STEADY_SECONDS else self.failures + 1
        pause = min(0.25 * 2.0 ** (self.failures - 1), LONGEST_PAUSE)
        self.popen, self.due_at = None, now + pause
        return pause


def children(settings: Settings, plan: Plan) -> list[Child]:
    """Proxy, hub, portal, refresher, keeper, depot, way to the web: in the order of their start."""
    base = {
        **os.environ,
        "DATALAB_HOME": str(settings.home),
        "DATALAB_CATALOG": str(settings.catalog),
        "DATALAB_PROJECTS": str(settings.projects),
        "DATALAB_HOST": plan.host,
        "DATALAB_PORT": str(plan.port),
        "PYTHONUNBUFFERED": "1",
    }
    token = secret(settings.secrets, "proxy_token")
    portal = {
        "JUPYTERHUB_API_TOKEN": secret(settings.secrets, "portal_token"),
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{plan.hub_port}/hub/api",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": f"service-{PORTAL}",
        "JUPYTERHUB_SERVICE_NAME": PORTAL,
        "JUPYTERHUB_SERVICE_PREFIX": f"/services/{PORTAL}/",
    }
    python, home = sys.executable, settings.home
    web = [python, "-m", "datalab.isolation.web", "--folder", str(settings.run / "ways" / "web")]
    gateway = filter(None, {urlsplit(settings.gateway).netloc, settings.schedulers})
    web += ["--hosts", ",".join(filter(None, (settings.notebook_hosts, *gateway)))]
    kept = {"refresher": ["refresher"], "keeper": ["keeper"], "depot": ["depot", "run"]}
    if settings.depot_reader:
        del kept["refresher"]  # another lab publishes
    if not settings.depot:
        del kept["depot"]
    listed = [
        Child(
            "proxy", proxy_command(settings, plan), base | {"CONFIGPROXY_AUTH_TOKEN": token}, home
        ),
        Child("hub", [python, "-m", "datalab.hub"], base, home / "hub", umask=0o077),
        *(
            Child(
                name,
                [python, "-m", "datalab.portal", "--port", str(port)],
                base | portal | {"DATALAB_PORTAL_WORKER": name},
                home,
            )
            for name, port in plan.portals.items()
        ),
        *(
            Child(name, [python, "-m", "datalab.cli", *told], base, home)
            for name, told in kept.items()
        ),
    ]
    return [*listed, *([Child("web", web, base, home)] if settings.notebook_web else [])]


def proxy_command(settings: Settings, plan: Plan) -> list[str]:
    """The pure-Python proxy, unless the Node one was asked for and is there."""
    node = node_proxy(settings)
    command = [node] if node else [sys.executable, "-m", "datalab.hub.proxy"]
    command += ["--ip", plan.host, "--port", str(plan.port)]
    command += ["--api-ip", "127.0.0.1", "--api-port", str(plan.proxy_port)]
    command += ["--default-target", f"http://127.0.0.1:{plan.hub_port}"]
    command += ["--error-target", f"http://127.0.0.1:{plan.hub_port}/hub/error"]
    if not node:
        workers = (f"http://127.0.0.1:{port}" for port in plan.portals.values())
        command += ["--portals", ",".join(workers)]
    return command


def node_proxy(settings: Settings) -> str | None:
    """``configurable-http-proxy`` on PATH where it is wanted, if it is the one that runs on Node.

    It is faster, and passes on what :mod:`datalab.hub.bounds` takes off.
    """
    found = shutil.which("configurable-http-proxy") if settings.node_proxy else None
    if not found or not shutil.which("node"):
        return None
    with open(found, "rb") as file:
        first = file.readline(200)
    return found if b"node" in first else None


def write_down(run: Path, supervisor: Process | None, running: Iterable[Child]) -> None:
    """Who runs, for ``datalab status`` and for a supervisor that comes after a crash."""
    document = {
        "supervisor": supervisor.as_json() if supervisor else None,
        "children": {c.name: c.process.as_json() for c in running if c.process},
    }
    write_private(run / "children.json", json.dumps(document, indent=1))


def written_down(run: Path) -> dict[str, Process]:
    """Reverse of :func:`write_down`; empty where nothing (readable) is there."""
    try:
        document = json.loads((run / "children.json").read_text())
        entries = {**document["children"], "supervisor": document["supervisor"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    found = {name: Process.from_json(entry) for name, entry in entries.items()}
    return {name: process for name, process in found.items() if process is not None}
