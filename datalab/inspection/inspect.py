"""Inspecting a file: the reading runs in a child process that can be killed, with limits."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from datalab.errors import (
    DatalabError,
    FileNotATable,
    FileTooLarge,
    InspectionStopped,
    SourceTooLarge,
    UnreadableFile,
)
from datalab.i18n import Phrase
from datalab.inspection.child import phrases
from datalab.inspection.found import Inspection
from datalab.lake.confined import Unanswered, ask

MAX_BYTES = 2_000_000_000
SECONDS = 300.0
MEMORY = 6_000_000_000  # bytes of address space; DuckDB and its threads map far more than they use
_ERRORS: dict[str, type[DatalabError]] = {
    error.code: error for error in (FileNotATable, FileTooLarge, UnreadableFile, SourceTooLarge)
}


def inspect(
    path: Path,
    *,
    name: str | None = None,
    max_bytes: int = MAX_BYTES,
    seconds: float = SECONDS,
) -> Inspection:
    """Everything that can be seen in a file nobody has described.

    Parameters
    ----------
    name
        how the file is called, where that is not the name of ``path`` (an upload).
    max_bytes
        largest size of the file, and of what it unpacks to.
    seconds
        of wall time, after which the reading is stopped.

    Raises
    ------
    FileNotATable
        where no table can be seen in it; the reason says where and why.
    FileTooLarge
        where it, or what it unpacks to, is larger than ``max_bytes``.
    InspectionStopped
        where reading it takes more time or memory than a file may take.
    """
    path = path.resolve()
    if not path.is_file():
        raise FileNotATable(reason=Phrase("there is no such file"))
    if path.stat().st_size > max_bytes:
        raise FileTooLarge(limit=max_bytes)
    with tempfile.TemporaryDirectory(prefix="datalab-inspect-") as folder:
        request = {
            "path": str(path),
            "name": name or path.name,
            "max_bytes": max_bytes,
            "folder": folder,
            "memory": MEMORY,
            "written": 4 * max_bytes,
        }
        try:
            answer: dict[str, Any] = json.loads(ask(request, seconds, "datalab.inspection.child"))
        except Unanswered as unanswered:
            raise InspectionStopped(reason=unanswered.reason) from None
    if "error" not in answer:
        return Inspection.from_plain(answer["inspection"])
    said = answer["error"]
    error = _ERRORS.get(said["code"])
    if error is None:
        raise InspectionStopped(
            reason=Phrase("it needs more memory or processor time than it may use.")
        )
    raise error(**phrases(said["facts"]))
