"""Runs of guided notebooks: each for one person, in a limited temporary kernel, soon forgotten.

A run is known by an unguessable id *and* by the visit it was asked in; nothing of it is written to
the project. Two run at once, the others wait in line and see their place. All of it lives in this
process: a portal that restarts has forgotten the runs, and the page says so.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from datalab.errors import DatalabError, TooMuch, UnknownRun
from datalab.i18n import Language
from datalab.portal.person import Person
from datalab.projects.execution import Execution, Limits
from datalab.projects.saved import SavedNotebook

LOG = logging.getLogger("datalab.portal")
AT_ONCE = 2
LONGEST_LINE = 40  # runs that wait
KEPT = 40  # runs of everybody
KEPT_EACH = 3
LIFETIME = 30 * 60.0  # seconds after the end of a run
LIMITS = Limits(seconds=120, memory=1_073_741_824, cpu=1, output=6_000_000)

State = Literal["waiting", "running", "done", "failed", "cancelled"]
# Given a run, executes it: the portal hands in how (rooms, walls, lakes).
Work = Callable[["Run"], Execution]


@dataclass
class Run:
    """One run. ``outputs`` and ``states`` are by cell id; ``version`` grows with every change."""

    id: str
    account: str
    visit: str
    slug: str
    notebook: SavedNotebook
    values: dict[str, Any]
    language: Language
    work: Work = field(repr=False)
    state: State = "waiting"
    outputs: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    version: int = 0
    cells: int = 0
    finished: int = 0
    error: DatalabError | None = None
    reason: str = ""
    ended_at: float = 0.0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def over(self) -> bool:
        return self.state in {"done", "failed", "cancelled"}

    def hear(self, event: Mapping[str, Any]) -> None:
        """One event of the execution."""
        if event.get("event") == "start":
            self.cells = int(event.get("code") or 0)
        elif event.get("event") == "cell":
            index = event.get("index")
            if isinstance(index, int) and 0 <= index < len(self.notebook.cells):
                cell = self.notebook.cells[index].id
                self.states[cell] = str(event.get("state"))
                if event.get("state") != "running":
                    self.outputs[cell] = list(event.get("outputs") or [])
                    self.finished += 1
                self.changes.append(cell)
        self.version += 1


class Reruns:
    """The runs of a portal."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._runs: dict[str, Run] = {}
        self._line: list[Run] = []
        self._workers: list[threading.Thread] = []

    def start(
        self,
        person: Person,
        slug: str,
        notebook: SavedNotebook,
        values: dict[str, Any],
        language: Language,
        work: Work,
    ) -> Run:
        """Put a run in line. One that this person still waits for gives way to it.

        Raises
        ------
        TooMuch
            where the line is full.
        """
        run = Run(
            id=secrets.token_urlsafe(24),
            account=person.name,
            visit=person.csrf,
            slug=slug,
            notebook=notebook,
            values=values,
            language=language,
            work=work,
        )
        with self._lock:
            self._forget()
            for other in list(self._runs.values()):
                if other.account == person.name and not other.over:
                    self._cancel(other)
            if len(self._line) >= LONGEST_LINE:
                raise TooMuch
            self._runs[run.id] = run
            self._line.append(run)
            while len(self._workers) < AT_ONCE:
                worker = threading.Thread(target=self._work, daemon=True, name="guided")
                self._workers.append(worker)
                worker.start()
            self._lock.notify()
        return run

    def get(self, person: Person, slug: str, identifier: str) -> Run:
        """The run of that id, where it was asked in this very visit.

        Raises
        ------
        UnknownRun
        """
        with self._lock:
            self._forget()
            run = self._runs.get(identifier)
        if (
            run is None
            or run.account != person.name
            or run.slug != slug
            or not hmac.compare_digest(run.visit, person.csrf)
        ):
            raise UnknownRun
        return run

    def place(self, run: Run) -> int:
        """Place in line from 1; 0 for a run that waits no more."""
        with self._lock:
            return self._line.index(run) + 1 if run in self._line else 0

    def cancel(self, run: Run) -> None:
        with self._lock:
            self._cancel(run)

    # -- inside ---------------------------------------------------------------------------

    def _cancel(self, run: Run) -> None:
        run.stopping.set()
        if run in self._line:
            self._line.remove(run)
        if not run.over:
            run.state, run.ended_at = "cancelled", time.monotonic()
            run.version += 1

    def _forget(self) -> None:
        """Drop what is old, and the oldest of who has many."""
        moment = time.monotonic()
        over = [run for run in self._runs.values() if run.over]
        each: dict[str, int] = {}
        for place, run in enumerate(sorted(over, key=lambda r: r.ended_at, reverse=True)):
            each[run.account] = each.get(run.account, 0) + 1
            old = moment - run.ended_at > LIFETIME
            if old or place >= KEPT or each[run.account] > KEPT_EACH:
                self._runs.pop(run.id, None)

    def _work(self) -> None:
        while True:
            with self._lock:
                while not self._line:
                    self._lock.wait()
                run = self._line.pop(0)
                run.state = "running"
                run.version += 1
            try:
                found = run.work(run)
                state: State = "done" if found.ok else "failed"
                run.reason = found.error
            except DatalabError as error:
                run.error, state = error, "failed"
            except Exception:
                LOG.exception("a guided run of %s failed", run.slug)
                run.error, state = DatalabError(), "failed"
            with self._lock:
                if not run.over:
                    run.state, run.ended_at = state, time.monotonic()
                run.version += 1
