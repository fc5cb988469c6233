"""The whole reading of one file: kind, layout, types, rows, what is wrong.

Runs where it may be killed (:mod:`datalab.inspection.child`). The rows and the rejects that it
tells are those of the ordinary stage, run on what was guessed.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.errors import FileNotATable, FileTooLarge, SourceTooLarge, UnreadableFile
from datalab.i18n import Phrase
from datalab.inspection.column import Typed, sampled, typed_columns, without_geometry
from datalab.inspection.described import as_text, as_typed, csv_of
from datalab.inspection.document import document
from datalab.inspection.form import compression_of, form_of
from datalab.inspection.found import Bad, ColumnFound, Inspection, Remark
from datalab.inspection.layout import Layout, separated
from datalab.inspection.naming import distinct, slug, snake, words
from datalab.inspection.profile import profiled
from datalab.inspection.remark import remarks_on
from datalab.inspection.stated import geopackage, gtfs, parquet, shapefile
from datalab.inspection.worksheet import worksheet
from datalab.lake.connection import literal
from datalab.lake.decoding import unpack
from datalab.lake.raw import Reject
from datalab.lake.stage import Staged, stage

MAX_BYTES = 2_000_000_000
KEPT = 200  # rejects
_LAYOUTS: dict[str, Callable[[Path], Layout]] = {
    "csv": separated,
    "json": document,
    "xlsx": worksheet,
    "parquet": parquet,
    "shapefile": shapefile,
    "gpkg": geopackage,
    "gtfs": gtfs,
}


def read_file(path: Path, name: str, max_bytes: int = MAX_BYTES) -> Inspection:
    """Inspect ``path``, called ``name`` by whoever brought it.

    Raises
    ------
    FileNotATable, FileTooLarge
    """
    size = path.stat().st_size
    if size > max_bytes:
        raise FileTooLarge(limit=max_bytes)
    with tempfile.TemporaryDirectory(prefix="datalab-inspect-") as made:
        folder = Path(made)
        compression = compression_of(path)
        plain = _plain(path, compression, folder, max_bytes)
        form = form_of(plain)
        read = _LAYOUTS.get(form.format)
        if read is None:
            raise FileNotATable(
                reason=Phrase("files of the kind {kind} cannot be inspected yet", kind=form.format)
            )
        try:
            layout = read(plain)
        except UnreadableFile as error:
            raise FileNotATable(reason=_sentence(error.facts["reason"])) from error
        except SourceTooLarge as error:
            raise FileTooLarge(limit=max_bytes) from error
        return _inspected(plain, folder, layout, name, compression, size, _sha256(path), max_bytes)


def _plain(path: Path, compression: str, folder: Path, max_bytes: int) -> Path:
    if compression == "none":
        return path
    packed = Dataset.model_construct(
        id="file",
        source=_Compressed(compression=compression),
    )
    try:
        return unpack(packed, path, folder, max_bytes)
    except SourceTooLarge as error:
        raise FileTooLarge(limit=max_bytes) from error
    except UnreadableFile as error:
        raise FileNotATable(reason=error.facts["reason"]) from error


class _Compressed:
    """As much of a source as unpacking asks for."""

    format = "file"

    def __init__(self, compression: str) -> None:
        self.compression = compression


def _inspected(
    file: Path,
    folder: Path,
    layout: Layout,
    name: str,
    compression: str,
    size: int,
    sha256: str,
    max_bytes: int,
) -> Inspection:
    identity = slug(name)
    text, blank = _as_text(file, folder, layout, identity, max_bytes)
    if blank:
        layout.csv["empty_rows"] = "skip"
    found = _typed(text, layout)
    names = distinct([snake(source, n + 1) for n, source in enumerate(layout.names)])
    dataset = as_typed(layout, identity, names, found)
    staged = _staged(dataset, file, folder / "typed", max_bytes)
    places = {typed.source for typed in found if typed.kind.type == "geometry"}
    wrong = sum(bad.column in places for bad in staged.rejects)
    if layout.format == "csv" and wrong > 0.1 * min(1000, staged.rows + staged.rejected):
        found = [without_geometry(typed) for typed in found]
        dataset = as_typed(layout, identity, names, found)
        staged = _staged(dataset, file, folder / "plain", max_bytes)
    columns = profiled(layout, names, found, staged)
    charset = layout.charset
    inspection = Inspection(
        name=name,
        format=layout.format,
        bytes=size,
        sha256=sha256,
        compression=compression,
        encoding=charset.encoding if charset else None,
        bom=charset.bom if charset else False,
        newline=_NAMES.get(charset.newline or "") if charset else None,
        delimiter=layout.csv.get("delimiter", ",") if layout.format == "csv" else None,
        quote=layout.csv.get("quote", '"') if layout.format == "csv" else None,
        header_row=layout.header_row,
        header_rows=layout.header_rows,
        first_row=layout.first_row,
        titles=layout.titles[:20],
        notes=layout.notes[:20],
        options=csv_of(layout, found),
        source=layout.source,
        columns=columns,
        rows=staged.rows,
        rejected=staged.rejected,
        rejects=[bad_of(r) for r in staged.rejects[:KEPT]],
        remarks=list(layout.remarks),
        key=_key(columns, staged.rows),
    )
    return replace(inspection, remarks=[*layout.remarks, *remarks_on(inspection, found, blank)])


def bad_of(reject: Reject) -> Bad:
    facts = {key: str(value) for key, value in (getattr(reject, "facts", None) or {}).items()}
    return Bad(reject.line, reject.column, reject.value[:200], reject.reason, facts)


_NAMES = {"\r\n": "CRLF", "\n": "LF", "\r": "CR"}


def _as_text(
    file: Path, folder: Path, layout: Layout, identity: str, max_bytes: int
) -> tuple[Staged, int]:
    """Every value as text; and how many rows hold none at all."""
    staged = _staged(as_text(layout, identity), file, folder / "text", max_bytes)
    if layout.csv.get("empty_rows") == "skip" or len(layout.names) < 2:
        return staged, 0
    empty = " AND ".join(f"c{number} IS NULL" for number in range(len(layout.names)))
    with _opened(staged) as connection:
        row = connection.execute(f"SELECT count(*) FROM data WHERE {empty}").fetchone()  # noqa: S608
    blank = int(row[0]) if row else 0
    if not blank:
        return staged, 0
    layout.csv["empty_rows"] = "skip"
    return _staged(as_text(layout, identity), file, folder / "again", max_bytes), blank


def _typed(text: Staged, layout: Layout) -> list[Typed]:
    relation, row = "data", "rowid"
    if text.parquet is not None:
        relation = f"read_parquet({literal(text.parquet)}, file_row_number = true)"
        row = "file_row_number"
    with _opened(text) as connection:
        rows = sampled(connection, relation, row, text.rows)
        return typed_columns(layout, connection, relation, rows)


def _staged(dataset: Dataset, file: Path, folder: Path, max_bytes: int) -> Staged:
    try:
        return stage(dataset, file, folder, max_bytes=max_bytes)
    except SourceTooLarge as error:
        raise FileTooLarge(limit=max_bytes) from error
    except UnreadableFile as error:
        reason = error.facts["reason"]
        raise FileNotATable(reason=_sentence(reason)) from error


def _sentence(reason: Phrase) -> Phrase:
    return Phrase("{reason}", reason=reason)


def _opened(staged: Staged) -> duckdb.DuckDBPyConnection:
    # Without the spatial extension: with it, a filter on rowid fails inside DuckDB 1.5.5.
    return duckdb.connect(str(staged.path), read_only=True)


def _key(columns: list[ColumnFound], rows: int) -> list[str]:
    """The column that could be the key: no value missing, none twice, named or placed like one."""
    able = [
        column
        for column in columns
        if column.type in ("varchar", "integer", "bigint")
        and rows > 1
        and column.unique
        and column.nulls == 0
        and column.personal is None
    ]
    named = [c for c in able if c.role in _IDENTIFYING or _KEYS & set(words(c.source))]
    first = [c for c in able if c.position == 1 and c.type != "double"]
    return [column.name for column in (*named, *first)][:1]


_IDENTIFYING = ("insee", "iris", "siret")
_KEYS = {"id", "uuid", "identifiant", "objectid", "ref", "reference", "key", "fid", "gid", "code"}


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


__all__ = ["MAX_BYTES", "Remark", "read_file"]
