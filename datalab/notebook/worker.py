"""The Lab in a worker: what a notebook's function says of ``lab`` is true in another process too.

A connection to DuckDB stays in its process. A Lab that travels is therefore opened again where it
arrives, once per process, with one thread, and held to the snapshots that the notebook reads.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalab.lake.connection import identifier
from datalab.lake.reader import table
from datalab.notebook.limits import Limits, limits

if TYPE_CHECKING:
    from datalab.i18n import Language
    from datalab.notebook.lab import Lab

Held = tuple[tuple[str, int], ...]


def packed(lab: Lab) -> tuple[Any, tuple[str, Language, Held]]:
    """What ``pickle`` keeps of a Lab: where it reads, and the snapshot of each dataset."""
    held = tuple(
        (key, int(entry.snapshots[0]["snapshot"]))
        for key, entry in lab.entries.items()
        if entry.snapshots
    )
    return reopened, (str(lab.lake), lab.language, held)


@cache
def reopened(lake: str, language: Language, held: Held) -> Lab:
    """The Lab of this process that reads as the one that was packed did."""
    from datalab.notebook.lab import Lab

    lab = Lab(lakes_here(lake), language=language, limits=Limits(threads=1, memory=_memory()))
    known = dict(held)
    for key, entry in lab.entries.items():
        if key not in known:
            del lab._entries[key]  # published since
            continue
        older = [s for s in entry.snapshots if s["snapshot"] <= known[key]]
        if len(older) == len(entry.snapshots):
            continue
        lab._entries[key] = replace(entry, snapshots=older)
        if entry.good is not None and older:
            lab.connection.execute(
                f"CREATE OR REPLACE VIEW memory.main.{identifier(entry.sql_name)} AS "
                f"FROM {table(entry, older[0]['snapshot'])}"
            )
    return lab


def lakes_here(lake: str) -> Path:
    """The same lakes as this process sees them: a worker of a gateway has them somewhere else."""
    there = Path(lake)
    return there if there.is_dir() else Path(os.environ.get("DATALAB_LAKE", lake))


def _memory() -> int:
    """Bytes that this worker may use."""
    from distributed import get_worker

    try:
        limit = get_worker().memory_manager.memory_limit
    except (ValueError, AttributeError):
        limit = None
    return int(limit or limits(os.environ).memory)
