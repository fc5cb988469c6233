"""Whole tables as files, streamed: CSV, GeoJSON, Arrow, XLSX of any size in the same memory.

Parquet alone is a file that is kept (:mod:`datalab.portal.kept`): its readers ask for parts of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from datalab.lake.connection import identifier
from datalab.portal.library import Holding, Shelf
from datalab.portal.lines import Dialect, csv_line, feature, head
from datalab.portal.places import Place
from datalab.portal.rows import Table, is_geometry
from datalab.portal.workbook import MEDIA as XLSX
from datalab.portal.workbook import Sink, row_xml, workbook

Door = Literal["csv", "parquet", "arrow", "geojson", "xlsx"]
MEDIA: dict[Door, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
    "geojson": "application/geo+json",
    "xlsx": XLSX,
}
LINES = 10_000  # rows of text made at once
GROUP = 65_536  # rows of one Arrow batch


def csv(shelf: Shelf, opened: Table, dialect: Dialect) -> Iterator[bytes]:
    """The table as CSV, see :mod:`datalab.portal.lines`."""
    line = csv_line(opened.columns, dialect)
    text = _text(shelf, opened, f"SELECT {line} AS line FROM {opened.sql}")  # noqa: S608
    # The query has begun when the first piece is out: a failure comes before any answer.
    yield head(opened.columns, dialect).encode() + next(text)
    yield from text


def geojson(shelf: Shelf, holding: Holding, opened: Table, place: Place) -> Iterator[bytes]:
    """The table as a GeoJSON FeatureCollection in longitude and latitude (RFC 7946)."""
    one = feature(opened.columns, place.shape, identity_of(holding, opened))
    about = json.dumps(
        {"dataset": holding.id, "snapshot": opened.snapshot, "license": holding.dataset.license}
    )
    lines = f"SELECT ',' || chr(10) || {one} AS line FROM {place.relation}"  # noqa: S608
    text = _text(shelf, opened, lines)
    opening = f'{{"type":"FeatureCollection","datalab":{about},"features":['
    yield opening.encode() + next(text)[1:]  # no comma before the first feature
    yield from text
    yield b"\n]}\n"


def identity_of(holding: Holding, opened: Table) -> str | None:
    """The SQL of a feature's id: the one column that identifies a row, None where there is none."""
    key = holding.dataset.key
    return identifier(key[0]) if len(key) == 1 and key[0] in opened.columns else None


def arrow(shelf: Shelf, holding: Holding, opened: Table) -> Iterator[bytes]:
    """The table as an Arrow IPC stream; shapes as WKB with the name of geoarrow.wkb."""
    import pyarrow

    sink = Sink()
    writer: Any = None
    sql = f"SELECT {wkb_columns(opened)} FROM {opened.sql}"  # noqa: S608
    for batch in _batches(shelf, opened, sql, GROUP):
        if writer is None:
            schema = pyarrow.schema(
                [_arrow_field(field, opened) for field in batch.schema], about(holding, opened)
            )
            options = pyarrow.ipc.IpcWriteOptions(compression="lz4")
            writer = pyarrow.ipc.new_stream(sink, schema, options=options)
        writer.write_batch(pyarrow.RecordBatch.from_arrays(batch.columns, schema=schema))
        yield sink.taken()
    if writer is not None:
        writer.close()
    yield sink.taken()


def _arrow_field(field: Any, opened: Table) -> Any:
    if not is_geometry(opened.columns[field.name]):
        return field
    return field.with_metadata({"ARROW:extension:name": "geoarrow.wkb"})


def xlsx(
    shelf: Shelf, opened: Table, told: Sequence[tuple[str, ...]], names: tuple[str, str]
) -> Iterator[bytes]:
    """The table as a workbook, ``told`` on its second sheet."""
    row = row_xml(opened.columns)
    text = _text(shelf, opened, f"SELECT {row} AS line FROM {opened.sql}")  # noqa: S608
    return workbook(text, opened.columns, told, names)


def wkb_columns(opened: Table) -> str:
    """Every column, shapes as well-known binary in longitude and latitude."""
    return ", ".join(
        f"ST_AsWKB({identifier(name)}) AS {identifier(name)}"
        if is_geometry(type_)
        else identifier(name)
        for name, type_ in opened.columns.items()
    )


def about(holding: Holding, opened: Table) -> dict[str, str]:
    """What a file says of itself wherever it ends up."""
    dataset = holding.dataset
    facts = {
        "dataset": dataset.id,
        "title": dataset.title.model_dump(),
        "publisher": dataset.publisher,
        "license": dataset.license,
        "snapshot": opened.snapshot,
        "units": {name: column.unit for name, column in dataset.columns.items() if column.unit},
    }
    return {"datalab": json.dumps(facts, ensure_ascii=False)}


def _text(shelf: Shelf, opened: Table, sql: str) -> Iterator[bytes]:
    """The one text column of ``sql``, end to end."""
    for batch in _batches(shelf, opened, sql, LINES):
        column = batch.column(0)
        if len(column):
            # The letters of an Arrow text column already lie end to end.
            _, offsets, letters = column.buffers()
            places = memoryview(offsets).cast("i" if column.type == "string" else "q")
            first, last = places[column.offset], places[column.offset + len(column)]
            yield bytes(memoryview(letters)[first:last]) if letters else b""
        else:
            yield b""


def _batches(shelf: Shelf, opened: Table, sql: str, rows: int) -> Iterator[Any]:
    """Record batches of a query, at least one; the cursor lives as long as the reader reads."""
    cursor = shelf.cursor(opened.lake)
    try:
        reader = cursor.execute(sql).to_arrow_reader(rows)
        first = next(reader, None)
        if first is None:
            import pyarrow

            first = pyarrow.RecordBatch.from_pylist([], schema=reader.schema)
        yield first
        yield from reader
    finally:
        cursor.interrupt()
        cursor.close()
