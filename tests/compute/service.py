"""A Dask Gateway beside a lab, as the lab's own settings of it start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.hub.lab import CHECKOUT, Lab, eventually, free_port

CONFIG = CHECKOUT / "deploy" / "gateway" / "dask_gateway_config.py"
QUOTAS = "students=2:1"


@dataclass(frozen=True)
class Addresses:
    """``host:port`` of the gateway and of its schedulers; chosen before the lab starts."""

    api: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")
    schedulers: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")

    @property
    def settings(self) -> dict[str, str]:
        """What the lab is told."""
        return {
            "DATALAB_GATEWAY": f"http://{self.api}",
            "DATALAB_GATEWAY_SCHEDULERS": self.schedulers,
            "DATALAB_PROCESSOR_HOUR_EUROS": "3600",
        }


@dataclass
class Campus:
    lab: Lab
    gateway: str

    def clusters(self) -> list[str]:
        """Schedulers of the gateway that run on this machine."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                told = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if f"DASK_GATEWAY_API_URL={self.gateway}/api".encode() in told:
                found.append(path.parent.name)
        return found


@contextmanager
def serving(lab: Lab, addresses: Addresses, folder: Path) -> Iterator[Campus]:
    """A gateway for a lab that runs; its workers see the open lake only."""
    plan = json.loads((lab.home / "run" / "plan.json").read_text())
    shown = folder / "shown"
    shown.mkdir()
    (shown / "open").symlink_to(lab.home / "lake" / "open")
    environment = {
        **os.environ,
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{plan['hub_port']}/hub/api",
        "JUPYTERHUB_API_TOKEN": (lab.home / "secrets" / "gateway_token").read_text().strip(),
        "DATALAB_GATEWAY_BIND": addresses.api,
        "DATALAB_GATEWAY_TCP": addresses.schedulers,
        "DATALAB_CLUSTER_QUOTAS": QUOTAS,
        "DATALAB_LAKE": str(shown),
        "PYTHONPATH": str(CHECKOUT),
    }
    server = Path(sys.executable).with_name("dask-gateway-server")
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(
            [server, "-f", CONFIG],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
        )
    try:
        eventually(lambda: answers(f"http://{addresses.api}/api/health"), "the gateway")
        yield Campus(lab, f"http://{addresses.api}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def answers(address: str) -> bool:
    try:
        return httpx.get(address).is_success
    except httpx.HTTPError:
        return False
