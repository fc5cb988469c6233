"""What was found in a whole GTFS feed: its tables, and the faults in and between them, counted.

One table is published as a dataset; the others decide whether it can be used. The report says of
each rule that was broken where and how often, and holds no value of a row, so that it may be told
wherever the description of the dataset is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datalab.i18n import Language, translate
from datalab.lake.gtfs_tables import TABLES

if TYPE_CHECKING:
    from datalab.lake.feed import Feed
    from datalab.lake.feed_faults import Fault

Broken = tuple[str, str, str, tuple[tuple[str, str], ...]]


@dataclass
class FeedReport:
    """``tables`` counts rows by table, ``unknown`` are files that GTFS does not describe, and
    ``faults`` counts rows and says the first line, by table, column and rule."""

    tables: dict[str, int]
    unknown: list[str] = field(default_factory=list)
    faults: dict[Broken, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, feed: Feed) -> FeedReport:
        tables = {table: feed.rows(table) for table in feed.columns}
        return cls(tables, sorted(name[:80] for name in feed.files if name not in TABLES)[:50])

    def add(self, fault: Fault) -> None:
        key = (fault.table, fault.column, fault.reason, tuple(sorted(fault.facts.items())))
        count, line = self.faults.get(key, (0, fault.line))
        self.faults[key] = (count + 1, min(line, fault.line))

    def as_json(self) -> dict[str, Any]:
        return {
            "tables": self.tables,
            "unknown": self.unknown,
            "faults": [
                {
                    "table": table,
                    "column": column,
                    "reason": reason,
                    "facts": dict(facts),
                    "rows": rows,
                    "line": line,
                }
                for (table, column, reason, facts), (rows, line) in self.faults.items()
            ],
        }


def report_of(
    record: Mapping[str, Any] | None, good: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The report that matters now: of a later feed that was kept out, else of what readers see."""
    late = record if record and record.get("state") in ("kept", "failed") else None
    found = (late or {}).get("feed") or (good or {}).get("feed")
    return dict(found) if found else None


def in_words(report: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """The report with the reason of each fault in the language of its reader."""
    faults = [
        {**one, "words": translate(str(one["reason"]), language, **(one.get("facts") or {}))}
        for one in report.get("faults") or []
    ]
    return {**report, "faults": faults, "rows_at_fault": sum(int(one["rows"]) for one in faults)}
