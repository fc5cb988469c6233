"""Rows of a source that could not be read as declared, as they are told to readers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datalab.i18n import Language, translate
from datalab.lake.index import Entry
from datalab.lake.layout import folder


@dataclass(frozen=True)
class Rejected:
    """``count`` rows were left out; ``rows`` are the first values at fault.

    ``published`` says whether they are missing in the table that readers see, or kept a later
    attempt from being published.
    """

    count: int
    rows: list[dict[str, Any]]
    published: bool


def read_rejected(lake: Path, entry: Entry) -> Rejected:
    """The rejects that matter now: those of an attempt that was kept out, else of the table."""
    record, good = entry.record or {}, entry.good or {}
    attempt = int(record.get("rejected") or 0)
    if record.get("state") in {"kept", "failed"} and attempt:
        return Rejected(attempt, _read(lake, entry, published=False), published=False)
    return Rejected(int(good.get("rejected") or 0), _read(lake, entry, published=True), True)


def reason_in(row: Mapping[str, Any], language: Language) -> str:
    """Why a rejected row was left out, and for a Table Schema how to mend it."""
    return translate(str(row.get("reason") or ""), language, **(row.get("facts") or {}))


def _read(lake: Path, entry: Entry, *, published: bool) -> list[dict[str, Any]]:
    path = folder(lake, entry.lake).rejects(entry.id, published=published)
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    rows = document.get("rejects", []) if isinstance(document, dict) else []
    return [row for row in rows if isinstance(row, dict)]
