"""Stopping every notebook server of a home."""

from __future__ import annotations

import shutil
import signal
import tempfile
from pathlib import Path

from datalab.isolation.process import wait
from datalab.isolation.record import servers

__all__ = ["servers", "stop_all"]

PATIENCE = 8.0


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
        if server.group is not None:
            server.group.remove()
        server.record.unlink(missing_ok=True)
        folder = Path(server.runtime)
        if folder.parent == Path(tempfile.gettempdir()) and folder.name.startswith("datalab-"):
            shutil.rmtree(folder, ignore_errors=True)
