"""The gate between a checked table and its readers: what is new, what waits, what is published.

A change that breaks what reads a dataset is not published at once. It waits for a notice, and
those who use the dataset are told. Where nobody uses it, or nothing was published before, nobody
waits: somebody who works on a new YAML file sees each attempt at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from datalab.catalog.compatibility import SchemaChange, schema_changes
from datalab.catalog.dataset import Dataset
from datalab.lake import notice as notices
from datalab.lake.index import Entry
from datalab.lake.layout import folder
from datalab.lake.notice import Notice
from datalab.lake.record import RunRecord
from datalab.lake.stage import Staged
from datalab.lake.writer import Writer
from datalab.lineage.store import Lineage
from datalab.settings import Settings


class Gate:
    """``clock`` gives the time of day in UTC."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self.settings, self.clock = settings, clock
        self.lineage = Lineage(settings.lineage)

    def is_known(self, dataset: Dataset, entry: Entry | None, record: RunRecord) -> bool:
        """Whether a file and a definition bring nothing that readers do not have, or that somebody
        went back from. The notice of a change that was taken back ends."""
        if entry is None or entry.good is None:
            return False
        this = (record.sha256, record.definition)
        refused = entry.good.get("rollback") or {}
        if this == (refused.get("sha256"), refused.get("definition")):
            return True
        same = this == (entry.good.get("sha256"), entry.good.get("definition"))
        if not same or schema_changes(entry.dataset, dataset.as_json()):
            return False
        notices.end(self.settings.writer, folder(self.settings.lake, dataset.lake), dataset.id)
        return True

    def publish(
        self, writer: Writer, dataset: Dataset, staged: Staged, record: RunRecord
    ) -> RunRecord:
        """Publish a table that passed its expectations, or keep it while its notice runs."""
        entry = writer.entry(dataset)
        changes = []
        if entry is not None and entry.good is not None:
            changes = schema_changes(entry.dataset, dataset.as_json())
        held = self._held(dataset, [change for change in changes if change.breaking])
        if held is not None:
            kept = record.with_(state="kept", held=held.as_json())
            return writer.note(dataset, kept, staged.rejects)
        told: list[dict[str, Any]] | None = [change.as_json() for change in changes] or None
        published = writer.publish(dataset, staged, record.with_(schema_changes=told))
        notices.end(self.settings.writer, folder(self.settings.lake, dataset.lake), dataset.id)
        return published

    def _held(self, dataset: Dataset, breaking: list[SchemaChange]) -> Notice | None:
        days = self.settings.notice_days if dataset.notice_days is None else dataset.notice_days
        now = self.clock()
        users = self.lineage.users_of(dataset.id, now.timestamp())
        if not breaking or not days or not users:
            return None
        since, until = notices.period(days, now)
        wanted = Notice(
            dataset=dataset.id,
            schema=notices.fingerprint(dataset.as_json()),
            since=since,
            until=until,
            changes=tuple(change.as_json() for change in breaking),
            projects=len(users.projects),
            pages=len({(use.project, use.page) for use in users.pages}),
            holders=len(users.holders),
        )
        place = folder(self.settings.lake, dataset.lake)
        notice = notices.begin(self.settings.writer, place, wanted)
        return None if notice.is_over(now) else notice
