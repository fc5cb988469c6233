"""The intake of a dataset: what is done for it without writing to the lake.

Fetch and stage; on workers, which are many, hold its expectations too. An intake travels to
threads or to the workers of a cluster, which see the same home: what it needs is plain data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from datalab.catalog.dataset import Dataset
from datalab.catalog.validation import ValidationResult
from datalab.connectors.fetched import Fetched
from datalab.connectors.registry import fetch
from datalab.gate import Gate
from datalab.lake.accumulation import accumulated
from datalab.lake.difference import located
from datalab.lake.fingerprint import definition
from datalab.lake.index import Entry
from datalab.lake.neighbours import Neighbours
from datalab.lake.record import RunRecord
from datalab.lake.stage import Staged, stage
from datalab.quality.scope import validate_in_scopes
from datalab.recheck import waits_for
from datalab.settings import Settings

Kind = Literal["started", "bytes", "staged", "validated", "moved", "done"]


@dataclass(frozen=True)
class Event:
    """Something happened to a dataset; most events come from the threads or workers of intakes.

    ``bytes`` and ``total`` count what was fetched, ``lakes`` names where a dataset whose access
    changed was removed from, ``record`` closes it.
    """

    kind: Kind
    dataset: str
    bytes: int | None = None
    total: int | None = None
    lakes: tuple[str, ...] = ()
    record: RunRecord | None = None


@dataclass(frozen=True)
class Prepared:
    """What the writer is handed: a staged table, or None where nothing is new; a verdict where
    the intake held the expectations."""

    record: RunRecord
    staged: Staged | None
    verdict: ValidationResult | None = None


@dataclass(frozen=True)
class Intake:
    """``checks`` says whether expectations are held here, where they look at no other dataset."""

    settings: Settings
    on_event: Callable[[Event], None]
    clock: Callable[[], datetime]
    checks: bool = False

    def fetch(self, dataset: Dataset) -> Fetched:
        self.on_event(Event("started", dataset.id))
        return fetch(
            dataset,
            cache=self.settings.cache,
            max_bytes=self.settings.max_bytes,
            progress=lambda done, total: self.on_event(
                Event("bytes", dataset.id, bytes=done, total=total)
            ),
            participation=self.settings.participation,
            databases=self.settings.databases,
        )

    def prepare(
        self,
        dataset: Dataset,
        record: RunRecord,
        entry: Entry | None,
        ahead: Fetched | BaseException | None = None,
    ) -> Prepared:
        """Fetch, unless that was done ``ahead``, and stage where bytes or definition are new.

        Raises
        ------
        DatalabError
            what came of fetching ahead included.
        """
        if isinstance(ahead, BaseException):
            raise ahead
        fetched = ahead or self.fetch(dataset)
        record = record.with_(
            source_url=fetched.url, sha256=fetched.sha256, definition=definition(dataset)
        )
        if Gate(self.settings, self.clock).is_known(dataset, entry, record):
            return Prepared(record.with_(state="unchanged"), None)
        staged = stage(
            dataset,
            fetched.path,
            self.settings.staging / record.run_id,
            max_bytes=self.settings.max_bytes,
        )
        staged = accumulated(self.settings.lake, dataset, staged)
        self.on_event(Event("staged", dataset.id))
        record = record.with_(
            rows=staged.total, added=staged.added, rejected=staged.rejected, feed=staged.feed
        )
        good = (entry.good or {}) if entry else {}
        if staged.added == 0 and good.get("definition") == record.definition:
            return Prepared(record.with_(state="unchanged"), None)
        here = self.checks and not waits_for(dataset)
        return Prepared(record, staged, self.verdict(dataset, staged) if here else None)

    def verdict(self, dataset: Dataset, staged: Staged) -> ValidationResult:
        """The expectations held against a staged table, each failure with its place."""
        result = validate_in_scopes(
            dataset,
            staged.path,
            staged.table,
            at=self.clock(),
            beside=Neighbours(self.settings.lake, dataset),
        )
        result = located(self.settings.lake, dataset, staged, result)
        self.on_event(Event("validated", dataset.id))
        return result
