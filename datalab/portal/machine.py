"""What runs on this machine and what separates it: read from the hub, records and the system."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from datalab.isolation import groups, sandbox
from datalab.isolation.groups import Group, Groups
from datalab.isolation.process import Process
from datalab.isolation.sandbox import Walls
from datalab.people.hub_api import HubApi
from datalab.settings import Settings

WALLED = ("root", "user")  # bubblewrap stands: mounts and processes are a server's own
PARTS = ("lake", "accounts", "projects", "hub", "logs", "cache")
MOST_FILES = 200_000  # looked at to say how large a part is
PAGE = 200


@dataclass(frozen=True)
class Ground:
    """What a start found out by trying it. ``memory`` is what one server may take, in bytes."""

    walls: Walls
    groups: Groups
    memory: int

    @property
    def restricted(self) -> bool:
        """Whether restricted datasets are shown to those who may read them."""
        return self.walls.mode in WALLED

    @property
    def tree(self) -> bool:
        """Whether the memory of a server and all it starts is limited as one."""
        return "memory" in self.groups.held


@dataclass(frozen=True)
class Running:
    """A notebook server. ``memory`` is in bytes; ``idle`` in seconds; None where not known."""

    account: str
    ready: bool
    memory: int | None
    idle: float | None
    started: float | None


@dataclass(frozen=True)
class Part:
    """A folder of the lab's home; ``whole`` is False where only a part of it was looked at."""

    name: str
    size: int
    whole: bool


@dataclass(frozen=True)
class Disk:
    """In bytes."""

    total: int
    free: int
    parts: list[Part]

    @property
    def used_share(self) -> float:
        return 1 - self.free / self.total if self.total else 0.0


def ground_of(settings: Settings) -> Ground:
    """Try what separates people here; takes a few tenths of a second."""
    held = groups.probe(settings.home)
    return Ground(sandbox.probe(settings.home), held, settings.server_memory)


def running(hub: HubApi, settings: Settings, now: float) -> list[Running]:
    """Servers that the hub knows to run, the one that takes most memory first.

    Raises
    ------
    HubUnreachable
    """
    found = []
    for user in _users(hub):
        server = (user.get("servers") or {}).get("") or {}
        last = _seconds(server.get("last_activity"))
        found.append(
            Running(
                user["name"],
                bool(server.get("ready")),
                memory_of(settings.run / "servers" / f"{user['name']}.json"),
                max(0.0, now - last) if last else None,
                _seconds(server.get("started")),
            )
        )
    return sorted(found, key=lambda server: -(server.memory or 0))


def _users(hub: HubApi) -> Iterator[dict[str, Any]]:
    offset = 0
    while True:
        page = hub.ask("GET", f"/users?state=active&limit={PAGE}&offset={offset}") or []
        yield from page
        offset += len(page)
        if len(page) < PAGE:
            return


def _seconds(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None


def memory_of(record: Path) -> int | None:
    """Bytes that a server takes with all it started: as its group counts, else as /proc does."""
    try:
        document = json.loads(record.read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict):
        return None
    group = Group.from_json(document.get("group"))
    counted = group.memory() if group else None
    if counted is not None:
        return counted
    process = Process.from_json(document.get("server_process"))
    return _tree(process) if process and process.alive else None


def _tree(process: Process) -> int:
    return _resident(process.pid) + sum(_tree(child) for child in process.children())


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def disk_of(home: Path) -> Disk:
    """The disk that the lab lies on, and what the lab itself takes of it."""
    usage = shutil.disk_usage(home)
    parts = [_part(home / name) for name in PARTS if (home / name).is_dir()]
    return Disk(usage.total, usage.free, sorted(parts, key=lambda part: -part.size))


def _part(folder: Path) -> Part:
    size = looked = 0
    for here, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            looked += 1
            if looked > MOST_FILES:
                return Part(folder.name, size, False)
            try:
                size += os.lstat(os.path.join(here, name)).st_blocks * 512
            except OSError:
                continue
    return Part(folder.name, size, True)
