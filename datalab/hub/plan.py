"""The plan of one running lab: its ports, and the secrets that its parts share."""

from __future__ import annotations

import json
import os
import secrets as random
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """Ports of this home. The internal ones stay the same from one start to the next, because
    notebook servers that outlived a hub go on calling it where it was."""

    host: str
    port: int
    hub_port: int
    proxy_port: int
    portal_port: int

    @property
    def bind_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def url(self) -> str:
        """An address that a browser on this machine can open."""
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(  # noqa: S104
            self.host, self.bind_host
        )
        return f"http://{host}:{self.port}"

    @classmethod
    def read(cls, run: Path) -> Plan:
        """The plan written in the ``run`` folder of a home."""
        return cls(**json.loads((run / "plan.json").read_text()))

    def write(self, run: Path) -> None:
        write_private(run / "plan.json", json.dumps(asdict(self), indent=1))


def secret(folder: Path, name: str) -> str:
    """A secret of 256 bits, made on first use, mode 0600."""
    path = folder / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        write_private(path, random.token_hex(32))
        return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; it is never readable by others, not even for a moment."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
