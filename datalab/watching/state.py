"""What there is to see of a running lab, read from its files, its databases and the system.

Nothing here names a person: of notebook servers only how many there are and how large, of
participation only counts.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sqlalchemy import ColumnElement, Connection, Table, func, select

from datalab.catalog.badge import badge_of
from datalab.deployment import children
from datalab.depot import ledger
from datalab.errors import DatalabError
from datalab.isolation.process import PROC
from datalab.isolation.record import servers
from datalab.isolation.watch import proportional
from datalab.lake.index import read_index
from datalab.participation.store import Store
from datalab.participation.tables.author import MESSAGE
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.participation.tables.request import REQUEST
from datalab.participation.tables.session import PARTICIPANT, SESSION
from datalab.participation.tables.survey import RESPONSE
from datalab.settings import Settings

PARTS = ("supervisor", "proxy", "hub", "portal", "refresher", "keeper", "depot", "web")
HOUR = 3600.0


@dataclass(frozen=True)
class Part:
    """A program of the lab; ``age`` is how long it has been running, in seconds."""

    name: str
    runs: bool
    age: float = 0.0


@dataclass(frozen=True)
class Freshness:
    """A dataset: ``age`` is that of what readers see, ``took`` the length of its last run, both in
    seconds (None where unknown); ``failing`` is for how long its runs have failed."""

    id: str
    state: str
    stale: bool
    warning: bool
    age: float | None
    took: float | None
    failed: int
    failing: float | None


@dataclass(frozen=True)
class Memory:
    """In bytes. ``servers`` are the shares of the notebook servers, the largest first."""

    total: int
    available: int
    servers: tuple[int, ...] = ()

    @property
    def typical(self) -> int:
        return int(median(self.servers)) if self.servers else 0


@dataclass(frozen=True)
class Talk:
    """Participation, as counts. ``late`` letters have been tried in vain."""

    open_sessions: int = 0
    present: int = 0
    contributions: int = 0
    waiting: int = 0
    reports: int = 0
    answers: int = 0
    letters: int = 0
    late: int = 0


@dataclass(frozen=True)
class Depot:
    """The object store of the lakes; ``away`` is for how long it failed, in seconds, and
    ``reason`` why, by language."""

    away: float = 0.0
    reason: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """A lab at ``at`` (seconds since the epoch). ``talk`` is None where its database is away,
    ``depot`` where none is set."""

    at: float
    parts: tuple[Part, ...]
    datasets: tuple[Freshness, ...]
    disk_total: int
    disk_free: int
    memory: Memory
    load: float
    processors: int
    talk: Talk | None = field(default=None)
    depot: Depot | None = field(default=None)

    @property
    def started(self) -> bool:
        """Whether a supervisor was ever written down and not taken away since."""
        return any(part.runs for part in self.parts)


def look(settings: Settings, store: Store, now: float) -> State:
    """Everything at once; takes some milliseconds a server and a dataset."""
    folder = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    disk = shutil.disk_usage(folder)
    return State(
        at=now,
        parts=tuple(_parts(settings)),
        datasets=tuple(_datasets(settings.lake, now)),
        disk_total=disk.total,
        disk_free=disk.free,
        memory=_memory(settings.run),
        load=os.getloadavg()[0],
        processors=os.cpu_count() or 1,
        talk=_talk(store, now),
        depot=_depot(settings, now),
    )


def _depot(settings: Settings, now: float) -> Depot | None:
    if not settings.depot:
        return None
    told = ledger.state(settings.run)
    since = _seconds(told.since) if told is not None else None
    if told is None or since is None:
        return Depot()
    return Depot(max(0.0, now - since), told.error or {})


def _parts(settings: Settings) -> list[Part]:
    known = children.written_down(settings.run)
    try:
        uptime = float((PROC / "uptime").read_text().split()[0])
    except OSError:
        uptime = 0.0
    tick = os.sysconf("SC_CLK_TCK")
    found = []
    wanted = {
        "web": settings.notebook_web,
        "refresher": not settings.depot_reader,
        "depot": bool(settings.depot),
    }
    unwanted = [name for name, runs in wanted.items() if not runs]
    more = [f"portal-{number}" for number in range(2, settings.portal_workers + 1)]
    for name in [*PARTS, *more]:
        process = known.get(name)
        if name in unwanted:
            continue
        runs = process is not None and process.alive
        age = uptime - process.started / tick if process is not None and runs else 0.0
        found.append(Part(name, runs, max(0.0, age)))
    return found


def _datasets(lake: Path, now: float) -> list[Freshness]:
    moment = datetime.fromtimestamp(now, UTC)
    found = []
    for id, entry in read_index(lake).items():
        record, good = entry.record or {}, entry.good or {}
        periodicity = str(entry.dataset.get("periodicity") or "")
        badge = badge_of(entry.record, entry.good, periodicity, moment)
        began, ended = _seconds(record.get("started_at")), _seconds(record.get("finished_at"))
        since, shown = _seconds(record.get("failing_since")), _seconds(good.get("finished_at"))
        found.append(
            Freshness(
                id=id,
                state=badge.name,
                stale=badge.stale,
                warning=badge.warning,
                age=now - shown if shown is not None else None,
                took=ended - began if began is not None and ended is not None else None,
                failed=badge.refused or badge.broken,
                failing=now - since if since is not None else None,
            )
        )
    return found


def _seconds(moment: object) -> float | None:
    try:
        return datetime.fromisoformat(str(moment)).timestamp()
    except ValueError:
        return None


def _memory(run: Path) -> Memory:
    figures = {}
    try:
        for line in (PROC / "meminfo").read_text().splitlines():
            name, _, rest = line.partition(":")
            figures[name] = int(rest.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    alive = [server for server in servers(run) if server.alive]
    sizes = sorted((sum(map(proportional, server.tree())) for server in alive), reverse=True)
    return Memory(figures.get("MemTotal", 0), figures.get("MemAvailable", 0), tuple(sizes))


def _talk(store: Store, now: float) -> Talk | None:
    hour = now - HOUR
    try:
        with store.reading() as connection:
            is_open = SESSION.c.state == "open"
            there = select(func.count()).select_from(PARTICIPANT).join(SESSION)
            there = there.where(is_open, PARTICIPANT.c.left_at.is_(None))
            unsent = (MESSAGE.c.sent_at.is_(None), MESSAGE.c.tries > 0)
            return Talk(
                open_sessions=_count(connection, SESSION, is_open),
                present=connection.execute(there).scalar_one(),
                contributions=_count(connection, CONTRIBUTION, CONTRIBUTION.c.submitted_at > hour),
                waiting=_count(connection, CONTRIBUTION, CONTRIBUTION.c.state == "submitted"),
                reports=_count(connection, REQUEST, REQUEST.c.requested_at > hour),
                answers=_count(connection, RESPONSE, RESPONSE.c.submitted_at > hour),
                letters=_count(connection, MESSAGE, MESSAGE.c.sent_at.is_(None)),
                late=_count(connection, MESSAGE, *unsent),
            )
    except (DatalabError, OSError):
        return None


def _count(connection: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    asked = select(func.count()).select_from(table).where(*where)
    return int(connection.execute(asked).scalar_one())
