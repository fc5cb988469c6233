"""Files that only the lab itself may read: secrets, and anything replaced in one step."""

from __future__ import annotations

import os
import secrets as random
from pathlib import Path


def secret(folder: Path, name: str) -> str:
    """A secret of 256 bits, made on first use, mode 0600; many who ask first get the same one."""
    path = folder / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        temporary = _written(path, random.token_hex(32))
        try:
            os.link(temporary, path)  # unlike a rename, it gives way to who was first
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
        return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; it is never readable by others, not even for a moment."""
    os.replace(_written(path, text), path)


def _written(path: Path, text: str) -> Path:
    """``text`` on disk beside ``path``, under a name that no other thread has."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{random.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return temporary
