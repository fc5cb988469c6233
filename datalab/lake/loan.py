"""What of the lake is lent to a stranger's SQL: single tables, by the exact names of their files.

The metadata of a lake are never lent. They say minima, maxima and file names of every table in it,
also of those that this reader may not have.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from datalab.lake.connection import identifier, literal

WORD = re.compile(r"\w+")
KEPT = 3600.0  # seconds that a copy of an older snapshot stays for who is reading it


@dataclass(frozen=True)
class Loan:
    """One table: its SQL name, its theme (a schema of that name has it too), files and types."""

    name: str
    theme: str
    files: tuple[str, ...]
    columns: Mapping[str, str]

    def seen_from(self, folders: Mapping[Path, str]) -> Loan:
        """The same table for somebody who finds ``folders`` under other names."""
        moved = self.files
        for folder, inside in folders.items():
            moved = tuple(file.replace(f"{folder}/", f"{inside}/", 1) for file in moved)
        return replace(self, files=moved)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def loan_of(
    cursor: duckdb.DuckDBPyConnection,
    lake: str,
    theme: str,
    name: str,
    snapshot: int,
    columns: Mapping[str, str],
    spare: Path,
) -> Loan:
    """A table at ``snapshot``.

    Where rows were deleted beside a file, or lie within the metadata, only the lake itself reads
    them right: a whole copy is put into ``spare``, once for a snapshot.
    """
    found = cursor.execute(
        "SELECT data_file, delete_file FROM ducklake_list_files(?, ?, schema => ?, "
        "snapshot_version => ?)",
        [lake, name, theme, snapshot],
    ).fetchall()
    files = tuple(str(file) for file, _ in found)
    table = ".".join(map(identifier, (lake, theme, name)))
    source = f"{table} AT (VERSION => {int(snapshot)})"
    held = f"SELECT 1 FROM {source} LIMIT 1"  # noqa: S608
    if any(deleted for _, deleted in found) or (
        not files and cursor.execute(held).fetchone() is not None
    ):
        files = (str(_copied(cursor, source, spare / lake, f"{theme}.{name}", snapshot)),)
    return Loan(name, theme, files, dict(columns))


def _copied(
    cursor: duckdb.DuckDBPyConnection, source: str, folder: Path, name: str, snapshot: int
) -> Path:
    path = folder / f"{name}.{snapshot}.parquet"
    if path.exists():
        return path
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = folder / f".{uuid4().hex}"
    try:
        cursor.execute(f"COPY (FROM {source}) TO {literal(made)} (FORMAT parquet)")
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
    for older in folder.glob(f"{name}.*.parquet"):
        if older != path and time.time() - older.stat().st_mtime > KEPT:
            older.unlink(missing_ok=True)
    return path


def named_in(sql: str, names: Iterable[str]) -> set[str]:
    """Those of ``names`` that stand in ``sql`` as a word, wherever they stand."""
    words = {word.lower() for word in WORD.findall(sql)}
    return {name for name in names if name.lower() in words}


def lend(connection: duckdb.DuckDBPyConnection, loans: Iterable[Mapping[str, Any]]) -> None:
    """Make a view of each loan, then close everything but reading their files, for good."""
    files: list[str] = []
    for loan in loans:
        theme, name = identifier(loan["theme"]), identifier(loan["name"])
        columns = loan["columns"].items()
        if loan["files"]:
            picked = ", ".join(_typed(column, kind) for column, kind in columns)
            listed = ", ".join(map(literal, loan["files"]))
            source = f"SELECT {picked} FROM read_parquet([{listed}])"  # noqa: S608
        else:
            picked = ", ".join(f"NULL::{kind} AS {identifier(c)}" for c, kind in columns)
            source = f"SELECT {picked} WHERE false"
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {theme}")
        connection.execute(f"CREATE VIEW {theme}.{name} AS {source}")
        connection.execute(f"CREATE OR REPLACE VIEW main.{name} AS FROM {theme}.{name}")
        files += loan["files"]
    connection.execute(f"SET allowed_paths = [{', '.join(map(literal, files))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _typed(column: str, kind: str) -> str:
    name = identifier(column)
    # A file says itself what its shapes are, reference system included.
    return name if kind.upper().startswith("GEOMETRY") else f"{name}::{kind} AS {name}"
