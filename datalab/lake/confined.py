"""Other people's SQL: one SELECT in a child process that can be killed, with limits and no rights.

DuckDB's own limits are not enough: ``repeat('x', 4000000000)`` ignores ``memory_limit`` and
``interrupt()``, and ``allowed_directories`` grants writing and lets ``..`` through (both seen with
1.5.5). So the child bounds its own address space, processor time and file size, and reads the data
files it is allowed by their exact names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalab.errors import QueryRefused
from datalab.i18n import Phrase

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 100_000
SECONDS = 60.0
MEMORY = 2_000_000_000
REFUSED = 3  # the code with which the child says why


class Unanswered(Exception):
    """The child gave no answer; ``reason`` can be said in both languages."""

    def __init__(self, reason: Phrase) -> None:
        super().__init__(str(reason))
        self.reason = reason


def query(
    lake: Path,
    sql: str,
    *,
    rows: int = ROWS,
    seconds: float = SECONDS,
    memory: int = MEMORY,
    threads: int = 2,
) -> pa.Table:
    """The answer to one SELECT over the published lakes, cut after ``rows`` rows.

    Parameters
    ----------
    seconds
        of wall time; the child is killed after that.
    memory
        in bytes.

    Raises
    ------
    LakeEmpty
        where nothing is published.
    QueryRefused
        where it is not one SELECT, fails, or exceeds a limit; the reason is in the message.
    """
    import pyarrow as pa

    from datalab.errors import LakeEmpty
    from datalab.lake.layout import folders

    if not any(place.catalog.is_file() for place in folders(lake)):
        raise LakeEmpty(path=str(lake))
    try:
        answer = ask(
            {
                "kind": "query",
                "lake": str(lake.resolve()),
                "sql": sql,
                "rows": rows,
                "memory": memory,
                "threads": threads,
                "written": 0,
            },
            seconds,
        )
    except Unanswered as unanswered:
        raise QueryRefused(reason=unanswered.reason) from None
    return pa.ipc.open_stream(answer).read_all()


def ask(request: dict[str, Any], seconds: float, module: str = "datalab.lake.child") -> bytes:
    """What the child writes in answer to ``request``; ``module`` is what runs in it.

    Raises
    ------
    Unanswered
        where it refuses, exceeds a limit or takes longer than ``seconds``.
    """
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # No variable of ours: what runs there must not read a secret from its environment.
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd="/",
    )
    try:
        text = json.dumps({**request, "seconds": seconds}).encode()
        out, err = child.communicate(text, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Unanswered(
            Phrase("it took longer than {seconds} seconds.", seconds=int(seconds))
        ) from None
    finally:
        child.kill()
        child.wait()
    if child.returncode == 0:
        return out
    if child.returncode == REFUSED:
        said = json.loads(err.decode("utf-8", "replace").splitlines()[-1])
        raise Unanswered(Phrase(said["template"], **said["facts"]))
    raise Unanswered(Phrase("it needs more memory or processor time than it may use."))
