"""The refresher: the one long-running process that keeps the lake up to date.

Every ``refresh_interval`` it looks at what is due by its periodicity; every few seconds at whether
a YAML file, or a file beside it, changed. What lies on the web is fetched by threads of its own,
several servers side by side, so that a source that is away holds up nobody but what lies on the
same server. Killing it at any point is harmless.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from datalab.catalog.catalog import Catalog
from datalab.catalog.dataset import Dataset
from datalab.connectors.participation import marks
from datalab.connectors.registry import host_of, is_remote, source_models
from datalab.errands import LANES, Errands
from datalab.errors import DatalabError, LakeBusy, RefresherRunning
from datalab.lake.index import Entry, read_index
from datalab.lake.lock import Lock
from datalab.lake.notice import all_notices
from datalab.refresh import now, refresh
from datalab.settings import Settings

log = logging.getLogger("datalab.refresher")

AUTHOR = "refresher"
LOOK_AT_FILES = 5.0
LAST_STEP = 5.0  # seconds that a fetch under way is given to end
# How long what a source said stays fresh. ``once`` and ``irregular`` come again only when a file
# of the catalog changes, or while they fail.
DUE: dict[str, timedelta] = {
    "realtime": timedelta(0),
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=28),
    "quarterly": timedelta(days=89),
    "annual": timedelta(days=180),
}
DAY = timedelta(days=1)


def is_due(dataset: Dataset, entry: Entry | None, moment: datetime) -> bool:
    """Whether the source of a dataset should be asked again at ``moment``.

    A run that failed is tried again at every look, for a day at most apart from its periodicity.
    """
    if entry is None or entry.record is None:
        return True
    age = moment - datetime.fromisoformat(entry.record["finished_at"])
    if entry.record["state"] == "failed":
        return age < DAY or age >= DUE.get(dataset.periodicity, DAY)
    period = DUE.get(dataset.periodicity)
    return period is not None and age >= period


def changed_files(datasets: list[Dataset], seen: dict[str, float]) -> list[str]:
    """Ids whose YAML, or source file beside it, was written since ``seen``, which is brought up
    to date."""
    changed = []
    for dataset in datasets:
        newest = max((_written(path) for path in _files(dataset)), default=0.0)
        if seen.get(dataset.id) != newest:
            changed.append(dataset.id)
            seen[dataset.id] = newest
    return changed


def _files(dataset: Dataset) -> list[Path]:
    extra: dict[str, Any] = dataset.source.model_dump()
    beside = extra.get("path") if dataset.source.connector == "file" else None
    return [dataset.file, *([dataset.file.parent / str(beside)] if beside else [])]


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def changed_words(
    datasets: list[Dataset], marks: dict[str, int], seen: dict[str, int]
) -> list[str]:
    """Ids that read participation and would be others now than when they were last looked at;
    ``seen`` is brought up to date."""
    changed = []
    for dataset in datasets:
        if dataset.source.connector == "participation":
            newest = marks.get(dataset.id, marks.get("", 0))
            if seen.get(dataset.id) != newest:
                changed.append(dataset.id)
                seen[dataset.id] = newest
    return changed


class Refresher:
    """The loop. ``stop`` ends it after the step at hand."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = now) -> None:
        self.settings, self.clock = settings, clock
        self.stopped = threading.Event()
        self._errands = Errands()
        self._seen: dict[str, float] = {}
        self._heard: dict[str, int] = {}
        self._listens_at = clock()
        self._problems: str | None = None
        self._let: dict[str, str] = {}

    def stop(self, signal_number: int = 0, frame: FrameType | None = None) -> None:
        self.stopped.set()
        raise SystemExit(0)

    def run(self) -> None:
        """Refresh what is due until SIGTERM or SIGINT.

        Raises
        ------
        RefresherRunning
            where another one runs in the same home.
        """
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        lock = Lock(self.settings.run / "refresher.json", AUTHOR)
        try:
            lock.__enter__()
        except LakeBusy as error:
            facts = error.facts
            raise RefresherRunning(pid=facts["pid"], since=facts["since"]) from None
        threads = [
            threading.Thread(target=self._run_errands, name=f"errands-{number}", daemon=True)
            for number in range(LANES)
        ]
        try:
            log.info("started, looks every %s s", self.settings.refresh_interval)
            next_look = self.clock()
            for thread in threads:
                thread.start()
            changed_files(self._catalog(), self._seen)
            while not self.stopped.is_set():
                moment = self.clock()
                ids: list[str] = []
                datasets = self._catalog()
                if moment >= next_look:
                    entries = read_index(self.settings.lake)
                    ids = [d.id for d in datasets if is_due(d, entries.get(d.id), moment)]
                    next_look = moment + timedelta(seconds=self.settings.refresh_interval)
                ids += changed_files(datasets, self._seen)
                ids += self.let_through(datasets, moment)
                self.share(datasets, list(dict.fromkeys(ids)))
                self.listen(datasets)
                self.stopped.wait(min(LOOK_AT_FILES, self.settings.refresh_interval))
        finally:
            self._errands.end()
            end = time.monotonic() + LAST_STEP
            for thread in threads:
                if thread.is_alive():
                    thread.join(max(0.0, end - time.monotonic()))
            lock.__exit__(None, None, None)
            log.info("stopped")
            if any(thread.is_alive() for thread in threads):
                # One waits for a server. Python would tear it out of the middle of a call.
                logging.shutdown()
                os._exit(0)

    def let_through(self, datasets: list[Dataset], moment: datetime) -> list[str]:
        """Ids whose announced change may be published since the last look."""
        waiting = all_notices(self.settings.lake)
        over = {name: n.released_at or n.until for name, n in waiting.items() if n.is_over(moment)}
        known, self._let = self._let, over
        return [d.id for d in datasets if d.id in over and known.get(d.id) != over[d.id]]

    def share(self, datasets: list[Dataset], ids: list[str]) -> None:
        """Refresh what is near now, and send for what lies on the web."""
        far = {dataset.id: host_of(dataset) for dataset in datasets if is_remote(dataset)}
        for name in ids:
            if name in far:
                self._errands.put(far[name], name)
        self.refresh([name for name in ids if name not in far])

    def _run_errands(self) -> None:
        while (name := self._errands.take()) is not None and not self.stopped.is_set():
            self.refresh([name])
            self._errands.done(name)

    def listen(self, datasets: list[Dataset]) -> None:
        """Refresh what people have just said; a fifth of the time at most, when they say a lot."""
        began = self.clock()
        if began < self._listens_at:
            return
        known = marks(self.settings.participation)
        self.refresh(changed_words(datasets, known, self._heard))
        ended = self.clock()
        self._listens_at = ended + 4 * (ended - began)

    def refresh(self, ids: list[str]) -> None:
        """Refresh some datasets and log what became of them; nothing here ends the loop."""
        if not ids:
            return
        try:
            for record in refresh(ids, self.settings, AUTHOR, wait=60):
                reason = (record.error or {}).get("message", "")
                log.info(
                    "%s: %s, snapshot %s %s", record.dataset, record.state, record.snapshot, reason
                )
        except DatalabError as error:
            log.warning("%s", error)
            for name in ids:  # looked at again
                self._seen.pop(name, None)
                self._heard.pop(name, None)
        except Exception:
            log.exception("refresh of %s", ", ".join(ids))

    def _catalog(self) -> list[Dataset]:
        """The datasets that can be read; what is wrong with others is logged once."""
        catalog = Catalog.load(self.settings.catalog, source_models(), self.settings.own_catalog)
        problems = "\n".join(str(problem) for problem in catalog.problems)
        if problems != (self._problems or ""):
            self._problems = problems
            for problem in catalog.problems:
                log.warning("%s", problem)
        return list(catalog)
