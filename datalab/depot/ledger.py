"""What this lab knows of the depot without asking: what it sent or took, and how that went."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from datalab.connectors.fetched import sha256_of
from datalab.depot.manifest import File
from datalab.lake.layout import write_json


@dataclass
class Ledger:
    """Of one access class. ``files`` by path: size, time of change (ns), hash of what lies here."""

    path: Path
    number: int = 0
    mark: str | None = None
    files: dict[str, tuple[int, int, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, name: str) -> Ledger:
        path = folder / f"{name}.json"
        try:
            told = json.loads(path.read_text())
            files = {str(p): (int(s), int(t), str(h)) for p, (s, t, h) in told["files"].items()}
            return cls(path, int(told["number"]), told["mark"], files)
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path)  # asked anew: it costs time and loses nothing

    def keep(self) -> None:
        write_json(self.path, {"number": self.number, "mark": self.mark, "files": self.files})

    def known(self, root: Path, path: str) -> File | None:
        """What lies at ``path`` below ``root``, its hash from here as long as it did not change."""
        try:
            found = (root / path).stat()
        except FileNotFoundError:
            return None
        size, changed, digest = self.files.get(path, (-1, -1, ""))
        if (size, changed) != (found.st_size, found.st_mtime_ns):
            digest = sha256_of(root / path)
            self.files[path] = (found.st_size, found.st_mtime_ns, digest)
        return File(found.st_size, digest)


def files_below(root: Path) -> Iterator[str]:
    """Every file of an access class by its path; what begins with a dot is half-written."""
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield inside.as_posix()


@dataclass(frozen=True)
class State:
    """How it went last; ``at`` and ``since`` (of the first failure) as ISO 8601, in UTC."""

    role: Literal["publisher", "reader"]
    depot: str
    at: str | None = None
    since: str | None = None
    error: dict[str, str] | None = None  # by language
    files: int = 0  # that the last successful step moved
    bytes: int = 0

    def keep(self, run: Path) -> None:
        write_json(run / STATE, vars(self))


STATE = "depot.json"


def state(run: Path) -> State | None:
    """What the depot's process told last; None where there is none."""
    try:
        told: dict[str, Any] = json.loads((run / STATE).read_text())
        return State(**told)
    except (OSError, ValueError, TypeError):
        return None
