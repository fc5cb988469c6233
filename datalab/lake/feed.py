"""A GTFS feed: the tables of one zip as text, and what is wrong in and between them.

Every row that breaks a rule of the specification is told with its table, line, column and value:
values, keys, references from table to table, calendars that run on no day, stops of a trip out of
order, shapes without a line.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake.connection import identifier, literal
from datalab.lake.decoding import same_newlines
from datalab.lake.gtfs_tables import ONE_OF, REQUIRED, TABLES
from datalab.lake.members import Members
from datalab.lake.raw import unreadable

LONGEST_LINE = 1_000_000


@dataclass
class Feed:
    """The tables that were loaded: ``columns`` by table, ``files`` are all members by table.

    Each table is ``gtfs_<name>`` of the connection: ``__line`` and its columns as text.
    """

    dataset: Dataset
    connection: duckdb.DuckDBPyConnection
    files: dict[str, str]
    columns: dict[str, list[str]] = field(default_factory=dict)

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table, with these columns, is in the feed."""
        return table in self.columns and set(columns) <= set(self.columns[table])

    def rows(self, table: str) -> int:
        row = self.connection.execute(f"SELECT count(*) FROM gtfs_{table}").fetchone()  # noqa: S608
        return int(row[0]) if row else 0


def open_feed(
    dataset: Dataset, file: Path, folder: Path, connection: duckdb.DuckDBPyConnection
) -> Feed:
    """Load every table of the specification that the zip holds, at its top or in one folder.

    Raises
    ------
    UnreadableFile
        where a file that the specification requires is missing, or is no table.
    SourceTooLarge
    """
    with Members(dataset, file) as members:
        files = _files(dataset, members)
        feed = Feed(dataset, connection, files)
        for table in TABLES:
            if table in files:
                path = members.take(files[table], folder / f"{table}.txt")
                _load(feed, table, path)
                path.unlink()
    return feed


def _files(dataset: Dataset, members: Members) -> dict[str, str]:
    """Members by the name of their table. Some publishers zip the folder, not its files."""
    found: dict[str, str] = {}
    for name in sorted(members.names, key=lambda name: (name.count("/"), name)):
        path = PurePosixPath(name)
        if path.suffix in (".txt", ".geojson") and path.name == path.name.lower():
            found.setdefault(path.stem, name)
    folders = {str(PurePosixPath(found[name]).parent) for name in REQUIRED if name in found}
    missing = [f"{name}.txt" for name in REQUIRED if name not in found]
    missing += [f"{group[0]}.txt" for group in ONE_OF if not set(group) & set(found)]
    if missing:
        raise unreadable(
            dataset,
            "the feed lacks {missing}, which GTFS requires.",
            missing=", ".join(missing),
        )
    if len(folders) > 1:
        raise unreadable(
            dataset,
            "its tables lie in several folders ({folders}); one feed has one.",
            folders=", ".join(sorted(folders)),
        )
    return found


def _load(feed: Feed, table: str, path: Path) -> None:
    names = _header(feed, table, path)
    try:
        _insert(feed, table, path, names)
    except duckdb.InvalidInputException:
        try:
            _insert(feed, table, same_newlines(path, path.parent), names)
        except duckdb.InvalidInputException as error:
            line = re.search(r"on Line: (\d+)", str(error))
            raise unreadable(
                feed.dataset,
                "line {line} of {table} is no row: it has another number of values than the "
                "header, or a quotation mark stands alone.",
                line=line[1] if line else "?",
                table=f"{table}.txt",
            ) from error
    feed.columns[table] = names


def _insert(feed: Feed, table: str, path: Path, names: list[str]) -> None:
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    text = ", ".join(f"nullif(trim({identifier(n)}), '') AS {identifier(n)}" for n in names)
    feed.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE gtfs_{table} AS "  # noqa: S608
        f"SELECT row_number() OVER () + 1 AS __line, {text} FROM read_csv({literal(path)}, "
        f"auto_detect = false, header = false, skip = 1, columns = {{{columns}}}, delim = ',', "
        f"quote = '\"', escape = '\"', strict_mode = true, null_padding = false, "
        f"max_line_size = {LONGEST_LINE})"
    )


def _header(feed: Feed, table: str, path: Path) -> list[str]:
    def fail(reason: str, **facts: object) -> Exception:
        return unreadable(feed.dataset, reason, table=f"{table}.txt", **facts)

    try:
        with path.open("r", encoding="utf-8-sig", newline="") as source:
            names = [name.strip() for name in next(csv.reader(source), [])]
    except (UnicodeDecodeError, csv.Error):
        raise fail("{table} is not a table in UTF-8, as GTFS asks.") from None
    if not names:
        raise fail("{table} is empty; it needs at least its header line.")
    if len(set(names)) != len(names) or "" in names:
        raise fail("the header of {table} names a column twice or not at all.")
    required = [n for n, kind in TABLES[table].columns.items() if kind.startswith("!")]
    missing = [name for name in required if name not in names]
    if missing:
        raise fail("{table} lacks the column '{column}', which GTFS requires.", column=missing[0])
    return names
