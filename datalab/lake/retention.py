"""Which snapshots of a dataset may go, and their removal from the lake.

What is removed is a *version of a table*: all that a publish wrote. It goes where none of the
snapshots that read it is among the newest ones, young, named by a release, read by a project,
shown by a published page, or written as a number in a notebook. Snapshots of other datasets keep
their numbers. First the metadata without it are put in place, then its files are deleted: killed
anywhere, the next writer finishes (``Writer.heal``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from datalab.lake import metadata
from datalab.lake.connection import identifier, literal
from datalab.lake.index import Entry
from datalab.lake.layout import LakeFolder
from datalab.lake.release import read_releases

# Kernels and pages that attached the lake before a snapshot was replaced have ended by then.
GRACE = timedelta(days=2)


@dataclass(frozen=True)
class Rule:
    """``count`` newest snapshots stay, and those replaced less than ``days`` ago."""

    count: int
    days: float


@dataclass(frozen=True)
class Version:
    """A version of a table: its number in the metadata, and the snapshots that read it."""

    table: int
    snapshots: tuple[int, ...]
    files: tuple[str, ...]
    bytes: int


@dataclass(frozen=True)
class Sweep:
    """What goes of one dataset."""

    dataset: str
    lake: str
    versions: tuple[Version, ...]

    @property
    def snapshots(self) -> tuple[int, ...]:
        return tuple(sorted(number for one in self.versions for number in one.snapshots))

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.versions)


def old(entry: Entry, rule: Rule, now: datetime) -> set[int]:
    """Snapshots that neither their place nor their age protects."""
    listed = entry.snapshots  # newest first
    found = set()
    for place, known in enumerate(listed):
        if place < max(1, rule.count):
            continue
        replaced = datetime.fromisoformat(str(listed[place - 1]["at"]))
        if now - replaced >= max(GRACE, timedelta(days=rule.days)):
            found.add(int(known["snapshot"]))
    return found


def sweeps(
    place: LakeFolder,
    working: Path,
    entries: Mapping[str, Entry],
    rule_of: Callable[[Entry], Rule],
    pinned_of: Callable[[Entry], Collection[int]],
    now: datetime,
) -> list[Sweep]:
    """What may go from one lake; nothing is touched."""
    released: dict[str, set[int]] = {}
    for release in read_releases(place):
        released.setdefault(release.dataset, set()).add(release.snapshot)
    found = []
    for entry in entries.values():
        gone = old(entry, rule_of(entry), now) - released.get(entry.id, set())
        gone -= set(pinned_of(entry))
        if gone:
            known = [int(s["snapshot"]) for s in entry.snapshots]
            versions = _versions(working, entry.sql_name, known)
            parted = tuple(one for one in versions if set(one.snapshots) <= gone)
            if parted:
                found.append(Sweep(entry.id, place.name, parted))
    return found


def _versions(working: Path, table: str, snapshots: Sequence[int]) -> list[Version]:
    """The versions of a table, each with those of ``snapshots`` that read it."""
    with metadata.opened(working) as connection:
        rows = connection.execute(
            "SELECT t.table_id, t.begin_snapshot, t.end_snapshot, "
            "list(s.path || t.path || f.path) FILTER (f.path IS NOT NULL), "
            "coalesce(sum(f.file_size_bytes), 0) "
            "FROM ducklake_table t JOIN ducklake_schema s USING (schema_id) "
            "LEFT JOIN ducklake_data_file f USING (table_id) "
            "WHERE t.table_name = ? GROUP BY ALL ORDER BY t.table_id",
            [table],
        ).fetchall()
    found = []
    for number, begin, end, files, size in rows:
        inside = tuple(n for n in snapshots if n >= begin and (end is None or n < end))
        if end is not None:
            found.append(Version(int(number), inside, tuple(files or ()), int(size)))
    return found


def write_without(
    working: Path, tables: Collection[int], snapshots: Collection[int], target: Path
) -> None:
    """Write the metadata of ``working`` without some versions of tables to ``target``.

    The commits of ``snapshots`` lose what they say, so that nobody lists them any more; all
    snapshots keep their numbers. Expiring them by DuckLake would not do: it frees a file only
    where no snapshot of any dataset is as old, and it takes what others cite.
    """
    numbers = ", ".join(str(int(number)) for number in tables) or "NULL"
    target.unlink(missing_ok=True)
    with metadata.opened(target, read_only=False) as connection:
        connection.execute(f"ATTACH {literal(working)} AS before (READ_ONLY)")
        connection.execute(f"COPY FROM DATABASE before TO {identifier(target.stem)} (SCHEMA)")
        for name, has_id in connection.execute(
            "SELECT table_name, bool_or(column_name = 'table_id') FROM duckdb_columns() "
            "WHERE database_name = 'before' AND NOT internal GROUP BY table_name"
        ).fetchall():
            where = f"WHERE table_id IS NULL OR table_id NOT IN ({numbers})" if has_id else ""
            connection.execute(
                f"INSERT INTO {identifier(name)} FROM before.{identifier(name)} {where}"
            )
        _forget(connection, snapshots)
        connection.execute("DETACH before")
        connection.execute("CHECKPOINT")


def _forget(connection: duckdb.DuckDBPyConnection, snapshots: Collection[int]) -> None:
    connection.execute(
        "UPDATE ducklake_snapshot_changes SET commit_extra_info = NULL, commit_message = NULL "
        "WHERE list_contains(?, snapshot_id)",
        [[int(number) for number in snapshots]],
    )


def remove_orphans(place: LakeFolder, referenced: set[str]) -> None:
    """Delete data files that no snapshot references; working and published copy are the same."""
    for path in place.data.rglob("*.parquet"):
        if str(path.relative_to(place.data)) not in referenced:
            path.unlink(missing_ok=True)
    for path in sorted(place.data.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
