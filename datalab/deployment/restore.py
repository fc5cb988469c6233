"""``datalab restore``: a backup becomes a lab again, in an empty folder, or not at all.

Everything is unpacked beside the home, compared with the list inside the backup, and moved into
place in one step. A file that was changed on the way, cut off or made by somebody else is refused
before the lab sees any of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tarfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from datalab.deployment.backup import CONTENTS, FORMAT, PIECE, STREAM, Report, listed
from datalab.deployment.dump import FOLDER, Server, as_before, bring_back, make_room
from datalab.errors import BackupUnreadable, DatabaseNotRestored, HomeNotEmpty
from datalab.i18n import Phrase

ROOTS = {
    "hub",
    "secrets",
    "participation",
    "households",
    "catalog",
    "accounts",
    FOLDER,
    "projects",
    "references",
    "lake",
    "writer",
}
LONGEST_LIST = 2**28
UNREADABLE = (OSError, tarfile.TarError, ValueError, KeyError, TypeError, EOFError)


def restore(source: Path, home: Path, to: Sequence[Server] = (), aside: str = "") -> Report:
    """Make the lab of a backup in ``home``, which must not exist or be empty.

    Databases that lay on a server go into those of ``to``, which must be empty too, or have what
    they hold set ``aside`` in a schema of that name.

    Raises
    ------
    HomeNotEmpty
    DatabaseNotRestored
        where one of the backup has no place in ``to``, or the other way round.
    BackupUnreadable
        with the first thing that is wrong; the home stays as it was.
    """
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise HomeNotEmpty(home=str(home))
    home.parent.mkdir(parents=True, exist_ok=True)
    beside = home.with_name(f".{home.name}.restore-{os.getpid()}")
    try:
        beside.mkdir(mode=0o700)
        contents, found = _unpack(source, beside)
        _compare(source, contents, found)
        _bring_back(beside, to, aside)
        if (beside / "hub" / "hub.sqlite").is_file():
            _forget_servers(f"sqlite:///{beside / 'hub' / 'hub.sqlite'}")
        if home.is_dir():
            home.rmdir()
        os.rename(beside, home)
    except UNREADABLE as error:
        raise _unreadable(source, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    size = sum(int(entry["size"]) for entry in contents.values())
    return Report(home, len(contents), size, ())


def verify(source: Path) -> Report:
    """Read a backup from the first byte to the last, and write nothing.

    Raises
    ------
    BackupUnreadable
        with the first thing that is wrong.
    """
    contents: dict[str, Any] | None = None
    found: dict[str, dict[str, Any]] = {}
    try:
        with _opened(source) as archive:
            for member in listed(archive):
                if contents is not None:
                    raise ValueError("something follows the list of contents")
                if member.name == CONTENTS:
                    contents = _contents(archive, member)
                    continue
                _safe(member.name)
                if member.isreg():
                    found[member.name] = _copy(archive, member, None)
                elif not (member.isdir() or member.issym()):
                    raise ValueError(f"'{member.name}' is neither a file, a folder nor a link")
        if contents is None:
            raise ValueError("the list of contents is missing: the file was cut off")
        _compare(source, contents, found)
    except UNREADABLE as error:
        raise _unreadable(source, error) from error
    size = sum(int(entry["size"]) for entry in contents.values())
    return Report(source, len(contents), size, ())


def _opened(source: Path) -> tarfile.TarFile:
    if source == STREAM:
        return tarfile.open(fileobj=sys.stdin.buffer, mode="r|")
    return tarfile.open(source, mode="r:")


def _unpack(source: Path, beside: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Write files and folders, hashing what is written; links last, so that none is in the way."""
    contents: dict[str, Any] | None = None
    found: dict[str, dict[str, Any]] = {}
    links: list[tarfile.TarInfo] = []
    folders: list[tarfile.TarInfo] = []
    with _opened(source) as archive:
        for member in listed(archive):
            if contents is not None:
                raise ValueError("something follows the list of contents")
            if member.name == CONTENTS:
                contents = _contents(archive, member)
                continue
            target = beside / _safe(member.name)
            if member.isdir():
                target.mkdir(mode=0o700, parents=True, exist_ok=True)
                folders.append(member)
            elif member.issym():
                links.append(member)
            elif member.isreg():
                found[member.name] = _write(archive, member, target)
            else:
                raise ValueError(f"'{member.name}' is neither a file, a folder nor a link")
    if contents is None:
        raise ValueError("the list of contents is missing: the file was cut off")
    for member in links:
        target = beside / _safe(member.name)
        # Through a link made just before, this one would be made outside.
        if target.parent.resolve() != beside.resolve() / _safe(member.name).parent:
            raise ValueError(f"'{member.name}' lies behind a link")
        os.symlink(member.linkname, target)
        _own(target, member)
    # Folders last: one that is closed to its own owner could not be filled.
    for member in reversed(folders):
        target = beside / _safe(member.name)
        _own(target, member)
        os.chmod(target, member.mode & 0o777)
    return contents, found


def _contents(archive: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any]:
    if member.size > LONGEST_LIST:
        raise ValueError("the list of contents is too long")
    file = archive.extractfile(member)
    document = json.loads(file.read() if file else b"")
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']} is not known to this version")
    files: dict[str, Any] = document["files"]
    return files


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> dict[str, Any]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(target, flags, 0o600), "wb") as written:
        found = _copy(archive, member, written)
    _own(target, member)
    os.chmod(target, member.mode & 0o777)
    os.utime(target, (member.mtime, member.mtime))
    return found


def _copy(
    archive: tarfile.TarFile, member: tarfile.TarInfo, target: IO[bytes] | None
) -> dict[str, Any]:
    """What a file of the archive holds, as the list of contents says it; written where asked."""
    digest, size = hashlib.sha256(), 0
    file = archive.extractfile(member)
    while file is not None and (piece := file.read(PIECE)):
        digest.update(piece)
        if target is not None:
            target.write(piece)
        size += len(piece)
    return {"size": size, "sha256": digest.hexdigest()}


def _unreadable(source: Path, error: BaseException) -> BackupUnreadable:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return BackupUnreadable(path=str(source), reason=reason)


def _own(target: Path, member: tarfile.TarInfo) -> None:
    """Accounts keep their numbers where the lab may give files away."""
    if os.geteuid() == 0 and member.uid:
        os.chown(target, member.uid, member.uid, follow_symlinks=False)


def _safe(name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or path.parts[0] not in ROOTS or ".." in path.parts:
        raise ValueError(f"'{name}' does not belong into a lab")
    return Path(*path.parts)


def _compare(source: Path, contents: dict[str, Any], found: dict[str, dict[str, Any]]) -> None:
    for name in sorted(contents.keys() | found.keys()):
        if name not in found:
            raise ValueError(f"'{name}' is missing")
        if contents.get(name) != found[name]:
            raise ValueError(f"'{name}' is not what was backed up")


def _bring_back(beside: Path, to: Sequence[Server], aside: str) -> None:
    """Databases on a server: first look whether all of them can be filled, then fill them."""
    named = {server.name: server for server in to}
    dumped = {path.stem: path for path in sorted((beside / FOLDER).glob("*.dump"))}
    for name in sorted(dumped.keys() | named.keys()):
        setting = f"DATALAB_{name.upper()}_DATABASE"
        if name not in named:
            reason = Phrase(
                "it lay on a PostgreSQL: name an empty database in {setting}", setting=setting
            )
            raise DatabaseNotRestored(database=name, reason=reason)
        if name not in dumped and (beside / name / f"{name}.sqlite").is_file():
            reason = Phrase(
                "the backup holds it in a file: take {setting} away, restore, then run "
                "'datalab migrate'",
                setting=setting,
            )
            raise DatabaseNotRestored(database=name, reason=reason)
    changed: dict[str, str] = {}  # the schema that took what lay there
    try:
        for name in dumped:
            if make_room(named[name], aside):
                changed[name] = aside
        for name, path in dumped.items():
            bring_back(named[name], path)
            changed.setdefault(name, "")
    except BaseException:
        for name, before in changed.items():
            with suppress(SQLAlchemyError):  # the first reason is the one to tell
                as_before(named[name], before)
        raise
    if "hub" in dumped:
        _forget_servers(named["hub"].url)
    shutil.rmtree(beside / FOLDER, ignore_errors=True)


def _forget_servers(address: str | URL) -> None:
    """No server of the lab that was backed up is one of this lab, even on the same machine."""
    engine = create_engine(address)
    with engine.begin() as hub:
        hub.execute(text("UPDATE spawners SET server_id = NULL, state = '{}', started = NULL"))
        hub.execute(text("UPDATE services SET _server_id = NULL"))
        hub.execute(text("DELETE FROM servers"))
    engine.dispose()
