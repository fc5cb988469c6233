"""An S3 server of its own for a test: ``rclone serve s3`` over a folder; it ends and comes back."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.hub.lab import eventually, free_port

NAME = "lab-lakes"


def rclone() -> str:
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if beside.is_file() else shutil.which("rclone")
    if found is None:
        pytest.skip("no rclone, which serves as the S3 server of this test")
    return found


class Bucket:
    """``host`` is the address that it listens on."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self.folder, self.host = folder, host
        (folder / NAME).mkdir(parents=True)
        self.port = free_port(host)
        self.key = f"{secrets.token_hex(10)}:{secrets.token_hex(20)}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What a lab is told of it, as variables of its environment."""
        return {
            "DATALAB_DEPOT": f"s3://{NAME}/dijon",
            "DATALAB_DEPOT_ENDPOINT": f"http://{self.host}:{self.port}",
            "DATALAB_DEPOT_KEY": self.key,
        }

    def start(self) -> None:
        address = f"{self.host}:{self.port}"
        command = [rclone(), "serve", "s3", "--addr", address, "--config", "", "--auth-key"]
        self.process = subprocess.Popen(
            [*command, self.key.replace(":", ","), "--vfs-cache-mode", "off", str(self.folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers, "the S3 server to answer")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "the S3 server ended"
        with suppress(httpx.HTTPError):
            httpx.get(f"http://{self.host}:{self.port}/", timeout=2, trust_env=False)
            return True
        return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def objects(self) -> dict[str, bytes]:
        """What lies there, by name."""
        root = self.folder / NAME / "dijon"
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file()
        }
