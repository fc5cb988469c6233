"""The way back: the rows of an earlier snapshot in front again, as a new snapshot.

Nothing is taken out of the history. The file that brought what somebody went back from is
remembered: the same one is not published again, a new one is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from datalab.catalog.compatibility import schema_changes
from datalab.catalog.dataset import Dataset
from datalab.errors import UnknownSnapshot
from datalab.errors.version import RollbackRefused
from datalab.i18n import Phrase
from datalab.lake import metadata
from datalab.lake.commit import Origin
from datalab.lake.connection import literal
from datalab.lake.index import Entry
from datalab.lake.layout import folder
from datalab.lake.reader import qualified
from datalab.lake.record import RunRecord
from datalab.lake.register import TABLE_KEYS
from datalab.lake.release import LONGEST_NOTE
from datalab.lake.writer import Writer

# Keys that say who reads what: rows published under others may show what is closed now.
ACCESS_KEYS = ("access", "masks", "personal_data", "redistribution")


def roll_back(
    writer: Writer, entry: Entry, to: int | None, author: str, note: str, now: datetime
) -> RunRecord:
    """Publish snapshot ``to`` again, the one before the newest where none is named.

    The caller holds ``writer``, healed.

    Raises
    ------
    UnknownSnapshot
    RollbackRefused
        with the reason and what to do instead.
    """
    known = [int(one["snapshot"]) for one in entry.snapshots]
    target = to if to is not None else (known[1] if len(known) > 1 else -1)

    def refused(reason: Phrase) -> RollbackRefused:
        return RollbackRefused(dataset=entry.id, snapshot=max(target, 0), reason=reason)

    if target == -1 or target == known[0]:
        raise refused(Phrase("it stands in front already, or there is none before it"))
    if target not in known:
        listed = ", ".join(map(str, known))
        raise UnknownSnapshot(dataset=entry.id, snapshot=target, known=listed)
    if not note.strip() or len(note) > LONGEST_NOTE:
        raise refused(Phrase("say in a note of at most {most} characters why", most=LONGEST_NOTE))
    place = folder(writer.lake, entry.lake)
    facts = {
        commit.snapshot: commit.facts
        for commit in metadata.commits(place.catalog)
        if commit.facts.get("dataset") == entry.id
    }
    then = dict(facts[target]["description"])
    if reason := _closed_since(then, entry.dataset):
        raise refused(reason)
    described = {k: v for k, v in entry.dataset.items() if k not in TABLE_KEYS}
    described |= {key: then[key] for key in TABLE_KEYS if key in then}
    dataset = Dataset.from_json({**described, "sql_name": entry.sql_name})
    good = entry.good or {}
    moment = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record = RunRecord.from_json(facts[target]).with_(
        run_id=f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}",
        state="published",
        started_at=moment,
        finished_at=moment,
        author=author,
        held=None,
        schema_changes=[c.as_json() for c in schema_changes(entry.dataset, then)] or None,
        rollback={
            "to": target,
            "from": known[0],
            "sha256": good.get("sha256"),
            "definition": good.get("definition"),
            "note": note.strip(),
        },
    )
    attach = (
        f"ATTACH {literal(f'ducklake:{place.catalog}')} AS staged (READ_ONLY, DATA_PATH "
        f"{literal(f'{place.data}/')}, OVERRIDE_DATA_PATH true)"
    )
    table = f"{qualified('staged', str(then['theme']), entry.sql_name)} AT (VERSION => {target})"
    return writer.republish(dataset, Origin(attach, table), record)


def _closed_since(then: dict[str, Any], now: dict[str, Any]) -> Phrase | None:
    """Why the rows of then may not be shown as those of now."""
    for key in ACCESS_KEYS:
        if (then.get(key) or None) != (now.get(key) or None):
            return Phrase(
                "who may read it was decided anew since ({key}). Publish it from its source "
                "instead, with 'datalab refresh'",
                key=key,
            )
    old, new = then["columns"], now["columns"]
    if now.get("masks") and list(old) != list(new):
        return Phrase("its masks speak of the columns of now, and that snapshot has others")
    for name, column in new.items():
        if name in old and bool(old[name].get("personal")) != bool(column.get("personal")):
            return Phrase(
                "column '{column}' was marked as personal, or no longer is, since", column=name
            )
    return None
