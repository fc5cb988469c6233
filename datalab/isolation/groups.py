"""Control groups: limits over a server and everything it starts, held by the kernel.

A lab makes its groups below the group that it was started in, and leaves that one's own limits
standing: ``…/datalab-<home>/<server>``, once per controller in version 1, once in version 2. What
works is found by doing it (:func:`probe`), because many systems show groups that may not be used.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from datalab.isolation.limits import Limits

CONTROLLERS = ("memory", "pids", "cpu")
LEAF = "datalab-lab"
TRIAL_SECONDS = 10
# Joins every group named before "--", then becomes the command; the number stays the same.
JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 71; shift; done; shift; exec "$@"'


@dataclass(frozen=True)
class Group:
    """One server's folders, by controller. The folders are the only state: they survive the hub."""

    folders: dict[str, Path]

    def around(self, command: list[str]) -> list[str]:
        """The command, in this group from before its first instruction on."""
        files = [str(folder / "cgroup.procs") for folder in dict.fromkeys(self.folders.values())]
        return ["/bin/sh", "-c", JOIN, "sh", *files, "--", *command]

    def processes(self) -> set[int]:
        """Numbers of the processes inside, as seen from this process."""
        found: set[int] = set()
        for folder in self.folders.values():
            with suppress(OSError):
                found |= {int(text) for text in (folder / "cgroup.procs").read_text().split()}
        return found

    def killed_for_memory(self) -> int:
        """How many processes the kernel ended here because memory was used up."""
        folder = self.folders.get("memory")
        for name in ("memory.events", "memory.oom_control"):
            if folder is not None:
                with suppress(OSError, ValueError, IndexError):
                    lines = (folder / name).read_text().splitlines()
                    return next(int(x.split()[1]) for x in lines if x.startswith("oom_kill "))
        return 0

    def memory(self) -> int | None:
        """Bytes in use, files kept in memory included; None where it is not counted."""
        folder = self.folders.get("memory")
        for name in ("memory.current", "memory.usage_in_bytes"):
            if folder is not None:
                with suppress(OSError, ValueError):
                    return int((folder / name).read_text())
        return None

    def remove(self, seconds: float = 2) -> bool:
        """End what is left inside, then the group. False where something would not go."""
        deadline = time.monotonic() + seconds
        while left := [folder for folder in self.folders.values() if folder.is_dir()]:
            for pid in self.processes():
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            for folder in left:
                with suppress(OSError):
                    folder.rmdir()
            if time.monotonic() > deadline:
                return False
            if any(folder.is_dir() for folder in left):
                time.sleep(0.02)
        return True

    def as_json(self) -> dict[str, str]:
        return {name: str(folder) for name, folder in self.folders.items()}

    @classmethod
    def from_json(cls, document: object) -> Group | None:
        """Reverse of ``as_json``; None for anything else."""
        if not isinstance(document, dict) or not document:
            return None
        folders = {str(name): Path(str(folder)) for name, folder in document.items()}
        # Read from a file that says which folders to remove: only ever groups of a lab.
        inside = all(f.parent.name.startswith("datalab-") for f in folders.values())
        return cls(folders) if inside else None


@dataclass(frozen=True)
class Groups:
    """Where groups are made, by controller. Empty ``parents``: nowhere, for ``reason``."""

    version: int = 0
    parents: dict[str, Path] = field(default_factory=dict)
    reason: str = ""

    @property
    def held(self) -> set[str]:
        """The controllers that hold."""
        return set(self.parents)

    def make(self, name: str, limits: Limits) -> Group:
        """An empty group with these limits; what an earlier one of the name left is ended.

        Raises
        ------
        OSError
            where the system refuses.
        """
        if not name or "/" in name or name.startswith("."):
            raise ValueError(f"'{name}' cannot be the name of a group")
        group = Group({c: parent / name for c, parent in self.parents.items()})
        group.remove()
        for folder in dict.fromkeys(group.folders.values()):
            folder.parent.mkdir(exist_ok=True)
            if self.version == 2:
                _enable(folder.parent, self.held)
            folder.mkdir(exist_ok=True)
        for controller, folder in group.folders.items():
            for file, value in _values(self.version, controller, limits):
                _write(folder / file, value)
        return group

    def sweep(self, kept: set[str]) -> list[str]:
        """Remove groups that no running server of ``kept`` stands for; their names."""
        names = {
            folder.name
            for parent in self.parents.values()
            if parent.is_dir()
            for folder in parent.iterdir()
            if folder.is_dir() and folder.name not in kept
        }
        for name in names:
            Group({c: parent / name for c, parent in self.parents.items()}).remove()
        return sorted(names)

    def close(self) -> None:
        """Remove everything, the lab's own folders included."""
        self.sweep(set())
        for parent in set(self.parents.values()):
            with suppress(OSError):
                parent.rmdir()


def _values(version: int, controller: str, limits: Limits) -> Iterator[tuple[str, int]]:
    """Files and values of one controller. Swap would only put the end off, very slowly."""
    if controller == "memory" and limits.memory:
        if version == 2:
            yield "memory.max", limits.memory
            yield "?memory.swap.max", 0
        else:
            yield "memory.limit_in_bytes", limits.memory
            yield "?memory.memsw.limit_in_bytes", limits.memory
    if controller == "pids" and limits.processes:
        yield "pids.max", limits.processes
    if controller == "cpu":
        yield (
            ("cpu.weight", limits.share)
            if version == 2
            else (
                "cpu.shares",
                max(2, limits.share * 1024 // 100),
            )
        )


def _write(file: Path, value: int) -> None:
    """Files marked ``?`` are not on every kernel."""
    optional = file.name.startswith("?")
    file = file.with_name(file.name.removeprefix("?"))
    if optional and not file.exists():
        return
    file.write_text(str(value))


def _enable(parent: Path, controllers: set[str]) -> None:
    """Version 2 hands controllers down only where the parent says so."""
    for folder in (parent.parent, parent):
        with suppress(OSError):
            have = set((folder / "cgroup.subtree_control").read_text().split())
            missing = " ".join(f"+{name}" for name in sorted(controllers - have))
            if missing:
                (folder / "cgroup.subtree_control").write_text(missing)


def name_of(home: Path) -> str:
    """Folder of a lab's groups; two labs on one machine never meet."""
    return "datalab-" + hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]


def probe(home: Path, mounts: dict[str, Path] | None = None) -> Groups:
    """What can be used here, found by limiting a real process.

    Parameters
    ----------
    mounts
        the own group's folder by controller, ``""`` for version 2; read from /proc by default.
    """
    own = own_folders() if mounts is None else mounts
    reason = "no control groups are mounted"
    version2 = own.get("")
    for version in (2, 1):
        if version == 2:
            if version2 is None:
                continue
            # A group with processes of its own hands nothing down: the lab's first process
            # moved aside (see ``step_aside``).
            base = version2.parent if version2.name == LEAF else version2
            listed = _words(base / "cgroup.controllers")
            parents = {c: base / name_of(home) for c in CONTROLLERS if c in listed}
        else:
            parents = {c: own[c] / name_of(home) for c in CONTROLLERS if c in own}
        working = {}
        for controller, parent in parents.items():
            failure = _trial(Groups(version, {controller: parent}))
            if failure:
                reason = f"{controller}: {failure}"
            else:
                working[controller] = parent
        if working:
            return Groups(version, working, reason if len(working) < len(CONTROLLERS) else "")
    return Groups(reason=reason)


def _trial(groups: Groups) -> str:
    """Empty where a group could be made, joined by a new process and removed again."""
    name = f"trial-{os.getpid()}"
    limits = Limits(memory=2**28, processes=64)
    group = Group({c: parent / name for c, parent in groups.parents.items()})
    try:
        group = groups.make(name, limits)
        # The shell is one process that waits for its input: it must then be found inside.
        command = group.around(["/bin/sh", "-c", "echo in; read line"])
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            said = child.stdout.readline() if child.stdout else b""
            joined = child.pid in group.processes()
            _, complaint = child.communicate(b"\n", timeout=TRIAL_SECONDS)
        if said.strip() != b"in" or not joined:
            return complaint.decode(errors="replace").strip() or "a process could not join"
        return ""
    except (OSError, subprocess.TimeoutExpired) as error:
        return getattr(error, "strerror", None) or str(error)
    finally:
        group.remove()
        for parent in set(groups.parents.values()):
            with suppress(OSError):
                parent.rmdir()


def step_aside() -> None:
    """Version 2: move this process into a leaf, so that its group can hand controllers down.

    Only the first process of a delegated group can do it (a systemd unit with ``Delegate=yes``);
    anywhere else this changes nothing.
    """
    own = own_folders().get("")
    if own is None or own.name == LEAF or not _words(own / "cgroup.controllers"):
        return
    if _words(own / "cgroup.procs") - {str(os.getpid())}:
        return
    leaf = own / LEAF
    with suppress(OSError):
        leaf.mkdir(exist_ok=True)
        (leaf / "cgroup.procs").write_text("0")


def own_folders() -> dict[str, Path]:
    """Folder of this process's own group by controller; ``""`` is version 2."""
    if not sys.platform.startswith("linux"):
        return {}
    mounted: dict[str, Path] = {}
    try:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        groups = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return {}
    for line in mounts:
        left, _, right = line.partition(" - ")
        kind, _, options = right.split()[:3]
        if kind == "cgroup2":
            mounted.setdefault("", Path(left.split()[4]))
        elif kind == "cgroup":
            for option in options.split(","):
                mounted.setdefault(option, Path(left.split()[4]))
    found: dict[str, Path] = {}
    for line in groups:
        number, controllers, path = line.split(":", 2)
        for controller in [""] if number == "0" else controllers.split(","):
            if controller in mounted:
                found[controller] = mounted[controller] / path.lstrip("/")
    return found


def _words(file: Path) -> set[str]:
    try:
        return set(file.read_text().split())
    except OSError:
        return set()
