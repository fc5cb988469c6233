"""Accumulation: a dataset that keeps the rows of its earlier snapshots, by key and for a time.

What a feed says now is added to what it said before: a row with a new key is added, one with a
known key and other values takes its place, one that is older than ``keep`` goes. Only what is new
is written to the lake.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from datalab.catalog.dataset import Accumulate, Dataset
from datalab.lake.connection import connect, identifier, literal
from datalab.lake.index import Entry, read_index
from datalab.lake.layout import folder
from datalab.lake.raw import unreadable
from datalab.lake.reader import table
from datalab.lake.stage import Staged

ADDED, WHOLE = "added", "whole"


@dataclass(frozen=True)
class Addition:
    """What a staged file adds, in its table ``added``.

    Attributes
    ----------
    rows
        new rows, and known ones with other values.
    total
        rows of the whole afterwards.
    appends
        whether the published table can be added to; else ``whole`` takes its place.
    by
        columns that identify a row.
    oldest
        SQL condition that rows to keep meet, or None where all are kept.
    """

    rows: int
    total: int
    appends: bool
    by: tuple[str, ...]
    oldest: str | None


def accumulated(lake: Path, dataset: Dataset, staged: Staged) -> Staged:
    """``staged`` knowing what it adds to the published table.

    Writes ``added`` into the staged file, and ``whole`` (a copy of everything) where expectations
    look at that, or where the columns are others than before.

    Raises
    ------
    UnreadableFile
        where a key stands twice in what the source gave, or is missing.
    """
    rule = dataset.accumulate
    if rule is None:
        return staged
    entry = read_index(lake).get(dataset.id)
    before = entry if entry and entry.good and entry.lake == dataset.lake else None
    with connect(staged.path, temporary=staged.path.parent / "spill") as connection:
        _sound(connection, dataset, rule)
        alike = before is not None and _alike(connection, lake, dataset, before)
        _old(connection, dataset, before)
        addition = _added(connection, dataset, rule, appends=alike)
        if not alike or any(one.scope == "whole" for one in dataset.expectations):
            connection.execute(f"CREATE TABLE {WHOLE} AS {_whole(addition)}")
        connection.execute("DROP VIEW old")
        if before is not None:
            connection.execute("DETACH lake")
    return replace(staged, addition=addition)


def append(connection: duckdb.DuckDBPyConnection, target: str, addition: Addition) -> None:
    """Add the rows of ``staged.added`` to ``target``, inside the transaction of a commit."""
    new = f"staged.{ADDED}"
    known = f"EXISTS (SELECT 1 FROM {new} new WHERE {_same(addition.by, 'new', 'old')})"  # noqa: S608  # noqa: S608
    conditions = [known, *([f"NOT ({addition.oldest})"] if addition.oldest else [])]
    for condition in conditions:  # a DELETE that finds nothing would still write a snapshot
        found = connection.execute(
            f"SELECT 1 FROM {target} old WHERE {condition} LIMIT 1"  # noqa: S608
        ).fetchone()
        if found:
            connection.execute(f"DELETE FROM {target} old WHERE {condition}")  # noqa: S608
    connection.execute(f"INSERT INTO {target} FROM {new}")


def _sound(connection: duckdb.DuckDBPyConnection, dataset: Dataset, rule: Accumulate) -> None:
    """Refuse a key that is missing, or stands twice: no rule says which row would be right."""
    names = ", ".join(identifier(name) for name in rule.by)
    missing = " OR ".join(f"{identifier(name)} IS NULL" for name in rule.by)
    found = connection.execute(f"SELECT count(*) FROM data WHERE {missing}").fetchone()  # noqa: S608
    if found and found[0]:
        raise unreadable(
            dataset,
            "{count} rows lack a part of the key ({key}) by which rows are kept.",
            count=found[0],
            key=", ".join(rule.by),
        )
    twice = connection.execute(
        f"SELECT {names} FROM data GROUP BY ALL HAVING count(*) > 1 LIMIT 1"  # noqa: S608
    ).fetchone()
    if twice:
        raise unreadable(
            dataset,
            "the key {key} stands on several of its rows ({value}).",
            key=", ".join(rule.by),
            value=", ".join(map(str, twice)),
        )


def _alike(
    connection: duckdb.DuckDBPyConnection, lake: Path, dataset: Dataset, before: Entry
) -> bool:
    """Attach the published lake, and say whether its table has the columns that are staged."""
    place = folder(lake, before.lake)
    connection.execute(
        f"ATTACH {literal(f'ducklake:{place.catalog}')} AS lake "
        f"(READ_ONLY, DATA_PATH {literal(f'{place.data}/')}, OVERRIDE_DATA_PATH true)"
    )
    published = connection.execute(f"DESCRIBE FROM {_published(before)}").fetchall()
    staged = connection.execute("DESCRIBE FROM data").fetchall()
    return before.theme == dataset.theme and [c[:2] for c in published] == [c[:2] for c in staged]


def _published(before: Entry) -> str:
    return table(replace(before, lake="lake"))


def _old(connection: duckdb.DuckDBPyConnection, dataset: Dataset, before: Entry | None) -> None:
    """The view ``old``: what is published, in the columns of now."""
    known = set(before.dataset["columns"]) if before else set()
    values = ", ".join(
        (identifier(name) if name in known else "NULL") + f"::{column.type} AS {identifier(name)}"
        for name, column in dataset.columns.items()
    )
    origin = f"FROM {_published(before)}" if before else "FROM data WHERE false"
    connection.execute(f"CREATE TEMP VIEW old AS SELECT {values} {origin}")


def _added(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, rule: Accumulate, *, appends: bool
) -> Addition:
    at = rule.moment(dataset.columns)
    oldest = None
    if rule.keep is not None and at is not None:
        column = identifier(at)
        newest = connection.execute(
            f"SELECT date_trunc('day', max(m) - INTERVAL {literal(rule.interval)})::VARCHAR "  # noqa: S608
            f"FROM (SELECT max({column}) m FROM data UNION ALL SELECT max({column}) FROM old)"
        ).fetchone()
        if newest and newest[0] is not None:
            # By whole days: rows then go once a day, not at every look.
            kind = dataset.columns[at].type
            oldest = f"{column} >= {literal(newest[0])}::{kind}"
    others = [name for name in dataset.columns if name not in rule.by]
    same = " AND ".join(
        [
            _same(rule.by, "new", "old"),
            *(
                f"{_comparable(dataset, 'new', name)} IS NOT DISTINCT FROM "
                f"{_comparable(dataset, 'old', name)}"
                for name in others
            ),
        ]
    )
    kept = f"AND new.{oldest}" if oldest else ""
    connection.execute(
        f"CREATE TABLE {ADDED} AS SELECT new.* FROM data new "  # noqa: S608
        f"WHERE NOT EXISTS (SELECT 1 FROM old WHERE {same}) {kept}"
    )
    addition = Addition(0, 0, appends, tuple(rule.by), oldest)
    rows = _count(connection, f"FROM {ADDED}")
    return replace(addition, rows=rows, total=_count(connection, _whole(addition)))


def _whole(addition: Addition) -> str:
    """Everything that is kept: the old rows that neither change nor go, and the added ones."""
    kept = f"({addition.oldest}) AND" if addition.oldest else ""
    return (
        f"SELECT * FROM old WHERE {kept} NOT EXISTS "  # noqa: S608
        f"(SELECT 1 FROM {ADDED} new WHERE {_same(addition.by, 'new', 'old')}) "
        f"UNION ALL SELECT * FROM {ADDED}"
    )


def _same(by: tuple[str, ...] | list[str], one: str, other: str) -> str:
    return " AND ".join(f"{one}.{identifier(name)} = {other}.{identifier(name)}" for name in by)


def _comparable(dataset: Dataset, side: str, name: str) -> str:
    """Shapes have no order, so they are compared as they are written."""
    value = f"{side}.{identifier(name)}"
    return f"{value}::VARCHAR" if dataset.columns[name].type == "geometry" else value


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM ({relation})").fetchone()  # noqa: S608
    return int(found[0]) if found else 0
