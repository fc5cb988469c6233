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
from datalab.lake.casting import from_native, from_text, reading, reason
from datalab.lake.connection import connect, identifier
from datalab.lake.decoding import unpack
from datalab.lake.raw import Raw, Reject, unreadable
from datalab.lake.separated import KEPT, read_separated
from datalab.lake.tabular import read_parquet
from datalab.lake.transform import transform

MAX_BYTES = 2_000_000_000
Read = Callable[[Dataset, Path, Path, duckdb.DuckDBPyConnection], Raw]


@dataclass(frozen=True)
class Staged:
    """A closed DuckDB file with the tables ``data`` and ``rejects``.

    ``rejected`` counts rows, each once; ``rejects`` are the first thousand values at fault.
    """

    path: Path
    rows: int
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    table: str = "data"


def stage(
    dataset: Dataset,
    file: Path,
    folder: Path,
    *,
    max_bytes: int = MAX_BYTES,
    threads: int | None = None,
    memory_limit: str | None = None,
) -> Staged:
    """Type ``file`` as ``dataset`` declares it, into ``folder/staged.duckdb``.

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
    connection = connect(
        path, threads=threads, memory_limit=memory_limit, temporary=folder / "spill"
    )
    try:
        raw = _reader(dataset)(dataset, plain, folder, connection)
        try:
            rows, rejected, rejects = _typed(dataset, raw, connection)
        except duckdb.InvalidInputException:
            again = raw.mended()
            if again is None:
                raise
            rows, rejected, rejects = _typed(dataset, again, connection)
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


@dataclass(frozen=True)
class _Cell:
    """One column on its way: ``text`` in the file, ``value`` as declared where it is ``valid``."""

    name: str
    column: str
    text: str
    value: str
    valid: Callable[[str], str]
    reason: str


def _typed(
    dataset: Dataset, raw: Raw, connection: duckdb.DuckDBPyConnection
) -> tuple[int, int, list[Reject]]:
    """Fill ``data`` (or ``source``, where a transform follows) and ``rejects`` in one scan."""
    cells = _cells(dataset, raw)
    table = "data" if dataset.transform is None else "source"
    checked = [cell for cell in cells if cell.value != cell.text]
    inner = ", ".join(
        [f"{cell.value} AS v{number}" for number, cell in enumerate(cells)]
        + [f"{cell.text} AS t{number}" for number, cell in enumerate(cells) if cell in checked]
    )
    names = ", ".join(f"v{number} AS {identifier(c.name)}" for number, c in enumerate(cells))
    # Inside CASE, DuckDB looks at the second half of an OR only where the first half is false.
    faults = {
        number: f"CASE WHEN t{number} IS NULL OR {held} THEN false ELSE true END"
        for number, cell in enumerate(cells)
        if cell in checked and (held := f"({cell.valid(f'v{number}')})")
    }
    values = ", ".join(f"CASE WHEN {f} THEN t{n}::VARCHAR END" for n, f in faults.items())
    rejected = f"CASE WHEN {' OR '.join(faults.values())} THEN [{values}] END" if faults else "NULL"
    connection.execute(
        f"CREATE TABLE typed AS SELECT {names}, {rejected} AS __rejected "  # noqa: S608
        f"FROM (SELECT {inner} FROM {raw.relation})"
    )
    lost = raw.lost()
    (rows, bad) = _one(connection, "SELECT count(*), count(__rejected) FROM typed")
    rejects = list(lost.rejects)
    if bad:
        found = connection.execute(
            "SELECT rowid, __rejected FROM typed WHERE __rejected IS NOT NULL "
            "ORDER BY rowid LIMIT ?",
            [KEPT],
        ).fetchall()
        lines = raw.lines([position for position, _ in found])
        rejects += [
            Reject(line, cell.column, value, cell.reason)
            for line, (_, values_) in zip(lines, found, strict=True)
            for cell, value in zip(checked, values_, strict=True)
            if value is not None
        ]
        connection.execute(
            f"CREATE TABLE {table} AS SELECT * EXCLUDE __rejected FROM typed "  # noqa: S608
            "WHERE __rejected IS NULL ORDER BY rowid"
        )
        connection.execute("DROP TABLE typed")
    else:
        connection.execute("ALTER TABLE typed DROP COLUMN __rejected")
        connection.execute(f"ALTER TABLE typed RENAME TO {table}")
    rejects = sorted(rejects, key=lambda reject: reject.line)[:KEPT]
    connection.execute(
        "CREATE TABLE rejects(line BIGINT, column_name VARCHAR, value VARCHAR, reason VARCHAR)"
    )
    if rejects:
        connection.executemany(
            "INSERT INTO rejects VALUES (?, ?, ?, ?)",
            [[r.line, r.column, r.value, r.reason] for r in rejects],
        )
    return rows - bad, bad + lost.rows, rejects


def _cells(dataset: Dataset, raw: Raw) -> list[_Cell]:
    """Every column of the table to fill, with the SQL that reads it strictly."""
    declared = dataset.source_columns()
    if dataset.transform is not None:
        wanted = [(name, name, [type_]) for name, type_ in declared.items()]
    else:
        wanted = [
            (name, column.source or name, [declared.get(column.source or name, ""), column.type])
            for name, column in dataset.columns.items()
        ]
    cells: list[_Cell] = []
    for name, source, steps in wanted:
        if source not in declared:
            raise unreadable(
                dataset,
                "the column '{column}' is not among the columns of its source.",
                column=source,
            )
        text = identifier(source)
        value, have = text, raw.types.get(source)
        valid: Callable[[str], str] = _is_there
        if have is None:  # an optional column that this file does not have
            value = text = f"NULL::{steps[-1]}"
        elif have.lower() == "varchar" and set(steps) == {steps[0]} and steps[0] != "varchar":
            found = reading(f"t{len(cells)}", steps[0], dataset.source.csv)
            value, valid = reading(text, steps[0], dataset.source.csv).value, found.valid
        else:
            for step in steps:
                if have.lower() == "varchar":
                    value = from_text(value, step, dataset.source.csv)
                else:
                    value = from_native(value, have, step)
                have = step
        cells.append(_Cell(name, source, text, value, valid, reason(steps[-1], dataset.source.csv)))
    return cells


def _is_there(value: str) -> str:
    return f"{value} IS NOT NULL"


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, int]:
    row = connection.execute(query).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _first_line(error: Exception) -> str:
    """DuckDB's reason without the query and the hints that follow it."""
    return str(error).split("\n", 1)[0].split(": ", 1)[-1]
