"""Runs one notebook inside the walls, and tells what happens as lines of JSON.

The target of the launcher: one request on standard input, events on standard output, nothing else
there. What it says is as trustworthy as the notebook, which runs under the same uid: whoever
reads it checks it (:mod:`datalab.projects.execution`).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import shutil
import stat
import sys
import time
from pathlib import Path
from typing import Any, TextIO

READS = ".reads.jsonl"
COPIED_FILE = 32_000_000  # bytes; a larger file is a link to the read-only one
COPIED = 128_000_000  # bytes of all copies
MOST_ENTRIES = 5_000
DEEPEST = 12
LARGEST_FILE = 200_000_000  # bytes that the notebook may write into one file


def main() -> None:
    """Answer one request; what is left running ends with the room."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)
    request = json.load(sys.stdin)
    if request["work"]:
        copy(Path(request["work"]), Path.cwd())
    bound(request)
    asyncio.run(_Run(request, events).run())
    events.flush()
    os._exit(0)


def bound(request: dict[str, Any]) -> None:
    """Limits that every process of the run inherits; those of the whole tree are the watcher's."""
    wanted = {
        resource.RLIMIT_CPU: int(request["seconds"] * request["cpu"]) + 30,
        resource.RLIMIT_FSIZE: LARGEST_FILE,
        resource.RLIMIT_NPROC: request["threads"],
    }
    for limit, value in wanted.items():
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))
    os.nice(5)


def copy(source: Path, target: Path) -> None:
    """The project's files at ``target``: small ones as copies to write on, large ones as links.

    It happens inside the walls and under the project's uid, so that a link set as a trap leads
    nowhere that the notebook could not go itself.
    """
    left, entries = COPIED, MOST_ENTRIES
    pending = [(source, target, 0)]
    while pending:
        folder, made, depth = pending.pop()
        try:
            listed = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in listed:
            entries -= 1
            if entries < 0:
                return
            place = made / entry.name
            try:
                about = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(about.st_mode):
                    if not entry.name.startswith(".") and depth < DEEPEST:
                        place.mkdir(exist_ok=True)
                        pending.append((Path(entry.path), place, depth + 1))
                elif stat.S_ISLNK(about.st_mode):
                    os.symlink(os.readlink(entry.path), place)
                elif stat.S_ISREG(about.st_mode):
                    if about.st_size <= min(COPIED_FILE, left):
                        shutil.copyfile(entry.path, place)
                        left -= about.st_size
                    else:
                        place.symlink_to(entry.path)
            except OSError:
                continue


class _Run:
    def __init__(self, request: dict[str, Any], events: TextIO) -> None:
        import nbformat

        self.request, self.events = request, events
        self.notebook = nbformat.from_dict(request["notebook"])
        self.reads = Path(os.environ["DATALAB_READS"])
        self.read_until = 0
        self.size = 0
        self.index = -1
        self.began = 0.0

    def say(self, event: str, **facts: Any) -> None:
        self.events.write(json.dumps({"event": event, **facts}) + "\n")
        self.events.flush()

    async def run(self) -> None:
        from jupyter_client.manager import AsyncKernelManager
        from nbclient.exceptions import CellExecutionError, DeadKernelError

        manager = AsyncKernelManager(kernel_name="python3", transport="ipc")
        # jupyter_client names its sockets relative to the current folder otherwise.
        manager.ip = os.path.join(os.environ["JUPYTER_RUNTIME_DIR"], "kernel")
        client = self._client(manager)
        try:
            await client.async_start_new_kernel(cwd=str(Path.cwd()))
            await client.async_start_new_kernel_client()
        except Exception as error:
            self.say("broken", reason=f"{type(error).__name__}: {error}"[:500])
            return
        self.say("ready")
        try:
            for index, cell in enumerate(self.notebook.cells):
                if cell.cell_type != "code" or not cell.source.strip():
                    continue
                self.index, self.began = index, time.monotonic()
                self.say("cell", index=index, id=cell.get("id"), state="running", outputs=[])
                await client.async_execute_cell(
                    cell, index, execution_count=client.code_cells_executed + 1
                )
                self._done("ok")
        except CellExecutionError as error:
            self._done("failed", kind="error", name=error.ename, value=str(error.evalue)[:5000])
        except DeadKernelError:
            self._done("failed", kind="dead")
        else:
            self.say("end")

    def _client(self, manager: Any) -> Any:
        from nbclient import NotebookClient

        owner = self

        class Counting(NotebookClient):
            """Gives up as soon as a notebook says more than anybody could read."""

            def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
                content = msg["content"]
                if msg["msg_type"] == "stream":
                    owner.size += len(content.get("text", ""))
                elif msg["msg_type"] in {"display_data", "execute_result", "update_display_data"}:
                    owner.size += sum(len(str(v)) for v in content.get("data", {}).values())
                if owner.size > owner.request["output"]:
                    owner.flood()
                return super().process_message(msg, cell, cell_index)

        return Counting(
            self.notebook,
            km=manager,
            timeout=None,
            allow_errors=False,
            coalesce_streams=True,
            record_timing=False,
            startup_timeout=60,
        )

    def flood(self) -> None:
        """Said at once: a notebook that floods us may keep us from ever coming back."""
        self._done("failed", kind="output")
        os._exit(0)

    def _done(self, state: str, **facts: Any) -> None:
        cell = self.notebook.cells[self.index]
        outputs = cell.outputs
        if facts.get("kind") == "output":
            outputs = []
        self._tell_reads()  # first: nobody listens any more once a cell has failed
        self.say(
            "cell",
            index=self.index,
            id=cell.get("id"),
            state=state,
            outputs=outputs,
            count=cell.get("execution_count"),
            seconds=round(time.monotonic() - self.began, 3),
            **facts,
        )

    def _tell_reads(self) -> None:
        try:
            with self.reads.open("rb") as file:
                file.seek(self.read_until)
                lines = file.read(1_000_000).splitlines(keepends=True)
        except OSError:
            return
        for line in lines:
            self.read_until += len(line)
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                facts = {key: found.get(key) for key in ("dataset", "lake", "snapshot", "pinned")}
                self.say("read", index=self.index, **facts)
