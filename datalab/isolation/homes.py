"""Homes on disk: a uid that stays, a home, and the welcome notebooks in it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from datalab.isolation import uids

NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class Homes:
    """``root`` holds ``homes/<account>``, ``uids/<number>`` and ``etc/<account>``.

    ``separate`` says whether files belong to a uid per account (the hub is root).
    """

    root: Path
    separate: bool

    def home(self, account: str) -> Path:
        return self.root / "homes" / _checked(account)

    def etc(self, account: str) -> Path:
        return self.root / "etc" / _checked(account)

    def uid(self, account: str) -> int:
        """The account's uid, the same for ever. Without separation, 1000 inside a namespace."""
        if not self.separate:
            return 1000
        folder = self.root / "uids"
        folder.mkdir(mode=0o700, exist_ok=True)
        named = folder / _checked(account)
        if named.is_symlink():
            return int(os.readlink(named))
        # Held while a number is chosen: hub and command line both give one to a new account.
        turn = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if named.is_symlink():
                return int(os.readlink(named))
            return uids.give(named, _numbers(folder))
        finally:
            os.close(turn)

    def prepare(self, account: str, welcome: Path) -> Path:
        """The account's home, made and welcomed where it is new."""
        uid = self.uid(account)
        if self.separate:
            uids.keep(self.root / "uids" / account, uid)
        home = self.home(account)
        for folder in (self.root / "homes", self.root / "etc"):
            folder.mkdir(mode=0o711, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
        self._describe(account, uid)
        if self.separate:
            os.chown(home, uid, uid)
        os.chmod(home, 0o700)
        if welcome.is_dir():
            seed(home, welcome, uid if self.separate else None)
        return home

    def clear(self, account: str, *, walled: bool) -> None:
        """Delete the files of an account that is gone for ever, whose servers were stopped.

        Where no sandbox held it (not ``walled``), it may have left processes behind, and files in
        folders that everybody may write to.
        """
        named = self.root / "uids" / _checked(account)
        if self.separate and not walled and named.is_symlink():
            uid = int(os.readlink(named))
            for pid in _running(uid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for shared in SHARED:
                _empty(shared, uid)
        for folder in (self.home(account), self.etc(account)):
            forget(folder)

    def release(self, account: str) -> bool:
        """Forget an account whose home was deleted; False while some of it is still there.

        Its uid goes to nobody else while anything runs under it.
        """
        folder = self.root / "uids"
        for folder_of_it in (self.home(account), self.etc(account)):
            forget(folder_of_it)
        if self.home(account).exists():
            return False
        named = folder / _checked(account)
        if named.is_symlink():
            named.rename(folder / f"{PARKED}{os.readlink(named)}")
        for parked in folder.glob(f"{PARKED}*"):
            if not _running(int(os.readlink(parked))):
                parked.unlink(missing_ok=True)
        return True

    def _describe(self, account: str, uid: int) -> None:
        """The two files that give a uid its name inside the sandbox."""
        folder = self.etc(account)
        folder.mkdir(mode=0o755, exist_ok=True)
        texts = {
            "passwd": f"root:x:0:0:root:/:/usr/sbin/nologin\n"
            f"{account}:x:{uid}:{uid}:{account}:/home/{account}:/bin/bash\n"
            "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
            "group": f"root:x:0:\n{account}:x:{uid}:\nnogroup:x:65534:\n",
        }
        for name, text in texts.items():
            (folder / name).write_text(text)
            # The account itself reads it, whatever the umask of the hub is.
            os.chmod(folder / name, 0o644)


# A uid that is nobody's any more and not yet free; no account can have that name.
PARKED = ".parked-"
# Folders where, without a sandbox, an account may have left files.
SHARED = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108


def _numbers(folder: Path) -> set[int]:
    """uids that are taken; one that is freed meanwhile counts or not."""
    found = set()
    for link in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(int(os.readlink(link)))
    return found


def _running(uid: int) -> list[int]:
    """Processes of a uid."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == uid:
                    found.append(int(entry.name))
    return found


def _empty(folder: Path, uid: int) -> None:
    """Delete what belongs to ``uid`` in a folder that everybody may write to."""
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(folder):
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid != uid:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)


SEEDED = ".local/share/datalab/welcome"
FOLDER = "bienvenue"
LARGEST_SEED = 20_000_000  # bytes of a welcome notebook


def seed(home: Path, welcome: Path, uid: int | None) -> None:
    """Copy the welcome project into ``bienvenue/`` of a home.

    A file that its owner changed is never overwritten: the new version lies beside it, with the
    first eight digits of its hash in its name. What was deleted stays deleted.

    The home belongs to its owner, who may have put links anywhere in it: everything is opened
    relative to folders that are not links.
    """
    for source in sorted(welcome.rglob("*")):
        relative = source.relative_to(welcome)
        hidden = any(part.startswith((".", "__")) for part in relative.parts)
        if hidden or not source.is_file() or source.is_symlink():
            continue
        _seed_file(home, source, relative, uid)


def _seed_file(home: Path, source: Path, relative: Path, uid: int | None) -> None:
    content = source.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    record = _folder(home, Path(SEEDED) / relative.parent, uid)
    target = _folder(home, Path(FOLDER) / relative.parent, uid)
    if record is None or target is None:
        return
    try:
        known = _read(record, relative.name)
        if known is not None and known.decode(errors="replace").strip() == digest:
            return
        present = _read(target, relative.name)
        if present is None and known is None:
            _write(target, relative.name, content, uid)
        elif present is not None:
            mine = hashlib.sha256(present).hexdigest()
            if known is not None and mine == known.decode(errors="replace").strip():
                _write(target, relative.name, content, uid)
            elif mine != digest:
                beside = f"{relative.stem}-{digest[:8]}{relative.suffix}"
                if _read(target, beside) is None:
                    _write(target, beside, content, uid)
        _write(record, relative.name, digest.encode(), uid)
    finally:
        os.close(record)
        os.close(target)


def _folder(home: Path, relative: Path, uid: int | None) -> int | None:
    """Descriptor of a folder in a home, made where missing; None where a link stands in the way."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    here = os.open(home, flags)
    for part in relative.parts:
        try:
            try:
                os.mkdir(part, 0o700, dir_fd=here)
            except FileExistsError:
                there = os.open(part, flags, dir_fd=here)
            else:
                there = os.open(part, flags, dir_fd=here)
                if uid is not None:
                    os.fchown(there, uid, uid)
        except OSError:
            return None
        finally:
            os.close(here)
        here = there
    return here


def _read(folder: int, name: str) -> bytes | None:
    """Content of a file; None where there is none, b"" for anything else of that name.

    Also for one that is too large: the hub reads it, whole, for whoever starts a server.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        try:
            content = file.read(LARGEST_SEED + 1)
        except OSError:
            return b""
    return content if len(content) <= LARGEST_SEED else b""


def _write(folder: int, name: str, content: bytes, uid: int | None) -> None:
    """Put a file in place in one step."""
    temporary = f".{name}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(temporary, flags, 0o600, dir_fd=folder)
    except FileExistsError:
        os.unlink(temporary, dir_fd=folder)
        handle = os.open(temporary, flags, 0o600, dir_fd=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        if uid is not None:
            os.fchown(file.fileno(), uid, uid)
    os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)


def forget(home: Path) -> None:
    """Delete the home of an account that is gone for ever."""
    shutil.rmtree(home, ignore_errors=True)


def _checked(account: str) -> str:
    if not NAME.fullmatch(account):
        raise ValueError(f"'{account}' cannot be the name of a home")
    return account
