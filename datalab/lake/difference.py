"""Which rows of a staged table differ from the published one.

A total that is wrong says that something broke, not where. The rows that changed since the last
good snapshot say it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.catalog.validation import ExpectationResult, ValidationResult
from datalab.lake.connection import identifier, literal
from datalab.lake.index import Entry, read_index
from datalab.lake.reader import open_lakes, table
from datalab.lake.stage import Staged

log = logging.getLogger("datalab.refresh")

LIMIT = 10
MOST_ROWS = 5_000_000
HIDDEN = "•••"


def located(
    lake: Path, dataset: Dataset, staged: Staged, result: ValidationResult
) -> ValidationResult:
    """``result`` with the changed rows as examples of what failed and names no row itself."""
    if staged.addition is not None:
        return result  # what is new is all that was looked at
    silent = [
        r
        for r in result.results
        if r.outcome in ("broken", "warning") and not (r.examples or r.exception)
    ]
    entry = read_index(lake).get(dataset.id) if silent else None
    if entry is None or entry.good is None or entry.lake != dataset.lake:
        return result
    try:
        with open_lakes(lake, temporary=staged.path.parent) as connection:
            connection.execute(f"ATTACH {literal(str(staged.path))} AS staged (READ_ONLY)")
            found = {
                id(r): changed_rows(connection, entry, dataset, staged, _columns(r, dataset))
                for r in silent
            }
    except duckdb.Error:  # an explanation that cannot be had changes no verdict
        log.warning("the changed rows of %s cannot be found", dataset.id, exc_info=True)
        return result
    return replace(
        result,
        results=[
            replace(r, examples=found[id(r)]) if id(r) in found else r for r in result.results
        ],
    )


def _columns(result: ExpectationResult, dataset: Dataset) -> list[str]:
    """The columns an expectation is about; the key where it is about the table."""
    named: list[str] = []
    for value in result.kwargs.values():
        named += [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]
    about = [name for name in dict.fromkeys(named) if name in dataset.columns]
    return about or list(dataset.key)


def changed_rows(
    connection: duckdb.DuckDBPyConnection,
    entry: Entry,
    dataset: Dataset,
    staged: Staged,
    columns: Sequence[str],
) -> list[dict[str, Any]]:
    """Up to ten staged rows whose ``columns`` are not those of the last good snapshot.

    Rows are matched by the dataset's key; new ones count as changed, vanished ones have no row
    number. Nothing is said where there is no key, or too much to compare.

    Parameters
    ----------
    connection
        the published lakes, and the staged file attached as ``staged``.

    Returns
    -------
    rows
        ``{"row": 1-based number, <key columns>, <columns>, "before": the published values}``,
        the shape of an ``ExpectationResult``'s examples.
    """
    comparable = (
        dataset.key
        and columns
        and staged.rows <= MOST_ROWS
        and set(dataset.key) <= set(entry.dataset["columns"])
        and set(columns) <= set(entry.dataset["columns"])
    )
    if not comparable:
        return []
    shown = [column for column in columns if column not in dataset.key]
    # As text: a key whose type changed since the snapshot is still the same key.
    alike = " AND ".join(
        f"new.{identifier(k)}::VARCHAR IS NOT DISTINCT FROM old.{identifier(k)}::VARCHAR"
        for k in dataset.key
    )
    if any(dataset.columns[column].type == "geometry" for column in shown):
        return []
    differs = [
        f"new.{identifier(c)}::VARCHAR IS DISTINCT FROM old.{identifier(c)}::VARCHAR" for c in shown
    ]
    keys = [
        f"coalesce(new.{identifier(k)}::VARCHAR, old.{identifier(k)}::VARCHAR)" for k in dataset.key
    ]
    now = [f"new.{identifier(c)}" for c in shown]
    before = [f"old.{identifier(c)}::VARCHAR" for c in shown]
    new = f"staged.{identifier(staged.table)}"
    rows = connection.execute(
        f"SELECT new.number, {', '.join([*keys, *now, *before])} "  # noqa: S608
        f"FROM (SELECT row_number() OVER () AS number, * FROM {new}) new "
        f"FULL JOIN (SELECT true AS known, * FROM {table(entry)}) old ON {alike} "
        f"WHERE {' OR '.join(['new.number IS NULL', 'old.known IS NULL', *differs])} "
        f"ORDER BY new.number NULLS LAST LIMIT {LIMIT}"
    ).fetchall()
    return [_told(dataset, shown, row) for row in rows]


def _told(dataset: Dataset, shown: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    width = 1 + len(dataset.key)
    now, before = row[width : width + len(shown)], row[width + len(shown) :]
    told: dict[str, Any] = {"row": row[0]} if row[0] is not None else {}
    told |= {k: _safe(dataset, k, v) for k, v in zip(dataset.key, row[1:width], strict=True)}
    told |= {c: _safe(dataset, c, v) for c, v in zip(shown, now, strict=True)}
    if shown:
        values = [_safe(dataset, c, v) for c, v in zip(shown, before, strict=True)]
        told["before"] = values[0] if len(values) == 1 else ", ".join(map(str, values))
    return told


def _safe(dataset: Dataset, column: str, value: Any) -> Any:
    if value is not None and dataset.columns[column].personal:
        return HIDDEN
    return value if value is None or isinstance(value, bool | int | float) else str(value)
