"""One table of a GTFS feed, with its rows at fault kept out and told.

The whole feed is read each time: a trip is only as good as the route, the calendar and the stops
that it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.errors import nearest
from datalab.lake.connection import identifier
from datalab.lake.feed import open_feed
from datalab.lake.feed_faults import faults, seconds
from datalab.lake.feed_report import FeedReport
from datalab.lake.gtfs_tables import TABLES
from datalab.lake.raw import Lost, Raw, Reject, same_columns, unreadable

SECONDS = "_seconds"
KEPT = 1000


def read_timetable(
    dataset: Dataset, file: Path, folder: Path, connection: duckdb.DuckDBPyConnection
) -> Raw:
    """The rows of ``source.table``.

    Columns that GTFS lets a feed leave out are null where they are missing; columns that the
    catalog does not declare are passed over, as GTFS asks of readers. Of each time,
    ``<column>_seconds`` may be declared as well: seconds since the service day began, beyond
    86,400 after midnight. Dates are given as year-month-day.

    Raises
    ------
    UnreadableFile
        where the feed lacks what GTFS requires, or the table is not in it.
    """
    table = dataset.source.table or ""
    if table not in TABLES:
        raise unreadable(
            dataset,
            "'{table}' is no table of GTFS; say which one in 'table', such as {known}.",
            table=table,
            known=nearest(table, TABLES) or "stops",
        )
    feed = open_feed(dataset, file, folder, connection)
    if table not in feed.columns:
        raise unreadable(
            dataset,
            "the feed has no {table}.txt; it has: {known}.",
            table=table,
            known=", ".join(sorted(feed.files)),
        )
    kinds = TABLES[table].columns
    declared = dataset.source_columns()
    times = [name for name, kind in kinds.items() if kind.strip("!") == "time"]
    derived = {f"{name}{SECONDS}": name for name in times}
    given = {name: name for name in feed.columns[table] if name in declared}
    given |= {name: name for name in kinds if name in declared and name not in given}
    given |= {name: source for name, source in derived.items() if name in declared}
    same_columns(dataset, given)
    connection.execute("CREATE TEMP TABLE at_fault(line BIGINT)")
    found: list[Reject] = []
    lines: set[int] = set()
    report = FeedReport.of(feed)
    for fault in faults(feed):
        report.add(fault)
        if fault.table != table:
            continue
        if fault.line not in lines:
            lines.add(fault.line)
        if len(found) < KEPT:
            found.append(Reject(fault.line, fault.column, fault.value, fault.reason, fault.facts))
    if lines:
        connection.execute("INSERT INTO at_fault SELECT unnest(?::BIGINT[])", [sorted(lines)])
    values = ", ".join(
        f"{_value(name, source, kinds, feed.columns[table])} AS {identifier(name)}"
        for name, source in given.items()
    )
    connection.execute(
        f"CREATE TEMP TABLE read AS SELECT __line, {values} FROM gtfs_{table} "  # noqa: S608
        "WHERE __line NOT IN (FROM at_fault) ORDER BY __line"
    )
    columns = ", ".join(identifier(name) for name in given)
    connection.execute(f"CREATE TEMP VIEW timetable AS SELECT {columns} FROM read")  # noqa: S608

    def numbered(positions: Sequence[int]) -> list[int]:
        known = dict(
            connection.execute(
                "SELECT rowid, __line FROM read WHERE rowid IN (SELECT unnest(?::BIGINT[]))",
                [list(positions)],
            ).fetchall()
        )
        return [known[position] for position in positions]

    return Raw(
        "timetable",
        dict.fromkeys(given, "VARCHAR"),
        numbered,
        lambda: Lost(len(lines), sorted(found, key=lambda reject: reject.line)),
        feed=report.as_json(),
    )


def _value(name: str, source: str, kinds: dict[str, str], there: list[str]) -> str:
    """SQL of a column as text. GTFS writes dates without dashes, and hours with one digit."""
    if source not in there:
        return "NULL::VARCHAR"
    text = identifier(source)
    if name != source:
        return f"({seconds(text)})::VARCHAR"
    kind = kinds.get(source, "text").strip("!")
    if kind == "date":
        return f"coalesce(strftime(try_strptime({text}, '%Y%m%d'), '%Y-%m-%d'), {text})"
    if kind == "time":
        return f"CASE WHEN length({text}) = 7 THEN '0' || {text} ELSE {text} END"
    return text
