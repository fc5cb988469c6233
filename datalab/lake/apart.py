"""Staging apart: a stranger's binary file is read in a child process that can be killed.

What parses Parquet, HDF5, SQLite or XML is large and was written for files of good will. The child
has no secret in its environment and bounds its own address space, processor time and the size of
what it writes; the lab only ever sees the closed DuckDB file that comes out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import datalab.errors
from datalab.catalog.dataset import Dataset
from datalab.catalog.schema import Schema
from datalab.errors import DatalabError
from datalab.i18n import Phrase
from datalab.lake.confined import Unanswered, ask
from datalab.lake.fill import Filled, fill
from datalab.lake.raw import Reject, unreadable

SECONDS = 1800.0
MEMORY = 4_000_000_000
WRITTEN = 50_000_000_000
BINARY = frozenset({"parquet", "xlsx", "hdf", "shapefile", "gpkg", "gtfs"})
LARGE_TEXT = 8_000_000  # bytes of a JSON document from which its objects weigh on the lab
# Connectors that write the file themselves, from rows.
OURS = frozenset({"participation", "synthetic", "sql"})


def belongs_apart(dataset: Dataset, file: Path) -> bool:
    """Whether this file is read in a child of its own."""
    source = dataset.source
    if source.connector in OURS:
        return False
    whole = source.format in ("json", "geojson") and file.stat().st_size > LARGE_TEXT
    return source.format in BINARY or whole


def fill_apart(
    dataset: Dataset,
    file: Path,
    folder: Path,
    schema: Schema | None,
    *,
    threads: int | None,
    memory_limit: str | None,
    express: int,
    seconds: float = SECONDS,
    memory: int = MEMORY,
) -> Filled:
    """What :func:`~datalab.lake.fill.fill` does, in a child with limits.

    Parameters
    ----------
    seconds
        of wall time; the child is killed after that.
    memory
        in bytes, for DuckDB; the child's address space is bounded above it.

    Raises
    ------
    UnreadableFile
        also where the file asks for more time or memory than it may use.
    """
    request = {
        "kind": "fill",
        "dataset": dataset.as_json(),
        "file": str(file.resolve()),
        "folder": str(folder.resolve()),
        "schema": schema.as_json() if schema is not None else None,
        "threads": threads or os.cpu_count() or 1,
        "memory_limit": memory_limit,
        "express": express,
        "memory": memory,
        "written": WRITTEN,
    }
    try:
        answer = json.loads(ask(request, seconds))
    except Unanswered as unanswered:
        raise unreadable(
            dataset, "reading it was stopped: {reason}", reason=unanswered.reason
        ) from None
    if "error" in answer:
        raise _raised(answer["error"])
    parquet = answer["parquet"]
    return Filled(
        answer["rows"],
        answer["rejected"],
        [Reject(**reject) for reject in answer["rejects"]],
        Path(parquet) if parquet else None,
        answer.get("feed"),
    )


def answered(request: Mapping[str, Any]) -> dict[str, Any]:
    """What the child answers, as JSON; called in the child."""
    schema = request["schema"]
    try:
        filled = fill(
            Dataset.from_json(request["dataset"]),
            Path(request["file"]),
            Path(request["folder"]),
            Schema.model_validate(schema) if schema is not None else None,
            threads=request["threads"],
            memory_limit=request["memory_limit"] or f"{request['memory'] // 1_000_000}MB",
            express=request["express"],
        )
    except DatalabError as error:
        return _refused(error)
    except MemoryError:
        raise  # the limit is said by the process itself
    except Exception as error:  # whatever a parser says of a file that is not sound
        dataset = Dataset.from_json(request["dataset"])
        kind = type(error).__name__
        return _refused(unreadable(dataset, "its content is damaged ({kind}).", kind=kind))
    return {
        "rows": filled.rows,
        "rejected": filled.rejected,
        "rejects": [reject.as_json() for reject in filled.rejects],
        "parquet": str(filled.parquet) if filled.parquet else None,
        "feed": filled.feed,
    }


def _refused(error: DatalabError) -> dict[str, Any]:
    facts = {name: _told(value) for name, value in error.facts.items()}
    return {"error": {"kind": type(error).__name__, "facts": facts}}


def _told(value: object) -> Any:
    if isinstance(value, Phrase):
        return {
            "template": value.template,
            "facts": {name: _told(fact) for name, fact in value.facts.items()},
        }
    return value if isinstance(value, int | float | None) else str(value)


def _heard(value: Any) -> Any:
    if isinstance(value, dict):
        facts = {name: _heard(fact) for name, fact in value["facts"].items()}
        return Phrase(value["template"], **facts)
    return value


def _raised(told: Mapping[str, Any]) -> DatalabError:
    facts = {name: _heard(fact) for name, fact in told["facts"].items()}
    kind: type[DatalabError] = getattr(datalab.errors, told["kind"])
    return kind(**facts)
