"""Notebook servers as their spawner wrote them down: who runs, and stopping them all."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

from datalab.isolation.process import Process, wait

PATIENCE = 8.0


@dataclass(frozen=True)
class Server:
    """``processes`` are the server and, where there is one, the first process of its sandbox."""

    account: str
    processes: list[Process]
    runtime: str
    record: Path

    @property
    def alive(self) -> bool:
        return any(process.alive for process in self.processes)


def servers(run: Path) -> list[Server]:
    """Every server that was written down, whether or not it still runs."""
    found = []
    for path in sorted((run / "servers").glob("*.json")):
        try:
            record = json.loads(path.read_text())
        except (OSError, ValueError):
            record = {}
        if not isinstance(record, dict):
            record = {}
        names = ("server_process", "room_process")
        processes = [Process.from_json(record.get(name)) for name in names]
        known = [process for process in processes if process is not None]
        found.append(Server(path.stem, known, str(record.get("runtime") or ""), path))
    return found


def stop_all(run: Path) -> None:
    """Servers get a signal each and time to save; then each sandbox is ended as a whole."""
    found = servers(run)
    for server in found:
        for process in server.processes[:1]:
            process.signal(signal.SIGTERM)
    everyone = [process for server in found for process in server.processes]
    for process in wait(everyone, PATIENCE):
        process.signal(signal.SIGKILL)
    wait(everyone, 5)
    for server in found:
        server.record.unlink(missing_ok=True)
        folder = Path(server.runtime)
        if folder.parent == Path(tempfile.gettempdir()) and folder.name.startswith("datalab-"):
            shutil.rmtree(folder, ignore_errors=True)
