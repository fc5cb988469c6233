"""What a notebook read: one line of JSON per dataset, for whoever runs the notebook.

A run names a file in ``DATALAB_READS``; elsewhere nothing is written. It is what the notebook says
of itself: a list of sources under a page, no wall.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress

import duckdb

from datalab.lake.index import Entry

VARIABLE = "DATALAB_READS"


def note(entry: Entry, snapshot: int | None) -> None:
    """Write down that a dataset was read at ``snapshot``."""
    _append({"dataset": entry.id, "lake": entry.lake, "snapshot": snapshot})


def note_missing(dataset: str) -> None:
    """Write down that a dataset was asked for that this notebook cannot see."""
    _append({"dataset": dataset[:100], "lake": None, "snapshot": None})


def note_query(
    connection: duckdb.DuckDBPyConnection, query: str, entries: dict[str, Entry]
) -> None:
    """Write down the datasets that a query names by their short names."""
    if VARIABLE not in os.environ:
        return
    with suppress(duckdb.Error):
        named = {name.lower() for name in connection.get_table_names(query)}
        for entry in entries.values():
            if entry.sql_name in named and entry.good is not None and entry.snapshots:
                note(entry, entry.snapshots[0]["snapshot"])


def _append(line: dict[str, object]) -> None:
    path = os.environ.get(VARIABLE)
    if not path:
        return
    # A full disk or a file taken away is no reason for a notebook to fail.
    with suppress(OSError), open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
