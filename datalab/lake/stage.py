"""Staging: a file becomes a DuckDB file of this run, strictly typed, with its rejected rows kept.

Nothing is guessed: columns, types and the way numbers and dates are written come from the YAML. A
value that is not written as its type is written rejects its row; the share of rejected rows is
held against ``max_reject_ratio``. Then ``transform`` runs, confined, and must give exactly the
declared columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.errors import TooManyRejects
from datalab.i18n import Phrase
from datalab.lake.connection import connect
from datalab.lake.decoding import unpack
from datalab.lake.raw import Raw, Reject, unreadable
from datalab.lake.separated import read_separated
from datalab.lake.tabular import read_parquet
from datalab.lake.transform import transform
from datalab.lake.typed import write_express, write_typed

MAX_BYTES = 2_000_000_000
EXPRESS = 32_000_000
Read = Callable[[Dataset, Path, Path, duckdb.DuckDBPyConnection], Raw]


@dataclass(frozen=True)
class Staged:
    """A closed DuckDB file with the tables ``data`` and ``rejects``.

    ``rejected`` counts rows, each once; ``rejects`` are the first thousand values at fault. Where
    there is a ``parquet``, ``data`` is a view on it, and the lake can take that file as it is.
    """

    path: Path
    rows: int
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    table: str = "data"
    parquet: Path | None = None


def stage(
    dataset: Dataset,
    file: Path,
    folder: Path,
    *,
    max_bytes: int = MAX_BYTES,
    threads: int | None = None,
    memory_limit: str | None = None,
    express: int = EXPRESS,
) -> Staged:
    """Type ``file`` as ``dataset`` declares it, into ``folder/staged.duckdb``.

    Parameters
    ----------
    express
        size in bytes from which a file is first taken for a clean one.

    Raises
    ------
    UnreadableFile
        where the file is not what the YAML says it is.
    TooManyRejects
        where the share of rejected rows exceeds ``max_reject_ratio``; carries the rejects.
    SourceTooLarge
        where it unpacks to more than ``max_bytes``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "staged.duckdb"
    plain = unpack(dataset, file, folder, min(max_bytes, dataset.source.max_bytes or max_bytes))
    large = plain.stat().st_size >= express
    connection = connect(
        path, threads=threads, memory_limit=memory_limit, temporary=folder / "spill"
    )
    try:
        raw = _reader(dataset)(dataset, plain, folder, connection)
        express_way = write_express(dataset, raw, connection, folder) if large else None
        if express_way is not None:
            parquet, rows = express_way
            return Staged(path, rows, parquet=parquet)
        try:
            rows, rejected, rejects = write_typed(dataset, raw, connection)
        except duckdb.InvalidInputException:
            again = raw.mended()
            if again is None:
                raise
            rows, rejected, rejects = write_typed(dataset, again, connection)
    except duckdb.Error as error:
        raise unreadable(dataset, "{error}", error=_first_line(error)) from error
    finally:
        connection.close()
    total = rows + rejected
    if rejected and rejected > dataset.max_reject_ratio * total:
        first = rejects[0]
        raise TooManyRejects(
            dataset=dataset.id,
            rejected=rejected,
            rows=total,
            allowed=dataset.max_reject_ratio,
            line=first.line,
            column=first.column or "–",
            value=first.value,
            reason=Phrase(first.reason),
            rejects=rejects,
        )
    if dataset.transform is not None:
        rows = transform(dataset, path, threads)
    return Staged(path, rows, rejected, rejects)


def _reader(dataset: Dataset) -> Read:
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
    from datalab.lake.frame import read_frame

    return read_frame


def _first_line(error: Exception) -> str:
    """DuckDB's reason without the query and the hints that follow it."""
    return str(error).split("\n", 1)[0].split(": ", 1)[-1]
