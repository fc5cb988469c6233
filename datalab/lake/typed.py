"""The strict scan: from the rows of a file as they stand to a table of declared types.

Each column has SQL that reads its value and SQL that holds the value against its text. A row with
a value that does not hold is rejected whole, with every value at fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake.casting import BLANK, from_native, from_text, reading, reason
from datalab.lake.connection import identifier, literal
from datalab.lake.raw import Raw, Reject, unreadable
from datalab.lake.separated import KEPT

REJECTS = "CREATE TABLE rejects(line BIGINT, column_name VARCHAR, value VARCHAR, reason VARCHAR)"


@dataclass(frozen=True)
class Cell:
    """One column on its way: ``text`` in the file, ``value`` as declared where it is ``valid``."""

    name: str
    column: str
    text: str
    value: str
    valid: Callable[[str], str]
    reason: str


def write_typed(
    dataset: Dataset, raw: Raw, connection: duckdb.DuckDBPyConnection
) -> tuple[int, int, list[Reject]]:
    """Fill ``data`` (or ``source``, where a transform follows) and ``rejects`` in one scan.

    Returns
    -------
    rows, rejected, rejects
        rows that were read, rows that were not, and the first values at fault.
    """
    cells = _cells(dataset, raw)
    table = "data" if dataset.transform is None else "source"
    checked = [cell for cell in cells if cell.value != cell.text]
    inner, names, held = _columns(cells)
    faults = {n: f"CASE WHEN {good} THEN false ELSE true END" for n, good in held.items()}
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
    connection.execute(REJECTS)
    if rejects:
        connection.executemany(
            "INSERT INTO rejects VALUES (?, ?, ?, ?)",
            [[r.line, r.column, r.value, r.reason] for r in rejects],
        )
    return rows - bad, bad + lost.rows, rejects


def write_express(
    dataset: Dataset, raw: Raw, connection: duckdb.DuckDBPyConnection, folder: Path
) -> tuple[Path, int] | None:
    """Write the rows straight to the Parquet file that the lake will hold, if all are good.

    Writing a large table to a DuckDB file first, then again as Parquet, takes as long as reading
    it. So a large file is taken for a clean one: the first value at fault ends the attempt, and
    so do lines that the reader of the file left out. Then the file is read again, the slow way.

    Returns
    -------
    parquet, rows
        with the view ``data`` on it, or None where the slow way has to be taken.
    """
    plain = all(column.type != "geometry" for column in dataset.columns.values())
    if dataset.transform is not None or not plain:
        return None  # DuckLake adds no file with the geometry of GeoParquet
    inner, names, held = _columns(_cells(dataset, raw))
    # Not a WHERE: DuckDB would push it below the inner SELECT and compute every value again.
    good = " AND ".join(held.values()) or "true"
    first = f"CASE WHEN {good} THEN v0 ELSE error('rejected') END"
    names = names.replace("v0 ", f"{first} ", 1)
    parquet = (folder / "data.parquet").resolve()
    try:
        written = connection.execute(
            f"COPY (SELECT {names} FROM (SELECT {inner} FROM {raw.relation})) "  # noqa: S608
            f"TO {literal(parquet)} (FORMAT parquet)"
        ).fetchone()
    except duckdb.InvalidInputException:
        written = None
    if written is None or raw.lost().rows:
        parquet.unlink(missing_ok=True)
        return None
    connection.execute(f"CREATE VIEW data AS FROM read_parquet({literal(parquet)})")
    connection.execute(REJECTS)
    return parquet, int(written[0])


def _columns(cells: list[Cell]) -> tuple[str, str, dict[int, str]]:
    """SQL of the values ``v0…`` and texts ``t0…``, of their names, and what holds of each."""
    checked = {number: cell for number, cell in enumerate(cells) if cell.value != cell.text}
    inner = [f"{cell.value} AS v{number}" for number, cell in enumerate(cells)]
    inner += [f"{cell.text} AS t{number}" for number, cell in checked.items()]
    names = ", ".join(f"v{number} AS {identifier(c.name)}" for number, c in enumerate(cells))
    # Where a condition only selects (in CASE), DuckDB looks at the second half of an OR only where
    # the first is false; the usual case comes first.
    held = {
        number: f"(({cell.valid(f'v{number}')}) OR t{number} IS NULL)"
        for number, cell in checked.items()
    }
    return ", ".join(inner), names, held


def _cells(dataset: Dataset, raw: Raw) -> list[Cell]:
    """Every column of the table to fill, with the SQL that reads it strictly."""
    declared = dataset.source_columns()
    if dataset.transform is not None:
        wanted = [(name, name, [type_]) for name, type_ in declared.items()]
    else:
        wanted = [
            (name, column.source or name, [declared.get(column.source or name, ""), column.type])
            for name, column in dataset.columns.items()
        ]
    cells: list[Cell] = []
    for name, source, steps in wanted:
        if source not in declared:
            raise unreadable(
                dataset,
                "the column '{column}' is not among the columns of its source.",
                column=source,
            )
        text = identifier(source)
        value, have = text, raw.types.get(source)
        options = dataset.source.csv.of(source)
        if options.marks and steps[-1] != "varchar" and (have or "").lower() == "varchar":
            marks = ", ".join(literal(mark.strip()) for mark in options.marks)
            bare = f"trim({text}, {literal(BLANK)})"
            value = text = f"CASE WHEN {bare} NOT IN ({marks}) THEN {text} END"
        valid: Callable[[str], str] = _is_there
        if have is None:  # an optional column that this file does not have
            value = text = f"NULL::{steps[-1]}"
        elif have.lower() == "varchar" and set(steps) == {steps[0]} and steps[0] != "varchar":
            found = reading(f"t{len(cells)}", steps[0], options)
            value, valid = reading(text, steps[0], options).value, found.valid
        else:
            for step in steps:
                if have.lower() == "varchar":
                    value = from_text(value, step, options)
                else:
                    value = from_native(value, have, step)
                have = step
        cells.append(Cell(name, source, text, value, valid, reason(steps[-1], options)))
    return cells


def _is_there(value: str) -> str:
    return f"{value} IS NOT NULL"


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, int]:
    row = connection.execute(query).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
