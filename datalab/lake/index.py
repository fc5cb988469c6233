"""The index of a published lake: what readers need to know of datasets without opening a lake.

Plain JSON in, plain dictionaries out: a notebook imports this module before it needs DuckDB.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datalab.lake.layout import LakeFolder, folders, mask_of


@dataclass(frozen=True)
class Entry:
    """A dataset as the index of its lake knows it.

    Attributes
    ----------
    lake
        access class, which is the name of the attached lake.
    dataset
        ``Dataset.as_json()``: columns are always those of the table that readers see.
    record
        ``RunRecord.as_json()`` of the latest run, or None.
    good
        the run that published what readers see, or None where nothing was published yet.
    snapshots
        newest first: ``snapshot``, ``at``, ``author``, ``run_id``, ``rows``, ``sha256``,
        ``message``, ``theme``.
    """

    lake: str
    dataset: dict[str, Any]
    record: dict[str, Any] | None = None
    good: dict[str, Any] | None = None
    snapshots: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.dataset["id"])

    @property
    def sql_name(self) -> str:
        return str(self.dataset["sql_name"])

    @property
    def theme(self) -> str:
        return str(self.dataset["theme"])

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "record": self.record,
            "good": self.good,
            "snapshots": self.snapshots,
        }


def read_folder(place: LakeFolder) -> dict[str, Entry]:
    """The entries of one lake by dataset id; empty where it has no index."""
    try:
        document = json.loads(place.index.read_bytes())
    except FileNotFoundError:
        return {}
    return {
        identifier: Entry(
            lake=place.name,
            dataset=entry["dataset"],
            record=entry.get("record"),
            good=entry.get("good"),
            snapshots=entry.get("snapshots") or [],
        )
        for identifier, entry in document["datasets"].items()
    }


def read_index(lake: Path) -> dict[str, Entry]:
    """Every dataset of every lake under ``lake`` that this process may read, by id.

    A dataset that is caught in the middle of a move between two lakes is shown from the stricter
    one. A masked one is shown where the whole one may not be read.
    """
    entries: dict[str, Entry] = {}
    for place in folders(lake):
        for identifier, entry in read_folder(place).items():
            known = entries.get(identifier)
            masked = known is not None and mask_of(known.lake) is not None
            if known is None or masked or entry.good is not None or known.good is None:
                entries[identifier] = entry
    return dict(sorted(entries.items()))


def read_masked(lake: Path) -> dict[str, dict[str, Entry]]:
    """By dataset and lake, what is published of each through a mask."""
    found: dict[str, dict[str, Entry]] = {}
    for place in folders(lake):
        if place.mask is not None:
            for identifier, entry in read_folder(place).items():
                found.setdefault(identifier, {})[place.name] = entry
    return found
