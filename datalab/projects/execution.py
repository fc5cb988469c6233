"""Running a notebook from a clean kernel, in a room of its own, watched from outside.

Owns the words *run* (one execution from the first cell to the last), *event* (what is told while it
happens) and *reads* (datasets that the notebook says it read). Everything that comes out of the
room was written by the notebook's authors and is checked here.

Events are dictionaries: ``{"event": "start", "cells"}``, ``{"event": "cell", "index", "id",
"state": "running" | "ok" | "failed", "outputs", "seconds"}``, ``{"event": "read", "dataset",
"lake", "snapshot"}`` and ``{"event": "end", "ok"}``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from datalab.errors import RunFailed, RunRefused
from datalab.i18n import Phrase
from datalab.isolation.sandbox import Room, Walls
from datalab.projects import notebook as notebooks
from datalab.projects import watch
from datalab.projects.stage import Stage, prepare
from datalab.projects.stream import Stream

MOST_PROCESSES = 64
THREADS = 500  # that a run may add to those of its uid
STARTING = 90  # seconds until the kernel answers
TICK = 0.2  # seconds between two looks at the tree
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

Event = dict[str, Any]


@dataclass(frozen=True)
class Limits:
    """``seconds`` of the whole run, ``memory`` in bytes of all its processes, ``cpu`` processors,
    ``output`` in bytes of all outputs."""

    seconds: float = 300
    memory: int = 2_147_483_648
    cpu: float = 1
    output: int = 20_000_000


@dataclass(frozen=True)
class Execution:
    """What came of a run.

    Attributes
    ----------
    notebook
        with the outputs of this run and no other; cells after a failure have none.
    failed_cell
        position among all cells; None where none failed. ``number`` counts code cells from 1, as
        JupyterLab shows them, and ``first_line`` is the cell's.
    error
        the last line of what went wrong.
    reads
        ``dataset``, ``lake``, ``snapshot`` of each dataset read, in order; ``lake`` None for one
        that was asked for and not there.
    """

    notebook: Any
    ok: bool
    failed_cell: int | None
    number: int | None
    first_line: str
    error: str
    seconds: float
    reads: list[dict[str, Any]] = field(default_factory=list)


_turns = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))


def execute(
    notebook: Path | bytes | Mapping[str, Any],
    *,
    name: str = "",
    room: Room,
    walls: Walls,
    controls: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    on_event: Callable[[Event], None] | None = None,
    environment: Mapping[str, str] | None = None,
    hidden: Collection[str] = (),
    stopping: threading.Event | None = None,
) -> Execution:
    """Run all cells; blocks until the run has ended, and nothing of it is left afterwards.

    Parameters
    ----------
    notebook
        a path, the content of a file, or a notebook as a dictionary; ``name`` is what errors say.
    room
        account, uid and lakes to run with; its ``home`` holds the project's files, of which the
        notebook sees a copy.
    controls
        values by label for the controls of the notebook.
    environment
        more variables (``DATALAB_LANGUAGE``, ``DATALAB_ASSETS_URL`` …).
    hidden
        folders below ``/lake`` that this run may not see.
    stopping
        ends the run when somebody sets it.

    Raises
    ------
    NotebookUnreadable, NotebookTooLarge, KernelUnknown
        before anything runs.
    RunRefused
        where nothing separates the run from the lab.
    RunFailed
        where no kernel could be started.
    """
    name, node = notebooks.load(notebook, name)
    if walls.refuses or (hidden and walls.mode not in {"root", "user"}):
        raise RunRefused(reason=walls.reason or walls.mode)
    limits = limits or Limits()
    told = dict(environment or {})
    if controls:
        told["DATALAB_CONTROLS"] = json.dumps(dict(controls), ensure_ascii=False)
    stage = prepare(
        walls, room, memory=limits.memory, cpu=limits.cpu, environment=told, hidden=hidden
    )
    try:
        with _turns:
            watched = _Watched(name, node, stage, limits, on_event or _ignore, stopping)
            return watched.run()
    finally:
        stage.clear()


def _ignore(event: Event) -> None:
    pass


class _Watched:
    """One run as seen from outside."""

    def __init__(
        self,
        name: str,
        node: Any,
        stage: Stage,
        limits: Limits,
        on_event: Callable[[Event], None],
        stopping: threading.Event | None = None,
    ) -> None:
        self.stopping = stopping or threading.Event()
        self.name, self.node, self.stage, self.limits = name, node, stage, limits
        self.on_event = on_event
        self.current: int | None = None
        self.began = time.monotonic()
        self.deadline = self.began + STARTING
        self.reads: list[dict[str, Any]] = []
        self.broken = ""
        self.failure: tuple[int, str] | None = None
        self.ended = False

    def run(self) -> Execution:
        code = [cell for cell in self.node.cells if cell.cell_type == "code"]
        self.on_event({"event": "start", "cells": len(self.node.cells), "code": len(code)})
        request = {
            "notebook": self.node,
            "work": self.stage.work,
            "seconds": self.limits.seconds,
            "cpu": self.limits.cpu,
            "output": self.limits.output,
            "threads": watch.threads_of(self.stage.uid) + THREADS,
        }
        with tempfile.TemporaryFile("w+") as asked:
            json.dump(request, asked)
            asked.seek(0)
            process = subprocess.Popen(
                self.stage.command,
                env=self.stage.environment,
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                start_new_session=True,
            )
        stream = Stream(process, most=2 * self.limits.output + 5_000_000)
        try:
            self._follow(process, stream)
        finally:
            watch.end(process.pid, self.stage.uid if self.stage.spare else None)
            process.wait()
            stream.close()
        return self._result(stream)

    def _follow(self, process: subprocess.Popen[bytes], stream: Stream) -> None:
        looked = 0.0
        while not self.ended and self.failure is None and not self.broken:
            for line in stream.lines(TICK):
                self._take(line)
            if stream.overflown:
                self._fail(Phrase("it shows more than {most} MB", most=self._most()))
            elif stream.finished and not self.ended and self.failure is None and not self.broken:
                self._fail(Phrase("the kernel ended all at once: out of memory, or told to exit"))
            now = time.monotonic()
            if self.stopping.is_set():
                self._fail(Phrase("it was stopped"))
            if now > self.deadline:
                seconds = int(self.limits.seconds)
                self._fail(Phrase("it was still running after {seconds} s", seconds=seconds))
            if now - looked > TICK:
                looked = now
                self._look(process.pid)

    def _look(self, pid: int) -> None:
        """What no single process can be held to."""
        pids = watch.tree(pid)
        if len(pids) > MOST_PROCESSES:
            self._fail(Phrase("it started more than {most} processes", most=MOST_PROCESSES))
        elif watch.memory(pids) > self.limits.memory:
            most = self.limits.memory // 1_000_000
            self._fail(Phrase("it used more than {most} MB of memory", most=most))

    def _most(self) -> int:
        return self.limits.output // 1_000_000

    def _fail(self, reason: str) -> None:
        if self.failure is not None or self.ended:
            return
        if self.current is None:
            self.broken = self.broken or str(reason)
            return
        self.failure = (self.current, reason)
        self._say_cell(self.current, "failed", [])

    def _say_cell(self, index: int, state: str, outputs: list[Any], **facts: Any) -> None:
        identifier = self.node.cells[index].get("id")
        event = {"event": "cell", "index": index, "id": identifier, "state": state}
        self.on_event({**event, "outputs": outputs, **facts})

    def _take(self, line: bytes) -> None:
        """One line from the room, where anything may stand."""
        try:
            said = json.loads(line)
            kind = said["event"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        if kind == "ready":
            self.deadline = time.monotonic() + self.limits.seconds
        elif kind == "broken":
            self.broken = str(said.get("reason"))[:500]
        elif kind == "end":
            self.ended = True
        elif kind == "read":
            self._take_read(said)
        elif kind == "cell":
            index = said.get("index")
            if isinstance(index, int) and 0 <= index < len(self.node.cells):
                cell = self.node.cells[index]
                if cell.cell_type == "code" and self.failure is None:
                    self._take_cell(index, cell, said)

    def _take_cell(self, index: int, cell: Any, said: dict[str, Any]) -> None:
        state = said.get("state")
        if state == "running":
            self.current = index
            self._say_cell(index, "running", [])
            return
        outputs = notebooks.outputs(said.get("outputs"))
        cell["outputs"] = outputs
        count = said.get("count")
        cell["execution_count"] = count if isinstance(count, int) else None
        seconds = said.get("seconds")
        took = float(seconds) if isinstance(seconds, int | float) else 0.0
        if state == "failed":
            self.failure = (index, self._reason(said))
        self._say_cell(index, "ok" if state == "ok" else "failed", outputs, seconds=took)

    def _reason(self, said: dict[str, Any]) -> str:
        kind = said.get("kind")
        if kind == "output":
            return Phrase("it shows more than {most} MB", most=self._most())
        if kind == "dead":
            return Phrase("the kernel ended all at once: out of memory, or told to exit")
        name, value = str(said.get("name", ""))[:200], ANSI.sub("", str(said.get("value", "")))
        lines = [line.strip() for line in value.splitlines() if line.strip()]
        last = lines[-1][:500] if lines else ""
        return f"{name}: {last}" if last else name

    def _take_read(self, said: dict[str, Any]) -> None:
        dataset, lake, snapshot = (said.get(key) for key in ("dataset", "lake", "snapshot"))
        found = {
            "dataset": dataset,
            "lake": lake if isinstance(lake, str) else None,
            "snapshot": snapshot if isinstance(snapshot, int) else None,
        }
        if said.get("pinned") is True:  # that very snapshot was asked for
            found["pinned"] = True
        fits = isinstance(dataset, str) and re.fullmatch(r"[a-z0-9_-]{1,100}", dataset)
        if fits and found not in self.reads and len(self.reads) < 1000:
            self.reads.append(found)
            self.on_event({"event": "read", **found})

    def _result(self, stream: Stream) -> Execution:
        if self.broken:
            said = stream.said.strip().splitlines()
            reason = self.broken if not said else f"{self.broken} ({said[-1][:300]})"
            raise RunFailed(notebook=self.name, reason=reason)
        seconds = round(time.monotonic() - self.began, 2)
        result = Execution(self.node, True, None, None, "", "", seconds, self.reads)
        if self.failure is not None:
            index, reason = self.failure
            result = replace(
                result,
                ok=False,
                failed_cell=index,
                number=notebooks.number_of(self.node, index),
                first_line=notebooks.first_line(self.node, index),
                error=reason,
            )
        self.on_event({"event": "end", "ok": result.ok})
        return result
