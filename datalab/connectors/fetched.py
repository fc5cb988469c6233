"""What a connector hands over: one file on this machine and where it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

Progress = Callable[[int, int | None], None]
"""Called with the bytes so far and, where it is known, the bytes to come in all."""

CHUNK = 1 << 20


@dataclass(frozen=True)
class Fetched:
    """``url`` is public provenance: it never carries a credential or the name of a mirror."""

    path: Path
    url: str
    sha256: str
    size: int
    fetched_at: datetime


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
