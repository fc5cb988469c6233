"""Notebook servers as their spawner wrote them down, for those who look after them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from datalab.isolation.groups import Group
from datalab.isolation.process import PROC, Process


@dataclass(frozen=True)
class Server:
    """``processes`` are the server and, where there is one, the first process of its sandbox.

    ``home`` is the folder that it writes to, as the lab sees it.
    """

    account: str
    processes: list[Process]
    runtime: str
    record: Path
    group: Group | None = None
    home: Path | None = None

    @property
    def alive(self) -> bool:
        return any(process.alive for process in self.processes)

    def tree(self) -> list[int]:
        """Numbers of all its processes. The kernel keeps orphans below the sandbox's first one."""
        if self.group is not None and (found := self.group.processes()):
            return sorted(found)
        below: dict[int, list[int]] = {}
        for entry in PROC.iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                below.setdefault(int(fields[1]), []).append(int(entry.name))
        left = [process.pid for process in self.processes if process.alive]
        tree: set[int] = set()
        while left:
            pid = left.pop()
            if pid not in tree:
                tree.add(pid)
                left += below.get(pid, [])
        return sorted(tree)


def servers(run: Path) -> list[Server]:
    """Every server that was written down, whether or not it still runs."""
    found = []
    for path in sorted((run / "servers").glob("*.json")):
        try:
            record = json.loads(path.read_text())
        except (OSError, ValueError):
            record = {}
        if not isinstance(record, dict):
            record = {}
        names = ("server_process", "room_process")
        processes = [Process.from_json(record.get(name)) for name in names]
        known = [process for process in processes if process is not None]
        home = record.get("home")
        found.append(
            Server(
                path.stem,
                known,
                str(record.get("runtime") or ""),
                path,
                Group.from_json(record.get("group")),
                Path(home) if isinstance(home, str) else None,
            )
        )
    return found
