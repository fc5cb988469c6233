"""The result of a query: a Table that shows itself and turns into what people compute with.

Also owns how a query that cannot be run is explained.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

import duckdb

from datalab.errors import QueryRefused, nearest
from datalab.i18n import Phrase, translate
from datalab.notebook.listing import (
    CELL_STYLE,
    HEAD_STYLE,
    NUMBER_STYLE,
    TABLE_STYLE,
    is_number,
    text_table,
)
from datalab.notebook.wording import number, spoken

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from datalab.notebook.lab import Lab

SHOWN = 20
LONGEST_CELL = 80
# Grouping digits of these would be wrong: 2 022 is no year.
UNGROUPED = re.compile(r"(^|_)(year|annee|code|id|number|millesime)($|_)", re.IGNORECASE)
BREAKS = re.compile(r"[ \t\r\n]+")
UNKNOWN_TABLE = re.compile(r"Table with name (\S+) does not exist")
UNKNOWN_COLUMN = re.compile(r'Referenced column "([^"]+)" (?:was )?not found')
CANDIDATES = re.compile(r"Candidate bindings: (.*)")
NEAR = re.compile(r'syntax error at or near "([^"]*)"|syntax error at (end of input)')


class Table:
    """A DuckDB relation that shows itself as a table.

    Everything a relation can do works too (``.filter``, ``.aggregate``, ``.order`` …).
    """

    def __init__(self, relation: duckdb.DuckDBPyRelation, lab: Lab) -> None:
        self._relation = relation
        self._lab = lab
        self._language = lab.language

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The relation itself, to go on with DuckDB's own functions."""
        return self._relation

    def df(self) -> pd.DataFrame:
        """As pandas; integers stay integers, also with gaps (``Int64``)."""
        from datalab.notebook.frame import to_pandas

        with explaining(self._lab):
            return to_pandas(self._relation)

    def arrow(self) -> pa.Table:
        """As an Arrow table."""
        from datalab.notebook.frame import to_arrow

        with explaining(self._lab):
            return to_arrow(self._relation)

    def polars(self) -> pl.DataFrame:
        """As polars."""
        from datalab.notebook.frame import to_polars

        with explaining(self._lab):
            return to_polars(self._relation)

    def gdf(self) -> gpd.GeoDataFrame:
        """As geopandas, EPSG:4326, where one column is a geometry."""
        from datalab.notebook.frame import geometries, to_geopandas

        if not geometries(self._relation):
            reason = Phrase("no column is a geometry; keep one, or use .df().")
            raise QueryRefused(reason=reason).in_language(self._language)
        with explaining(self._lab):
            return to_geopandas(self._relation)

    @property
    def columns(self) -> list[str]:
        return list(self._relation.columns)

    def __len__(self) -> int:
        with explaining(self._lab):
            found = self._relation.aggregate("count(*)").fetchone()
        return int(found[0]) if found else 0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(self._relation, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            with explaining(self._lab):
                result = found(*arguments, **named)
            if isinstance(result, duckdb.DuckDBPyRelation):
                return Table(result, self._lab)
            return result

        call.__doc__ = found.__doc__
        return call

    def _head(self) -> tuple[list[tuple[Any, ...]], bool]:
        with explaining(self._lab):
            rows = readable(self._relation).limit(SHOWN + 1).fetchall()
        return rows[:SHOWN], len(rows) > SHOWN

    def _more(self, cut: bool, count: int) -> str:
        if cut:
            return translate(
                "The first {count} rows; .df() gives all of them.",
                self._language,
                count=number(count, self._language),
            )
        if count == 0:
            return translate("No row matches.", self._language)
        return ""

    def _shown(self, column: str, value: Any) -> str:
        if isinstance(value, int) and UNGROUPED.search(column):
            return str(value)
        text = BREAKS.sub(" ", spoken(value, self._language))
        return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"

    def _repr_html_(self) -> str:
        rows, cut = self._head()
        columns = self.columns
        head = "".join(f'<th scope="col" style="{HEAD_STYLE}">{escape(c)}</th>' for c in columns)
        body = "".join(
            "<tr>"
            + "".join(
                f'<td style="{NUMBER_STYLE if is_number(value) else CELL_STYLE}">'
                f"{escape(self._shown(column, value))}</td>"
                for column, value in zip(columns, row, strict=True)
            )
            + "</tr>"
            for row in rows
        )
        note = self._more(cut, len(rows))
        return (
            f'<div style="overflow-x:auto"><table style="{TABLE_STYLE}">'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
            + (f"<p>{escape(note)}</p>" if note else "")
        )

    def __repr__(self) -> str:
        rows, cut = self._head()
        columns = self.columns
        cells = [[self._shown(c, v) for c, v in zip(columns, row, strict=True)] for row in rows]
        note = self._more(cut, len(rows))
        return "\n".join([*text_table(columns, cells), *([note] if note else [])])


def readable(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """``relation`` with geometries as short words instead of bytes."""
    from datalab.lake.connection import identifier

    if not any(is_geometry(kind) for kind in relation.types):
        return relation
    parts = [
        f"CAST(ST_GeometryType({identifier(name)}) AS VARCHAR) AS {identifier(name)}"
        if is_geometry(kind)
        else identifier(name)
        for name, kind in zip(relation.columns, relation.types, strict=True)
    ]
    return relation.project(", ".join(parts))


def is_geometry(kind: object) -> bool:
    return str(kind).upper().startswith("GEOMETRY")


@contextmanager
def explaining(lab: Lab) -> Iterator[None]:
    """Whatever DuckDB complains of inside is said as one sentence."""
    try:
        yield
    except duckdb.Error as error:
        raise explained(error, lab).in_language(lab.language) from None


def run(lab: Lab, query: str, tables: Mapping[str, Any]) -> Table:
    """Run ``query`` on the lab's connection; see :meth:`Lab.sql`."""
    for name, table in tables.items():
        lab.connection.register(name, table)
    if not isinstance(query, str):
        raise QueryRefused(reason=Phrase("a query is written as a text.")).in_language(lab.language)
    with explaining(lab):
        relation = lab.connection.sql(query)
    if relation is None:
        if not query.strip(" ;\n\t"):
            raise QueryRefused(reason=Phrase("it is an empty text.")).in_language(lab.language)
        relation = lab.connection.sql("SELECT 'ok' AS result")
    return Table(relation, lab)


def explained(error: duckdb.Error, lab: Lab) -> QueryRefused:
    """DuckDB's error as one sentence that names what to change."""
    text = str(error)
    if found := UNKNOWN_TABLE.search(text):
        return _unknown_table(found.group(1).strip('"'), lab)
    if found := UNKNOWN_COLUMN.search(text):
        return _unknown_column(found.group(1), text)
    if found := NEAR.search(text):
        place = found.group(1) or found.group(2)
        reason = Phrase("the SQL cannot be understood near “{place}”.", place=place)
        return QueryRefused(reason=reason)
    return QueryRefused(reason=text.split("\n")[0])


def _unknown_table(name: str, lab: Lab) -> QueryRefused:
    names = {entry.sql_name: entry for entry in lab.entries.values()}
    entry = names.get(name.lower().replace("-", "_"))
    if entry is not None and entry.good is None:
        reason = Phrase("dataset “{name}” has no published snapshot yet.", name=entry.id)
        return QueryRefused(reason=reason)
    close = nearest(name.lower().replace("-", "_"), names)
    if close:
        reason = Phrase(
            "there is no table “{name}”. Did you mean “{suggestion}”?", name=name, suggestion=close
        )
    else:
        reason = Phrase("there is no table “{name}”. lab.datasets() lists them all.", name=name)
    return QueryRefused(reason=reason)


def _unknown_column(name: str, text: str) -> QueryRefused:
    found = CANDIDATES.search(text)
    known = re.findall(r'"([^"]+)"', found.group(1)) if found else []
    if known:
        reason = Phrase(
            "there is no column “{name}”. Near it: {known}.", name=name, known=", ".join(known)
        )
    else:
        reason = Phrase("there is no column “{name}”.", name=name)
    return QueryRefused(reason=reason)
