"""A table in memory in the order of its key, where one row is found in a few microseconds.

It holds what one snapshot holds, which never changes. Only columns whose values come out of Arrow
as they come out of DuckDB are held so; a table with others, or without a key that is unique, is
none of this kind.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from datalab.lake.connection import identifier
from datalab.portal.rows import TEXT, Table, is_geometry, json_of, selected

WHOLE = ("smallint", "integer", "bigint")
PLAIN = ("tinyint", *WHOLE, "boolean", "double", "float", "date", "timestamp", TEXT)
BATCH = 50_000  # rows


@dataclass(frozen=True)
class Keyed:
    """``columns`` are of one length and lie in the order of the ``key``, each value of it once."""

    key: str
    whole: bool
    columns: dict[str, pa.Array]
    ways: dict[str, Callable[[Any], Any] | None]
    bytes: int

    def row(self, value: str) -> dict[str, Any] | None:
        """The row whose key is written ``value``, as JSON holds it; None where there is none.

        Raises
        ------
        ValueError
            where the key is a whole number, and ``value`` is none.
        """
        keys, asked = self.columns[self.key], int(value) if self.whole else value
        place = bisect_left(range(len(keys)), asked, key=lambda number: keys[number].as_py())
        if place == len(keys) or keys[place].as_py() != asked:
            return None
        found = {}
        for name, column in self.columns.items():
            held, way = column[place].as_py(), self.ways[name]
            found[name] = held if way is None or held is None else way(held)
        return found


def is_possible(opened: Table, key: Sequence[str]) -> bool:
    """Whether the columns of a table, and its key, are such that it can be held so."""
    if len(key) != 1 or opened.columns.get(key[0]) not in {TEXT, *WHOLE}:
        return False
    return all(
        type_ in PLAIN or type_.startswith("decimal") or is_geometry(type_)
        for type_ in opened.columns.values()
    )


def keyed(cursor: duckdb.DuckDBPyConnection, opened: Table, key: str, most: int) -> Keyed | None:
    """The rows of ``opened`` that have a key; None where two share one.

    Parameters
    ----------
    most
        bytes in memory; a table that needs more gives None.

    Raises
    ------
    duckdb.Error
    """
    picked = ", ".join(selected(name, type_) for name, type_ in opened.columns.items())
    column = identifier(key)
    # Texts come in the order of their bytes in UTF-8, which is that of Python's strings.
    reader = cursor.execute(
        f"SELECT {picked} FROM {opened.sql} WHERE {column} IS NOT NULL ORDER BY {column}"  # noqa: S608
    ).to_arrow_reader(BATCH)
    batches, size = [], 0
    for batch in reader:
        batches.append(batch)
        size += batch.nbytes
        if size > most:
            return None
    table = pa.Table.from_batches(batches, reader.schema).combine_chunks()
    keys = table.column(key)
    if pc.any(pc.equal(keys[1:], keys[:-1])).as_py():
        return None
    columns = {
        name: held.chunk(0) if held.num_chunks else pa.array([], held.type)
        for name, held in zip(opened.columns, table.columns, strict=True)
    }
    ways = {name: json_of(type_) for name, type_ in opened.columns.items()}
    return Keyed(key, opened.columns[key] != TEXT, columns, ways, table.nbytes)
