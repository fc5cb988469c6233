"""The working metadata: what a publish commits to, before readers see a frozen copy of them.

By default they are a file of each access class in the home of the one lab that publishes;
``InDatabase`` keeps them on a PostgreSQL instead.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import duckdb

from datalab.lake import metadata
from datalab.lake.connection import EXTENSIONS, identifier
from datalab.lake.layout import LakeFolder, require_files, sync_folder

EXPORTED = ".exported"  # ends the name of a file that one publication needs
ATTACHED = "__ducklake_metadata_work"  # where DuckLake attaches the metadata of ``work``


@dataclass(frozen=True)
class Attachment:
    """What DuckLake attaches as ``work``, and the schema of its own tables in there."""

    address: str
    schema: str = "main"

    @property
    def inside(self) -> str:
        """What stands before the name of one of those tables while it is attached."""
        return f"{ATTACHED}.{identifier(self.schema)}."


class Working(ABC):
    """Of the lakes under ``lake``; ``folder`` is for what only this lab needs."""

    extensions: tuple[str, ...] = EXTENSIONS
    single = True
    """Whether the holder of the lock of this home is the only one who publishes."""

    def __init__(self, lake: Path, folder: Path) -> None:
        self.lake, self.folder = lake, folder

    @abstractmethod
    def enter(self) -> None:
        """See that the lake is worked on here.

        Raises
        ------
        LakeInDatabase, LakeDatabaseTaken, LakeDatabaseAway
        """

    @abstractmethod
    def turn(self) -> AbstractContextManager[None]:
        """Nobody else changes the lake meanwhile."""

    @abstractmethod
    def attachment(self, place: LakeFolder) -> Attachment:
        """What a publish to ``place`` commits to."""

    @abstractmethod
    def names(self) -> set[str]:
        """The access classes that there are metadata of."""

    @abstractmethod
    def finish(self, place: LakeFolder) -> None:
        """Make readers' copy and the working metadata say the same, whatever was killed."""

    @abstractmethod
    def settle(self, place: LakeFolder) -> None:
        """What comes before the first commit to an access class."""

    @abstractmethod
    def show(self, place: LakeFolder) -> None:
        """Let readers see what was committed."""

    @abstractmethod
    def current(self, place: LakeFolder) -> AbstractContextManager[Path | None]:
        """A file with the working metadata of an access class, to read from meanwhile."""

    @abstractmethod
    def replace(self, place: LakeFolder, prepared: Path) -> None:
        """Take the file ``prepared`` for the working metadata, and let readers see it."""

    @abstractmethod
    def forget(self, name: str) -> None:
        """Remove the working metadata of an access class."""

    @abstractmethod
    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """What a connection needs before it attaches them."""

    @abstractmethod
    def tell(self, error: duckdb.Error) -> None:
        """Raise in the lab's words what ``error`` comes from, where that is known."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what was opened."""


class InFiles(Working):
    """``<class>.ducklake`` in ``folder``."""

    def enter(self) -> None:
        require_files(self.lake)

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext()

    def attachment(self, place: LakeFolder) -> Attachment:
        return Attachment(f"ducklake:{self._file(place)}")

    def names(self) -> set[str]:
        return {path.stem for path in self.folder.glob("*.ducklake")}

    def finish(self, place: LakeFolder) -> None:
        file = self._file(place)
        if not _sound(file):
            self._restore(file, place)
        if file.is_file() and not (
            place.catalog.is_file() and filecmp.cmp(file, place.catalog, shallow=False)
        ):
            self.show(place)

    def show(self, place: LakeFolder) -> None:
        put_in_place(self._file(place), place)

    def settle(self, place: LakeFolder) -> None:
        pass

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        pass

    def tell(self, error: duckdb.Error) -> None:
        pass

    def close(self) -> None:
        pass

    def current(self, place: LakeFolder) -> AbstractContextManager[Path | None]:
        file = self._file(place)
        return nullcontext(file if file.is_file() else None)

    def replace(self, place: LakeFolder, prepared: Path) -> None:
        prepared.replace(self._file(place))
        sync_folder(self.folder)
        self.show(place)

    def forget(self, name: str) -> None:
        for path in self.folder.glob(f"{name}.ducklake*"):
            path.unlink(missing_ok=True)

    def _file(self, place: LakeFolder) -> Path:
        return self.folder / f"{place.name}.ducklake"

    def _restore(self, file: Path, place: LakeFolder) -> None:
        """Begin again from the published copy where the working metadata are lost or broken."""
        if file.exists():
            file.replace(file.with_suffix(".broken"))
        file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
        if place.catalog.is_file():
            temporary = file.with_suffix(".restored")
            shutil.copyfile(place.catalog, temporary)
            temporary.replace(file)


def worked_in(database: str, lake: Path, folder: Path, owner: str) -> Working:
    """Where a lake is worked on: at the address ``database``, or in files of ``folder``."""
    if not database:
        return InFiles(lake, folder)
    # Most labs have none, and its client takes a third as long to import as all the rest.
    from datalab.lake.in_database import InDatabase
    from datalab.lake.shared import Shared

    return InDatabase(lake, folder, Shared(database, owner))


def put_in_place(file: Path, place: LakeFolder) -> None:
    """Copy metadata over the published ones in one step.

    A write-ahead log beside the file would hold commits that the copy lacks.
    """
    log = file.with_name(f"{file.name}.wal")
    if log.exists():
        metadata.recover(file)
    if log.exists():
        raise RuntimeError(f"{log.name} is still there: another connection holds the metadata")
    temporary = place.root / f".{place.catalog.name}.{os.getpid()}"
    place.data.mkdir(parents=True, exist_ok=True)
    with file.open("rb") as source, temporary.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
        target.flush()
        os.fsync(target.fileno())
    temporary.replace(place.catalog)
    sync_folder(place.root)


def _sound(file: Path) -> bool:
    """Whether metadata can be read, their write-ahead log written into them."""
    if not file.is_file():
        return False
    try:
        if file.with_name(f"{file.name}.wal").exists():
            metadata.recover(file)
        metadata.newest(file)
    except duckdb.Error:
        return False
    return True
