"""The write side of index, records and rejects, and their rebuilding from the lake's commits."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from datalab.catalog.dataset import Dataset
from datalab.lake.index import Entry, read_folder, wrote
from datalab.lake.layout import LakeFolder, sync_folder, write_json
from datalab.lake.metadata import Commit
from datalab.lake.raw import Reject
from datalab.lake.record import RunRecord

# What describes the table that readers see; a run that published nothing leaves it as it was.
TABLE_KEYS = ("theme", "columns", "key", "map", "transform", "source", "schema")


def description(dataset: Dataset, before: Entry | None, published: bool) -> dict[str, Any]:
    """What the index says of a dataset.

    Titles, licence and rules are those of the YAML as it is now. Where a run published nothing,
    columns and the like stay those of the table that stands.
    """
    now = dataset.as_json()
    if published or before is None or before.good is None:
        return now
    kept = {key: before.dataset[key] for key in TABLE_KEYS if key in before.dataset}
    return {**{key: value for key, value in now.items() if key not in TABLE_KEYS}, **kept}


def register(
    place: LakeFolder,
    dataset: Dataset,
    before: Entry | None,
    record: RunRecord,
    rejects: Sequence[Reject],
    commits: Sequence[Commit] | None = None,
) -> Entry:
    """Write down a run: record, history and rejects.

    ``before`` is what the index said, ``commits`` are those of the dataset, newest first, where
    the run published one.

    Returns
    -------
    entry
        what the index has to say now.
    """
    good = before.good if before else None
    snapshots = before.snapshots if before else []
    if commits:
        good, snapshots = record.as_json(), [summary(commit) for commit in commits]
    write_record(place, record)
    if record.state != "unchanged":
        told = {
            "dataset": dataset.id,
            "run_id": record.run_id,
            "rows": record.rows,
            "rejected": record.rejected,
            "rejects": [reject.as_json() for reject in rejects],
        }
        write_json(place.rejects(dataset.id), told)
        if commits:
            write_json(place.rejects(dataset.id, published=True), told)
    return Entry(
        lake=place.name,
        dataset=description(dataset, before, published=bool(commits)),
        record=record.as_json(),
        good=good,
        snapshots=snapshots,
    )


def since_when(record: RunRecord, before: Entry | None) -> RunRecord:
    """``record`` with the moment since which its dataset fails, if it does."""
    if record.state != "failed":
        return record.with_(failing_since=None)
    last = (before.record if before else None) or {}
    first = last.get("failing_since") or last.get("started_at")
    return record.with_(
        failing_since=first if last.get("state") == "failed" and first else record.started_at
    )


def write_index(place: LakeFolder, entries: dict[str, Entry]) -> None:
    """Put the index of a lake in place."""
    write_json(
        place.index,
        {
            "generated_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "lake": place.name,
            "datasets": {name: entry.as_json() for name, entry in sorted(entries.items())},
        },
    )
    wrote(place)


def write_record(place: LakeFolder, record: RunRecord) -> None:
    """Keep a record as a file of its own and as a line of the dataset's history.

    An unchanged run is kept with the counts of its verdict, whose results are nearly all those of
    the run it repeats.
    """
    document = record.as_json()
    if record.state == "unchanged" and document["validation"] is not None:
        document["validation"] = {**document["validation"], "results": []}
    write_json(place.record(record.dataset, record.run_id), document)
    line = json.dumps(document, ensure_ascii=False, default=str) + "\n"
    with place.history(record.dataset).open("a", encoding="utf-8") as history:
        history.write(line)


def summary(commit: Commit) -> dict[str, Any]:
    """A snapshot as the index lists it."""
    return {
        "snapshot": commit.snapshot,
        "at": commit.at,
        "author": commit.author,
        "run_id": commit.facts.get("run_id"),
        "rows": commit.facts.get("rows"),
        "sha256": commit.facts.get("sha256"),
        "message": commit.message,
        "theme": (commit.facts.get("description") or {}).get("theme"),
        "rollback": (commit.facts.get("rollback") or {}).get("to"),
    }


def rebuild(place: LakeFolder, commits: Sequence[Commit]) -> None:
    """Make index and records say what the lake's commits say, where a killed writer did not."""
    try:
        entries = read_folder(place)
    except (ValueError, KeyError):
        entries = {}
    grouped: dict[str, list[Commit]] = {}
    for commit in commits:
        grouped.setdefault(str(commit.facts.get("dataset")), []).append(commit)
    changed = False
    for dataset, own in grouped.items():
        newest, entry = own[0], entries.get(dataset)
        if entry and entry.good and entry.good.get("snapshot") == newest.snapshot:
            if [s["snapshot"] for s in entry.snapshots] != [commit.snapshot for commit in own]:
                changed = True  # the clean-up was ended half way
                listed = [summary(commit) for commit in own]
                entries[dataset] = dataclasses.replace(entry, snapshots=listed)
            continue
        changed = True
        record = RunRecord.from_json(newest.facts).with_(snapshot=newest.snapshot)
        if not place.record(dataset, record.run_id).is_file():
            write_record(place, record)
        entries[dataset] = Entry(
            lake=place.name,
            dataset=newest.facts["description"],
            record=record.as_json(),
            good=record.as_json(),
            snapshots=[summary(commit) for commit in own],
        )
    for dataset in [name for name, entry in entries.items() if entry.good and name not in grouped]:
        changed = True
        del entries[dataset]
    if changed or not place.index.is_file():
        write_index(place, entries)


def forget(place: LakeFolder, dataset: str) -> None:
    """Remove a dataset from the index of a lake, with its records and rejects."""
    entries = read_folder(place)
    if entries.pop(dataset, None) is not None:
        write_index(place, entries)
    for published in (False, True):
        place.rejects(dataset, published=published).unlink(missing_ok=True)
    if place.records(dataset).is_dir():
        shutil.rmtree(place.records(dataset))
        sync_folder(place.records(dataset).parent)
