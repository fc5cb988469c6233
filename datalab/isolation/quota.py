"""Disk space of a home, measured and held without help from the file system.

The home belongs to its owner, who may have put anything into it: folders are opened one below the
other, no link is followed, and no amount of files or depth makes the look long.
"""

from __future__ import annotations

import os
import resource
import stat
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from datalab.isolation.limits import Limits
from datalab.isolation.process import PROC

# Every file costs at least this, so that a million empty ones are not free.
LEAST = 4096
DEEPEST = 64
# What a server may still write for somebody whose space is used up: the notebook being typed.
SMALL = 10_000_000
WARN = 0.9
# Beyond this not even the server writes more than that, and programs that go on writing are ended.
END = 1.2
# Largest file of a program whose person has no space left: kernels need small ones to live at all,
# and somebody has to be able to look and to delete.
CLEANING = 2**16
SYS_RESOURCE = 24


@dataclass(frozen=True)
class Usage:
    """``used`` in bytes; ``whole`` is False where the look ended before everything was seen."""

    used: int
    files: int
    whole: bool = True


def measure(home: Path, enough: int) -> Usage:
    """Bytes on disk below a folder, hard links counted once; ends soon after ``enough``.

    Folders below the 64th level are not looked into: a home that has them counts as full.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        top = os.open(home, flags)
    except OSError:
        return Usage(0, 0)
    used = files = 0
    linked: set[int] = set()
    open_folders = [top]
    left: list[list[str]] = []
    try:
        device = os.fstat(top).st_dev
        while open_folders:
            if len(left) < len(open_folders):
                names: list[str] = []
                left.append(names)
                with suppress(OSError), os.scandir(open_folders[-1]) as entries:
                    for entry in entries:
                        with suppress(OSError):
                            found = entry.stat(follow_symlinks=False)
                            if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
                                if found.st_ino in linked:
                                    continue
                                linked.add(found.st_ino)
                            used += max(found.st_blocks * 512, LEAST)
                            files += 1
                            if stat.S_ISDIR(found.st_mode) and found.st_dev == device:
                                names.append(entry.name)
                        if used > enough:
                            return Usage(used, files, whole=False)
            if left[-1]:
                name = left[-1].pop()
                if len(open_folders) >= DEEPEST:
                    return Usage(max(used, enough + 1), files, whole=False)
                with suppress(OSError):
                    open_folders.append(os.open(name, flags, dir_fd=open_folders[-1]))
            else:
                left.pop()
                os.close(open_folders.pop())
        return Usage(used, files)
    finally:
        for handle in open_folders:
            os.close(handle)


def unlinked(tree: Iterable[int], home: Path) -> int:
    """Bytes of files that were deleted but are still open: no folder shows them."""
    try:
        device = home.stat().st_dev
    except OSError:
        return 0
    sizes: dict[int, int] = {}
    for pid in tree:
        with suppress(OSError):
            for handle in (PROC / str(pid) / "fd").iterdir():
                with suppress(OSError):
                    found = handle.stat()
                    regular = stat.S_ISREG(found.st_mode) and found.st_nlink == 0
                    if regular and found.st_dev == device:
                        sizes[found.st_ino] = found.st_blocks * 512
    return sum(sizes.values())


def ceiling(used: int, quota: int, largest: int, *, server: bool) -> int:
    """Largest file that a process may write now, in bytes; ``RLIM_INFINITY`` for any.

    Parameters
    ----------
    used, quota
        bytes used and allowed; a quota of 0 is none.
    largest
        the setting ``largest_file``; 0 is none.
    server
        whether it is the notebook server itself, which saves what is being typed.
    """
    normal = largest or resource.RLIM_INFINITY
    if not quota or used <= quota:
        return normal
    if server and used <= END * quota:
        return min(SMALL, largest or SMALL)
    return min(CLEANING, largest or CLEANING)


def within(limits: Limits, home: Path) -> Limits:
    """The limits of a server that starts now: in a home that is far too full, it only deletes."""
    enough = int(limits.home * END)
    if limits.home and measure(home, enough).used > enough:
        return replace(limits, file=min(CLEANING, limits.file or CLEANING))
    return limits


def hold(pid: int, bytes_per_file: int) -> bool:
    """Change the largest file that a running process may write; whether it was another before.

    A lab with CAP_SYS_RESOURCE sets the limit for good. Elsewhere (in most containers, for an
    ordinary account) only the soft limit is moved, as the process itself could: it stops every
    program that did not set out to get around it. Those that did are ended (``watch``).
    """
    try:
        lines = (PROC / str(pid) / "limits").read_text().splitlines()
        soft, hard = map(
            _limit, next(x for x in lines if x.startswith("Max file size")).split()[3:5]
        )
        wanted = bytes_per_file if hard == resource.RLIM_INFINITY else min(bytes_per_file, hard)
        if bytes_per_file == resource.RLIM_INFINITY:
            wanted = hard
        if may_raise():
            if (soft, hard) == (bytes_per_file, bytes_per_file):
                return False
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (bytes_per_file, bytes_per_file))
            return True
        if soft == wanted:
            return False
        try:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (wanted, hard))
        except PermissionError:
            # Allowed to the account itself.
            uid = (PROC / str(pid)).stat().st_uid
            value = "unlimited" if wanted == resource.RLIM_INFINITY else str(wanted)
            command = ["/usr/bin/prlimit", f"--pid={pid}", f"--fsize={value}:"]
            subprocess.run(
                command, user=uid, group=uid, extra_groups=[], capture_output=True, check=True
            )
    except (OSError, ValueError, StopIteration, subprocess.SubprocessError):
        return False
    return True


@cache
def may_raise() -> bool:
    """Whether this process may change limits of others in both directions."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        effective = next(int(x.split()[1], 16) for x in lines if x.startswith("CapEff"))
    except (OSError, StopIteration, ValueError):
        return False
    return bool(effective >> SYS_RESOURCE & 1)


def _limit(text: str) -> int:
    return resource.RLIM_INFINITY if text == "unlimited" else int(text)
