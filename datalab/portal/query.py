"""Somebody's SQL over what they may read: in a cell, for a while, one question at a time each.

Each question runs in a child process that ends with it. It is lent the tables that the question
names, by the exact names of their files, and finds nothing else: no metadata of a lake, no other
table, no file, no network.
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from datalab.errors import NotPublished, QueryRefused, TooMuch
from datalab.i18n import Language, Phrase
from datalab.isolation.cell import cell
from datalab.isolation.sandbox import Walls
from datalab.lake.layout import folder
from datalab.lake.loan import Loan, loan_of, named_in
from datalab.portal.access import barrier, require_rows, version_for
from datalab.portal.library import OPEN, Holding, Shelf
from datalab.portal.query_words import told
from datalab.portal.reader import Reader
from datalab.portal.rows import open_table

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 20_000  # characters of a question
ROWS = 10_000
BYTES = 20_000_000  # of an answer
SECONDS = 30.0
WAITING = 20.0  # seconds for a place
MEMORY = 1_000_000_000
AT_ONCE = 2
WARM_SECONDS = 300.0  # that a child waits for a question before it is let go
MISSING = re.compile(r"Table with name (\w+) does not exist")


@dataclass(frozen=True)
class Answer:
    """``cut`` says that there were more rows; ``datasets`` gives the snapshots that were lent."""

    table: pa.Table
    cut: bool
    datasets: Mapping[str, int]
    seconds: float


@dataclass(frozen=True)
class Lent:
    loans: Sequence[Loan]
    lakes: frozenset[str]
    datasets: Mapping[str, int]
    held_back: Mapping[str, Holding]


class Queries:
    """The questions of one portal.

    Parameters
    ----------
    lake, spare
        the published lakes, and a folder for copies of tables.
    walls
        what separates programs here, tried at the first question.
    """

    def __init__(self, lake: Path, spare: Path, walls: Callable[[], Walls]) -> None:
        self.lake, self.spare = lake, spare
        self._walls = walls
        self._places: asyncio.Semaphore | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asking: dict[str, asyncio.Task[Answer]] = {}
        self._warm: asyncio.subprocess.Process | None = None
        self._cooling: asyncio.TimerHandle | None = None

    async def answer(
        self, shelf: Shelf, reader: Reader, sql: str, language: Language, rows: int = ROWS
    ) -> Answer:
        """What one SELECT gives, cut after ``rows`` rows.

        Raises
        ------
        QueryRefused
            where it is no SELECT, fails, exceeds a limit, is cancelled or ``reader`` asks one.
        AccessRefused, DownloadRefused
            where it names a table whose rows ``reader`` may not have.
        TooMuch
            where no place became free.
        """
        if reader.name is None:
            raise ValueError("whoever asks has a name")
        if len(sql) > LONGEST:
            reason = Phrase("it is longer than {count} characters.", count=LONGEST)
            raise QueryRefused(reason=reason)
        if reader.name in self._asking:
            reason = Phrase("another query of yours is still running. Wait for it, or cancel it.")
            raise QueryRefused(reason=reason)
        work = asyncio.create_task(self._answer(shelf, reader, sql, language, rows))
        self._asking[reader.name] = work
        work.add_done_callback(partial(self._ended, reader.name))
        try:
            return await work
        except asyncio.CancelledError:
            if not cast("asyncio.Task[Answer]", asyncio.current_task()).cancelling():
                raise QueryRefused(reason=Phrase("you cancelled it.")) from None
            raise  # who asked has gone, and the work with them

    def _ended(self, name: str, work: asyncio.Task[Answer]) -> None:
        self._asking.pop(name, None)

    async def cancel(self, name: str) -> None:
        """Let the question of ``name`` go, and wait until another one can be asked."""
        work = self._asking.get(name)
        if work is not None:
            work.cancel()
            await asyncio.wait({work})

    async def _answer(
        self, shelf: Shelf, reader: Reader, sql: str, language: Language, rows: int
    ) -> Answer:
        places = self._places_here()
        lent = await asyncio.to_thread(self._lend, shelf, reader, sql, language)
        try:
            await asyncio.wait_for(places.acquire(), WAITING)
        except TimeoutError:
            raise TooMuch from None
        try:
            started = time.monotonic()
            table = await self._ask(lent, sql, rows, shelf, reader, language)
            seconds = time.monotonic() - started
        finally:
            places.release()
        return Answer(table.slice(0, rows), table.num_rows > rows, lent.datasets, seconds)

    def _places_here(self) -> asyncio.Semaphore:
        """The places of this loop. A child that waits for another one cannot be talked to here."""
        loop = asyncio.get_running_loop()
        if self._places is None or self._loop is not loop:
            self.close()
            self._places, self._loop, self._cooling = asyncio.Semaphore(AT_ONCE), loop, None
        return self._places

    def _lend(self, shelf: Shelf, reader: Reader, sql: str, language: Language) -> Lent:
        by_name = {holding.entry.sql_name: holding for holding in shelf.holdings.values()}
        loans: list[Loan] = []
        lakes, datasets, held_back = {OPEN}, {}, {}
        for name in sorted(named_in(sql, by_name)):
            holding = version_for(shelf, by_name[name], reader)
            if barrier(holding, reader) is not None or holding.snapshot is None:
                held_back[name] = holding
                continue
            opened = open_table(shelf, by_name[name], language, None, reader)
            key = ("loan", holding.id, opened.lake, opened.snapshot)
            if key not in shelf.remembered:
                known = next(
                    (s for s in holding.entry.snapshots if s["snapshot"] == opened.snapshot), {}
                )
                theme = str(known.get("theme") or holding.entry.theme)
                with shelf.reading(opened.lake) as cursor:
                    shelf.remembered[key] = loan_of(
                        cursor,
                        opened.lake,
                        theme,
                        name,
                        opened.snapshot,
                        opened.columns,
                        self.spare,
                    )
            loans.append(shelf.remembered[key])
            lakes.add(opened.lake)
            datasets[holding.id] = opened.snapshot
        return Lent(loans, frozenset(lakes), datasets, held_back)

    async def _ask(
        self, lent: Lent, sql: str, rows: int, shelf: Shelf, reader: Reader, language: Language
    ) -> pa.Table:
        import pyarrow as pa

        shown = self._shown(lent.lakes)
        command = await asyncio.to_thread(lambda: cell(self._walls(), shown))
        loans = [loan.seen_from(shown) if command else loan for loan in lent.loans]
        request = {
            "kind": "lent",
            "loans": [loan.as_json() for loan in loans],
            "sql": sql,
            "rows": rows,
            "bytes": BYTES,
            "memory": MEMORY,
            "threads": 2,
            "written": 0,
            "seconds": SECONDS,
        }
        child = await self._child(lent.lakes, command)
        try:
            out, err = await asyncio.wait_for(_talk(child, json.dumps(request).encode()), SECONDS)
        except TimeoutError:
            reason = Phrase("it took longer than {seconds} seconds.", seconds=int(SECONDS))
            raise QueryRefused(reason=reason) from None
        finally:
            _kill(child)
            await child.wait()
            await self._keep_warm()
        if child.returncode == 0:
            found: pa.Table = pa.ipc.open_stream(out).read_all()
            return found
        raise self._refusal(err, lent, shelf, reader, language)

    def _shown(self, lakes: frozenset[str]) -> dict[Path, str]:
        """Folders with data, and their names inside."""
        shown = {}
        for lake in sorted(lakes):
            for at, inside in (
                (folder(self.lake, lake).data, "lake"),
                (self.spare / lake, "spare"),
            ):
                if at.is_dir():
                    shown[at.resolve()] = f"/{inside}/{lake}"
        return shown

    async def _child(
        self, lakes: frozenset[str], command: Sequence[str]
    ) -> asyncio.subprocess.Process:
        """One that waits already where it sees what is needed, else a new one."""
        warm, self._warm = (self._warm, None) if lakes == {OPEN} else (None, self._warm)
        if warm is not None and warm.returncode is None:
            return warm
        return await _started(command)

    async def _keep_warm(self) -> None:
        """Start the child of the next question; nobody waits for it."""
        if self._warm is None or self._warm.returncode is not None:
            shown = self._shown(frozenset({OPEN}))
            self._warm = await _started(cell(self._walls(), shown))
        if self._cooling is not None:
            self._cooling.cancel()
        self._cooling = asyncio.get_running_loop().call_later(WARM_SECONDS, self.close)

    def close(self) -> None:
        """Let the waiting child go."""
        warm, self._warm = self._warm, None
        if warm is not None and warm.returncode is None:
            _kill(warm)

    async def end(self) -> None:
        """Let the waiting child go, and wait until it has gone."""
        warm = self._warm
        self.close()
        if self._cooling is not None:
            self._cooling.cancel()
        if warm is not None:
            await warm.wait()

    def _refusal(
        self, err: bytes, lent: Lent, shelf: Shelf, reader: Reader, language: Language
    ) -> Exception:
        try:
            said = json.loads(err.decode("utf-8", "replace").splitlines()[-1])
            template, facts = str(said["template"]), dict(said["facts"])
        except (ValueError, KeyError, IndexError, TypeError):
            reason = Phrase("it needs more memory or processor time than it may use.")
            return QueryRefused(reason=reason)
        error = str(facts.get("error", ""))
        missing = MISSING.search(error)
        if missing is None:
            return QueryRefused(reason=told(error) or Phrase(template, **facts))
        name = missing[1].lower()
        if (holding := lent.held_back.get(name)) is not None:
            try:
                require_rows(holding, language, reader)
            except Exception as refused:
                return refused
            return NotPublished(dataset=holding.id, reason="no-published-run")
        known = readable(shelf, reader)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        if near:
            reason = Phrase(
                "there is no table “{name}”. Did you mean {near}?", name=name, near=", ".join(near)
            )
        else:
            reason = Phrase("there is no table “{name}”. The list is beside the editor.", name=name)
        return QueryRefused(reason=reason)


def readable(shelf: Shelf, reader: Reader) -> dict[str, Holding]:
    """What ``reader`` can ask, by SQL name: the version of each dataset that is theirs."""
    found = {}
    for holding in shelf.holdings.values():
        theirs = version_for(shelf, holding, reader)
        if theirs.snapshot is not None and barrier(theirs, reader) is None:
            found[holding.entry.sql_name] = theirs
    return dict(sorted(found.items()))


async def _started(command: Sequence[str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command,
        *(sys.executable, "-P", "-m", "datalab.lake.child", "--warm"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # No variable of ours: what runs there must not read a secret from its environment.
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd="/",
        start_new_session=True,
    )


def _kill(child: asyncio.subprocess.Process) -> None:
    """End it and whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


async def _talk(child: asyncio.subprocess.Process, request: bytes) -> tuple[bytes, bytes]:
    """What it says; a child that says more than it may is not listened to."""
    if child.stdin is None or child.stdout is None or child.stderr is None:
        raise ValueError("a child that cannot be talked to")
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        child.stdin.write(request)
        await child.stdin.drain()
        child.stdin.close()
    out, err = await asyncio.gather(
        _bounded(child.stdout, 2 * BYTES), _bounded(child.stderr, 100_000)
    )
    await child.wait()
    return out, err


async def _bounded(stream: asyncio.StreamReader, most: int) -> bytes:
    found = bytearray()
    while piece := await stream.read(1 << 16):
        found += piece
        if len(found) > most:
            raise QueryRefused(
                reason=Phrase("its answer is larger than {limit} MB.", limit=most // 1_000_000)
            )
    return bytes(found)
