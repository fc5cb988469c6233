"""The ``transform`` of a dataset: one SELECT over ``source``, run where it can reach nothing.

A YAML file may come from anybody, so its SQL runs confined: in a child process, on a database that
holds this run only, with files and network closed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from datalab.catalog.dataset import Dataset
from datalab.i18n import Phrase
from datalab.lake.confined import Unanswered, ask
from datalab.lake.raw import unreadable

SECONDS = 900.0
MEMORY = 4_000_000_000
WRITTEN = 50_000_000_000


def transform(dataset: Dataset, path: Path, threads: int | None = None) -> int:
    """Create ``data`` in the staged database ``path`` from the dataset's transform.

    Returns
    -------
    rows
        of ``data``.

    Raises
    ------
    UnreadableFile
        where the transform is not one SELECT, fails, exceeds a limit, or gives other columns or
        values than declared.
    """
    request = {
        "kind": "transform",
        "path": str(path.resolve()),
        "spill": str(path.resolve().parent / "spill"),
        "sql": (dataset.transform or "").strip().rstrip(";"),
        "columns": {name: column.type for name, column in dataset.columns.items()},
        "threads": threads or os.cpu_count() or 1,
        "memory": MEMORY,
        "written": WRITTEN,
    }
    try:
        answer = json.loads(ask(request, SECONDS))
    except Unanswered as unanswered:
        reason = unanswered.reason
        if reason.template == "{error}":
            reason = Phrase("its transform fails: {error}", **reason.facts)
        elif not reason.template.startswith("its transform"):
            reason = Phrase("its transform was stopped: {reason}", reason=reason)
        raise unreadable(dataset, reason.template, **reason.facts) from None
    return int(answer["rows"])
