"""Files of whole tables, made once and kept while there is room, to be read in parts.

A reader of Parquet (DuckDB, GDAL, Arrow) asks for the end of the file, then for the columns it
needs: the bytes must stay the same between two requests. So the file is written to disk by DuckDB
under a name that says what it is made of, its tag is the digest of its bytes, and the file that
was asked for least recently goes first. CSV, GeoJSON and Arrow flow without a file where somebody
takes all of them; who asks for their length or a part of them gets them from a file as well.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from datalab import __version__
from datalab.errors import TooMuch
from datalab.lake.connection import identifier, literal
from datalab.portal.download import about
from datalab.portal.library import OPEN, Holding, Shelf
from datalab.portal.rows import Table

ROOM = 4_000_000_000  # bytes of all files together
GROUP = 122_880  # rows of a row group
PATIENCE = 300.0  # seconds one file may take
CHUNK = 1 << 20


@dataclass(frozen=True)
class Kept:
    """A file that stands; ``tag`` is the digest of its bytes."""

    path: Path
    tag: str


class KeptFiles:
    """The files in one folder, which only the portal reads."""

    def __init__(self, folder: Path, room: int = ROOM) -> None:
        self.folder, self.room = folder, room
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}

    def parquet(
        self, shelf: Shelf, holding: Holding, opened: Table, *, shared: bool = True
    ) -> Kept:
        """The Parquet file of a table, shapes as GeoParquet in longitude and latitude.

        One that is not ``shared`` is made for this reader alone, who takes it away after use.
        """
        run = next(
            (s for s in holding.entry.snapshots if s["snapshot"] == opened.snapshot), {}
        ).get("run_id")
        facts = about(holding, opened)
        made_of = repr((opened.lake, opened.snapshot, run, opened.columns, facts, __version__))

        def write(path: Path) -> None:
            _write_parquet(path, shelf, opened, facts)

        if not shared:
            return self._make(f"own-{os.urandom(12).hex()}", "parquet", write)
        return self._kept(holding.id, made_of, "parquet", write)

    def flowing(self, identity: str, made_of: str, door: str, pieces: Iterable[bytes]) -> Kept:
        """What flows from ``pieces`` as a file; ``made_of`` is all that decides its bytes.

        Raises
        ------
        TooMuch
            where it is not whole after :data:`PATIENCE`.
        """

        def write(path: Path) -> None:
            end = time.monotonic() + PATIENCE
            with path.open("wb") as file:
                for piece in pieces:
                    file.write(piece)
                    if time.monotonic() > end or file.tell() > self.room:
                        raise TooMuch

        return self._kept(identity, made_of, door, write)

    def _kept(
        self, identity: str, made_of: str, suffix: str, write: Callable[[Path], None]
    ) -> Kept:
        """The file that stands under its name, or is made now, by one who asks."""
        name = f"{identity}-{hashlib.sha256(made_of.encode()).hexdigest()[:24]}"
        with self._lock:
            making = self._making.setdefault(name, threading.Lock())
        with making:
            found = self._find(name, suffix)
            if found is None:
                found = self._make(name, suffix, write)
        with self._lock:
            self._making.pop(name, None)
        return found

    def _find(self, name: str, suffix: str) -> Kept | None:
        for path in self.folder.glob(f"{name}.*.{suffix}"):
            os.utime(path)
            return Kept(path, path.name.removesuffix(f".{suffix}").rpartition(".")[2])
        return None

    def _make(self, name: str, suffix: str, write: Callable[[Path], None]) -> Kept:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.folder / f"{name}.{os.urandom(4).hex()}.tmp"
        try:
            write(temporary)
            tag = _digest(temporary)
            path = self.folder / f"{name}.{tag}.{suffix}"
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        self._make_room(path)
        return Kept(path, tag)

    def _make_room(self, newest: Path) -> None:
        """Take the files asked for least recently away; who reads one keeps reading it."""
        found = []
        for path in self.folder.iterdir():
            if path.suffix == ".tmp":
                continue
            try:
                found.append((path.stat().st_mtime_ns, path.stat().st_size, path))
            except OSError:
                continue
        held = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if held <= self.room or path == newest:
                continue
            path.unlink(missing_ok=True)
            held -= size


def _write_parquet(path: Path, shelf: Shelf, opened: Table, facts: dict[str, str]) -> None:
    picked = ", ".join(identifier(column) for column in opened.columns)
    metadata = ", ".join(f"{key}: {literal(value)}" for key, value in facts.items())
    cursor = shelf.cursor(opened.lake)
    timer = threading.Timer(PATIENCE, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        cursor.execute(
            f"COPY (SELECT {picked} FROM {opened.sql}) TO {literal(path)} "  # noqa: S608
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {GROUP}, "
            f"KV_METADATA {{{metadata}}})"
        )
    except (duckdb.InterruptException, duckdb.OutOfMemoryException) as reason:
        raise TooMuch from reason
    finally:
        timer.cancel()
        cursor.close()


def is_kept(opened: Table) -> bool:
    """Only what everybody may read is kept outside of its lake."""
    return opened.lake == OPEN


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            found.update(piece)
    return found.hexdigest()[:32]
