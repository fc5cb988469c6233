"""The columns of a text table: a type guessed from a sample, then held against every value.

The sample is read in Python, where a guess can be explained; the whole column is checked in
DuckDB by the very SQL that will read it. What that finds goes back into the guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from datalab.catalog.dataset import CsvOptions
from datalab.catalog.text import Text
from datalab.catalog.writing import Writing
from datalab.inspection.kind import Kind, kind_of
from datalab.inspection.layout import Layout
from datalab.inspection.mark import meaning
from datalab.inspection.number import Proof, proof_of
from datalab.inspection.shape import bare
from datalab.lake.casting import BLANK, from_text
from datalab.lake.connection import identifier, literal

HEAD, SAMPLE = 5_000, 20_000
ROUNDS = 3
MOST_BAD = 0.1  # share of values that may be wrong before a type is given up


@dataclass(frozen=True)
class Typed:
    """A column of the file with its kind; ``bad`` counts the values that the type refuses."""

    source: str
    kind: Kind
    sample: list[str] = field(default_factory=list)
    bad: int = 0
    filled: int = 0
    spaced: int = 0


def sampled(
    connection: duckdb.DuckDBPyConnection, relation: str, row: str, rows: int
) -> list[tuple[str | None, ...]]:
    """Rows from the beginning and, evenly, from the rest; every row of a small table.

    ``row`` is SQL of the position of a row.
    """
    where = ""
    if rows > SAMPLE:
        step = max(1, rows // (SAMPLE - HEAD))
        where = f" WHERE {row} < {HEAD} OR {row} % {step} = 0"
    return connection.execute(f"SELECT * FROM {relation}{where}").fetchall()  # noqa: S608


def typed_columns(
    layout: Layout,
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    sample: Sequence[tuple[str | None, ...]],
) -> list[Typed]:
    """The kind of each column; ``relation`` has columns ``c0``, ``c1`` … of text."""
    values = [
        [value for row in sample if (value := row[number]) is not None]
        for number in range(len(layout.names))
    ]
    proofs = [proof_of([bare(value) for value in column]) for column in values]
    found: list[Typed] = []
    for number, name in enumerate(layout.names):
        whole = sum(proofs[:number] + proofs[number + 1 :], Proof())
        found.append(_typed(layout, number, name, values[number], whole, connection, relation))
    return found


def _typed(
    layout: Layout,
    number: int,
    name: str,
    values: list[str],
    file: Proof,
    connection: duckdb.DuckDBPyConnection,
    relation: str,
) -> Typed:
    label = layout.labels[number] if number < len(layout.labels) else ""
    delimiter = layout.csv.get("delimiter", ",") if layout.format == "csv" else None
    stated = layout.types.get(name)
    seen = list(values)
    kind = _kind(stated, name, label, seen, file, delimiter)
    column = identifier(f"c{number}")
    bad = 0
    for _ in range(ROUNDS):
        if (
            kind.type in ("varchar", "geometry") or layout.format == "parquet"
        ):  # the stage itself tells wrong geometries
            break
        bad, filled, wrong = _offenders(connection, relation, column, kind)
        if not wrong:
            break
        marks = {text: count for text, count in wrong.items() if meaning(bare(text)) is not None}
        known = set(seen)
        seen += [text for text in wrong if text not in known]
        again = _kind(stated, name, label, seen, file, delimiter)
        if again.type == kind.type and again.writing == kind.writing and not marks:
            if bad > MOST_BAD * filled:
                kind = Kind("varchar", 0.7, "its values are text")
            break
        kind = again if again.type != "varchar" or not marks else kind
        kind = replace(kind, marks={**kind.marks, **{bare(text): n for text, n in marks.items()}})
    if kind.type == "varchar":
        bad = 0
    filled, counts, spaced = _counted(connection, relation, column, kind)
    return Typed(name, replace(kind, marks=counts), values, bad, filled, spaced)


def _kind(
    stated: str | None,
    name: str,
    label: str,
    values: Sequence[str],
    file: Proof,
    delimiter: str | None,
) -> Kind:
    """The kind, as far as the file leaves it open: text in JSON can only be a date."""
    if stated is not None and stated.startswith("="):
        return Kind(stated[1:], 1.0, "the file states this type")
    if stated == "geometry":
        return Kind("geometry", 1.0, "its values are geometries")
    if stated == "nested":
        return Kind("varchar", 1.0, "its values are lists or objects, kept as JSON")
    kind = kind_of(name, label, values, file, delimiter)
    moments = ("date", "time", "timestamp", "timestamptz")
    if stated == "text" and kind.type not in moments:
        return Kind("varchar", 1.0, "the file says that its values are text")
    if stated == "mixed" and kind.type != "varchar":
        return Kind("varchar", 0.7, "some of its values are numbers and some are text")
    return kind


def without_geometry(typed: Typed) -> Typed:
    """A column of geometries that are not in longitude and latitude stays text."""
    if typed.kind.type != "geometry":
        return typed
    caution = "these geometries are not in longitude and latitude: the column stays text"
    return replace(typed, kind=Kind("varchar", 0.5, "its values are text", caution=caution))


def options_of(kind: Kind) -> CsvOptions:
    """The options with which the stage will read a column of this kind."""
    column = "column"
    return CsvOptions(values={column: writing_of(kind)}).of(column)


def writing_of(kind: Kind) -> Writing:
    said: Mapping[str, str] = kind.writing
    marks = {
        mark: Text(fr=known[0], en=known[1])
        for mark in kind.marks
        if (known := meaning(mark)) is not None
    }
    return Writing.model_validate({**said, "marks": marks or None})


def _offenders(
    connection: duckdb.DuckDBPyConnection, relation: str, column: str, kind: Kind
) -> tuple[int, int, dict[str, int]]:
    """Values that the type refuses: how many, of how many, and the most frequent of them."""
    options = options_of(kind)
    refused = f"({from_text(column, kind.type, options)}) IS NULL"
    if kind.type in ("integer", "bigint", "smallint"):
        refused += f" OR regexp_matches({column}, '^\\s*[+-]?0\\d')"
    if kind.type == "double":
        refused += f" OR regexp_full_match({column}, '\\s*\\d+[eE]\\d+\\s*')"
    there = _there(column, kind)
    rows = connection.execute(
        f"SELECT {column}, count(*) FROM {relation} WHERE {there} AND ({refused}) "  # noqa: S608
        "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 200"
    ).fetchall()
    counted = (
        connection.execute(
            f"SELECT count(*) FILTER ({there} AND ({refused})), count(*) FILTER ({there}) "  # noqa: S608
            f"FROM {relation}"
        ).fetchone()
        if rows
        else (0, 0)
    )
    bad, filled = counted or (0, 0)
    return bad, filled, dict(rows)


def _there(column: str, kind: Kind) -> str:
    if not kind.marks:
        return f"{column} IS NOT NULL"
    marks = ", ".join(literal(mark) for mark in kind.marks)
    return f"{column} IS NOT NULL AND trim({column}, {literal(BLANK)}) NOT IN ({marks})"


def _counted(
    connection: duckdb.DuckDBPyConnection, relation: str, column: str, kind: Kind
) -> tuple[int, dict[str, int], int]:
    """Values, how often each mark stands there, and text with spaces around it."""
    bare_ = f"trim({column}, {literal(BLANK)})"
    marks = [f"count(*) FILTER ({bare_} = {literal(mark)})" for mark in kind.marks]
    spaced = f"count(*) FILTER ({bare_} <> {column})" if kind.type == "varchar" else "0"
    row = connection.execute(
        f"SELECT count({column}), {', '.join([spaced, *marks])} FROM {relation}"  # noqa: S608
    ).fetchone() or (0, 0)
    counts = {mark: n for mark, n in zip(kind.marks, row[2:], strict=False) if n}
    return int(row[0]), counts, int(row[1])
