"""Numbers of accounts on one machine, which several labs may share without knowing each other.

A lab keeps its uids as links in its own folder. Where each of them is written down once more for
the whole machine, no two labs give out the same: neither would its people then be separate.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Between the people of ordinary distributions (from 1000) and the reserved numbers (from 60000).
FIRST, PAST = 30_000, 59_000
STEP = 1_000
# ``<number>`` is a link to the link of that number in its lab. One that leads nowhere is free.
REGISTER = Path("/var/lib/datalab/uids")


def give(named: Path, taken: set[int]) -> int:
    """A new number, kept by the link ``named`` of a lab and noted for the others.

    ``taken`` are those of the lab itself. Labs begin to look at different places, so that they
    rarely meet even where nothing can be noted.
    """
    digest = hashlib.sha256(os.fsencode(named.parent.parent.absolute())).digest()
    start = int.from_bytes(digest[:4]) % ((PAST - FIRST) // STEP) * STEP
    busy = taken | {entry.pw_uid for entry in pwd.getpwall()} | running()
    with _held() as register:
        for offset in range(PAST - FIRST):
            number = FIRST + (start + offset) % (PAST - FIRST)
            if number not in busy and not (register and _others(register / str(number), number)):
                named.symlink_to(str(number))  # made whole or not at all
                if register:
                    _note(register / str(number), named)
                return number
    raise OSError(f"no uid between {FIRST} and {PAST} is free")


def keep(named: Path, number: int) -> None:
    """Note a number that a lab gave before, where it is not: a home that moved to this machine."""
    with suppress(OSError):
        if os.readlink(REGISTER / str(number)) == str(named.absolute()):
            return
    with _held() as register:
        if register and not _others(register / str(number), number):
            _note(register / str(number), named)


def running() -> set[int]:
    """uids of all processes of this machine."""
    found = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError):
                found.add(entry.stat().st_uid)
    return found


@contextmanager
def _held() -> Iterator[Path | None]:
    """The register while nobody else changes it; None where this account may not."""
    try:
        REGISTER.mkdir(mode=0o755, parents=True, exist_ok=True)
        turn = os.open(REGISTER, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield REGISTER if os.access(REGISTER, os.W_OK) else None
    finally:
        os.close(turn)


def _others(noted: Path, number: int) -> bool:
    """Whether a lab that is still there holds the number, also one that waits to be free."""
    try:
        named = Path(os.readlink(noted))
        return any(
            os.readlink(held) == str(number)
            for held in (named, named.with_name(f".parked-{number}"))
            if held.is_symlink()
        )
    except OSError:
        return False


def _note(noted: Path, named: Path) -> None:
    noted.unlink(missing_ok=True)
    noted.symlink_to(named.absolute())
