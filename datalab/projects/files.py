"""The files of ``work/``, which belong to the project's people: read without trusting a name.

They may put links, pipes and folders of any depth there, at any moment. Every folder is opened
relative to one that is no link, and only regular files with a single name are read.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

LARGEST_FILE = 50_000_000  # bytes
MOST_FILES = 5_000
DEEPEST = 20
Stamp = tuple[int, int, int]  # inode, size in bytes, time of change in ns


def read(root: Path, path: str, largest: int = LARGEST_FILE) -> bytes | None:
    """Content of ``path`` below ``root``; None where it is no regular file or above ``largest``.

    A path that climbs, starts at the top or names something hidden is never opened.
    """
    parts = path.split("/")
    if any(part in {"", ".", ".."} or part.startswith(".") or "\0" in part for part in parts):
        return None
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        here = os.open(root, flags | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        for part in parts[:-1]:
            there = os.open(part, flags | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = there
        handle = os.open(parts[-1], flags | os.O_NONBLOCK, dir_fd=here)
    except (OSError, ValueError):
        return None
    finally:
        os.close(here)
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_size > largest:
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        content = file.read(largest + 1)
    return content if len(content) <= largest else None


def walk(root: Path) -> Iterator[tuple[str, Stamp, int]]:
    """Path, stamp and descriptor of the folder of every regular file below ``root``.

    The files belong to the project's people, who may put links anywhere: folders are opened
    without following one, and what is not a regular file with one name is not looked at.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        top = os.open(root, flags)
    except OSError:
        return
    seen = 0

    def below(folder: int, prefix: str, depth: int) -> Iterator[tuple[str, Stamp, int]]:
        nonlocal seen
        try:
            names = sorted(entry.name for entry in os.scandir(folder))
        except OSError:
            return
        for name in names:
            if name.startswith(".") or not _printable(name) or seen >= MOST_FILES:
                continue
            try:
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISDIR(found.st_mode) and depth < DEEPEST:
                try:
                    inner = os.open(name, flags, dir_fd=folder)
                except OSError:
                    continue
                try:
                    yield from below(inner, f"{prefix}{name}/", depth + 1)
                finally:
                    os.close(inner)
            elif stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
                seen += 1
                yield f"{prefix}{name}", (found.st_ino, found.st_size, found.st_mtime_ns), folder

    try:
        yield from below(top, "", 0)
    finally:
        os.close(top)


def read_seen(folder: int, name: str, stamp: Stamp) -> bytes | None:
    """A file that is still the one that was seen, never more than it was allowed to hold."""
    try:
        handle = os.open(
            name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder
        )
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        if os.fstat(handle).st_ino != stamp[0]:
            return None
        content = file.read(LARGEST_FILE + 1)
    return content if len(content) <= LARGEST_FILE else None


def _printable(name: str) -> bool:
    """Names that a page can show and git can hold; others stay out of history."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return name.isprintable()


def write(root: Path, path: str, content: bytes, owner: int | None) -> bool:
    """Put ``content`` in place of ``path`` in one step; False where something stands in the way.

    ``owner`` is the uid that the file is to belong to, None for that of this process. Only where
    no server runs over ``root``: what a server holds in memory would win, or be lost.
    """
    parts = path.split("/")
    if any(part in {"", ".", ".."} or part.startswith(".") or "\0" in part for part in parts):
        return False
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    temporary = f".{parts[-1]}.{os.getpid()}"
    making = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    here = -1
    try:
        here = os.open(root, flags)
        for part in parts[:-1]:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=here)
                if owner is not None:
                    os.chown(part, owner, owner, dir_fd=here, follow_symlinks=False)
            there = os.open(part, flags, dir_fd=here)
            os.close(here)
            here = there
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=here)
        with os.fdopen(os.open(temporary, making, 0o644, dir_fd=here), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if owner is not None:
                os.fchown(file.fileno(), owner, owner)
        os.replace(temporary, parts[-1], src_dir_fd=here, dst_dir_fd=here)
    except OSError:
        return False
    finally:
        if here >= 0:
            os.close(here)
    return True
