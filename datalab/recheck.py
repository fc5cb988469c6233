"""Expectations held against what is published: at each refresh that brings nothing new, on demand.

A table that has not changed can still stop keeping what is expected of it: another dataset moved
on, or time did. Read-only; what is found is written down by whoever asked.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from datalab.catalog.beyond import other_of
from datalab.catalog.dataset import Dataset, Expectation
from datalab.catalog.validation import ExpectationResult, ValidationResult
from datalab.errors import NotPublished
from datalab.lake.index import Entry, read_index
from datalab.lake.neighbours import Neighbours, let_stand
from datalab.lake.reader import open_lakes
from datalab.lake.record import RunRecord
from datalab.quality.validate import compared_anew, evaluated, looks_beyond

log = logging.getLogger("datalab.refresh")
MEMORY = "1GB"


def recheck(
    lake: Path, dataset: Dataset, good: RunRecord | None, at: datetime
) -> ValidationResult | None:
    """The verdict on the published table, compared anew with what lies beyond it.

    None where nothing of the suite looks beyond the table, nothing is published, or the lakes
    cannot be read now: then the verdict of ``good`` stands.
    """
    entry = read_index(lake).get(dataset.id) if looks_beyond(dataset) else None
    if entry is None or entry.good is None or good is None or entry.lake != dataset.lake:
        return None
    try:
        with open_lakes(lake, threads=2, memory_limit=MEMORY) as connection:
            beside = _standing(connection, lake, dataset, entry, entry.good.get("snapshot"))
            return compared_anew(connection, dataset, "data", good.validation, at=at, beside=beside)
    except (duckdb.Error, OSError):
        log.warning("%s could not be compared anew", dataset.id, exc_info=True)
        return None


def tried(
    lake: Path,
    entry: Entry,
    expectations: Sequence[Expectation],
    at: datetime,
    snapshot: int | None = None,
) -> list[ExpectationResult]:
    """What would become of ``expectations`` on a published snapshot; nothing is written down.

    Raises
    ------
    NotPublished
        where there is no table to try them on.
    """
    if entry.good is None:
        raise NotPublished(dataset=entry.id, reason="no-published-run")
    described = Dataset.from_json(entry.dataset)
    dataset = described.model_copy(update={"expectations": list(expectations)})
    dataset.located(described.theme, described.file)
    with open_lakes(lake, threads=2, memory_limit=MEMORY) as connection:
        beside = _standing(connection, lake, dataset, entry, snapshot)
        return evaluated(connection, dataset, at=at, beside=beside, details=False).results


def waits_for(dataset: Dataset) -> set[str]:
    """The datasets that ``dataset`` is compared with: they are refreshed before it."""
    found = {other_of(one.type, one.arguments) for one in dataset.expectations}
    return {name for name in found if name is not None and name != dataset.id}


def _standing(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    dataset: Dataset,
    entry: Entry,
    snapshot: int | None,
) -> Neighbours:
    let_stand(connection, entry, snapshot)
    newest = entry.snapshots[0]["snapshot"] if entry.snapshots else None
    beside = Neighbours(lake, dataset, snapshot if snapshot is not None else newest)
    beside.reading(connection)
    return beside
