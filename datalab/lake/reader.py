"""The read side: every readable lake attached read-only to one fresh in-memory connection.

Safe while a refresh publishes: what is attached is an immutable copy, and a new call sees the
newest one.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from datalab.errors import LakeEmpty, NotPublished, UnknownSnapshot
from datalab.lake.connection import connect, identifier, literal
from datalab.lake.index import Entry
from datalab.lake.layout import LakeFolder, folders


def open_lakes(
    lake: Path,
    *,
    threads: int | None = None,
    memory_limit: str | None = None,
    temporary: Path | None = None,
    locked: bool = False,
) -> duckdb.DuckDBPyConnection:
    """Attach every lake under ``lake`` that this process may read.

    Parameters
    ----------
    locked
        prepare for foreign SQL: no file, no network, no further ATTACH, no change of settings.
        Limits of time and memory are the caller's, in a child process of its own.

    Returns
    -------
    connection
        with one database per access class and a view per dataset under its short name.

    Raises
    ------
    LakeEmpty
        where no lake has been published.
    """
    places = [place for place in folders(lake) if place.catalog.is_file()]
    if not places:
        raise LakeEmpty(path=str(lake))
    connection = connect(threads=threads, memory_limit=memory_limit, temporary=temporary)
    for place in places:
        attach(connection, place)
    _short_names(connection, places)
    if locked:
        lock(connection, places)
    return connection


def attach(connection: duckdb.DuckDBPyConnection, place: LakeFolder) -> None:
    """Attach one published lake under the name of its access class.

    The data path is stored absolute in the metadata, so it is computed from the folder again: a
    sandbox sees the folder elsewhere.
    """
    connection.execute(
        f"ATTACH {literal(f'ducklake:{place.catalog}')} AS {identifier(place.name)} "
        f"(READ_ONLY, DATA_PATH {literal(f'{place.data}/')}, OVERRIDE_DATA_PATH true)"
    )


def _short_names(connection: duckdb.DuckDBPyConnection, places: list[LakeFolder]) -> None:
    """A view per table, in the order the lakes were attached.

    The tables are asked of the attached copies, not of the index, which may be one publish ahead;
    of their metadata, because ``duckdb_tables()`` reads every table's statistics: 70 ms for twelve
    tables instead of 2.
    """
    connection.execute("BEGIN")  # one commit instead of one for each view
    for place in places:
        metadata = identifier(f"__ducklake_metadata_{place.name}")
        tables = connection.execute(
            f"SELECT s.schema_name, t.table_name FROM {metadata}.main.ducklake_table t "  # noqa: S608
            f"JOIN {metadata}.main.ducklake_schema s USING (schema_id) "
            "WHERE t.end_snapshot IS NULL AND s.end_snapshot IS NULL"
        ).fetchall()
        for schema, name in tables:
            connection.execute(
                f"CREATE OR REPLACE VIEW memory.main.{identifier(name)} AS "
                f"FROM {qualified(place.name, schema, name)}"
            )
    connection.execute("COMMIT")


def lock(connection: duckdb.DuckDBPyConnection, places: list[LakeFolder]) -> None:
    """Close everything but reading the attached lakes, for foreign SQL.

    Data files are allowed by their exact names: ``allowed_directories`` lets ``..`` through (a
    file outside was read in a trial). Allowing a file also grants writing it, so the caller must
    refuse anything but one SELECT, or be unable to write the folders, or both.
    """
    files = [str(path) for place in places for path in place.data.rglob("*.parquet")]
    connection.execute(f"SET allowed_paths = [{', '.join(map(literal, files))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def table(entry: Entry, snapshot: int | None = None) -> str:
    """The qualified SQL name of a dataset's table, at ``snapshot`` where one is given.

    Raises
    ------
    NotPublished
        where the dataset has no published snapshot.
    UnknownSnapshot
        where ``snapshot`` is not one of the dataset's.
    """
    if entry.good is None:
        reason = ((entry.record or {}).get("error") or {}).get("code") or "no-published-run"
        raise NotPublished(dataset=entry.id, reason=reason)
    if snapshot is None:
        return qualified(entry.lake, entry.theme, entry.sql_name)
    for known in entry.snapshots:
        if known["snapshot"] == snapshot:
            theme = known.get("theme") or entry.theme
            name = qualified(entry.lake, theme, entry.sql_name)
            return f"{name} AT (VERSION => {int(snapshot)})"
    raise UnknownSnapshot(
        dataset=entry.id,
        snapshot=snapshot,
        known=", ".join(str(known["snapshot"]) for known in entry.snapshots),
    )


def qualified(*names: str) -> str:
    """Names quoted and joined by dots."""
    return ".".join(identifier(name) for name in names)
