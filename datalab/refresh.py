"""Route 1, from a source to a snapshot: fetch, stage, validate, publish.

Only this module knows the order. Files are fetched and staged by two threads while the one writer
validates and publishes; a dataset that fails never stops the others.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from datalab import __version__
from datalab.catalog.catalog import Catalog
from datalab.catalog.dataset import Dataset
from datalab.catalog.selection import Selection, tightened
from datalab.connectors.fetched import Fetched
from datalab.connectors.registry import fetch, is_remote, source_models
from datalab.errands import fetched_ahead
from datalab.errors import DatalabError, InvalidCatalog, RefreshFailed, TooManyRejects
from datalab.gate import Gate
from datalab.i18n import LANGUAGES
from datalab.isolation.private import secret
from datalab.lake.accumulation import accumulated
from datalab.lake.difference import located
from datalab.lake.fingerprint import definition
from datalab.lake.index import Entry, read_index
from datalab.lake.masked import key_in
from datalab.lake.neighbours import Neighbours
from datalab.lake.record import RunRecord
from datalab.lake.stage import Staged, stage
from datalab.lake.writer import Writer
from datalab.quality.scope import validate_in_scopes
from datalab.recheck import recheck, waits_for
from datalab.settings import CHECKOUT, Settings

log = logging.getLogger("datalab.refresh")

MEANWHILE = 60.0  # seconds that what was fetched waits for its turn to write

Kind = Literal["started", "bytes", "staged", "validated", "moved", "done"]


@dataclass(frozen=True)
class Event:
    """Something happened to a dataset; ``bytes`` events come from the fetching threads.

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
    """What the threads hand to the writer: a staged table, or None where nothing is new."""

    record: RunRecord
    staged: Staged | None


def now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)


def refresh(
    ids: Sequence[str] | None,
    settings: Settings,
    author: str,
    on_event: Callable[[Event], None] = lambda event: None,
    *,
    clock: Callable[[], datetime] = now,
    wait: float = 0,
    remote: bool = True,
) -> list[RunRecord]:
    """Refresh datasets and say what became of each.

    Parameters
    ----------
    ids
        datasets by id or SQL name; None for the whole catalog.
    author
        who asked, written into the commit.
    wait
        seconds to wait for another writer.
    remote
        whether datasets whose source lies on the web are refreshed too. They come after the
        others, and are fetched before the lake is held: one that is away holds up nobody.

    Returns
    -------
    records
        one per dataset that was refreshed, in the order of the catalog; YAML files that cannot be
        read are ``failed``.

    Raises
    ------
    UnknownDataset
        before anything is touched, where an id is not in the catalog.
    LakeBusy
        where another process writes.
    """
    catalog = Catalog.load(settings.catalog, source_models(), settings.own_catalog)
    selection = Selection.of(catalog, ids)
    run = _Run(settings, author, on_event, clock)
    key = key_in(settings.secrets, secret)
    far = [dataset for dataset in selection.datasets if is_remote(dataset)]
    near = [dataset for dataset in selection.datasets if dataset not in far]
    with Writer(settings.lake, settings.writer, author, wait, key) as writer:
        writer.heal()
        _clear(settings.staging)
        for dataset in [*catalog, *_tightened(catalog, settings)]:
            lakes = writer.relocate(dataset)
            if lakes:
                on_event(Event("moved", dataset.id, lakes=tuple(lakes)))
        refused = [
            run.refuse(writer, catalog, name, problems)
            for name, problems in selection.unreadable.items()
        ]
        writer.announce(dataset for dataset in catalog if is_remote(dataset))
        records = run.all(writer, near)
    if far and remote:
        run.ahead = fetched_ahead(far, run.fetch)
        with Writer(settings.lake, settings.writer, author, max(wait, MEANWHILE), key) as writer:
            writer.heal()
            _clear(settings.staging)
            records |= run.all(writer, far)
    return [records[one.id] for one in selection.datasets if one.id in records] + refused


def code_version() -> str:
    """The version of the code, with the commit where this is a checkout."""
    git = CHECKOUT / ".git"
    try:
        head = (git / "HEAD").read_text().strip()
        if head.startswith("ref: "):
            head = (git / head[5:]).read_text().strip()
        return f"{__version__}+{head[:12]}"
    except OSError:
        return __version__


class _Run:
    """One call of :func:`refresh`: what every step of it needs."""

    def __init__(
        self,
        settings: Settings,
        author: str,
        on_event: Callable[[Event], None],
        clock: Callable[[], datetime],
    ) -> None:
        self.settings, self.author, self.on_event, self.clock = settings, author, on_event, clock
        self.version = code_version()
        self.gate = Gate(settings, clock)
        self.ahead: dict[str, Future[Fetched]] = {}

    def record(self, dataset: str) -> RunRecord:
        """A record as it begins; ``failed`` until something better is known."""
        started = self.clock()
        return RunRecord(
            run_id=f"{started:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}",
            dataset=dataset,
            state="failed",
            started_at=_iso(started),
            finished_at=_iso(started),
            author=self.author,
            code_version=self.version,
        )

    def all(self, writer: Writer, datasets: Sequence[Dataset]) -> dict[str, RunRecord]:
        """Fetch and stage in two threads, validate and publish here as they come."""
        done: dict[str, RunRecord] = {}
        pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="stage")
        try:
            futures: dict[Future[Prepared], tuple[Dataset, RunRecord]] = {}
            for dataset in datasets:
                record = self.record(dataset.id)
                entry = writer.entry(dataset)
                futures[pool.submit(self.prepare, dataset, record, entry)] = (dataset, record)
            for future in self.in_turn(futures, done):
                dataset, record = futures[future]
                done[dataset.id] = self.settle(writer, dataset, record, future)
                shutil.rmtree(self.settings.staging / record.run_id, ignore_errors=True)
                self.on_event(Event("done", dataset.id, record=done[dataset.id]))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return done

    def in_turn(
        self,
        futures: Mapping[Future[Prepared], tuple[Dataset, RunRecord]],
        done: Mapping[str, RunRecord],
    ) -> Iterator[Future[Prepared]]:
        """Futures as they complete, each after those that its dataset is compared with."""
        asked = {dataset.id for dataset, _ in futures.values()}
        held: list[Future[Prepared]] = []
        for future in as_completed(futures):
            held.append(future)
            while ready := [f for f in held if not (waits_for(futures[f][0]) & asked) - set(done)]:
                held.remove(ready[0])
                yield ready[0]
        yield from held  # those that wait for each other

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

    def prepare(self, dataset: Dataset, record: RunRecord, entry: Entry | None) -> Prepared:
        """Fetch, and stage where the bytes or the definition are new."""
        ahead = self.ahead.pop(dataset.id, None)
        fetched = ahead.result() if ahead is not None else self.fetch(dataset)
        record = record.with_(
            source_url=fetched.url, sha256=fetched.sha256, definition=definition(dataset)
        )
        if self.gate.is_known(dataset, entry, record):
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
        return Prepared(record, staged)

    def settle(
        self, writer: Writer, dataset: Dataset, record: RunRecord, future: Future[Prepared]
    ) -> RunRecord:
        """Publish or note what the threads prepared; every failure ends in a record."""
        rejects: Sequence[Any] = ()
        try:
            prepared = future.result()
            record = prepared.record
            if prepared.staged is None:
                anew = recheck(self.settings.lake, dataset, writer.good(dataset), self.clock())
                return writer.note(dataset, self.finished(record).with_(validation=anew))
            result = validate_in_scopes(
                dataset,
                prepared.staged.path,
                prepared.staged.table,
                at=self.clock(),
                beside=Neighbours(self.settings.lake, dataset),
            )
            result = located(self.settings.lake, dataset, prepared.staged, result)
            self.on_event(Event("validated", dataset.id))
            record = self.finished(record).with_(
                state="published" if result.success else "kept",
                validation=result,
                warning=bool(result.warnings),
            )
            if result.success:
                return self.gate.publish(writer, dataset, prepared.staged, record)
            return writer.note(dataset, record, prepared.staged.rejects)
        except TooManyRejects as error:
            rejects = error.rejects
            rows = int(error.facts["rows"]) - int(error.facts["rejected"])
            record = record.with_(rows=rows, rejected=int(error.facts["rejected"]))
            failed = self.failed(record, error)
        except DatalabError as error:
            failed = self.failed(record, error)
        except Exception as error:
            failed = self.failed(record, self.internal(record, error))
        try:
            return writer.note(dataset, failed, rejects)
        except Exception as error:  # a full disk must not stop the others either
            self.internal(failed, error)
            return failed

    def refuse(self, writer: Writer, catalog: Catalog, name: str, problems: list[str]) -> RunRecord:
        """The record of a YAML file that cannot be read; what was published stands."""
        record = self.failed(self.record(name), InvalidCatalog(problems))
        entry = None if name in catalog.datasets else read_index(self.settings.lake).get(name)
        if entry is not None:
            try:
                record = writer.note(Dataset.from_json(entry.dataset), record)
            except Exception as error:
                self.internal(record, error)
        self.on_event(Event("done", name, record=record))
        return record

    def finished(self, record: RunRecord) -> RunRecord:
        return record.with_(finished_at=_iso(self.clock()))

    def failed(self, record: RunRecord, error: DatalabError) -> RunRecord:
        document: dict[str, Any] = error.as_json()["error"]
        document["messages"] = {language: error.message(language) for language in LANGUAGES}
        return self.finished(record).with_(
            state="failed", validation=None, warning=False, snapshot=None, error=document
        )

    def internal(self, record: RunRecord, error: Exception) -> RefreshFailed:
        """An error of ours: its trace goes to the log, the person gets a sentence."""
        log.error("run %s of %s", record.run_id, record.dataset, exc_info=error)
        return RefreshFailed(dataset=record.dataset, run_id=record.run_id)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _tightened(catalog: Catalog, settings: Settings) -> list[Dataset]:
    """Published datasets whose YAML cannot be read, but says that they are closed now."""
    entries = read_index(settings.lake)
    known = {name: str(entry.dataset["access"]) for name, entry in entries.items()}
    return [
        Dataset.from_json({**entries[name].dataset, "access": access})
        for name, access in tightened(catalog, known).items()
    ]


def _clear(staging: Path) -> None:
    """Remove what earlier runs staged; the caller holds the lock, so nobody uses it."""
    for left in staging.glob("*") if staging.is_dir() else ():
        shutil.rmtree(left, ignore_errors=True)
