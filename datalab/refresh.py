"""Route 1, from a source to a snapshot: fetch, stage, validate, publish.

Only this module knows the order. Intakes are made by two threads, or by the workers of a cluster,
while the one writer publishes; a dataset that fails never stops the others.
"""

from __future__ import annotations

import logging
import shutil
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from datalab import __version__
from datalab.catalog.catalog import Catalog
from datalab.catalog.dataset import Dataset
from datalab.catalog.selection import Selection, tightened
from datalab.compute.crew import crew, tell
from datalab.connectors.fetched import Fetched
from datalab.connectors.registry import is_remote, source_models
from datalab.errands import fetched_ahead
from datalab.errors import DatalabError, InvalidCatalog, RefreshFailed, TooManyRejects
from datalab.gate import Gate
from datalab.i18n import LANGUAGES
from datalab.intake import Event, Intake, Prepared
from datalab.lake.index import read_index
from datalab.lake.record import RunRecord
from datalab.lake.writer import Writer
from datalab.publisher import publisher
from datalab.recheck import recheck, waits_for
from datalab.settings import CHECKOUT, Settings

log = logging.getLogger("datalab.refresh")

MEANWHILE = 60.0  # seconds that what was fetched waits for its turn to write
THREADS = 2

Attempt = Prepared | Exception


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
    workers: int = 0,
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
    workers
        processes of a Dask cluster that stage and check; 0 for two threads of this one. Workers
        pay where tables are many and large: each takes seconds to start.

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
    far = [dataset for dataset in selection.datasets if is_remote(dataset)]
    near = [dataset for dataset in selection.datasets if dataset not in far]
    with ExitStack() as stack:
        if workers:
            run.executor = stack.enter_context(crew(workers, lambda told: on_event(Event(**told))))
            run.intake = Intake(settings, _tell, clock, checks=True)
        with publisher(settings, author, wait) as writer:
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
            run.ahead = fetched_ahead(far, Intake(settings, on_event, clock).fetch)
            with publisher(settings, author, max(wait, MEANWHILE)) as writer:
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
        self.here = self.intake = Intake(settings, on_event, clock)
        self.executor: Executor | None = None
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
        """Have intakes made side by side, and publish here as they come."""
        done: dict[str, RunRecord] = {}
        pool = self.executor or ThreadPoolExecutor(THREADS, thread_name_prefix="stage")
        futures: dict[Future[Attempt], tuple[Dataset, RunRecord]] = {}
        try:
            for dataset in datasets:
                record = self.record(dataset.id)
                ahead = _outcome(self.ahead.pop(dataset.id, None))
                entry = writer.entry(dataset)
                future = pool.submit(_attempt, self.intake, dataset, record, entry, ahead)
                futures[future] = (dataset, record)
            for future in self.in_turn(futures, done):
                dataset, record = futures[future]
                done[dataset.id] = self.settle(writer, dataset, record, future)
                shutil.rmtree(self.settings.staging / record.run_id, ignore_errors=True)
                self.on_event(Event("done", dataset.id, record=done[dataset.id]))
        finally:
            for future in futures:
                future.cancel()
            if pool is not self.executor:
                pool.shutdown(wait=True)
        return done

    def in_turn(
        self,
        futures: Mapping[Future[Attempt], tuple[Dataset, RunRecord]],
        done: Mapping[str, RunRecord],
    ) -> Iterator[Future[Attempt]]:
        """Futures as they complete, each after those that its dataset is compared with."""
        asked = {dataset.id for dataset, _ in futures.values()}
        held: list[Future[Attempt]] = []
        for future in as_completed(futures):
            held.append(future)
            while ready := [f for f in held if not (waits_for(futures[f][0]) & asked) - set(done)]:
                held.remove(ready[0])
                yield ready[0]
        yield from held  # those that wait for each other

    def settle(
        self, writer: Writer, dataset: Dataset, record: RunRecord, future: Future[Attempt]
    ) -> RunRecord:
        """Publish or note what the threads prepared; every failure ends in a record."""
        rejects: Sequence[Any] = ()
        try:
            prepared = future.result()
            if isinstance(prepared, Exception):
                raise prepared
            record = prepared.record
            if prepared.staged is None:
                anew = recheck(self.settings.lake, dataset, writer.good(dataset), self.clock())
                return writer.note(dataset, self.finished(record).with_(validation=anew))
            result = prepared.verdict or self.here.verdict(dataset, prepared.staged)
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


def _attempt(intake: Intake, dataset: Dataset, *rest: Any) -> Attempt:
    """An intake, or what went wrong, as a value: a cluster prints what is raised in a task."""
    try:
        return intake.prepare(dataset, *rest)
    except DatalabError as error:
        return error
    except Exception as error:
        error.add_note("".join(traceback.format_exception(error)))  # for the log, from a worker
        return error


def _tell(event: Event) -> None:
    """What happens on a worker, told to who opened the crew."""
    plain = {"kind": event.kind, "dataset": event.dataset}
    tell({**plain, "bytes": event.bytes, "total": event.total})


def _outcome(future: Future[Fetched] | None) -> Fetched | BaseException | None:
    """What came of fetching ahead, as data that may travel."""
    return None if future is None else future.exception() or future.result()


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
