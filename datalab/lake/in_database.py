"""Working metadata in a database: what is published stays the truth, whatever was killed where."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import duckdb

from datalab.errors import LakeDatabaseTaken
from datalab.lake import metadata
from datalab.lake.layout import LakeFolder, in_database, mark_database
from datalab.lake.shared import Shared
from datalab.lake.working import EXPORTED, Attachment, InFiles, Working, put_in_place

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
        there = place.catalog.is_file()
        with self._exported(place) as exported:
            ahead = not there or metadata.newest(exported) > metadata.newest(place.catalog)
            if ahead and all((place.data / name).is_file() for name in metadata.files(exported)):
                put_in_place(exported, place)
                return
        if there:
            LOG.warning("%s: the database holds other metadata than are published", place.name)
            self.shared.load(place.name, place.catalog)
        else:
            self.shared.drop(place.name)

    def show(self, place: LakeFolder) -> None:
        with self._exported(place) as exported:
            put_in_place(exported, place)

    def current(self, place: LakeFolder) -> AbstractContextManager[Path | None]:
        return self._exported(place) if place.name in self.shared.names() else nullcontext()

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

    @contextmanager
    def _exported(self, place: LakeFolder) -> Iterator[Path]:
        """A file with what the database holds. It does not stay: some of it may be erased next."""
        target = self.folder / f"{place.name}{EXPORTED}"
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.shared.export(place.name, target)
            yield target
        finally:
            target.unlink(missing_ok=True)
