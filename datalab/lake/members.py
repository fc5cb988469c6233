"""Members of a stranger's zip: named, bounded and streamed, never unpacked by their own names."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from datalab.catalog.dataset import Dataset
from datalab.errors import SourceTooLarge
from datalab.lake.raw import unreadable

BLOCK = 1 << 20
MOST_MEMBERS = 10_000
LARGEST = 2_000_000_000
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


class Members:
    """The files in a zip. ``names`` leaves out folders and what systems hide beside files.

    Raises
    ------
    UnreadableFile
        where it is no zip, or a member is a link, is encrypted, or would lie outside.
    SourceTooLarge
        where it says that it unpacks to more than the dataset allows; or does.
    """

    def __init__(self, dataset: Dataset, file: Path) -> None:
        self.dataset, self.left = dataset, dataset.source.max_bytes or LARGEST
        self.limit = self.left
        try:
            self.archive = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise unreadable(dataset, "it is not a zip archive: {error}.", error=error) from error
        self.names = [info.filename for info in self._checked()]

    def __enter__(self) -> Members:
        return self

    def __exit__(self, *_: object) -> None:
        self.archive.close()

    def ending(self, suffix: str) -> list[str]:
        """The members whose name ends so, upper or lower case."""
        return [name for name in self.names if name.lower().endswith(suffix)]

    def beside(self, name: str, suffix: str) -> str | None:
        """The member of the same name with another ending."""
        wanted = str(PurePosixPath(name).with_suffix(suffix)).lower()
        return next((other for other in self.names if other.lower() == wanted), None)

    def take(self, name: str, target: Path) -> Path:
        """Write a member to ``target``, within what is left of the limit."""
        try:
            with self.archive.open(name) as packed, target.open("wb") as plain:
                while block := packed.read(BLOCK):
                    self.left -= len(block)
                    if self.left < 0:
                        raise SourceTooLarge(url=name, limit=self.limit)
                    plain.write(block)
        except _BROKEN as error:
            raise unreadable(
                self.dataset, "its member '{name}' is damaged: {error}.", name=name, error=error
            ) from error
        return target

    def read(self, name: str, most: int = 1_000_000) -> bytes:
        """The first ``most`` bytes of a small member."""
        try:
            with self.archive.open(name) as packed:
                return packed.read(most)
        except _BROKEN as error:
            raise unreadable(
                self.dataset, "its member '{name}' is damaged: {error}.", name=name, error=error
            ) from error

    def _checked(self) -> list[zipfile.ZipInfo]:
        infos = self.archive.infolist()
        if len(infos) > MOST_MEMBERS:
            raise unreadable(
                self.dataset, "it holds more than {limit} members.", limit=MOST_MEMBERS
            )
        for info in infos:
            path = PurePosixPath(info.filename)
            if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
                raise unreadable(
                    self.dataset,
                    "its member '{name}' would lie outside the archive.",
                    name=info.filename,
                )
            if stat.S_ISLNK(info.external_attr >> 16):
                raise unreadable(self.dataset, "its member '{name}' is a link.", name=info.filename)
            if info.flag_bits & 1:
                raise unreadable(
                    self.dataset,
                    "its member '{name}' is encrypted; publish it without a password.",
                    name=info.filename,
                )
        if sum(info.file_size for info in infos) > self.limit:
            raise SourceTooLarge(url=Path(self.archive.filename or "").name, limit=self.limit)
        return [
            info
            for info in infos
            if not info.is_dir()
            and not any(part.startswith((".", "__MACOSX")) for part in info.filename.split("/"))
        ]
