"""The Batch: a staged DuckDB file, opened read-only and closed to everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import duckdb

from datalab.quality.literal import name


@contextmanager
def opened(
    staged: Path,
    *,
    spatial: bool = False,
    threads: int | None = None,
    memory: str | None = None,
    attach: Callable[[duckdb.DuckDBPyConnection], Sequence[Path]] | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads ``staged`` and nothing else: no other file, no network, no setting.

    Parameters
    ----------
    spatial
        load the spatial functions, for expectations about geometries.
    threads, memory
        limits of DuckDB; its own defaults where None.
    attach
        makes other tables readable before everything else is closed, and names their files.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
    }
    if attach is not None:
        config["allow_unsigned_extensions"] = True  # of wheels pinned by hash
    if threads is not None:
        config["threads"] = threads
    if memory is not None:
        config["memory_limit"] = memory
    connection = duckdb.connect(staged, read_only=True, config=config)
    try:
        # A limit without a zone on a column with one means UTC, whatever the machine's zone.
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET TimeZone = 'UTC'")
        if spatial:
            load_spatial(connection)
        # A large table is staged as a view on the Parquet file of this run, beside its database.
        beside = [str(path) for path in staged.resolve().parent.glob("*.parquet")]
        beside += [str(path) for path in attach(connection)] if attach else []
        quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in beside)
        connection.execute(f"SET allowed_paths = [{quoted}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


def types_of(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """DuckDB type of each column, in order."""
    return {
        str(column): str(held)
        for column, held, *_ in connection.execute(f"DESCRIBE {name(table)}").fetchall()
    }


def load_spatial(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the extension that the package index installed; nothing where it is missing."""
    found = find_spec("duckdb_extension_spatial")
    for folder in (found.submodule_search_locations or []) if found else []:
        for path in Path(folder).glob("extensions/*/spatial.duckdb_extension"):
            connection.execute(f"LOAD '{str(path).replace(chr(39), chr(39) * 2)}'")
            connection.execute("SET geometry_always_xy = true")
            return
