"""The metadata of a lake, read as the plain DuckDB file it is.

Tables as in the DuckLake specification 1.0 (https://ducklake.select/docs/stable/specification).
Reading them needs no extension and recovers a write-ahead log that a killed writer left. Only
``erase`` writes, into a new file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from datalab.lake.connection import identifier, literal


@dataclass(frozen=True)
class Commit:
    """One snapshot that published a dataset; ``facts`` is its ``extra_info``."""

    snapshot: int
    at: str
    author: str
    message: str
    facts: dict[str, Any]


@contextmanager
def opened(path: Path, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file as a plain database."""
    connection = duckdb.connect(
        str(path), read_only=read_only, config={"autoload_known_extensions": False, "threads": 1}
    )
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def recover(path: Path) -> None:
    """Write a left-over write-ahead log of ``path`` into it."""
    with opened(path, read_only=False) as connection:
        connection.execute("CHECKPOINT")


def newest(path: Path) -> int:
    """The number of the newest snapshot.

    Raises
    ------
    duckdb.Error
        where ``path`` is not the metadata of a lake.
    """
    with opened(path, read_only=True) as connection:
        row = connection.execute("SELECT max(snapshot_id) FROM ducklake_snapshot").fetchone()
    return int(row[0]) if row else 0


def commits(path: Path, dataset: str | None = None) -> list[Commit]:
    """The commits that published a dataset, or this one, newest first."""
    with opened(path, read_only=True) as connection:
        return commits_in(connection, dataset)


def commits_in(
    connection: duckdb.DuckDBPyConnection, dataset: str | None = None, inside: str = ""
) -> list[Commit]:
    """The same from metadata that are open already; ``inside`` is their database with its dot."""
    rows = connection.execute(
        f"FROM {inside}ducklake_snapshot s JOIN {inside}ducklake_snapshot_changes c "
        "USING (snapshot_id) SELECT s.snapshot_id, "
        "strftime(s.snapshot_time, '%Y-%m-%dT%H:%M:%SZ'), c.author, "
        "c.commit_message, c.commit_extra_info "
        "WHERE c.commit_extra_info IS NOT NULL AND ($dataset IS NULL OR "
        "json_extract_string(c.commit_extra_info, '$.dataset') = $dataset) "
        "ORDER BY s.snapshot_id DESC",
        {"dataset": dataset},
    ).fetchall()
    return [
        Commit(snapshot, at, author or "", message or "", json.loads(facts))
        for snapshot, at, author, message, facts in rows
    ]


def tables(path: Path) -> set[tuple[str, str]]:
    """Theme and name of every table that the newest snapshot holds."""
    with opened(path, read_only=True) as connection:
        rows = connection.execute(
            "SELECT s.schema_name, t.table_name FROM ducklake_table t "
            "JOIN ducklake_schema s USING (schema_id) WHERE t.end_snapshot IS NULL"
        ).fetchall()
    return {(schema, name) for schema, name in rows}


def files(path: Path) -> set[str]:
    """Data and delete files that any snapshot references, relative to the data folder."""
    with opened(path, read_only=True) as connection:
        rows = connection.execute(
            "SELECT s.path || t.path || f.path FROM (SELECT table_id, path FROM ducklake_data_file "
            "UNION ALL SELECT table_id, path FROM ducklake_delete_file) f "
            "JOIN ducklake_table t USING (table_id) JOIN ducklake_schema s USING (schema_id)"
        ).fetchall()
    return {path for (path,) in rows}


def erase(path: Path, dataset: str, table: str, target: Path) -> None:
    """Write the metadata of ``path`` without a dataset and its whole history to ``target``.

    Snapshots of the other datasets keep their numbers, so what was cited stays citable (expiring
    snapshots would take every dataset's history). A new file is written because a DuckDB file
    keeps the bytes of deleted rows, which include minima, maxima and example values.
    """
    target.unlink(missing_ok=True)
    with opened(target, read_only=False) as connection:
        connection.execute(f"ATTACH {literal(path)} AS before (READ_ONLY)")
        connection.execute(f"COPY FROM DATABASE before TO {identifier(target.stem)} (SCHEMA)")
        gone = [
            row[0]
            for row in connection.execute(
                "SELECT table_id FROM before.ducklake_table WHERE table_name = ?", [table]
            ).fetchall()
        ]
        keyed = {
            row[0]: row[1]
            for row in connection.execute(
                "SELECT table_name, list(column_name) FROM duckdb_columns() "
                "WHERE database_name = 'before' AND NOT internal GROUP BY table_name"
            ).fetchall()
        }
        for name, columns in keyed.items():
            key = "table_id" if "table_id" in columns else None
            key = "object_id" if name == "ducklake_tag" else key
            rest = f"WHERE {key} IS NULL OR NOT list_contains(?, {key})" if key else ""
            connection.execute(
                f"INSERT INTO {identifier(name)} FROM before.{identifier(name)} {rest}",
                [gone] if key else [],
            )
        connection.execute(
            "UPDATE ducklake_snapshot_changes SET commit_extra_info = NULL, commit_message = NULL "
            "WHERE json_extract_string(commit_extra_info, '$.dataset') = ?",
            [dataset],
        )
        connection.execute("DETACH before")
        connection.execute("CHECKPOINT")
