"""Preparing a file: it is read in a child process that can be killed, with limits."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from datalab.catalog.dataset import Dataset
from datalab.errors import (
    DatalabError,
    FileNotATable,
    FileTooLarge,
    InspectionStopped,
    PreparationRefused,
    SourceTooLarge,
    UnreadableFile,
)
from datalab.i18n import Phrase
from datalab.inspection.child import phrases
from datalab.inspection.draft import document_of
from datalab.inspection.found import Inspection
from datalab.lake.confined import Unanswered, ask
from datalab.preparation.prepared import Prepared, Wish

LARGEST = 20_000_000  # bytes of a file, and ten times as much unpacked
ROWS = 100_000
SECONDS = 120.0
MEMORY = 5_000_000_000
FORMATS = ("csv", "xlsx")
# How a file is cut into cells; how the values in them are written does not matter here.
READING = (
    *("delimiter", "quote", "encoding", "skip", "header", "gap", "empty_rows", "initial_spaces"),
    "mojibake",
)
_ERRORS: dict[str, type[DatalabError]] = {
    error.code: error for error in (FileNotATable, FileTooLarge, UnreadableFile, SourceTooLarge)
}


def prepare(file: Path, inspection: Inspection, wish: Wish, out: Path) -> Prepared:
    """``valid.csv`` and ``rejected.csv`` in ``out``, and what became of each row of ``file``.

    Raises
    ------
    PreparationRefused
        where it is no spreadsheet, or has too many rows.
    UnreadableFile, SourceTooLarge
    InspectionStopped
        where it takes more time or memory than it may.
    """
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="datalab-prepare-") as folder:
        request = {
            "dataset": as_text(inspection).as_json(),
            "file": str(file.resolve()),
            "folder": folder,
            "out": str(out.resolve()),
            "wish": asdict(wish),
            "rows": ROWS,
            "max_bytes": 10 * LARGEST,
            "memory": MEMORY,
            "written": 20 * LARGEST,
        }
        try:
            answer = json.loads(ask(request, SECONDS, "datalab.preparation.child"))
        except Unanswered as unanswered:
            raise InspectionStopped(reason=unanswered.reason) from None
    if "prepared" in answer:
        found = Prepared.from_plain(answer["prepared"])
        return replace(found, source_sha256=inspection.sha256)
    said = answer["error"]
    if said["code"] == "too-long":
        raise PreparationRefused(
            field="file",
            reason=Phrase("it has more than {most} rows; cut it into several files", most=ROWS),
        )
    error = _ERRORS.get(said["code"])
    if error is None:
        reason = Phrase("it needs more memory or processor time than it may use.")
        raise InspectionStopped(reason=reason)
    raise error(**phrases(said["facts"]))


def as_text(inspection: Inspection) -> Dataset:
    """The dataset that reads the inspected file with every cell as it is written.

    Raises
    ------
    PreparationRefused
        where it is neither CSV nor XLSX.
    """
    if inspection.format not in FORMATS:
        reason = Phrase("send a spreadsheet: a CSV file or an Excel workbook (XLSX)")
        raise PreparationRefused(field="file", reason=reason)
    document: dict[str, Any] = document_of(inspection, identity="prepared")
    names = [column.source for column in inspection.columns]
    document["source"]["columns"] = dict.fromkeys(names, "varchar")
    described = {"fr": "-", "en": "-"}
    document["columns"] = {
        column.name: {"type": "varchar", "description": described, "source": column.source}
        for column in inspection.columns
    }
    for key in ("key", "map"):
        document.pop(key, None)
    options = document["source"].get("csv")
    if options:
        document["source"]["csv"] = {k: v for k, v in options.items() if k in READING}
    document |= {"expectations": [], "title": described, "description": described}
    document |= {"access": "open", "personal_data": "none"}
    return Dataset.model_validate(document).located("territory", Path("prepared.yaml"))
