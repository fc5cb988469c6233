"""Filling: one plain file, read as its dataset declares it, into the staging database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.catalog.schema import Schema
from datalab.lake.conformity import Report, check, conforming
from datalab.lake.connection import connect
from datalab.lake.raw import Raw, Reject, unreadable
from datalab.lake.separated import read_separated
from datalab.lake.tabular import read_parquet
from datalab.lake.typed import write_express, write_typed

Read = Callable[[Dataset, Path, Path, duckdb.DuckDBPyConnection], Raw]


@dataclass(frozen=True)
class Filled:
    """Rows in the table ``data`` (``source`` where a transform follows), and those that are not.

    ``rejected`` counts rows, each once; ``rejects`` are the first values at fault. Where there is
    a ``parquet``, ``data`` is a view on it. ``feed`` is told of a table that is one of several.
    """

    rows: int
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    parquet: Path | None = None
    feed: dict[str, Any] | None = None


def fill(
    dataset: Dataset,
    file: Path,
    folder: Path,
    schema: Schema | None,
    *,
    threads: int | None,
    memory_limit: str | None,
    express: int,
) -> Filled:
    """Read ``file`` into ``folder/staged.duckdb``.

    Parameters
    ----------
    schema
        the Table Schema whose rules each row has to keep as well.
    express
        size in bytes from which a file is first taken for a clean one.

    Raises
    ------
    UnreadableFile, SourceTooLarge
    """
    large = file.stat().st_size >= express and schema is None
    connection = connect(
        folder / "staged.duckdb",
        threads=threads,
        memory_limit=memory_limit,
        temporary=folder / "spill",
    )
    try:
        raw = reader_of(dataset)(dataset, file, folder, connection)
        express_way = write_express(dataset, raw, connection, folder) if large else None
        if express_way is not None:
            parquet, rows = express_way
            return Filled(rows, parquet=parquet, feed=raw.feed)
        try:
            rows, rejected, rejects = write_typed(
                dataset, _held(raw, schema, connection), connection
            )
        except duckdb.InvalidInputException:
            again = raw.mended()
            if again is None:
                raise
            rows, rejected, rejects = write_typed(
                dataset, _held(again, schema, connection), connection
            )
        return Filled(rows, rejected, rejects, feed=raw.feed)
    except duckdb.Error as error:
        raise unreadable(dataset, "{error}", error=_first_line(error)) from error
    finally:
        connection.close()


def held_against(
    dataset: Dataset, file: Path, folder: Path, schema: Schema, *, kept: int = 1000
) -> Report:
    """``file``, read as ``dataset`` says, held against ``schema``; nothing is staged.

    Raises
    ------
    UnreadableFile
    """
    connection = connect(temporary=folder)
    try:
        return check(
            connection, reader_of(dataset)(dataset, file, folder, connection), schema, kept=kept
        )
    except duckdb.Error as error:
        raise unreadable(dataset, "{error}", error=_first_line(error)) from error
    finally:
        connection.close()


def _held(raw: Raw, schema: Schema | None, connection: duckdb.DuckDBPyConnection) -> Raw:
    return raw if schema is None else conforming(raw, schema, connection)


def reader_of(dataset: Dataset) -> Read:
    """The reader of the declared format; the rare ones are imported when they are met."""
    form = dataset.source.format
    if form == "csv":
        return read_separated
    if form == "parquet":
        return read_parquet
    if form in ("json", "geojson"):
        from datalab.lake.document import read_document

        return read_document
    if form == "xlsx":
        from datalab.lake.sheet import read_sheet

        return read_sheet
    if form == "shapefile":
        from datalab.lake.shape import read_shapefile

        return read_shapefile
    if form == "gpkg":
        from datalab.lake.geopackage import read_geopackage

        return read_geopackage
    if form == "gtfs":
        from datalab.lake.timetable import read_timetable

        return read_timetable
    from datalab.lake.frame import read_frame

    return read_frame


def _first_line(error: Exception) -> str:
    """DuckDB's reason without the query and the hints that follow it."""
    return str(error).split("\n", 1)[0].split(": ", 1)[-1]
