"""Notices: breaking changes of a table that wait, so that whoever uses it can prepare.

``notices.json`` of a lake's folder holds, for each dataset whose new description breaks what reads
the old one, what changes and until when the old table stays in front. A steward may end the wait
earlier, with a note. A notice that is over stays until its change is published.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from datalab.catalog.compatibility import SchemaChange
from datalab.errors.version import NothingHeld, ReleaseRefused
from datalab.i18n import Phrase
from datalab.lake.index import Entry
from datalab.lake.layout import LakeFolder, folder, folders, write_json
from datalab.lake.release import LONGEST_NOTE, lock

KEYS = ("columns", "key")  # of a description, what a notice is about


@dataclass(frozen=True)
class Notice:
    """``since`` and ``until`` are ISO 8601 in UTC; ``projects``, ``pages`` and ``holders`` count
    who used the dataset when it began."""

    dataset: str
    schema: str
    since: str
    until: str
    changes: tuple[dict[str, Any], ...]
    projects: int = 0
    pages: int = 0
    holders: int = 0
    released_at: str = ""
    released_by: str = ""
    note: str = ""

    @property
    def schema_changes(self) -> list[SchemaChange]:
        return [SchemaChange.from_json(change) for change in self.changes]

    def is_over(self, now: datetime) -> bool:
        """Whether the change may be published: its time came, or a steward let it through."""
        return bool(self.released_at) or now >= datetime.fromisoformat(self.until)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def fingerprint(described: Mapping[str, Any]) -> str:
    """Of columns and key: another one is another change."""
    text = json.dumps({key: described.get(key) for key in KEYS}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def notices_file(place: LakeFolder) -> Path:
    """Where the notices of a lake lie."""
    return place.root / "notices.json"


def read_notices(place: LakeFolder) -> dict[str, Notice]:
    """The notices of one lake by dataset."""
    try:
        document = json.loads(notices_file(place).read_bytes())
    except FileNotFoundError:
        return {}
    known = {field.name for field in fields(Notice)}
    found = {}
    for name, said in document["notices"].items():
        facts = {key: value for key, value in said.items() if key in known}
        found[name] = Notice(**{**facts, "changes": tuple(facts["changes"])})
    return found


def all_notices(lake: Path) -> dict[str, Notice]:
    """The notices of every lake that this process may read, by dataset."""
    found: dict[str, Notice] = {}
    for place in folders(lake):
        found |= read_notices(place)
    return found


def begin(writer: Path, place: LakeFolder, wanted: Notice) -> Notice:
    """The notice of a change: the one that runs already, or ``wanted``.

    A later description that breaks nothing more keeps the time that was announced.
    """
    with lock(writer, "refresh"):
        known = read_notices(place)
        running = known.get(wanted.dataset)
        if running is not None:
            if running.schema == wanted.schema:
                return running
            told = [(c["kind"], c["column"], c["after"]) for c in running.changes]
            if all((c["kind"], c["column"], c["after"]) in told for c in wanted.changes):
                wanted = replace(wanted, since=running.since, until=running.until)
        _write(place, {**known, wanted.dataset: wanted})
        return wanted


def end(writer: Path, place: LakeFolder, dataset: str) -> None:
    """Forget the notice of a change that was published or taken back."""
    if dataset in read_notices(place):
        with lock(writer, "refresh"):
            known = read_notices(place)
            known.pop(dataset, None)
            _write(place, known)


def release_early(
    lake: Path, writer: Path, entry: Entry, by: str, note: str, now: datetime
) -> Notice:
    """Let a held change through at the next refresh.

    Raises
    ------
    NothingHeld
        where no change of the dataset waits.
    ReleaseRefused
        where the note says nothing, or too much.
    """
    place = folder(lake, entry.lake)
    with lock(writer, by):
        known = read_notices(place)
        notice = known.get(entry.id)
        if notice is None or notice.is_over(now):
            raise NothingHeld(dataset=entry.id)
        if not note.strip() or len(note) > LONGEST_NOTE:
            reason = Phrase(
                "say in a note of at most {most} characters why it cannot wait", most=LONGEST_NOTE
            )
            raise ReleaseRefused(dataset=entry.id, release=notice.until[:10], reason=reason)
        released = replace(notice, released_at=_iso(now), released_by=by, note=note.strip())
        _write(place, {**known, entry.id: released})
        return released


def period(days: float, now: datetime) -> tuple[str, str]:
    """When a notice of so many days that begins now begins and ends."""
    return _iso(now), _iso(now + timedelta(days=days))


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _write(place: LakeFolder, notices: Mapping[str, Notice]) -> None:
    listed = {name: notice.as_json() for name, notice in sorted(notices.items())}
    write_json(notices_file(place), {"notices": listed})
