"""The room in which a notebook is run once: no network, its project's files, nothing that stays.

It is the room of a notebook server with its doors closed: the project's work is shown read-only
and copied to a home in memory, so that relative names work and whatever is written is gone with
the run. Without bubblewrap the home is a temporary folder, and the uid is all that separates.
"""

from __future__ import annotations

import os
import pwd
import random
import shutil
import sys
import tempfile
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from datalab.isolation import launcher, sandbox
from datalab.isolation.limits import Limits
from datalab.isolation.sandbox import Room, Walls
from datalab.projects import files, guard
from datalab.projects.runner import COPIED, READS

LAUNCHER = Path(launcher.__file__)
GUARD = Path(guard.__file__)
SPARE_UIDS = range(61_200, 65_500)  # beyond those of people and of homes
WORK = "/project"
SCRATCH = 400_000_000  # bytes that a run may write, in memory
TEMPORARY = 200_000_000


@dataclass(frozen=True)
class Stage:
    """One run's place: ``command`` starts it, ``work`` is where it finds the project's files (None
    where they lie in its home already). ``spare`` says that its uid belongs to nothing else."""

    folder: Path
    command: list[str]
    environment: dict[str, str]
    work: str | None
    uid: int
    spare: bool = False

    def clear(self) -> None:
        """Forget the run."""
        shutil.rmtree(self.folder, ignore_errors=True)


def prepare(
    walls: Walls,
    room: Room,
    *,
    memory: int,
    cpu: float,
    environment: dict[str, str],
    hidden: Collection[str] = (),
) -> Stage:
    """Everything that :func:`subprocess.Popen` needs.

    Parameters
    ----------
    room
        as of the project's server; ``home`` is the folder with the project's files.
    memory, cpu
        bytes per process and processors, as the notebook is told.
    hidden
        folders below ``/lake`` that this run may not see (``open/data/energy/meters``).
    """
    folder = Path(tempfile.mkdtemp(prefix="datalab-run-"))
    try:
        return _prepare(folder, walls, room, memory, cpu, environment, hidden)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _prepare(
    folder: Path,
    walls: Walls,
    room: Room,
    memory: int,
    cpu: float,
    environment: dict[str, str],
    hidden: Collection[str],
) -> Stage:
    walled, uid = walls.mode in {"root", "user"}, room.uid
    own = folder / "home"
    own.mkdir(mode=0o700)
    lake = sandbox.LAKE
    if walled:
        inside, runtime = f"/home/{room.account}", "/tmp/jupyter"  # noqa: S108
        work: str | None = WORK
        os.chmod(folder, 0o711)  # noqa: S103 - a name in it is known to its own uid only
        _describe(folder, room)
        seen = replace(room, home=own, etc=folder, network="own")
        if walls.mode == "root":
            os.chown(own, room.uid, room.uid)
        command = _walled(walls, seen, room.home, hidden)
    else:
        if hidden:
            raise ValueError("folders of a lake can be hidden by mounts only")
        inside, work = str(own), str(room.home)
        runtime = str(folder / "run")
        os.mkdir(runtime, 0o700)
        lake = _linked(folder, room)
        command = [sys.executable, "-I", str(GUARD)]
        if walls.mode == "setuid":
            os.chmod(folder, 0o711)  # noqa: S103
            # Not the project's: its server would be within reach, and is not to end with the run.
            uid, work = spare_uid(), None
            _copy(room.home, own, uid)
            for part in (own, Path(runtime)):
                os.chown(part, uid, uid)
    command += [sys.executable, "-I", str(LAUNCHER), "--uid", str(uid)]
    command += ["--data", str(memory), "--home", inside]
    command += ["--target", "datalab.projects.runner:main", "--", "runner"]
    told = {
        "HOME": inside,
        "USER": room.account,
        "LOGNAME": room.account,
        "PATH": f"{Path(sys.prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "VIRTUAL_ENV": sys.prefix,
        "JUPYTER_RUNTIME_DIR": runtime,
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "DATALAB_LAKE": lake,
        "DATALAB_READS": f"{inside}/{READS}",
        "MEM_LIMIT": str(memory),
        "CPU_LIMIT": f"{cpu:g}",
    }
    return Stage(folder, command, told | environment, work, uid, walls.mode == "setuid")


def _walled(walls: Walls, room: Room, work: Path, hidden: Collection[str]) -> list[str]:
    """The walls of a server, then what a run has otherwise; a later mount lies over an earlier."""
    command = sandbox.mounts(
        walls,
        replace(room, shown=(*room.shown, (work, WORK, False))),
        limits=Limits(memory=TEMPORARY * 4),
    )
    end = command.index("--chdir")
    home = f"/home/{room.account}"
    closed = ["--die-with-parent", "--perms", "1777", "--size", str(SCRATCH), "--tmpfs", home]
    for name in sorted(hidden):
        access, _, rest = name.partition("/")
        if access in room.lakes and _source(room, access, rest).is_dir():
            closed += ["--size", "4096", "--tmpfs", f"{sandbox.LAKE}/{name}"]
            closed += ["--remount-ro", f"{sandbox.LAKE}/{name}"]
    runtime = ["--perms", "1777", "--dir", "/tmp/jupyter"]  # noqa: S108
    return [*command[:end], *closed, *runtime, *command[end:]]


def _describe(folder: Path, room: Room) -> None:
    """The names of the uid inside."""
    texts = {
        "passwd": f"{room.account}:x:{room.uid}:{room.uid}::/home/{room.account}:/bin/sh\n",
        "group": f"{room.account}:x:{room.uid}:\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        os.chmod(folder / name, 0o644)


def _linked(folder: Path, room: Room) -> str:
    """The lakes of the room by name, where nothing can be mounted."""
    lake = folder / "lake"
    lake.mkdir(mode=0o755)
    os.chmod(lake, 0o755)  # noqa: S103 - links to what the account may read or not by its uid
    for access, target in room.lakes.items():
        with suppress(FileExistsError):
            (lake / access).symlink_to(target)
    return str(lake)


def spare_uid() -> int:
    """A uid that owns no process; the next run starts looking somewhere else."""
    busy = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                busy.add(entry.stat().st_uid)
    taken = busy | {account.pw_uid for account in pwd.getpwall()}
    while (uid := random.choice(SPARE_UIDS)) in taken:  # noqa: S311
        pass
    return uid


def _copy(source: Path, target: Path, uid: int) -> None:
    """The project's files, read by root without trusting a name (:mod:`files`)."""
    left = COPIED
    for path, stamp, folder in files.walk(source):
        content = files.read_seen(folder, path.rpartition("/")[2], stamp)
        if content is not None and len(content) <= left:
            left -= len(content)
            files.write(target, path, content, uid)


def _source(room: Room, access: str, rest: str) -> Path:
    """Where a folder of a lake lies outside; ``data`` may be shown from elsewhere."""
    for source, inside, _ in room.shown:
        if f"{sandbox.LAKE}/{access}/{rest}".startswith(f"{inside}/"):
            return source / f"{sandbox.LAKE}/{access}/{rest}"[len(inside) + 1 :]
    return room.lakes[access] / rest
