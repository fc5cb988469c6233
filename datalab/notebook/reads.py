"""What a notebook read: one line of JSON per dataset, for the lineage of its project.

A run names a file in ``DATALAB_READS``. A live kernel of a project writes
``.datalab/reads.jsonl`` of the project. In a person's own server only reads of restricted datasets
are written, for the audit. It is what the notebook says of itself: a list of sources under a page,
no wall.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path

import duckdb

from datalab.lake.index import Entry

VARIABLE = "DATALAB_READS"
LIVE = "DATALAB_PROJECT_FOLDER"  # said to the servers of projects only
OWN = "JUPYTERHUB_USER"  # said to every server of the lab
RESTRICTED = "restricted-"
LARGEST = 500_000  # bytes of the journal of a project
AGAIN = 3600.0  # seconds after which the same read is written again
_written: dict[str, float] = {}


def note(entry: Entry, snapshot: int | None, *, pinned: bool = False) -> None:
    """Write down that a dataset was read at ``snapshot``; ``pinned``: that one was asked for."""
    line: dict[str, object] = {"dataset": entry.id, "lake": entry.lake, "snapshot": snapshot}
    _append({**line, "pinned": True} if pinned else line)


def note_missing(dataset: str) -> None:
    """Write down that a dataset was asked for that this notebook cannot see."""
    _append({"dataset": dataset[:100], "lake": None, "snapshot": None})


def note_query(
    connection: duckdb.DuckDBPyConnection, query: str, entries: dict[str, Entry]
) -> None:
    """Write down the datasets that a query names by their short names."""
    if not {VARIABLE, LIVE, OWN} & set(os.environ):
        return
    with suppress(duckdb.Error):
        named = {name.lower() for name in connection.get_table_names(query)}
        for entry in entries.values():
            if entry.sql_name in named and entry.good is not None and entry.snapshots:
                note(entry, entry.snapshots[0]["snapshot"])


def _append(line: dict[str, object]) -> None:
    path = os.environ.get(VARIABLE)
    # A full disk or a file taken away is no reason for a notebook to fail.
    with suppress(OSError):
        if path:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        elif LIVE in os.environ or (OWN in os.environ and str(line["lake"]).startswith(RESTRICTED)):
            _append_live(line)


def _append_live(line: dict[str, object]) -> None:
    home = Path(os.environ.get("HOME", "/"))
    session = os.environ.get("JPY_SESSION_NAME", "")  # Jupyter Server: the path of the notebook
    notebook = os.path.relpath(session, home) if session.startswith("/") else session
    said = json.dumps({**line, "notebook": notebook}, ensure_ascii=False)
    now = time.time()
    if now - _written.get(said, 0.0) < AGAIN:
        return
    journal = home / ".datalab" / "reads.jsonl"
    journal.parent.mkdir(mode=0o700, exist_ok=True)
    if journal.exists() and journal.stat().st_size > LARGEST:
        lines = journal.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        shorter = journal.with_name(f".reads.{os.getpid()}")
        shorter.write_text("".join(lines[len(lines) // 2 :]), encoding="utf-8")
        shorter.replace(journal)
    with journal.open("a", encoding="utf-8") as file:
        file.write(f'{said[:-1]}, "at": {int(now)}}}\n')
    _written[said] = now
