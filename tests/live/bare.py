"""A plain Jupyter Server with collaboration, without a hub: quick to start and to kill.

``stock`` leaves the lab's part out, which is the control of the fault tests.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import nbformat

from tests.hub.lab import CHECKOUT, eventually, free_port

CONFIG = CHECKOUT / "datalab" / "hub" / "server"
TOKEN = "bare"


@dataclass
class Bare:
    """One server in ``home``; ``home`` holds the notebooks."""

    home: Path
    stock: bool = False
    port: int = field(default_factory=free_port)
    settings: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"token {TOKEN}"}

    @property
    def log(self) -> Path:
        return self.home.with_name(self.home.name + ".log")

    def start(self) -> None:
        """Start and wait until it answers."""
        self.home.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "jupyter_server", f"--port={self.port}"]
        command += [f"--IdentityProvider.token={TOKEN}", "--no-browser", "--allow-root"]
        command += [f"--ServerApp.root_dir={self.home}", "--ServerApp.log_level=INFO"]
        config = self._stock_config() if self.stock else CONFIG / "project"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DATALAB_", "JUPYTER"))}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.settings],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.home,
                env=kept
                | {"HOME": str(self.home), "JUPYTER_CONFIG_PATH": str(config)}
                | {"PYTHONPATH": str(CHECKOUT), "DATALAB_LANGUAGE": "fr"}
                | self.environment,
                start_new_session=True,
            )
        try:
            eventually(self.answers, "the bare server")
        except AssertionError as error:
            raise AssertionError(self.log.read_text()[-4000:]) from error

    def _stock_config(self) -> Path:
        """What a fresh ``pip install jupyter-collaboration`` does, and nothing of ours."""
        folder = self.home.with_name(self.home.name + "-config")
        folder.mkdir(exist_ok=True)
        parts = ("jupyter_server_ydoc", "jupyter_server_fileid", "jupyterlab")
        chosen = dict.fromkeys(parts, True) | {"jupyter_lsp": False, "nbdime": False}
        document = {"ServerApp": {"jpserver_extensions": chosen}}
        (folder / "jupyter_server_config.json").write_text(json.dumps(document))
        return folder

    def answers(self) -> bool:
        try:
            with urlopen(Request(f"{self.address}api/status", headers=self.headers), timeout=5):
                return True
        except (URLError, OSError):
            return False

    def kill(self) -> None:
        """End it as a crash does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> float:
        """End it as the hub does; seconds that it took."""
        if self.process is None or self.process.poll() is not None:
            return 0.0
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return time.monotonic() - began


def write_notebook(path: Path, sources: list[str]) -> None:
    """A notebook of markdown cells."""
    cells = [nbformat.v4.new_markdown_cell(text, id=f"cell-{n}") for n, text in enumerate(sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
