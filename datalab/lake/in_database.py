"""Working metadata in a database: what is published stays the truth, whatever was killed where."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from pathlib import Path

import duckdb

from datalab.errors import LakeDatabaseTaken
from datalab.lake import metadata
from datalab.lake.layout import LakeFolder, in_database, mark_database
from datalab.lake.shared import Shared
from datalab.lake.working import Attachment, InFiles, Working, put_in_place

LOG = logging.getLogger("datalab.lake")


class InDatabase(Working):
    """In ``shared``, where every publisher of the lake finds them."""

    extensions = (*Working.extensions, "postgres_scanner")
    single = False

    def __init__(self, lake: Path, folder: Path, shared: Shared) -> None:
        super().__init__(lake, folder)
        self.shared = shared
        self.files = InFiles(lake, folder)  # where they were before
        self._settled: set[str] = set()

    def enter(self) -> None:
        if self.shared.names() and not in_database(self.lake):
            raise LakeDatabaseTaken(database=self.shared.address)
        mark_database(self.lake, self.shared.address)

    def turn(self) -> AbstractContextManager[None]:
        return self.shared.turn()

    def attachment(self, place: LakeFolder) -> Attachment:
        return Attachment(self.shared.metadata, place.name)

    def names(self) -> set[str]:
        return self.shared.names() | self.files.names()

    def settle(self, place: LakeFolder) -> None:
        if place.name not in self._settled:
            self.finish(place)

    def finish(self, place: LakeFolder) -> None:
        """What is published is the truth.

        The database holds more only where a writer was killed after its commit: its files are
        there then. Where they are not, or the numbers are older, one of both was restored from a
        backup, or somebody published without the database.
        """
        if place.name not in self.shared.names():
            self.files.finish(place)
            if place.catalog.is_file():
                self.shared.load(place.name, place.catalog)
        elif not (place.catalog.is_file() and self.shared.same(place.name, place.catalog)):
            self._agree(place)
        self.files.forget(place.name)
        self._settled.add(place.name)

    def _agree(self, place: LakeFolder) -> None:
        exported = self._export(place)
        there = place.catalog.is_file()
        ahead = not there or metadata.newest(exported) > metadata.newest(place.catalog)
        if ahead and all((place.data / name).is_file() for name in metadata.files(exported)):
            put_in_place(exported, place)
        elif there:
            LOG.warning("%s: the database holds other metadata than are published", place.name)
            self.shared.load(place.name, place.catalog)
        else:
            self.shared.drop(place.name)
        exported.unlink()

    def show(self, place: LakeFolder) -> None:
        exported = self._export(place)
        put_in_place(exported, place)
        exported.unlink()

    def current(self, place: LakeFolder) -> Path | None:
        return self._export(place) if place.name in self.shared.names() else None

    def replace(self, place: LakeFolder, prepared: Path) -> None:
        self.shared.load(place.name, prepared)
        put_in_place(prepared, place)
        prepared.unlink()

    def forget(self, name: str) -> None:
        self.shared.drop(name)
        self.files.forget(name)
        self._settled.discard(name)

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.shared.prepare(connection)

    def tell(self, error: duckdb.Error) -> None:
        self.shared.tell(error)

    def close(self) -> None:
        self.shared.close()

    def _export(self, place: LakeFolder) -> Path:
        target = self.folder / f"{place.name}.exported"
        target.parent.mkdir(parents=True, exist_ok=True)
        self.shared.export(place.name, target)
        return target


def worked_in(database: str, lake: Path, folder: Path, owner: str) -> Working:
    """Where a lake is worked on: at the address ``database``, or in files of ``folder``."""
    if not database:
        return InFiles(lake, folder)
    return InDatabase(lake, folder, Shared(database, owner))
