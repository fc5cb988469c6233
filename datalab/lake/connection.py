"""A DuckDB connection as the lab wants it: our extensions, no network, stated limits.

Extensions come from the wheels in site-packages; DuckDB never downloads one.
"""

from __future__ import annotations

import importlib.util
from contextlib import suppress
from functools import cache
from pathlib import Path

import duckdb

EXTENSIONS = ("ducklake", "spatial")


@cache
def extension(name: str) -> Path:
    """The file of a DuckDB extension installed from its wheel ``duckdb-extension-<name>``.

    Raises
    ------
    FileNotFoundError
        where the wheel is missing or was made for another DuckDB.
    """
    found = importlib.util.find_spec(f"duckdb_extension_{name}")
    for place in (found.submodule_search_locations or []) if found else []:
        path = Path(place) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"duckdb-extension-{name}=={duckdb.__version__} is not installed beside duckdb"
    )


def connect(
    database: Path | str = ":memory:",
    *,
    read_only: bool = False,
    threads: int | None = None,
    memory_limit: str | None = None,
    temporary: Path | None = None,
    extensions: tuple[str, ...] = EXTENSIONS,
) -> duckdb.DuckDBPyConnection:
    """A new connection with the lab's extensions and settings.

    Parameters
    ----------
    threads, memory_limit
        limits in DuckDB's own notation (``"2GB"``); DuckDB assumes the whole machine otherwise.
    temporary
        folder to spill into; an in-memory database never spills without it. DuckDB lets locked
        connections read and write this folder too: give one of its own.

    Notes
    -----
    ``geometry_always_xy``: without it ST_Transform swaps axes silently (seen with 1.5.5).
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
        # DuckDB hashes the whole file of a signed extension at each LOAD: 0.4 s of CPU for ours.
        # They come from wheels pinned by hash, and whoever can change site-packages needs no
        # extension to run code. A locked connection (``reader.lock``) loads nothing at all.
        "allow_unsigned_extensions": True,
    }
    if threads is not None:
        config["threads"] = threads
    if memory_limit is not None:
        config["memory_limit"] = memory_limit
    if temporary is not None:
        config["temp_directory"] = str(temporary)
    elif str(database) == ":memory:":
        config["temp_directory"] = ""
    connection = duckdb.connect(str(database), read_only=read_only, config=config)
    for name in extensions:
        connection.execute(f"LOAD {literal(extension(name))}")
    if "spatial" in extensions:
        connection.execute("SET geometry_always_xy = true")
    # In a notebook without ipywidgets the bar is off, and saying so again raises.
    if connection.execute("SELECT current_setting('enable_progress_bar')").fetchall()[0][0]:
        connection.execute("SET enable_progress_bar = false")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def give_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Close a connection with whatever it had begun.

    One whose PostgreSQL went away ends the whole process when it is closed in the middle of a
    transaction (``std::terminate``, seen with 1.5.5); rolled back first, it raises and is closed.
    """
    with suppress(duckdb.Error):
        connection.rollback()
    connection.close()


def identifier(name: str) -> str:
    """``name`` quoted as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """``value`` quoted as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"
