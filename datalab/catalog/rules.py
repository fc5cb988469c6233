"""What a dataset must keep beyond the shape of its keys.

Each rule looks at one file as it is written and yields mistakes. Rules about what the keys mean
run even where another key is wrong, so that one look shows everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalab.catalog import accumulation, audience, schema
from datalab.catalog.dataset import Dataset
from datalab.catalog.dialect import mistakes_in
from datalab.catalog.document import Document
from datalab.catalog.mistake import Mistake
from datalab.catalog.vocabulary import LICENSES, THEMES
from datalab.errors import nearest
from datalab.i18n import Phrase

if TYPE_CHECKING:
    import duckdb

# The words that DuckDB 1.5.5 lists as reserved in duckdb_keywords(): a table of that name could
# only be read in quotes. A test holds this list against the installed engine.
_RESERVED = """
all analyse analyze and any array as asc asymmetric both case cast check collate column constraint
create default deferrable desc describe distinct do else end except false fetch for foreign from
group having in initially intersect into lambda lateral leading limit not null offset on only or
order pivot pivot_longer pivot_wider placing primary qualify references returning select show some
summarize symmetric table then to trailing true union unique unpivot using variadic when where
window with
"""
RESERVED = frozenset(_RESERVED.split())
# Names that already mean a database or a relation where datasets are read or transformed.
TAKEN = frozenset(
    {"open", "members", "main", "memory", "system", "temp", "source", "information_schema"}
)

_INTERVAL = re.compile(r"(\.\.|\d{4}(-\d\d(-\d\d)?)?)/(\.\.|\d{4}(-\d\d(-\d\d)?)?)")
_COMMENT = re.compile(r"(?s)--[^\n]*|/\*.*?\*/")
# Table functions that make rows out of their arguments; every other one reads something.
GENERATORS = frozenset({"unnest", "range", "generate_series"})


def of_file(path: Path, document: Document) -> Iterator[Mistake]:
    """Rules that need only what is written and where the file lies."""
    for place, line, first in document.repeated:
        message = Phrase("this key stands twice, the first time on line {line}", line=first)
        yield Mistake(place, message, line=line)
    yield from _name(path, document.at(["id"]))
    theme = path.parent.name
    if theme not in THEMES:
        yield Mistake(
            (),
            Phrase(
                "the folder '{theme}' is not a theme; known are {known}",
                theme=theme,
                known=", ".join(THEMES),
            ),
            nearest(theme, THEMES),
        )
    licence = document.at(["license"])
    if isinstance(licence, str) and licence not in LICENSES:
        yield Mistake(
            ("license",),
            Phrase(
                "'{license}' is not a known licence; known are {known}",
                license=licence,
                known=", ".join(LICENSES),
            ),
            nearest(licence, LICENSES),
        )
    yield from _columns(document.at(["columns"]))
    transform = document.at(["transform"])
    if isinstance(transform, str):
        yield from _transform(transform)


def of_dataset(dataset: Dataset) -> Iterator[Mistake]:
    """Rules about how the keys of a well-formed dataset fit together."""
    yield from audience.mistakes_in(dataset)
    yield from _rights(dataset)
    yield from _references(dataset)
    yield from _equipment(dataset)
    yield from _links(dataset)
    yield from accumulation.mistakes_in(dataset)
    yield from mistakes_in(dataset.source.csv)
    yield from schema.mistakes_in(dataset)
    if dataset.temporal is not None and not _INTERVAL.fullmatch(dataset.temporal):
        yield Mistake(
            ("temporal",),
            Phrase("an interval start/end is expected here, such as 2019-01-01/2022-12-31"),
        )


def _name(path: Path, dataset: object) -> Iterator[Mistake]:
    if not isinstance(dataset, str):
        return
    if dataset != path.stem:
        yield Mistake(
            ("id",),
            Phrase("the id must be the name of the file, '{stem}'", stem=path.stem),
            path.stem,
        )
    if dataset.replace("-", "_") in RESERVED | TAKEN:
        yield Mistake(
            ("id",),
            Phrase("'{id}' is a word of SQL or of the lab; choose another id", id=dataset),
            f"{dataset}-{path.parent.name}",
        )


def _columns(columns: object) -> Iterator[Mistake]:
    """DuckDB does not tell ``Code`` from ``code``: the second one would have no place."""
    seen: dict[str, str] = {}
    for name in columns if isinstance(columns, dict) else ():
        if not name.strip() or '"' in name or any(ord(letter) < 32 for letter in name):
            yield Mistake(("columns", name), Phrase("this is no name for a column"))
        elif name.lower() in seen:
            yield Mistake(
                ("columns", name),
                Phrase(
                    "'{name}' and '{other}' are one name in SQL",
                    name=name,
                    other=seen[name.lower()],
                ),
            )
        seen.setdefault(name.lower(), name)


def _rights(dataset: Dataset) -> Iterator[Mistake]:
    if dataset.provenance == "synthetic" and dataset.calibration is None:
        yield Mistake(
            ("calibration",),
            Phrase(
                "a synthetic dataset says the totals it was calibrated on and their source: add "
                "'calibration'"
            ),
        )
    personal = [name for name, column in dataset.columns.items() if column.personal]
    if dataset.access == "open" and (dataset.personal_data == "personal"):
        yield Mistake(("access",), Phrase("personal data cannot be open"), "restricted")
    if personal and dataset.personal_data == "none":
        yield Mistake(
            ("personal_data",),
            Phrase(
                "the column {column} is personal, so 'none' cannot be right", column=personal[0]
            ),
        )
    licence = LICENSES.get(dataset.license)
    forbids = licence is not None and licence.reuse == "no"
    if not dataset.redistribution and dataset.access_note is None and not forbids:
        yield Mistake(
            ("access_note",),
            Phrase("readers are told why a dataset cannot be downloaded: add 'access_note'"),
        )
    if dataset.redistribution and forbids:
        yield Mistake(
            ("redistribution",),
            Phrase(
                "the licence '{license}' does not allow passing the data on: write "
                "'redistribution: false'",
                license=dataset.license,
            ),
        )


def _equipment(dataset: Dataset) -> Iterator[Mistake]:
    """The control room shows any dataset of this role; it has to find place and state in it."""
    if dataset.role != "equipment":
        return
    placed = {"longitude", "latitude"} <= set(dataset.columns) or "geometry" in dataset.columns
    if not ({"id", "state"} <= set(dataset.columns) and placed):
        yield Mistake(
            ("role",),
            Phrase(
                "the control room finds equipment by the columns id, state, and longitude and "
                "latitude (or geometry)"
            ),
        )


def _links(dataset: Dataset) -> Iterator[Mistake]:
    """The list of datasets leads to links; it has to find their names and where they lead."""
    if dataset.role == "links" and not {"title", "page"} <= set(dataset.columns):
        yield Mistake(
            ("role",), Phrase("the list of datasets finds links by the columns title and page")
        )


def _references(dataset: Dataset) -> Iterator[Mistake]:
    """Every column that is named somewhere exists."""
    named: list[tuple[tuple[str | int, ...], str]] = [
        (("key", position), name) for position, name in enumerate(dataset.key)
    ]
    if dataset.map is not None:
        for part in ("geometry", "longitude", "latitude", "on", "value", "label"):
            name = getattr(dataset.map, part)
            if name is not None:
                named.append((("map", part), name))
    for place, name in named:
        if name not in dataset.columns:
            yield Mistake(
                place,
                Phrase(
                    "there is no column '{column}'; the columns are {known}",
                    column=name,
                    known=", ".join(dataset.columns),
                ),
                nearest(name, dataset.columns),
            )


def _transform(sql: str) -> Iterator[Mistake]:
    """Parsed, never bound or run: the functions of extensions need not be loaded for it."""
    import duckdb

    place = ("transform",)
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0].removeprefix("Parser Error: ")
        yield Mistake(place, Phrase("this SQL cannot be read: {reason}", reason=reason))
        return
    words = _COMMENT.sub(" ", sql).replace("(", " ").split()
    if (
        len(statements) != 1
        or statements[0].type != duckdb.StatementType.SELECT
        or words[0].lower() not in {"select", "with", "from"}
        or statements[0].named_parameters
    ):
        yield Mistake(place, Phrase("a transform is exactly one SELECT over 'source'"))
        return
    tree = _tree(sql)
    if tree.get("error"):  # what the engine cannot show as a tree is bound when it is staged
        return
    read, own = set(_read(tree)), set(_common(tree))
    others = sorted(read - own - {"source"})
    if others or "source" not in read:
        tables = ", ".join(others) or "–"
        yield Mistake(
            place,
            Phrase("a transform reads 'source' and nothing else, not {tables}", tables=tables),
        )


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(":memory:", config={"threads": 1})


def _tree(sql: str) -> Any:
    """The parsed query. As a literal: a bound parameter makes DuckDB import pandas (0.5 s)."""
    literal = sql.replace("'", "''")
    found = _parser().cursor().execute(f"SELECT json_serialize_sql('{literal}'::VARCHAR)")
    row = found.fetchone()
    return json.loads(row[0]) if row else {}


def _read(tree: object) -> Iterator[str]:
    """Every relation and table function that a parsed query reads."""
    if isinstance(tree, dict):
        if tree.get("type") == "BASE_TABLE":
            parts = (tree.get("catalog_name"), tree.get("schema_name"), tree.get("table_name"))
            yield ".".join(part for part in parts if part)
        elif tree.get("type") == "TABLE_FUNCTION":
            name = str(tree.get("function", {}).get("function_name", ""))
            if name.lower() not in GENERATORS:
                yield f"{name}()"
        for value in tree.values():
            yield from _read(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _read(value)


def _common(tree: object) -> Iterator[str]:
    """The names that a query gives to parts of itself (WITH name AS …)."""
    if isinstance(tree, dict):
        if isinstance(tree.get("cte_map"), dict):
            for entry in tree["cte_map"].get("map", []):
                yield str(entry["key"])
        for value in tree.values():
            yield from _common(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _common(value)
