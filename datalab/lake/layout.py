"""Where the files of the published lakes lie, and how a file is put in place whole.

An access class is ``open``, ``members``, ``restricted-<dataset>``, or
``restricted-<dataset>--<mask>`` for what one audience reads of it. ``lake/<class>/`` holds
``catalog.ducklake`` (immutable copy of the metadata), ``data/`` (Parquet), ``index.json``,
``records/<dataset>/<run>.json``, ``records/<dataset>/history.jsonl`` and
``rejects/<dataset>.json``. A sandbox binds ``lake/<class>`` as one read-only directory.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from datalab.errors import LakeInDatabase, LakeIsCopy

WORDS = r"[a-z0-9]+(-[a-z0-9]+)*"
MASKED = "--"  # between a restricted dataset and one of its masks
COPY = ".copy-of"  # in the folder of lakes that are copied from elsewhere: where from
WORKED_ON = ".worked-on-in"  # in the folder of lakes: the database of their working metadata
CLASS = re.compile(rf"^(open|members|restricted-{WORDS}({MASKED}{WORDS})?)$")


@dataclass(frozen=True)
class LakeFolder:
    """The published folder of one access class."""

    root: Path

    @property
    def name(self) -> str:
        """The access class, which is also the name of the attached lake."""
        return self.root.name

    @property
    def mask(self) -> str | None:
        """The mask that this lake shows a dataset through; None where it is whole."""
        return mask_of(self.name)

    @property
    def catalog(self) -> Path:
        return self.root / "catalog.ducklake"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def index(self) -> Path:
        return self.root / "index.json"

    def records(self, dataset: str) -> Path:
        return self.root / "records" / dataset

    def record(self, dataset: str, run_id: str) -> Path:
        return self.records(dataset) / f"{run_id}.json"

    def history(self, dataset: str) -> Path:
        return self.records(dataset) / "history.jsonl"

    def rejects(self, dataset: str, *, published: bool = False) -> Path:
        """Rejects of the latest run, or of the run whose table is published."""
        return self.root / "rejects" / f"{dataset}{'.published' if published else ''}.json"


def mask_of(name: str) -> str | None:
    """The mask in the name of an access class."""
    return name.partition(MASKED)[2] or None


def folder(lake: Path, name: str) -> LakeFolder:
    """The folder of access class ``name``, whether or not it exists.

    Raises
    ------
    ValueError
        where ``name`` is not an access class: it becomes a path, so nothing else may pass.
    """
    if not CLASS.match(name):
        raise ValueError(f"not an access class: {name!r}")
    return LakeFolder(lake / name)


def folders(lake: Path) -> list[LakeFolder]:
    """The folders under ``lake`` that this process may read: ``open``, ``members``, masked ones,
    then whole ones, so that a later one is the better of two that hold the same dataset.

    A folder that may not be read is left out: the operating system decides who sees what.
    """
    try:
        names = sorted(entry.name for entry in lake.iterdir() if CLASS.match(entry.name))
    except OSError:
        return []
    names.sort(key=lambda name: (name != "open", name != "members", not mask_of(name), name))
    return [LakeFolder(lake / name) for name in names if os.access(lake / name, os.R_OK | os.X_OK)]


def require_own(lake: Path) -> None:
    """
    Raises
    ------
    LakeIsCopy
        where another lab publishes what lies here.
    """
    try:
        depot = (lake / COPY).read_text()
    except FileNotFoundError:
        return
    raise LakeIsCopy(depot=depot)


def mark_copy(lake: Path, depot: str) -> None:
    """From now on a copy of what another lab publishes at ``depot`` lies here."""
    path = lake / COPY
    if not path.is_file() or path.read_text() != depot:
        write_whole(path, depot.encode())


def own(lake: Path) -> None:
    """What was a copy is from now on the lake itself."""
    (lake / COPY).unlink(missing_ok=True)


def require_files(lake: Path) -> None:
    """
    Raises
    ------
    LakeInDatabase
        where the working metadata of what lies here are in a database.
    """
    if database := in_database(lake):
        raise LakeInDatabase(database=database)


def in_database(lake: Path) -> str:
    """The database that what lies here was last worked on in; "" where it was none."""
    try:
        return (lake / WORKED_ON).read_text()
    except FileNotFoundError:
        return ""


def mark_database(lake: Path, database: str) -> None:
    """From now on whoever publishes here does so with this database."""
    if in_database(lake) != database:
        write_whole(lake / WORKED_ON, database.encode())


def leave_database(lake: Path) -> None:
    """What is published is the whole lake again, for files to go on from."""
    (lake / WORKED_ON).unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_json(path: Path, document: Any) -> None:
    """``document`` as UTF-8 JSON at ``path``, in one step."""
    text = json.dumps(document, ensure_ascii=False, default=str)
    write_whole(path, text.encode("utf-8"))


def sync_folder(path: Path) -> None:
    """Make a rename in ``path`` survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
