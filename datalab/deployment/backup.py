"""``datalab backup``: what a lab cannot make again, in one file, while the lab goes on.

The file is a tar archive. ``contents.json``, its last member, names every file with its size and
SHA-256. Databases are copied by SQLite's own online backup, those on a PostgreSQL by ``pg_dump``,
the lake under the lock of its one writer, a project under its own lock. Not inside: logs,
downloads, assets, what only says who runs now. Secrets and everybody's work **are** inside: the
file has mode 0600 and belongs in a safe place.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from datalab import __version__
from datalab.deployment.dump import FOLDER, Server, dump, servers
from datalab.errors import BackupFailed
from datalab.i18n import Phrase
from datalab.lake.lock import Lock
from datalab.lake.working import worked_in
from datalab.projects.project import locked
from datalab.settings import Settings

CONTENTS = "contents.json"
FORMAT = 1
SMALL = 2**23
PIECE = 2**20
LOCK_SECONDS = 600
SCRATCH = ".backup-"
STREAM = Path("-")  # standard output, or input
DEEPEST = 100
BESIDE_DATABASES = (".sqlite-wal", ".sqlite-shm", ".sqlite-journal")
# Full disks and faulty ones end the whole backup; anything else is one file that is strange.
FATAL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


@dataclass(frozen=True)
class Report:
    """What a backup holds. ``skipped`` are sockets, pipes and what could not be read; ``apart`` are
    the databases on a server whose content is not inside, "" for none, and ``why``."""

    path: Path
    files: int
    size: int
    skipped: tuple[str, ...]
    apart: str = ""
    why: str = ""


def backup(settings: Settings, target: Path, now: float, *, homes: bool = True) -> Report:
    """Write a backup into ``target``, or under a name of its own where that is a folder.

    Raises
    ------
    BackupFailed
        where the file exists, cannot be written, or the disk is full. Nothing is left behind.
    LakeBusy
        where a refresh held the lake for ten minutes.
    """
    moment = datetime.fromtimestamp(now, UTC)
    if target.is_dir():
        target = target / f"datalab-{moment:%Y-%m-%d-%H%M%S}.tar"
    if target.exists():
        raise BackupFailed(path=str(target), reason=Phrase("the file exists already"))
    if target.resolve().is_relative_to(settings.home.resolve()):
        raise BackupFailed(
            path=str(target), reason=Phrase("a backup belongs outside the lab's folder")
        )
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            report = _write(settings, file, target, moment, homes)
            file.flush()
            os.fsync(file.fileno())
        os.rename(partial, target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BackupFailed(path=str(target), reason=reason) from error
    finally:
        partial.unlink(missing_ok=True)
    return report


def stream(settings: Settings, file: IO[bytes], now: float, *, homes: bool = True) -> Report:
    """Write a backup to a pipe: to a program that keeps only what is new, encrypts, or sends it.

    Raises
    ------
    BackupFailed
        what went through until then is cut off, and no backup.
    LakeBusy
    """
    try:
        report = _write(settings, file, STREAM, datetime.fromtimestamp(now, UTC), homes)
        file.flush()
    except OSError as error:
        raise BackupFailed(path="-", reason=error.strerror or str(error)) from error
    return report


def _write(
    settings: Settings, file: IO[bytes], target: Path, moment: datetime, homes: bool
) -> Report:
    if not (settings.home / "hub").is_dir():
        raise BackupFailed(path=str(settings.home), reason=Phrase("there is no lab in this folder"))
    _clear_left_over(settings.home)
    prefix = f"{SCRATCH}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=settings.home) as scratch:
        archive = _Archive(file, settings.home, Path(scratch))
        _fill(archive, settings, homes)
        archive.close({"version": __version__, "created": moment.isoformat(), "homes": homes})
    apart, why = ", ".join(archive.apart), next(iter(archive.apart.values()), "")
    size, skipped = archive.tar.offset, tuple(archive.skipped)
    return Report(target, len(archive.contents), size, skipped, apart, why)


def _clear_left_over(home: Path) -> None:
    """What a backup that was killed left behind: links and copies, never an original."""
    for folder in home.glob(f"{SCRATCH}*-*"):
        pid = folder.name.removeprefix(SCRATCH).partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _fill(archive: _Archive, settings: Settings, homes: bool) -> None:
    home = settings.home
    with ExitStack() as stack:
        frozen = _freeze_lake(settings, archive.scratch)
        archive.tree("hub")
        if settings.people != home / "hub" / "people.sqlite" and settings.people.is_file():
            archive.database(settings.people, "hub/people.sqlite")
        archive.tree("secrets")
        # The databases before the pictures: one that comes meanwhile is a file too many, not a
        # row without its file.
        for server in servers(settings):
            archive.server(server)
        archive.tree("participation")
        archive.tree("households")
        archive.tree("catalog")
        archive.tree("accounts/uids")
        if homes:
            archive.tree("accounts/homes")
        for name in sorted(p.name for p in settings.shared.iterdir() if p.is_dir()):
            with ExitStack() as held:
                if (settings.shared / name / "project.yaml").is_file():
                    held.enter_context(locked(settings.shared / name))
                archive.tree(f"projects/{name}")
        archive.tree("references")
        archive.tree("lake", frozen)
        archive.tree("writer", frozen)
        stack.callback(shutil.rmtree, frozen, ignore_errors=True)


def _freeze_lake(settings: Settings, scratch: Path) -> Path:
    """The lake as it stands under its lock: published files by hard links, the writer's copied.

    Published files are never changed, only replaced, so that a link keeps them as they were.
    """
    frozen = scratch / "frozen"
    frozen.mkdir(mode=0o700)
    working = worked_in(settings.worked_in, settings.lake, settings.writer, "backup")
    held = Lock(settings.writer / "lock.json", "backup", wait=LOCK_SECONDS)
    with closing(working), held, working.turn():
        for name, copy in (("lake", _link), ("writer", shutil.copy2)):
            source = settings.home / name
            if source.is_dir():
                shutil.copytree(source, frozen / name, copy_function=copy, symlinks=True)
    return frozen


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)


class _Archive:
    """A tar file that is being written, with the list of what went into it."""

    def __init__(self, file: IO[bytes], home: Path, scratch: Path) -> None:
        self.tar = tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self.home, self.scratch = home, scratch
        self.contents: dict[str, dict[str, Any]] = {}
        self.skipped: list[str] = []
        self.apart: dict[str, str] = {}

    def close(self, about: dict[str, Any]) -> None:
        document = {"format": FORMAT, **about, "files": self.contents}
        text = json.dumps(document, ensure_ascii=False, indent=1).encode()
        info = tarfile.TarInfo(CONTENTS)
        info.size, info.mode = len(text), 0o600
        self.tar.addfile(info, io.BytesIO(text))
        self.tar.close()

    def tree(self, name: str, root: Path | None = None) -> None:
        """A folder of the home and all below it. Nothing is followed: people own parts of it."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            handle = os.open((root or self.home) / name, flags)
        except OSError:
            return
        try:
            self._folder(name, handle, 0)
        finally:
            os.close(handle)

    def _folder(self, name: str, handle: int, depth: int) -> None:
        self._add(name, os.fstat(handle), tarfile.DIRTYPE)
        for entry in sorted(os.listdir(handle)):
            path = f"{name}/{entry}"
            with _skipping(self.skipped, path):
                found = os.stat(entry, dir_fd=handle, follow_symlinks=False)
                if stat.S_ISLNK(found.st_mode):
                    self._add(path, found, tarfile.SYMTYPE, os.readlink(entry, dir_fd=handle))
                elif stat.S_ISDIR(found.st_mode):
                    if depth >= DEEPEST:
                        raise OSError("too deep")
                    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                    below = os.open(entry, flags, dir_fd=handle)
                    try:
                        self._folder(path, below, depth + 1)
                    finally:
                        os.close(below)
                elif not stat.S_ISREG(found.st_mode):
                    raise OSError("neither a file nor a folder")
                elif _of_the_lab(path) and entry.endswith(".sqlite"):
                    self.database(self.home / path, path)
                elif not (_of_the_lab(path) and entry.endswith(BESIDE_DATABASES)):
                    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                    with os.fdopen(os.open(entry, flags, dir_fd=handle), "rb") as file:
                        self._file(path, os.fstat(file.fileno()), file)

    def database(self, source: Path, name: str) -> None:
        """A database of the lab as it was at one moment, whoever writes to it meanwhile."""
        copy = self.scratch / "database"
        copy.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(source, timeout=30)) as live,
            closing(sqlite3.connect(copy)) as still,
        ):
            live.backup(still)
        with copy.open("rb") as file:
            self._file(name, source.stat(), file)

    def server(self, server: Server) -> None:
        """What a database on a server holds; where it cannot be had, why."""
        copy = self.scratch / "dump"
        copy.unlink(missing_ok=True)
        if reason := dump(server, copy):
            self.apart[str(server)] = reason
            return
        self._add(FOLDER, os.stat(self.scratch), tarfile.DIRTYPE)
        with copy.open("rb") as file:
            self._file(server.file, os.fstat(file.fileno()), file)

    def _file(self, name: str, found: os.stat_result, file: IO[bytes]) -> None:
        """Through a copy, because a file that grows or shrinks meanwhile breaks an archive."""
        digest = hashlib.sha256()
        with tempfile.SpooledTemporaryFile(SMALL, dir=str(self.scratch)) as copy:
            size = 0
            while piece := file.read(PIECE):
                digest.update(piece)
                copy.write(piece)
                size += len(piece)
            copy.seek(0)
            self._add(name, found, tarfile.REGTYPE, size=size, data=copy)
        self.contents[name] = {"size": size, "sha256": digest.hexdigest()}

    def _add(
        self,
        name: str,
        found: os.stat_result,
        kind: bytes,
        link: str = "",
        size: int = 0,
        data: Any = None,
    ) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, size
        info.mode, info.mtime = stat.S_IMODE(found.st_mode) & 0o777, int(found.st_mtime)
        # 0 stands for the lab itself, whatever account it runs as.
        info.uid = info.gid = 0 if found.st_uid == os.geteuid() else found.st_uid
        self.tar.addfile(info, data)


def _of_the_lab(path: str) -> bool:
    """Whether only the lab writes there; what people put anywhere else is never opened."""
    parts = path.split("/")
    own = parts[0] in {"hub", "participation", "households", "references"}
    return own or (parts[0] == "projects" and parts[2:3] == ["records"])


class _skipping(suppress):
    """Notes what could not be read, and goes on: one strange file must not stop a backup."""

    def __init__(self, skipped: list[str], path: str) -> None:
        super().__init__()
        self.skipped, self.path = skipped, path

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if isinstance(error, OSError) and error.errno not in FATAL:
            self.skipped.append(self.path)
            return True
        return False


def listed(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Members one after the other, as they lie in the file."""
    while (member := archive.next()) is not None:
        yield member
