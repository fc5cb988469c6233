"""Which limits and walls hold on this machine, found by trying them, for doctor and operators."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from datalab.i18n import Phrase
from datalab.isolation import groups as control
from datalab.isolation import quota, sandbox
from datalab.isolation.groups import Groups
from datalab.isolation.sandbox import Walls
from datalab.settings import Settings


@dataclass(frozen=True)
class Guard:
    """``name`` is stable; ``title`` and ``how`` are sentences for people.

    ``holds`` is False where a notebook could get around it, or where there is none.
    """

    name: str
    title: Phrase
    holds: bool
    how: Phrase


def guards(
    settings: Settings, walls: Walls | None = None, groups: Groups | None = None
) -> list[Guard]:
    """Every guard, those that do not hold included. Runs a sandbox and a process in a group."""
    walls = walls or sandbox.probe(settings.home)
    groups = groups or control.probe(settings.home)
    walled = walls.mode in {"root", "user"}
    return [
        _walls(walls),
        Guard(
            "restricted",
            Phrase("Restricted datasets"),
            walled,
            Phrase("Shown to those who have the right, to nobody else.")
            if walled
            else Phrase("Shown in no notebook: nothing here would keep others from reading them."),
        ),
        Guard(
            "network",
            Phrase("Network of its own"),
            walled,
            Phrase(
                "A notebook reaches its own programs, the public web through the lab, and the "
                "hub's API for its account. Nothing else that listens on this machine."
            )
            if walled
            else Phrase(
                "Notebooks share the loopback of this machine: they reach whatever listens there, "
                "clusters of their neighbours included."
            ),
        ),
        _memory(settings, groups),
        _processes(settings, walls, groups),
        Guard(
            "processors",
            Phrase("Processors"),
            "cpu" in groups.held,
            Phrase("Every server has the same share when they are short (control group).")
            if "cpu" in groups.held
            else Phrase("Shared by process, not by server: {reason}.", reason=groups.reason),
        ),
        Guard(
            "file",
            Phrase("Largest file"),
            bool(settings.largest_file),
            Phrase("{size:.0f} MB, held by the kernel.", size=settings.largest_file / 1e6)
            if settings.largest_file
            else Phrase("No limit is set."),
        ),
        _disk(settings),
    ]


def _walls(walls: Walls) -> Guard:
    said = {
        "root": Phrase("bubblewrap, and a system account of its own for every person."),
        "user": Phrase(
            "bubblewrap in user namespaces: mounts and processes separate people, the system "
            "account is the same for all."
        ),
        "setuid": Phrase(
            "A system account for every person, without a sandbox ({reason}): the list of "
            "processes is open to all.",
            reason=walls.reason,
        ),
        "none": Phrase(
            "Nothing separates notebooks from the lab here ({reason}).", reason=walls.reason
        ),
    }
    return Guard("walls", Phrase("Walls"), walls.mode in {"root", "user"}, said[walls.mode])


def _memory(settings: Settings, groups: Groups) -> Guard:
    title = Phrase("Memory")
    if not settings.server_memory:
        return Guard("memory", title, False, Phrase("No limit is set."))
    size = settings.server_memory / 1e9
    if "memory" in groups.held:
        how = Phrase(
            "{size:.1f} GB per server, all its programs together (control group).", size=size
        )
        return Guard("memory", title, True, how)
    how = Phrase(
        "{size:.1f} GB per program; once a second, a server whose programs hold more together "
        "loses the largest ({reason}).",
        size=size,
        reason=groups.reason,
    )
    return Guard("memory", title, sys.platform.startswith("linux"), how)


def _processes(settings: Settings, walls: Walls, groups: Groups) -> Guard:
    title = Phrase("Number of processes")
    count = settings.server_processes
    if not count:
        return Guard("processes", title, False, Phrase("No limit is set."))
    if "pids" in groups.held:
        return Guard("processes", title, True, Phrase("{count} (control group).", count=count))
    alone = walls.mode != "none"
    how = (
        Phrase("{count} per system account or namespace.", count=count)
        if alone
        else Phrase("{count} for all notebooks together.", count=count)
    )
    return Guard("processes", title, alone, how)


def _disk(settings: Settings) -> Guard:
    title = Phrase("Disk space")
    if not settings.home_quota:
        return Guard("disk", title, False, Phrase("No limit is set."))
    size = settings.home_quota / 1e9
    if quota.may_raise():
        how = Phrase("{size:.1f} GB per home, looked at every second or so.", size=size)
        return Guard("disk", title, True, how)
    how = Phrase(
        "{size:.1f} GB per home, looked at every second or so; programs that write on are ended.",
        size=size,
    )
    return Guard("disk", title, True, how)
