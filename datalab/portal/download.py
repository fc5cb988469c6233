"""Whole tables as files, streamed: CSV, Parquet and GeoJSON of any size in the same memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from datalab.lake.connection import identifier
from datalab.portal.library import Holding, Shelf
from datalab.portal.lines import Dialect, csv_line, feature, head
from datalab.portal.places import Place
from datalab.portal.rows import Table, is_geometry

Door = Literal["csv", "parquet", "geojson"]
MEDIA: dict[Door, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "geojson": "application/geo+json",
}
LINES = 10_000  # rows of text made at once
GROUP = 65_536  # rows of one Parquet row group


def csv(shelf: Shelf, opened: Table, dialect: Dialect) -> Iterator[bytes]:
    """The table as CSV, see :mod:`datalab.portal.lines`."""
    line = csv_line(opened.columns, dialect)
    text = _text(shelf, f"SELECT {line} AS line FROM {opened.sql}")  # noqa: S608
    # The query has begun when the first piece is out: a failure comes before any answer.
    yield head(opened.columns, dialect).encode() + next(text)
    yield from text


def geojson(shelf: Shelf, holding: Holding, opened: Table, place: Place) -> Iterator[bytes]:
    """The table as a GeoJSON FeatureCollection in longitude and latitude (RFC 7946)."""
    key = holding.dataset.key
    identity = key[0] if len(key) == 1 and key[0] in opened.columns else None
    one = feature(opened.columns, place.shape, identity)
    about = json.dumps(
        {"dataset": holding.id, "snapshot": opened.snapshot, "license": holding.dataset.license}
    )
    text = _text(shelf, f"SELECT ',' || chr(10) || {one} AS line FROM {place.relation}")  # noqa: S608
    opening = f'{{"type":"FeatureCollection","datalab":{about},"features":['
    yield opening.encode() + next(text)[1:]  # no comma before the first feature
    yield from text
    yield b"\n]}\n"


def parquet(shelf: Shelf, holding: Holding, opened: Table) -> Iterator[bytes]:
    """The table as Parquet; shapes as GeoParquet 1.0 (WKB, longitude and latitude)."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    picked = ", ".join(
        f"ST_AsWKB({identifier(name)}) AS {identifier(name)}"
        if is_geometry(type_)
        else identifier(name)
        for name, type_ in opened.columns.items()
    )
    sink = _Sink()
    writer: Any = None
    for batch in _batches(shelf, f"SELECT {picked} FROM {opened.sql}", GROUP):  # noqa: S608
        if writer is None:
            schema = batch.schema.with_metadata(_about(holding, opened))
            writer = ParquetWriter(sink, schema, compression="zstd")
        writer.write_table(
            pyarrow.Table.from_batches([batch]).replace_schema_metadata(schema.metadata)
        )
        yield sink.taken()
    if writer is not None:
        writer.close()
    yield sink.taken()


def _about(holding: Holding, opened: Table) -> dict[str, str]:
    """What a file says of itself wherever it ends up."""
    dataset = holding.dataset
    facts = {
        "dataset": dataset.id,
        "title": dataset.title.model_dump(),
        "publisher": dataset.publisher,
        "license": dataset.license,
        "snapshot": opened.snapshot,
    }
    about = {"datalab": json.dumps(facts, ensure_ascii=False)}
    shapes = [name for name, type_ in opened.columns.items() if is_geometry(type_)]
    if shapes:
        columns = {name: {"encoding": "WKB", "geometry_types": []} for name in shapes}
        about["geo"] = json.dumps(
            {"version": "1.0.0", "primary_column": shapes[0], "columns": columns}
        )
    return about


class _Sink:
    """A file that is only written, whose bytes are taken as they come."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._place = 0

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._place += len(part)
        return len(part)

    def tell(self) -> int:
        return self._place

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def taken(self) -> bytes:
        found, self._parts = b"".join(self._parts), []
        return found


def _text(shelf: Shelf, sql: str) -> Iterator[bytes]:
    """The one text column of ``sql``, end to end."""
    for batch in _batches(shelf, sql, LINES):
        column = batch.column(0)
        yield "".join(column.to_pylist()).encode()


def _batches(shelf: Shelf, sql: str, rows: int) -> Iterator[Any]:
    """Record batches of a query, at least one; the cursor lives as long as the reader reads."""
    cursor = shelf.cursor()
    try:
        reader = cursor.execute(sql).to_arrow_reader(rows)
        first = next(reader, None)
        if first is None:
            import pyarrow

            first = pyarrow.RecordBatch.from_pylist([], schema=reader.schema)
        yield first
        yield from reader
    finally:
        cursor.close()
