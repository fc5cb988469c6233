"""Log files of the running lab: no secret gets in, and none grows without end."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import IO

LARGEST = 5_000_000
KEPT = 3
# Proxies write the address of a request that failed, and the address of a sign-in holds its token.
BLANK = r"s/\(token\(=\|%3[Dd]\)\)[A-Za-z0-9_-]\{16,\}/\1[...]/g"


def open_log(path: Path) -> IO[bytes]:
    """Append to a log of mode 0600."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "ab", buffering=0)


def filtered(path: Path) -> IO[bytes]:
    """A pipe into a log that blanks sign-in tokens.

    The filter is a process of its own, so that what writes into it lives on when the supervisor
    is killed; it ends when its last writer does.
    """
    with open_log(path) as log:
        process = subprocess.Popen(
            ["sed", "-u", BLANK],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    if process.stdin is None:
        raise RuntimeError("the filter of the log has no input")
    return process.stdin


def rotate(folder: Path) -> None:
    """Shorten every log that grew too large; writers append and never notice."""
    for path in folder.glob("*.log"):
        try:
            if path.is_symlink() or path.stat().st_size < LARGEST:
                continue
            for number in range(KEPT - 1, 0, -1):
                older = path.with_name(f"{path.name}.{number}")
                if older.exists():
                    older.replace(path.with_name(f"{path.name}.{number + 1}"))
            first = path.with_name(f"{path.name}.1")
            shutil.copyfile(path, first)
            first.chmod(0o600)
            os.truncate(path, 0)
        except OSError:
            continue
