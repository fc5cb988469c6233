"""Looks after running servers once a second: memory where control groups do not, disk always.

Nothing is remembered that matters: a watch that was killed and started again goes on.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from datalab.i18n import LANGUAGES, Phrase
from datalab.isolation import notices, quota
from datalab.isolation.notices import Subject
from datalab.isolation.process import PROC
from datalab.isolation.record import Server, servers
from datalab.settings import Settings

LOG = logging.getLogger("datalab.watch")
PERIOD = 1.0
# A look at a home may take this part of one processor.
DUTY = 0.05
GROWTH = 1_000_000
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Known:
    """What was seen of one server.

    ``level`` of its disk: 0, 1 from 90 %, 2 over quota; ``held``: what it used when nothing of it
    could write any more, in bytes.
    """

    killed: int | None = None
    used: int = 0
    held: int | None = None
    due: float = 0.0
    level: int = 0


@dataclass
class Watch:
    """``memory`` and ``home`` are the limits in bytes, 0 for none."""

    run: Path
    memory: int
    home: int
    largest: int
    known: dict[str, Known] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Watch:
        return cls(settings.run, settings.server_memory, settings.home_quota, settings.largest_file)

    def look(self, clock: float, now: float) -> None:
        """One round. ``clock`` is in seconds of any clock that never goes back."""
        alive = [server for server in servers(self.run) if server.alive]
        for name in set(self.known) - {server.account for server in alive}:
            del self.known[name]
        for server in alive:
            known = self.known.setdefault(server.account, Known())
            try:
                tree = server.tree()
                self._memory(server, known, tree, now)
                self._disk(server, known, tree, clock, now)
            except Exception:
                LOG.exception("the server of %s could not be looked at", server.account)

    # -- memory ---------------------------------------------------------------------------

    def _memory(self, server: Server, known: Known, tree: list[int], now: float) -> None:
        if server.group is not None and "memory" in server.group.folders:
            killed = server.group.killed_for_memory()
            if known.killed is not None and killed > known.killed:
                self._say_memory(server, now)
            known.killed = killed
        elif self.memory and sum(map(resident, tree)) > self.memory:
            # Shared pages count once per process there: look again, as the kernel shares them.
            sizes = {pid: proportional(pid) for pid in tree}
            if sum(sizes.values()) > self.memory:
                kept = {process.pid for process in server.processes}
                largest = max(set(sizes) - kept or set(sizes), key=sizes.__getitem__)
                with suppress(OSError):
                    os.kill(largest, signal.SIGKILL)
                self._say_memory(server, now)

    def _say_memory(self, server: Server, now: float) -> None:
        LOG.warning("a process of %s was ended: its memory was used up", server.account)
        self._say(
            server,
            "memory",
            now,
            Phrase(
                "The program in this notebook was ended: together, your notebooks used more than "
                "the {limit:.1f} GB of memory that a server may have. Nothing you wrote is lost; "
                "variables are. Read fewer columns or rows, or let the database do the sum.",
                limit=self.memory / 1e9,
            ),
        )

    # -- disk -----------------------------------------------------------------------------

    def _disk(
        self, server: Server, known: Known, tree: list[int], clock: float, now: float
    ) -> None:
        if not self.home or server.home is None:
            return
        if clock >= known.due:
            begin, before = time.thread_time(), known.used
            over = self.home * quota.END
            found = quota.measure(server.home, int(over * (2 if before > over else 1.1)))
            known.used = found.used + quota.unlinked(tree, server.home)
            known.due = clock + max(PERIOD, (time.thread_time() - begin) / DUTY)
            self._say_disk(server, known, now)
            # Held since the look before the last one, and yet it grew: what was written between
            # that look and the holding is no offence. Looks that ended early compare with nothing.
            if found.whole and known.held is not None and known.used > known.held + GROWTH:
                self._end_writers(server, tree, now)
            held = found.whole and min(before, known.used) > over
            known.held = known.used if held else None
        first = {process.pid for process in server.processes}
        for pid in tree:
            quota.hold(
                pid,
                quota.ceiling(known.used, self.home, self.largest, server=pid in first),
            )

    def _end_writers(self, server: Server, tree: list[int], now: float) -> None:
        """Whoever writes on although it may not has found a way around its limit."""
        LOG.warning("programs of %s were ended: they wrote beyond its quota", server.account)
        for pid in set(tree) - {process.pid for process in server.processes}:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self._say(
            server,
            "disk",
            now,
            Phrase(
                "The programs in your notebooks were ended: they went on writing although your "
                "disk space of {quota:.0f} MB is used up. Delete files you do not need.",
                quota=self.home / 1e6,
            ),
        )

    def _say_disk(self, server: Server, known: Known, now: float) -> None:
        part = known.used / self.home
        level = 2 if part > 1 else 1 if part > quota.WARN else 0
        if level == known.level:
            return
        before, known.level = known.level, level
        facts = {"used": known.used / 1e6, "quota": self.home / 1e6}
        if level == 2:
            LOG.warning("%s uses %d bytes of disk, over its quota", server.account, known.used)
            self._say(
                server,
                "disk",
                now,
                Phrase(
                    "Your disk space is used up ({used:.0f} of {quota:.0f} MB): programs can "
                    "write nothing but very small files. Delete files you do not need; writing "
                    "is possible again a moment later.",
                    **facts,
                ),
            )
        elif level == 1 and before == 0:
            self._say(
                server,
                "disk",
                now,
                Phrase("Your disk space is nearly used up: {used:.0f} of {quota:.0f} MB.", **facts),
            )
        elif before == 2:
            self._say(
                server,
                "disk",
                now,
                Phrase(
                    "There is disk space again ({used:.0f} of {quota:.0f} MB): files can be "
                    "written.",
                    **facts,
                ),
            )

    def _say(self, server: Server, subject: Subject, now: float, said: Phrase) -> None:
        texts = {str(language): said.in_(language) for language in LANGUAGES}
        with suppress(OSError):
            notices.tell(self.run / "ways" / server.account, subject, texts, now)


def keep_watching(settings: Settings) -> Callable[[], None]:
    """A function that starts the watch, and starts it again should it ever have ended."""
    running: list[threading.Thread] = []

    def watch() -> None:
        watched = Watch.of(settings)
        while True:
            watched.look(time.monotonic(), time.time())
            time.sleep(PERIOD)

    def ensure() -> None:
        if not running or not running[-1].is_alive():
            running[:] = [threading.Thread(target=watch, name="watch", daemon=True)]
            running[-1].start()

    return ensure


def resident(pid: int) -> int:
    """Bytes of a process in memory, shared ones included."""
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return 0


def proportional(pid: int) -> int:
    """Bytes of a process in memory, its part of shared ones."""
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return resident(pid)
